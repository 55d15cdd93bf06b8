/** Text from a capture, made fit for one line of a terminal, of JSON or of a page: it must not move the cursor, forge lines or turn them. */

/** Joiners stay: many scripts and emoji need them. */
const unfit = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** Shows what is no character of a line: `\u{1b}`. */
export function visible(text: string): string {
  if (!/[^ -~]/.test(text)) return text
  return text.replace(unfit, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}

/** One line of JSON in which nothing commands a terminal: JSON.stringify leaves DEL, the C1 controls and signs of direction. */
export function jsonLine(value: unknown): string {
  return spelledOut(JSON.stringify(value))
}

/** The same for a line that is JSON already; its end stays. */
export function spelledOut(line: string): string {
  if (!/[^ -~\n]/.test(line)) return line
  return line.replace(unfit, (character) =>
    character === '\n'
      ? character
      : character.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}
