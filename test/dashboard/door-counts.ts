/** What a door says that it has counted, from each place where it says so, under the names of `login-counts.ts`. */
import assert from 'node:assert/strict'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import type { AccountSeen, DoorFacts, History, HostSeen, Refusals } from '../../src/dashboard/contract.ts'
import { type Counts, type ExpectedCounts, lineOf, tally } from './login-counts.ts'
import { linesOf } from './scrapes.ts'

/** Waits until so many connections are there and so many logins have ended; `false`: in vain. */
export function settled(url: string, connections: number, logins = 0): Promise<boolean> {
  return inTime(async () => {
    const lines = await scrape(url)
    return sum(lines, 'saltgate_connections') === connections && sum(lines, 'saltgate_logins_total') >= logins
  })
}

/** What differs, as lines of a table, while the door is open and only `observer` is connected. */
export async function compareAll(expected: ExpectedCounts, url: string, observer: Connection): Promise<string[]> {
  const { startedAtMs } = await ask<DoorFacts>(url, '/api/door')
  // Whoever is counted too late, or twice, is so by then.
  await nextSecond(url)
  const seconds = await compareHistory(expected, 'history in seconds', url, startedAtMs)
  const minutes = await compareHistory(expected, 'history in minutes', url, 0)
  const lines = await scrape(url)
  const durations = 'saltgate_login_duration_seconds'
  const refusals = await ask<Refusals>(url, '/api/refusals')
  const about = refusals.forgotten === 0 ? ['result refused', 'reason'] : ['result refused']
  return [
    ...expected.differences('/metrics logins', metric(lines, 'saltgate_logins_total', byLogin), 'login'),
    ...expected.differences('/metrics durations', metric(lines, `${durations}_count`, byLogin), 'login'),
    ...expected.differences('/metrics last buckets', metric(lines, `${durations}_bucket`, byLogin, '+Inf'), 'login'),
    ...expected.differences(
      '/metrics phases',
      metric(lines, 'saltgate_login_phase_duration_seconds_count', byPhase),
      'phase',
    ),
    ...expected.differences('/metrics refusals', metric(lines, 'saltgate_refusals_total', byReason), 'reason'),
    ...expected.differences('/metrics TLS', metric(lines, 'saltgate_tls_logins_total', byVersion), 'tls'),
    ...expected.differences('/metrics status', statusMetrics(lines), 'status'),
    ...expected.differences('SHOW GLOBAL STATUS', await shownStatus(observer), 'status'),
    ...expected.differences('saltgate.deny_reasons', await shownReasons(observer), 'reason'),
    ...expected.differences('/api/refusals', refusalCounts(refusals), ...about),
    ...expected.differences('/api/accounts', accountCounts(await ask(url, '/api/accounts')), 'account'),
    ...expected.differences('/api/hosts', hostCounts(await ask(url, '/api/hosts')), 'host'),
    ...seconds,
    ...minutes,
    ...connectedElsewhere(lines),
  ]
}

/** What the history has from then on; ms since 1970. */
export async function compareHistory(
  expected: ExpectedCounts,
  where: string,
  url: string,
  fromMs: number,
): Promise<string[]> {
  const history = await ask<History>(url, `/api/history?from=${fromMs}&to=${Date.now() + 60_000}`)
  return expected.differences(where, historyCounts(history), 'result', 'reason')
}

/** `log`: its JSON lines. */
export function compareLog(expected: ExpectedCounts, log: string): string[] {
  const counts = logCounts(log)
  return [...expected.differences('log', counts, 'result', 'reason'), ...expected.surplus('log lines', counts, 'line')]
}

/** Until the sample of the history in which now is. */
export function nextSecond(url: string): Promise<boolean> {
  const nowMs = Date.now()
  return inTime(async () => {
    const { samples } = await ask<History>(url, `/api/history?from=${nowMs - 2000}&to=${nowMs + 60_000}`)
    return samples.some(({ atMs, spanMs }) => atMs + spanMs > nowMs)
  })
}

