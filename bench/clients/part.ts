/**
 * The client's part of the benchmark: short connections and large results of Saltgate beside a bare Node exchange and the npm
 * clients, each in a process of its own, taking turns.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import type { Peer } from '../../test/peers/install.ts'
import type { CaseResult, Figures, Goal, PartResult } from '../report.ts'
import { type Dates, type DriverName, driverNames, drivers, type Reading, readings } from './drivers.ts'
import type { Measured, Reply, Task } from './process.ts'
import { type BenchServer, selectRows, startServers } from './servers.ts'

/** How much; all are counts. `rows` is a power of ten. */
export interface ClientScale {
  readonly rounds: number
  readonly cycles: number
  readonly rows: number
  /** Before the first round, while V8 compiles: a process that lives long is what is compared. */
  readonly warmupCycles: number
  readonly warmupReadings: number
}

const cheap: readonly Goal[] = [
  { than: 'floor', atMost: 1.3 },
  { than: 'mariadb', atMost: 0.65 },
  { than: 'mysql2', atMost: 0.4 },
]

const ahead: readonly Goal[] = [
  { than: 'mysql2', above: 1 },
  { than: 'mariadb', above: 1 },
  { than: 'mysql', above: 1 },
]

/** Measures the clients among `only` (all when left out); `report` is told of each result when it is there. */
export async function measureClients(
  peers: readonly Peer[],
  scale: ClientScale,
  only: readonly string[] | undefined,
  report: (result: CaseResult) => void,
): Promise<PartResult> {
  const names = driverNames.filter((name) => only?.includes(name) ?? true)
  const servers = await startServers(peers, scale.rows)
  const results: CaseResult[] = []
  const keep = (result: CaseResult) => {
    results.push(result)
    report(result)
  }
  try {
    for (const server of servers) {
      const cycles = await measureCycles(server, names, scale)
      keep(cycles)
      const able = names.filter((name) => cycles.runs.has(name))
      for (const reading of readings) keep(await measureRows(server, able, scale, reading, 'text'))
      keep(await measureRows(server, able, scale, 'query', 'as it comes'))
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const versions = [...names.map(versionOf), ...servers.map(({ name, version }) => `${name}: ${version}`)]
  return { results, versions, rounds: scale.rounds }
}

function measureCycles(server: BenchServer, names: readonly DriverName[], scale: ClientScale): Promise<CaseResult> {
  const task: Task = { is: 'cycles', access: server.access, count: scale.cycles }
  const title = `connect, log in, SELECT 1, close: ${server.name}, ${server.plugin}, plaintext`
  const warmups = [{ ...task, count: scale.warmupCycles }]
  return inTurns(
    title,
    'CPU µs/cycle',
    cheap,
    names,
    warmups,
    task,
    scale.rounds,
    ({ count, wall, cpu, p50, p99 }) => ({
      'cycles/s': (count / wall) * 1e6,
      'p50 µs': p50,
      'p99 µs': p99,
      'CPU µs/cycle': cpu / count,
    }),
  )
}

function measureRows(
  server: BenchServer,
  all: readonly DriverName[],
  scale: ClientScale,
  reading: Reading,
  dates: Dates,
): Promise<CaseResult> {
  const names = all.filter((name) => drivers[name][reading] !== undefined)
  const task: Task = { is: 'rows', access: server.access, reading, sql: selectRows, dates }
  const title = `${scale.rows.toLocaleString('en')} rows by ${reading}${dates === 'text' ? '' : ', dates as they come'}: ${server.name}`
  // The goals are those of equal work.
  const goals = dates === 'text' ? ahead : []
  const warmups = Array.from({ length: scale.warmupReadings }, () => task)
  return inTurns(title, 'rows/s', goals, names, warmups, task, scale.rounds, ({ count, wall, cpu }) => {
    if (count !== scale.rows) throw new Error(`${count} rows came instead of ${scale.rows}`)
    return { 'rows/s': (count / wall) * 1e6, 'CPU ns/row': (cpu / count) * 1000 }
  })
}

/** One process per client, alive through all rounds. */
async function inTurns(
  name: string,
  compare: string,
  goals: readonly Goal[],
  clients: readonly DriverName[],
  warmups: readonly Task[],
  task: Task,
  rounds: number,
  figuresOf: (measured: Measured) => Figures,
): Promise<CaseResult> {
  const runs = new Map<string, Figures[]>()
  const notes: string[] = []
  const children = new Map(clients.map((client) => [client, start(client)]))
  const turn = async (what: Task, counts: boolean) => {
    for (const [client, child] of children) {
      const reply = await ask(child, what)
      if ('failed' in reply) {
        notes.push(`${client}: ${reply.failed}`)
        children.delete(client)
        child.kill()
      } else if (counts) runs.set(client, [...(runs.get(client) ?? []), figuresOf(reply)])
    }
  }
  try {
    for (const warmup of warmups) await turn(warmup, false)
    for (let round = 0; round < rounds; round++) await turn(task, true)
  } finally {
    for (const child of children.values()) child.kill()
  }
  return { name, compare, runs, goals, notes }
}

function start(client: DriverName): ChildProcess {
  return fork(join(import.meta.dirname, 'process.ts'), [client], { execArgv: ['--expose-gc'] })
}

function ask(child: ChildProcess, task: Task): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onExit = (status: number | null) => reject(new Error(`a client ended with exit status ${status}`))
    child.once('exit', onExit)
    child.once('message', (reply: Reply) => {
      child.off('exit', onExit)
      resolve(reply)
    })
    child.send(task)
  })
}

function versionOf(name: DriverName): string {
  if (name === 'floor') return `floor: Node ${process.version}`
  if (name === 'saltgate') return `saltgate: ${packageJson.version}`
  const manifest = join(import.meta.dirname, '../../node_modules', name, 'package.json')
  return `${name}: ${JSON.parse(readFileSync(manifest, 'utf8')).version}`
}
