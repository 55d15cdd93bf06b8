/**
 * Lines of a terminal as pieces of text with a style. Whatever is in a piece is made visible when it is painted, so no text, wherever it
 * comes from, can command the terminal; and styles add to what the words say, they never carry it alone.
 */
import { displayWidth, padEnd, padStart } from '../connect/display-width.ts'
import { visible } from '../visible.ts'

export type Style = 'bold' | 'dim' | 'selected' | 'bad' | 'warn' | 'good' | `lane${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`

export type Piece = string | readonly [text: string, style: Style]

export type Line = readonly Piece[]

/** `plain`: no escapes at all; `mono`: what needs no colours. */
export type Paint = 'plain' | 'mono' | 'colour'

/** Fit for a terminal, and cut or filled up to so many cells. */
export function cell(text: string, cells: number, align: 'left' | 'right' = 'left'): string {
  const short = clip(text, cells)
  return align === 'left' ? padEnd(short, cells) : padStart(short, cells)
}

/** Fit for a terminal, in no more than so many cells; what was cut ends in an ellipsis. */
export function clip(text: string, cells: number): string {
  // More characters than the widest terminal shows need not be looked at.
  const safe = visible(text.slice(0, 2000))
  if (displayWidth(safe) <= cells) return safe
  let kept = ''
  let width = 0
  for (const { segment } of graphemes.segment(safe)) {
    width += displayWidth(segment)
    if (width > cells - 1) break
    kept += segment
  }
  return cells > 0 ? `${kept}…` : ''
}

/** Of visible text, on as many lines as it needs, broken at spaces. */
export function wrap(text: string, cells: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of visible(text).split(' ')) {
    if (line !== '' && displayWidth(`${line} ${word}`) > cells) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
    while (displayWidth(line) > cells) {
      let head = ''
      for (const { segment } of graphemes.segment(line)) {
        if (displayWidth(head + segment) > cells) break
        head += segment
      }
      if (head === '') break
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}

export function textOf(line: Line): string {
  return line.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join('')
}

/** As it is written to a terminal, in no more than `width` cells. */
export function painted(line: Line, width: number, paint: Paint): string {
  let left = width
  let text = ''
  for (const piece of line) {
    const [words, style] = typeof piece === 'string' ? [piece, undefined] : piece
    const short = clip(words, left)
    left -= displayWidth(short)
    const code = style === undefined || paint === 'plain' ? undefined : codes[paint][style]
    text += code === undefined || short === '' ? short : `\x1b[${code}m${short}\x1b[0m`
    if (left <= 0) break
  }
  return paint === 'plain' ? text.trimEnd() : text
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

const mono: Partial<Record<Style, string>> = { bold: '1', dim: '2', selected: '7', bad: '1', warn: '1' }

const codes: Record<'mono' | 'colour', Partial<Record<Style, string>>> = {
  mono,
  colour: {
    ...mono,
    bad: '31',
    warn: '33',
    good: '32',
    lane0: '90',
    lane1: '35',
    lane2: '34',
    lane3: '36',
    lane4: '33',
    lane5: '95',
    lane6: '31',
    lane7: '32',
  },
}
