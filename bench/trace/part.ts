/**
 * The doctor's part of the benchmark: how fast `saltgate trace` reads a large capture, and in how much memory, beside tshark. Each
 * reading is a process of its own, measured from its start to its end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import packageJson from '../../package.json' with { type: 'json' }
import { installed, type Peer } from '../../test/peers/install.ts'
import { captureOf } from '../capture.ts'
import type { CaseResult, Figures, Goal, PartResult } from '../report.ts'
import type { Traced } from './process.ts'

/** How much; sizes of captures are MiB. */
export interface TraceScale {
  readonly rounds: number
  /** Read by both. */
  readonly sizes: readonly number[]
  /** Read by Saltgate alone: tshark keeps what it has seen, and takes seven times the file's size. */
  readonly largest: number
}

type Contestant = 'saltgate' | 'tshark'

interface Work {
  readonly name: string
  readonly goals: readonly Goal[]
  readonly arguments: Readonly<Record<Contestant, (file: string) => readonly string[]>>
}

const reader = join(import.meta.dirname, 'process.ts')
const perPacket = ['frame.time_relative', 'tcp.stream', 'mysql.query', 'mysql.response_code', 'mysql.error_code']

const decoded = (file: string) => ['-r', file, '-q', '-Y', 'mysql']

const works: readonly Work[] = [
  {
    name: 'a summary per connection',
    goals: [{ than: 'tshark', above: 10 }],
    arguments: { saltgate: (file) => [reader, 'summaries', file], tshark: decoded },
  },
  {
    name: 'a whole report per connection, as --json',
    goals: [{ than: 'tshark', above: 10 }],
    arguments: { saltgate: (file) => [reader, 'reports', file], tshark: decoded },
  },
  {
    name: 'a line per packet',
    goals: [{ than: 'tshark', above: 3 }],
    arguments: {
      saltgate: (file) => [reader, 'lines', file],
      tshark: (file) => ['-r', file, '-Y', 'mysql', '-T', 'fields', ...perPacket.flatMap((name) => ['-e', name])],
    },
  },
]

/** Bytes. */
const mebibyte = 2 ** 20
const mostMemory = 100e6

/** Measures; `report` is told of each result when it is there. */
export async function measureTrace(
  peers: readonly Peer[],
  scale: TraceScale,
  report: (result: CaseResult) => void,
): Promise<PartResult> {
  const tshark = installed(peers, 'tshark')
  const directory = await mkdtemp(join(tmpdir(), 'saltgate-bench-'))
  const file = join(directory, 'large.pcap')
  // The package is JavaScript already: its types are not stripped at every start.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(directory, 'compiled') }
  const read = (work: Work, contestant: Contestant) => {
    const args = work.arguments[contestant](file)
    if (contestant === 'saltgate') return run(process.execPath, args, env)
    const [program = '', ...before] = tshark?.argv ?? []
    return run(program, [...before, ...args], env)
  }
  const results: CaseResult[] = []
  try {
    await pipeline(captureOf(mebibyte), createWriteStream(file))
    for (const work of works) await read(work, 'saltgate')
    for (const size of [...scale.sizes, scale.largest]) {
      await pipeline(captureOf(size * mebibyte), createWriteStream(file))
      const together = size !== scale.largest && tshark !== undefined
      for (const work of works) {
        const result = await inTurns(work, size, together ? ['saltgate', 'tshark'] : ['saltgate'], scale.rounds, read)
        results.push(result)
        report(result)
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  const versions = [
    `saltgate: ${packageJson.version}, Node ${process.version}`,
    `tshark: ${tshark?.version ?? 'missing'}`,
  ]
  return { results, versions, rounds: scale.rounds }
}

async function inTurns(
  { name, goals, ...work }: Work,
  size: number,
  contestants: readonly Contestant[],
  rounds: number,
  read: (work: Work, contestant: Contestant) => Promise<Reading>,
): Promise<CaseResult> {
  const runs = new Map<Contestant, Figures[]>()
  let traced: Traced | undefined
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const { seconds, memory, said } = await read({ name, goals, ...work }, contestant)
      traced ??= said
      const figures = { 'frames/s': (traced?.frames ?? Number.NaN) / seconds, s: seconds, 'MB at most': memory / 1e6 }
      runs.set(contestant, [...(runs.get(contestant) ?? []), figures])
    }
  }
  const memory = Math.max(...(runs.get('saltgate') ?? []).map((figures) => figures['MB at most'] ?? Number.NaN))
  const bound = `goal: at most ${mostMemory / 1e6} MB. It is ${Math.round(memory)} MB: ${memory * 1e6 <= mostMemory ? 'met' : 'not met'}`
  const { frames = 0, connections = 0 } = traced ?? {}
  const what = `${frames.toLocaleString('en')} frames, ${connections.toLocaleString('en')} connections`
  return { name: `${name}: ${size} MiB, ${what}`, compare: 'frames/s', runs, goals, notes: [bound] }
}

interface Reading {
  readonly seconds: number
  /** The most that was resident, in bytes. */
  readonly memory: number
  readonly said: Traced | undefined
}

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Reading> {
  const withIpc = program === process.execPath
  const start = performance.now()
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe', ...(withIpc ? ['ipc' as const] : [])] })
  let said: Traced | undefined
  let complaint = ''
  child.on('message', (message) => {
    said = message as Traced
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  let memory = 0
  const watch = setInterval(() => {
    memory = Math.max(memory, residentAtMost(child))
  }, 20)
  try {
    const status = await new Promise((resolve, reject) => child.once('close', resolve).once('error', reject))
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${status}: ${complaint.trim()}`)
    return { seconds: (performance.now() - start) / 1000, memory, said }
  } finally {
    clearInterval(watch)
  }
}

/** Linux keeps the mark; 0 once the process has ended. */
function residentAtMost({ pid }: ChildProcess): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
