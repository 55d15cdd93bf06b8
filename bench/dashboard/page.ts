/**
 * What the page costs a browser: a real Chromium before a door with thousands of connections, most of them in, some hundred silent, and
 * many who come and go.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readPage } from '../../src/dashboard/page-files.ts'
import { type InstalledPeer, installed, type Peer } from '../../test/peers/install.ts'
import { stopChild } from '../../test/peers/servers.ts'
import { startBrowser, visit } from '../../test/support/browser.ts'
import { type CaseResult, type Figures, mediansOf } from '../report.ts'
import { type DashboardScale, keepIdle, keepSilent } from './cases.ts'
import { native, openDoor, password } from './doors.ts'
import { categories, type Frame, type Frames, framesOf, type TraceEvent } from './frames.ts'

/** What must be there to measure the page, or what is missing. */
export async function pageNeeds(peers: readonly Peer[]): Promise<InstalledPeer | { readonly missing: string }> {
  const chromium = installed(peers, 'chromium')
  if (chromium === undefined) return { missing: 'there is no Chromium (Debian: chromium)' }
  return (await readPage()).size > 0 ? chromium : { missing: 'it is not built: npm run build:page' }
}

/** Opens the page in a browser of 1280 by 800, as somebody does who looks at the lanes. */
export async function measurePage(chromium: string, scale: DashboardScale, program: string): Promise<CaseResult> {
  const silent = Math.round(scale.held * 0.06)
  const rows = new Map<string, Figures[]>()
  const longTasks: Frames['longTasks'][number][] = []
  await using end = new AsyncDisposableStack()
  const door = await openDoor('nobody looks', ['connect_timeout=3600'])
  end.defer(() => door.stop())
  // With those who come and go there are as many as are to be there.
  end.defer(await keepIdle(door, scale.held - silent - perSecond, program))
  end.defer(await keepSilent(door, silent, program))
  const churn = [join(import.meta.dirname, 'churn.ts'), ...[door.port, perSecond, native, password].map(String)]
  const coming = spawn(process.execPath, churn, { stdio: 'ignore' })
  end.defer(() => stopChild(coming))
  const browser = await startBrowser(chromium)
  end.defer(() => browser.close())
  const { page, complaints } = end.use(await visit(browser, door.url))
  await wait(settleMs)
  const rounds = scale.openings * scale.rounds
  for (let round = 0; round < rounds; round++) {
    await browser.startTracing(page, { categories: [...categories] })
    await wait(scale.pageS * 1000)
    const trace: { traceEvents: TraceEvent[] } = JSON.parse((await browser.stopTracing()).toString())
    const seen = framesOf(trace.traceEvents)
    for (const [name, of] of columns) rows.set(name, [...(rows.get(name) ?? []), figuresOf(seen.frames.map(of))])
    longTasks.push(...seen.longTasks)
  }
  if (complaints.length > 0) throw new Error(`the page complains: ${complaints.join('; ')}`)
  return {
    name: `the page: ${scale.held.toLocaleString('en')} connections, ${perSecond} come and go a second`,
    compare: 'p99 ms',
    runs: rows,
    notes: [...goals.map((of) => goalLine(of, rows)), longTaskLine(longTasks, rounds * scale.pageS)],
  }
}

/** Who come in a second, and go within two. */
const perSecond = 200
/** The first part of what the page does once: it lets everybody in and learns who waits too long. */
const settleMs = 6000

const [scriptCpu, workCpu] = ['script, CPU', 'main thread, CPU'] as const
const goals = [scriptCpu, workCpu]
const columns: readonly (readonly [name: string, of: (frame: Frame) => number])[] = [
  [scriptCpu, ({ scriptCpuMs }) => scriptCpuMs],
  ['script, by the clock', ({ scriptMs }) => scriptMs],
  [workCpu, ({ workCpuMs }) => workCpuMs],
  ['main thread, by the clock', ({ workMs }) => workMs],
  ['from frame to frame', ({ intervalMs }) => intervalMs],
]

function figuresOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return {
    'p50 ms': at(0.5),
    'p95 ms': at(0.95),
    'p99 ms': at(0.99),
    'most ms': at(1),
    frames: sorted.length,
  }
}

function goalLine(of: string, rows: ReadonlyMap<string, readonly Figures[]>): string {
  const p99 = mediansOf(rows.get(of) ?? [])['p99 ms'] ?? Number.NaN
  return `goal: p99 ms of ${of} below 16. It is ${p99.toFixed(1)}: ${p99 < 16 ? 'met' : 'not met'}`
}

function longTaskLine(longTasks: Frames['longTasks'], seconds: number): string {
  const [longest] = longTasks.toSorted(([a], [b]) => b - a)
  if (longest === undefined) return `no task took more than 50 ms by the clock, in ${seconds} s`
  const [ms, cpuMs] = longest.map((value) => value.toFixed(0))
  return `${longTasks.length} tasks took more than 50 ms by the clock, in ${seconds} s; the longest ${ms} ms, ${cpuMs} ms of them CPU`
}