/** Asks again and again, for ten seconds; `false`: in vain. */
async function inTime(condition: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

type Line = ReturnType<typeof linesOf>[number]

async function scrape(url: string): Promise<readonly Line[]> {
  const response = await fetch(new URL('/metrics', url), { headers: { accept: 'application/openmetrics-text' } })
  assert.equal(response.status, 200)
  return linesOf(await response.text())
}

async function ask<T>(url: string, path: string): Promise<T> {
  const response = await fetch(new URL(path, url))
  assert.equal(response.status, 200, path)
  return (await response.json()) as T
}

/** The observer waits for commands; whoever else is somewhere is one too many. */
function connectedElsewhere(lines: readonly Line[]): string[] {
  return lines.flatMap(({ name, labels, value }) => {
    const phase = labels.get('phase')
    const expected = phase === 'ready' ? 1 : 0
    if (name !== 'saltgate_connections' || value === expected) return []
    return [`/metrics connections | ${phase} | ${expected} | ${value} | `]
  })
}

function sum(lines: readonly Line[], metricName: string): number {
  return lines.reduce((all, { name, value }) => (name === metricName ? all + value : all), 0)
}

type Labels = (which: string) => string | undefined

const byLogin = (label: Labels) => `login ${label('result')} ${label('kind')} ${label('plugin')} ${label('channel')}`
const byPhase = (label: Labels) => `phase ${label('phase')} ${label('plugin')} ${label('channel')}`
const byReason = (label: Labels) => `reason ${label('reason')}`
const byVersion = (label: Labels) => `tls ${label('version')}`

/** Of the lines of one name, and of one bucket where it has some. */
function metric(lines: readonly Line[], metricName: string, naming: (label: Labels) => string, le?: string): Counts {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of lines) {
    if (name === metricName && labels.get('le') === le)
      tally(
        counts,
        naming((which) => labels.get(which)),
        value,
      )
  }
  return counts
}

const statusNames: ReadonlySet<string> = new Set([
  ...['connections', 'aborted_connects', 'aborted_clients', 'locked_connects', 'com_change_user'],
  ...['connection_errors_max_connections', 'ssl_accepts', 'ssl_finished_accepts'],
])

/** SHOW GLOBAL STATUS by the names of mysqld_exporter. */
function statusMetrics(lines: readonly Line[]): Counts {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of lines) {
    const [, shown = ''] = /^mysql_global_status_(.*)$/.exec(name) ?? []
    const known = {
      commands_total: `com_${labels.get('command')}`,
      connection_errors_total: `connection_errors_${labels.get('error')}`,
    }
    const variable = known[shown as keyof typeof known] ?? shown
    if (statusNames.has(variable)) tally(counts, `status ${variable}`, value)
  }
  return counts
}

async function shownStatus(observer: Connection): Promise<Counts> {
  const [rows] = await observer.query<RowDataPacket[]>('SHOW GLOBAL STATUS')
  const all = rows.map(({ Variable_name, Value }) => [String(Variable_name).toLowerCase(), Number(Value)] as const)
  return new Map(all.filter(([name]) => statusNames.has(name)).map(([name, value]) => [`status ${name}`, value]))
}

async function shownReasons(observer: Connection): Promise<Counts> {
  const [rows] = await observer.query<RowDataPacket[]>('SELECT deny_reason, count FROM saltgate.deny_reasons')
  return new Map(rows.map(({ deny_reason, count }) => [`reason ${deny_reason}`, Number(count)]))
}

function historyCounts({ samples }: History): Counts {
  const counts = new Map<string, number>()
  for (const { admitted, refused, reasons } of samples) addCounts(counts, admitted, refused, reasons)
  return counts
}

function refusalCounts({ groups, forgotten }: Refusals): Counts {
  const counts = new Map<string, number>()
  tally(counts, 'result refused', forgotten)
  for (const { reason, count } of groups) addCounts(counts, 0, count, { [reason]: count })
  return counts
}

function accountCounts(accounts: readonly AccountSeen[]): Counts {
  const counts = new Map<string, number>()
  for (const { name, logins, failures } of accounts) {
    tally(counts, `account ${name} admitted`, logins)
    tally(counts, `account ${name} refused`, failures)
  }
  return counts
}

function hostCounts(hosts: readonly HostSeen[]): Counts {
  const counts = new Map<string, number>()
  for (const { address, errors } of hosts) {
    for (const [counter, count] of Object.entries(errors)) tally(counts, `host ${address} ${counter}`, count)
  }
  return counts
}

/** The logins that had a line, and those that were only counted. */
function logCounts(log: string): Counts {
  const counts = new Map<string, number>()
  for (const line of log.split('\n')) {
    if (line === '') continue
    const { msg, again = false, plugin, channel, reason, admitted, refused, reasons } = JSON.parse(line) as LogLine
    if (msg === 'more logins') addCounts(counts, admitted, refused, reasons)
    if (msg !== 'admitted' && msg !== 'refused') continue
    tally(counts, `result ${msg}`, 1)
    if (reason !== undefined) tally(counts, `reason ${reason}`, 1)
    tally(counts, lineOf(msg, again, plugin, channel, reason), 1)
  }
  return counts
}

/** Of a login, or of those that had no line of their own. */
interface LogLine {
  readonly msg: string
  readonly again?: true
  readonly plugin?: string
  readonly channel?: string
  readonly reason?: string
  readonly admitted: number
  readonly refused: number
  readonly reasons: Readonly<Record<string, number>>
}

function addCounts(
  counts: Map<string, number>,
  admitted: number,
  refused: number,
  reasons: Readonly<Record<string, number>>,
): void {
  tally(counts, 'result admitted', admitted)
  tally(counts, 'result refused', refused)
  for (const [reason, count] of Object.entries(reasons)) tally(counts, `reason ${reason}`, count)
}
