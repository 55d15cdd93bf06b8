/**
 * Figures as people read them: one table per case, the same text on a terminal and in docs/benchmarks.md.
 */
import { cpus, release } from 'node:os'

/** The figures of one run, by column. */
export type Figures = Readonly<Record<string, number>>

/** A bound for the ratio of Saltgate, or of the contestant that `of` names, to another contestant. */
export type Goal = { readonly of?: string; readonly than: string } & (
  | { readonly atMost: number }
  | { readonly above: number }
)

export interface CaseResult {
  readonly name: string
  /** The column by which contestants are compared. */
  readonly compare: string
  /** The contestant that the others are multiples of; `floor` unless given. */
  readonly floor?: string
  /** By contestant, one entry per round. */
  readonly runs: ReadonlyMap<string, readonly Figures[]>
  readonly goals?: readonly Goal[]
  /** What the figures do not say: who could not take part, and why. */
  readonly notes?: readonly string[]
}

/** What one part of the benchmark found. */
export interface PartResult {
  readonly results: readonly CaseResult[]
  /** Lines that name who was measured. */
  readonly versions: readonly string[]
  readonly rounds: number
}

/** A part of docs/benchmarks.md: its title, the option that runs it alone, and what a reader must know. */
export interface PartText {
  readonly title: string
  readonly option: string
  readonly explanation: string
}

/** Medians, column by column, of the runs of one contestant. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const columns = Object.keys(runs[0] ?? {})
  return Object.fromEntries(columns.map((column) => [column, median(runs.map((run) => run[column] ?? Number.NaN))]))
}

/**
 * One contestant's value in the compared column, divided by that of another in the same round, the median of all rounds;
 * `undefined` where either is absent.
 */
export function ratio({ runs, compare }: CaseResult, of: string, to: string): number | undefined {
  const above = runs.get(of)
  const below = runs.get(to)
  if (above === undefined || below === undefined) return undefined
  return median(above.map((run, round) => (run[compare] ?? Number.NaN) / (below[round]?.[compare] ?? Number.NaN)))
}

/** A case as a Markdown table, with each contestant as a multiple of the floor, and Saltgate, if it is one of several, as a multiple of each. */
export function table(result: CaseResult): string {
  const { floor = 'floor' } = result
  const [hasFloor, hasSaltgate] = [floor, 'saltgate'].map((name) => result.runs.has(name))
  const medians = [...result.runs].map(([name, runs]) => [name, mediansOf(runs)] as const)
  const columns = [...new Set(medians.flatMap(([, figures]) => Object.keys(figures)))]
  const ofFloor = hasFloor ? [`${result.compare}: of ${floor}`] : []
  const head = ['', ...columns, ...ofFloor, ...(hasSaltgate ? ['saltgate is'] : [])]
  const rows = medians.map(([name, figures]) => [
    name,
    ...columns.map((column) => format(figures[column])),
    ...(hasFloor ? [times(ratio(result, name, floor))] : []),
    ...(hasSaltgate ? [name === 'saltgate' ? '' : times(ratio(result, 'saltgate', name))] : []),
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0), 3))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  const below = [...goalLines(result), ...(result.notes ?? [])].map((text) => `- ${text}`)
  return [
    ...[`### ${result.name}`, '', line(head), line(rule), ...rows.map(line)],
    ...(below.length > 0 ? ['', ...below] : []),
  ].join('\n')
}

/** Whether each goal is met; without those whose contestant took no part. */
export function goalLines(result: CaseResult): string[] {
  return (result.goals ?? []).flatMap((goal) => {
    const value = ratio(result, goal.of ?? 'saltgate', goal.than)
    if (value === undefined) return []
    const of = goal.of === undefined ? '' : ` of ${goal.of}`
    const [bound, met] =
      'atMost' in goal
        ? [`at most ${times(goal.atMost)}`, value <= goal.atMost]
        : [`above ${times(goal.above)}`, value > goal.above]
    return [`goal: ${result.compare}${of} ${bound} ${goal.than}. It is ${times(value)}: ${met ? 'met' : 'not met'}`]
  })
}

/**
 * docs/benchmarks.md: the parts that were measured, and of the others what `before`, the document as it is, has of them.
 * A part that is in neither is left out.
 */
export function document(
  parts: readonly { readonly text: PartText; readonly result: PartResult | undefined }[],
  before: string,
): string {
  const sections = parts.map(({ text, result }) =>
    result === undefined ? sectionOf(before, text.title) : section(text, result),
  )
  return ['# Benchmarks', ...sections.filter((text) => text !== undefined)].join('\n\n').concat('\n')
}

function section({ title, option, explanation }: PartText, { results, versions, rounds }: PartResult): string {
  const [processor] = cpus()
  return `## ${title}

Measured on ${new Date().toISOString().slice(0, 10)} by \`npm run bench -- ${option} --report docs/benchmarks.md\`: ${cpus().length} cores (${processor?.model.trim()}),
Linux ${release().split('-')[0]}, loopback, ports below 32768. Contestants take turns; each figure is the median of ${rounds} rounds,
and each ratio the median of the ratios within a round.

${versions.map((version) => `- ${version}`).join('\n')}

${explanation}

${results.map(table).join('\n\n')}`
}

function sectionOf(document: string, title: string): string | undefined {
  const start = document.indexOf(`## ${title}\n`)
  if (start === -1) return undefined
  const end = document.indexOf('\n## ', start)
  return document.slice(start, end === -1 ? undefined : end).trimEnd()
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]]
  return (low + high) / 2
}

function format(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-'
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 && value % 1 !== 0 ? 1 : 0 })
}

function times(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '-' : `${value.toFixed(2)}x`
}
