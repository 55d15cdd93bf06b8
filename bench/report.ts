/**
 * Figures as people read them: one table per case, the same text on a terminal and in docs/benchmarks.md.
 */
import { cpus, release } from 'node:os'
import type { Figures } from './cases.ts'
import type { ContestantName } from './contestants.ts'

/** The medians of one case, by contestant. */
export interface CaseResult {
  readonly name: string
  readonly compare: string
  readonly medians: ReadonlyMap<ContestantName, Figures>
}

/** Medians, column by column, of the runs of one contestant. */
export function mediansOf(runs: readonly Figures[]): Figures {
  const columns = Object.keys(runs[0] ?? {})
  return Object.fromEntries(columns.map((column) => [column, median(runs.map((run) => run[column] ?? Number.NaN))]))
}

/** One contestant's value in the compared column, divided by that of another; `undefined` where either is absent. */
export function ratio(result: CaseResult, of: ContestantName, to: ContestantName): number | undefined {
  const above = result.medians.get(of)?.[result.compare]
  const below = result.medians.get(to)?.[result.compare]
  return above === undefined || below === undefined ? undefined : above / below
}

/** A case as a Markdown table, with each contestant as a multiple of the floor, and Saltgate as a multiple of each. */
export function table(result: CaseResult): string {
  const columns = [...new Set([...result.medians.values()].flatMap((figures) => Object.keys(figures)))]
  const head = ['', ...columns, `${result.compare}: of floor`, 'saltgate is']
  const rows = [...result.medians].map(([name, figures]) => [
    name,
    ...columns.map((column) => format(figures[column])),
    times(ratio(result, name, 'floor')),
    name === 'saltgate' ? '' : times(ratio(result, 'saltgate', name)),
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0), 3))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [`### ${result.name}`, '', line(head), line(rule), ...rows.map(line)].join('\n')
}

/** docs/benchmarks.md. */
export function document(results: readonly CaseResult[], versions: readonly string[], rounds: number): string {
  const [processor] = cpus()
  return `# Benchmarks

Measured on ${new Date().toISOString().slice(0, 10)} by \`npm run bench -- --report docs/benchmarks.md\`: ${cpus().length} cores (${processor?.model.trim()}),
Linux ${release().split('-')[0]}, loopback, ports below 32768. Contestants take turns; each figure is the median of ${rounds} rounds.

${versions.map((version) => `- ${version}`).join('\n')}

\`floor\` is a bare Node server that sends fixed bytes and checks nothing: no login in Node can cost less. Compare ratios
within one table, not figures between runs: CPU per login moves by 20 to 40 % with whatever else the machine does. CPU and
memory are those of the server's processes; memory is resident memory added per connection, without the kernel's buffers.

${results.map(table).join('\n\n')}
`
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
