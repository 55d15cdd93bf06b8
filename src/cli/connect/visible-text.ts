/**
 * Text from a server, made fit for a terminal that shows more than one line: as in the mysql client line breaks and tabs stay.
 */

/** Shows what would move the cursor, change colours or turn the direction of writing: `\u{1b}`. */
export function visibleText(text: string): string {
  if (!/[^\n\t -~]/.test(text)) return text
  return text.replace(unfit, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** Joiners stay: many scripts and emoji need them. */
const unfit = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}]/gu
