/** Two logins side by side for people: what can decide first, then the steps of both, aligned. */
import { styleText } from 'node:util'
import type { Difference } from './diff.ts'
import type { ConnectionReport, Step } from './report/connection-report.ts'
import { visible } from './report/visible.ts'

export interface DiffTextOptions {
  readonly colour: boolean
  /** Cells of a line. */
  readonly width: number
}

/** `names` say which login is which: the files, or the personas. */
export function diffText(
  reports: readonly [ConnectionReport, ConnectionReport],
  names: readonly [string, string],
  differences: readonly Difference[],
  { colour, width }: DiffTextOptions,
): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const cell = Math.max(30, Math.floor((width - 7) / 2))
  const [a, b] = reports
  const decisive = differences.filter(({ decides }) => decides !== 'no')
  const others = differences.filter(({ decides }) => decides === 'no')
  const lines = [
    ...row(`A  ${names[0]}`, `B  ${names[1]}`, ' ', cell).map((line) => paint('bold', line)),
    ...row(a.verdict, b.verdict, ' ', cell),
    '',
    ...(decisive.length === 0 ? ['Nothing differs that can decide a login.'] : []),
    ...decisive.flatMap((difference) => decisiveLines(difference, paint)),
    '',
    paint('bold', 'Step by step'),
    ...aligned(a.steps, b.steps).flatMap(([left, right]) => {
      const same = left !== undefined && right !== undefined && comparable(left) === comparable(right)
      const both = row(sayStep(left), sayStep(right), same ? '=' : '#', cell)
      return same ? both.map((line) => paint('dim', line)) : both
    }),
    ...(others.length === 0 ? [] : ['', paint('bold', 'Differs, and decides nothing')]),
    ...others.map(({ what, a: left, b: right }) => visible(`  ${what}: ${left} | ${right}`)),
  ]
  return `${lines.join('\n')}\n`
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

function decisiveLines({ phase, what, a, b, decides, why }: Difference, paint: Paint): string[] {
  const mark = decides === 'yes' ? paint(['red', 'bold'], 'decides ') : paint('yellow', 'possibly')
  return [
    `${mark}  ${paint('bold', visible(what))} ${paint('dim', `(${phase})`)}`,
    `          A  ${visible(a)}`,
    `          B  ${visible(b)}`,
    `          ${paint('dim', visible(why))}`,
  ]
}

function sayStep(step: Step | undefined): string {
  if (step === undefined) return ''
  const arrow = step.from === 'client' ? '->' : step.from === 'server' ? '<-' : '  '
  return `${arrow} ${step.text}`
}

/** The text without what differs between any two connections. */
function comparable({ text }: Step): string {
  return text.replace(/connection \d+/, 'connection')
}

/**
 * Lays the steps of two logins beside each other: the longest common run of sides and kinds, what is between them apart. Commands
 * are left out, they come after the login.
 */
export function aligned(a: readonly Step[], b: readonly Step[]): (readonly [Step | undefined, Step | undefined])[] {
  const left = a.filter(({ phase }) => phase !== 'commands')
  const right = b.filter(({ phase }) => phase !== 'commands')
  const matches = (i: number, j: number) => left[i]?.from === right[j]?.from && left[i]?.kind === right[j]?.kind
  // longest[i][j]: of the steps from i and from j on.
  const longest = Array.from({ length: left.length + 1 }, () => new Uint16Array(right.length + 1))
  const at = (i: number, j: number) => longest[i]?.[j] ?? 0
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const best = matches(i, j) ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
      ;(longest[i] as Uint16Array)[j] = best
    }
  }
  const pairs: (readonly [Step | undefined, Step | undefined])[] = []
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    if (i < left.length && j < right.length && matches(i, j)) pairs.push([left[i++], right[j++]])
    else if (j === right.length || (i < left.length && at(i + 1, j) >= at(i, j + 1))) pairs.push([left[i++], undefined])
    else pairs.push([undefined, right[j++]])
  }
  return pairs
}

/** One row of two cells, on as many lines as the longer one needs. */
function row(left: string, right: string, mark: string, cell: number): string[] {
  const [a, b] = [wrapped(visible(left), cell), wrapped(visible(right), cell)]
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
    `${(a[i] ?? '').padEnd(cell)} ${i === 0 ? mark : ' '} ${b[i] ?? ''}`.trimEnd(),
  )
}

function wrapped(text: string, cell: number): string[] {
  const lines: string[] = []
  let rest = text
  while (rest.length > cell) {
    const space = rest.lastIndexOf(' ', cell)
    const end = space > 3 ? space : cell
    lines.push(rest.slice(0, end))
    rest = `   ${rest.slice(end).trimStart()}`
  }
  return [...lines, rest]
}
