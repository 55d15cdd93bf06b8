/** A connection for people at a terminal: who, what each side said and when, the verdict, and what was found. */
import { styleText } from 'node:util'
import type { ConnectionReport, FindingReport, Shown, Step } from './connection-report.ts'
import { hexDump } from './hex.ts'
import { visible } from './visible.ts'

export interface LadderOptions {
  readonly colour: boolean
  /** Every field by name, and the bytes where the report has them. */
  readonly verbose: boolean
}

/** Lines, each with its end; an empty one behind. */
export function ladder(report: ConnectionReport, { colour, verbose }: LadderOptions): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text)
  const lines = [
    ...header(report, paint),
    '',
    ...report.steps.flatMap((step) => stepLines(step, verbose, paint)),
    '',
    `  ${paint(outcomeStyle[report.outcome], visible(report.verdict))}`,
    ...(report.stopped === null ? [] : [`  Decoding stopped: ${visible(report.stopped)}`]),
    ...report.findings.flatMap((finding) => findingLines(finding, paint)),
  ]
  return `${lines.join('\n')}\n\n`
}

type Style = Parameters<typeof styleText>[0]
type Paint = (style: Style, text: string) => string

const outcomeStyle = { ok: 'green', refused: 'red', aborted: 'yellow' } as const

function header(report: ConnectionReport, paint: Paint): string[] {
  const { number, client, server, outcome, startedAt, user, database, plugins } = report
  const title = `#${number}  ${endpointText(client)} -> ${endpointText(server)}`
  const facts = [
    startedAt?.replace('T', ' ').replace('Z', ' UTC'),
    server.version === null ? undefined : `server ${server.version}`,
    client.program === null ? undefined : `client ${client.program}`,
    user === null ? undefined : `user ${user === '' ? '(anonymous)' : user}`,
    database === null || database === '' ? undefined : `database ${database}`,
    plugins.length === 0 ? undefined : plugins.join(', then '),
    channelText(report),
    `${report.durationMs.toFixed(1)} ms`,
  ]
  const shown = facts.filter((fact) => fact !== undefined).map(visible)
  return [
    `${paint('bold', visible(title))}  ${paint([outcomeStyle[outcome], 'bold'], outcome)}`,
    `    ${paint('dim', shown.join(' · '))}`,
  ]
}

/** `10.0.0.5:51234`, `[::1]:3306`, `/run/mysqld.sock`. */
export function endpointText({ address, port }: { readonly address: string; readonly port: number }): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `plaintext`, `TLSv1.3`. */
export function channelText({ channel, tls }: ConnectionReport): string {
  return channel === 'tls' ? (tls?.version ?? 'TLS') : channel
}

function stepLines(step: Step, verbose: boolean, paint: Paint): string[] {
  const since = step.sinceMs === 0 ? '' : `+${step.sinceMs.toFixed(3)}`
  const times = paint('dim', `${step.atMs.toFixed(3).padStart(11)} ms ${since.padStart(10)}`)
  const style = styleOf(step)
  const text = visible(step.text)
  const lines = [`${times}  ${arrows[step.from ?? 'nobody']}  ${style === undefined ? text : paint(style, text)}`]
  if (step.problem !== undefined) lines.push(`${indent}${paint('yellow', `! ${visible(step.problem)}`)}`)
  if (!verbose || step.length === undefined) return lines
  lines.push(
    `${indent}${paint('dim', `${step.kind}, ${step.length} bytes, sequence id ${step.sequenceId}, ${step.channel}`)}`,
  )
  for (const [name, value] of Object.entries(step.fields ?? {})) {
    const [first = '', ...rest] = fieldText(value)
    lines.push(`${indent}${paint('cyan', name.padEnd(20))} ${visible(first)}`)
    for (const line of rest) lines.push(`${indent}${' '.repeat(21)}${visible(line)}`)
  }
  for (const line of step.hex === undefined ? [] : hexDump(step.hex, step.length)) {
    lines.push(`${indent}${paint('dim', visible(line))}`)
  }
  return lines
}

const arrows = { client: '->', server: '<-', nobody: '  ' } as const
const indent = ' '.repeat(31)

function styleOf({ kind }: Step): Style | undefined {
  if (kind === 'Err' || kind === 'TlsAlert' || kind === 'Gap') return 'red'
  if (kind === 'Ok') return 'green'
  return kind === 'Close' ? 'dim' : undefined
}

/** A value on one line or several. */
export function fieldText(value: Shown): string[] {
  if (value === null) return ['-']
  if (Array.isArray(value)) {
    if (value.length === 0) return ['-']
    if (value.every((item) => typeof item === 'string')) return wrapped(value)
    return value.map((item) => (Array.isArray(item) ? item.map(inline).join(' = ') : inline(item)))
  }
  return [inline(value)]
}

function inline(value: Shown): string {
  if (value === null || typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.map(inline).join(', ')
  const { bytes, hex, id, name } = value as { bytes?: number; hex?: string; id?: number; name?: string }
  if (bytes !== undefined) return hex === undefined || hex === '' ? `${bytes} bytes` : `${bytes} bytes: ${hex}`
  if (id !== undefined && name !== undefined) return `${id} ${name}`
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${inline(inner)}`)
    .join(', ')
}

/** Flags, several on a line. */
function wrapped(flags: readonly string[]): string[] {
  const lines: string[] = []
  for (const flag of flags) {
    const last = lines.at(-1)
    if (last === undefined || last.length + flag.length > 84) lines.push(flag)
    else lines[lines.length - 1] = `${last} ${flag}`
  }
  return lines
}

function findingLines(finding: FindingReport, paint: Paint): string[] {
  const { id, title, severity, certain, evidence, affects, remedy, reference } = finding
  const style = severity === 'decisive' ? 'red' : severity === 'risk' ? 'yellow' : 'cyan'
  const label = `${severity}, ${certain ? 'proven' : 'possible'}`
  return [
    '',
    `  ${paint([style, 'bold'], visible(title))}  ${paint('dim', `[${id}: ${label}]`)}`,
    ...evidence.map((line) => `    seen:    ${visible(line)}`),
    ...(remedy.client === undefined ? [] : [`    client:  ${visible(remedy.client)}`]),
    ...(remedy.server === undefined ? [] : [`    server:  ${visible(remedy.server)}`]),
    paint('dim', `    affects: ${visible(affects)}`),
    paint('dim', `    see:     ${visible(reference)}`),
  ]
}
