/** What is measured of a door that is looked at. A case runs one way once and gives its figures; `part.ts` alternates the ways in rounds. */
import { spawn } from 'node:child_process'
import { stopChild } from '../../test/peers/servers.ts'
import { type Storm, storm } from '../loginstorm.ts'
import type { Figures } from '../report.ts'
import { type BenchDoor, native, password, user } from './doors.ts'

/** How long and how much. */
export interface DashboardScale {
  /** How often doors are opened anew, and rounds for each time. */
  readonly openings: number
  readonly rounds: number
  /** Of a door that was just opened. */
  readonly firstWarmupS: number
  readonly warmupS: number
  readonly durationS: number
  /** Sessions that are held; a count. */
  readonly held: number
  /** How long the page is watched. */
  readonly pageS: number
}

export interface Case {
  readonly name: string
  /** The column by which ways are compared. */
  readonly compare: string
  /** Bound of what three who look may cost, as a multiple of no dashboard. */
  readonly atMost?: number
  /** Idle sessions that each door holds meanwhile. */
  readonly beside?: true
  run(door: BenchDoor, scale: DashboardScale, program: string): Promise<Figures>
}

const perLogin = { compare: 'CPU µs/login', atMost: 1.1 }

export const cases: readonly Case[] = [
  { name: 'login storm, caching_sha2_password, plaintext', ...perLogin, run: logins },
  {
    ...{ name: 'login storm, caching_sha2_password, TLS 1.3', ...perLogin },
    run: (door, scale, program) => logins(door, scale, program, { 'tls-version': '1.3' }),
  },
  { name: 'storm of wrong passwords, mysql_native_password, plaintext', ...perLogin, run: refusals },
  {
    name: 'login storm, caching_sha2_password, plaintext, beside idle sessions',
    ...perLogin,
    beside: true,
    run: logins,
  },
]

export const memory: Case = { name: 'idle sessions', compare: 'KB/session', run: hold }

/** As long as V8 compiles, a door is not what is compared. */
export async function warmUp(door: BenchDoor, { firstWarmupS }: DashboardScale, program: string): Promise<void> {
  const time = { warmup: 0, duration: firstWarmupS, concurrency: 16 }
  await storm(program, door.port, [door.pid], { user, password, ...time })
  await storm(program, door.port, [door.pid], { user: native, password: 'wrong', ...time, duration: firstWarmupS / 2 })
}

async function logins(
  door: BenchDoor,
  scale: DashboardScale,
  program: string,
  options: Readonly<Record<string, string>> = {},
): Promise<Figures> {
  const result = await stormFor(door, scale, program, { password, ...options })
  return {
    'logins/s': result.logins_per_s,
    'p50 µs': result.login_us.p50,
    'p99 µs': result.login_us.p99,
    'CPU µs/login': result.server.cpu_us_per_login ?? Number.NaN,
    errors: result.errors,
  }
}

async function refusals(door: BenchDoor, scale: DashboardScale, program: string): Promise<Figures> {
  // Not of caching_sha2_password: a wrong password is a full authentication there, beside which nothing else would be seen.
  const result = await stormFor(door, scale, program, { user: native, password: 'wrong' })
  return {
    'refused/s': result.errors / (result.seconds ?? Number.NaN),
    'CPU µs/login': ((result.server.cpu_s ?? Number.NaN) * 1e6) / result.errors,
    admitted: result.logins,
  }
}

async function hold(door: BenchDoor, { held }: DashboardScale, program: string): Promise<Figures> {
  const who = { user, password, concurrency: 64 }
  // What a process allocates once, at its first logins, is not memory of the sessions.
  await storm(program, door.port, [door.pid], { ...who, count: held })
  const connections = await door.connections()
  const before = await door.heap()
  const holding = storm(program, door.port, [door.pid], { ...who, hold: 'idle', count: held, duration: 3 })
  await door.holds(connections + held)
  const during = await door.heap()
  const result = await holding
  return {
    'heap MB before': before / 1e6,
    'KB/session': (during - before) / held / 1000,
    held: result.held ?? 0,
    'idle CPU ms/s': result.server.idle_cpu_ms_per_s ?? Number.NaN,
  }
}

/** Sessions that do nothing. Returns what ends them. */
export function keepIdle(door: BenchDoor, count: number, program: string): Promise<() => Promise<void>> {
  return keep(door, count, program, 'idle')
}

/** Connections that say nothing after the greeting. Returns what ends them. */
export function keepSilent(door: BenchDoor, count: number, program: string): Promise<() => Promise<void>> {
  return keep(door, count, program, 'unauth')
}

async function keep(
  door: BenchDoor,
  count: number,
  program: string,
  what: 'idle' | 'unauth',
): Promise<() => Promise<void>> {
  const before = await door.connections()
  const who = ['--port', String(door.port), '--user', user, '--password', password, '--concurrency', '64']
  const child = spawn(program, [...who, '--hold', what, '--count', String(count), '--duration', '3600'], {
    stdio: 'ignore',
  })
  await door.holds(before + count)
  return () => stopChild(child)
}

function stormFor(
  door: BenchDoor,
  { warmupS, durationS }: DashboardScale,
  program: string,
  options: Readonly<Record<string, string>>,
): Promise<Storm> {
  const time = { warmup: warmupS, duration: durationS, concurrency: 16 }
  return storm(program, door.port, [door.pid], { user, ...time, ...options })
}
