/** How many cells of a terminal a text takes: borders of tables only meet when this is right. */

/** A line break or tab counts as one cell, as in the mysql client. */
export function displayWidth(text: string): number {
  if (!/[^\t-~]/.test(text)) return text.length
  let cells = 0
  for (const { segment } of graphemes.segment(text)) cells += graphemeWidth(segment)
  return cells
}

export function padEnd(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - displayWidth(text)))
}

export function padStart(text: string, cells: number): string {
  return ' '.repeat(Math.max(0, cells - displayWidth(text))) + text
}

function graphemeWidth(grapheme: string): number {
  if (wide.test(grapheme)) return 2
  return invisible.test(grapheme) ? 0 : 1
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** East Asian Wide and Fullwidth, and whatever is drawn as emoji. Spec: https://www.unicode.org/reports/tr11/ */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u

const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u
