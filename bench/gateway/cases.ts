/** What is measured of a proxy. A case runs one contestant once and gives its figures; `part.ts` alternates the contestants in rounds. */
import { type Storm, storm } from '../loginstorm.ts'
import type { Figures, Goal } from '../report.ts'
import { password, resultMiB, selectResult, users } from './backend.ts'
import type { Contestant, ContestantName } from './contestants.ts'

/** How long and how much; `pairs` is a count. */
export interface GatewayScale {
  readonly rounds: number
  readonly warmupS: number
  readonly durationS: number
  /** Of a proxy that was just started. */
  readonly firstWarmupS: number
  readonly pairs: number
}

export const topics = ['select', 'bulk', 'login', 'memory'] as const
export type Topic = (typeof topics)[number]

export interface Case {
  readonly topic: Topic
  readonly name: string
  readonly tls: boolean
  /** Memory is only comparable when the process has done nothing before: this case gets proxies of its own. */
  readonly freshProcess?: true
  readonly among: readonly ContestantName[]
  /** The column by which contestants are compared. */
  readonly compare: string
  readonly goals: readonly Goal[]
  /** A bound for the compared column itself. */
  readonly atMost?: number
  run(contestant: Contestant, scale: GatewayScale, program: string): Promise<Figures>
}

const plain = ['direct', 'floor', 'haproxy', 'router-passthrough', 'router-terminating', 'saltgate'] as const
const sharing = ['router-sharing', 'router-sharing-ecdsa'] as const

const perQuery: readonly Goal[] = [
  { than: 'floor', atMost: 1.1 },
  { than: 'router-passthrough', atMost: 0.75 },
]

export const cases: readonly Case[] = [
  queries('SELECT 1, 1 connection', 1, [{ than: 'floor', atMost: 1.1 }]),
  queries('SELECT 1, 16 connections', 16, perQuery),
  {
    ...{ topic: 'bulk', name: `a result of ${resultMiB} MiB`, tls: false, among: plain },
    compare: `CPU ms/${resultMiB} MiB`,
    goals: [{ than: 'router-passthrough', atMost: 0.65 }],
    run: bulk,
  },
  logins('relay', 'login, plain, relayed', false, plain, [{ than: 'router-terminating', atMost: 1 }]),
  logins('own', 'login, plain, own accounts', false, plain, [{ than: 'router-terminating', atMost: 1 }]),
  logins('pooled', 'login, plain, own accounts, pooled', false, plain, [{ than: 'router-terminating', atMost: 1 }]),
  logins('relay', 'login, TLS 1.3, relayed', true, plain, [{ than: 'router-terminating', atMost: 1 }]),
  logins('own', 'login, TLS 1.3, own accounts', true, plain, [{ than: 'router-terminating', atMost: 1 }]),
  logins(
    'pooled',
    'login, TLS 1.3, own accounts, pooled',
    true,
    [...plain, ...sharing],
    [
      { than: 'router-sharing', atMost: 0.5 },
      { than: 'router-sharing-ecdsa', atMost: 0.5 },
    ],
  ),
  {
    ...{ topic: 'memory', name: 'idle pairs', tls: false, freshProcess: true, among: plain },
    compare: 'KB/pair',
    atMost: 13,
    goals: [
      { than: 'floor', atMost: 1.25 },
      { than: 'router-passthrough', atMost: 1 },
    ],
    run: hold,
  },
]

/** As long as V8 compiles, a proxy is not what is compared. */
export async function warmUp(
  contestant: Contestant,
  tls: boolean,
  scale: GatewayScale,
  program: string,
): Promise<void> {
  for (const user of Object.values(users)) {
    const time = { warmup: 0, duration: scale.firstWarmupS }
    await storm(program, contestant.port, contestant.pids(), {
      user,
      password,
      ...time,
      concurrency: 16,
      ...secured(tls),
    })
  }
}

function queries(name: string, concurrency: number, goals: readonly Goal[]): Case {
  return {
    ...{ topic: 'select', name, tls: false, among: plain, compare: 'CPU µs/query', goals },
    async run(contestant, scale, program) {
      const result = await stormFor(contestant, scale, program, { query: 'SELECT 1', persistent: true, concurrency })
      return {
        'queries/s': result.queries_per_s ?? Number.NaN,
        'p50 µs': result.query_us?.p50 ?? Number.NaN,
        'p99 µs': result.query_us?.p99 ?? Number.NaN,
        ...ofProxy(contestant, { 'CPU µs/query': result.server.cpu_us_per_query }),
        errors: result.errors,
      }
    },
  }
}

async function bulk(contestant: Contestant, scale: GatewayScale, program: string): Promise<Figures> {
  const result = await stormFor(contestant, scale, program, { query: selectResult, persistent: true, concurrency: 1 })
  const megabytes = (result.rx_mb_per_s ?? Number.NaN) * (result.seconds ?? Number.NaN)
  const results = (megabytes * 1e6) / (resultMiB * 1024 ** 2)
  return {
    'MB/s': result.rx_mb_per_s ?? Number.NaN,
    ...ofProxy(contestant, { [`CPU ms/${resultMiB} MiB`]: ((result.server.cpu_s ?? Number.NaN) * 1000) / results }),
    errors: result.errors,
  }
}

function logins(
  way: keyof typeof users,
  name: string,
  tls: boolean,
  among: readonly ContestantName[],
  goals: readonly Goal[],
): Case {
  return {
    ...{ topic: 'login', name, tls, among, compare: 'CPU µs/login', goals },
    async run(contestant, scale, program) {
      const who = { user: users[way], concurrency: 16, ...secured(tls) }
      const result = await stormFor(contestant, scale, program, who)
      return {
        'logins/s': result.logins_per_s,
        'p50 µs': result.login_us.p50,
        'p99 µs': result.login_us.p99,
        ...ofProxy(contestant, { 'CPU µs/login': result.server.cpu_us_per_login }),
        full: result.full_auth,
        errors: result.errors,
      }
    },
  }
}

async function hold(contestant: Contestant, scale: GatewayScale, program: string): Promise<Figures> {
  const who = { user: users.relay, password }
  // What a process allocates once, at its first logins, is not memory of the pairs.
  await storm(program, contestant.port, contestant.pids(), { ...who, count: 200 })
  const held = { hold: 'idle', count: scale.pairs, duration: 1, concurrency: 64 }
  const result = await storm(program, contestant.port, contestant.pids(), { ...who, ...held })
  return {
    ...ofProxy(contestant, { 'KB/pair': (result.server.rss_bytes_per_conn ?? Number.NaN) / 1024 }),
    held: result.held ?? 0,
    lost: result.lost ?? 0,
    'opened in s': result.open_s ?? Number.NaN,
    ...ofProxy(contestant, { 'idle CPU ms/s': result.server.idle_cpu_ms_per_s }),
  }
}

function stormFor(
  contestant: Contestant,
  { warmupS, durationS }: GatewayScale,
  program: string,
  options: Readonly<Record<string, string | number | true>>,
): Promise<Storm> {
  const time = { warmup: warmupS, duration: durationS }
  return storm(program, contestant.port, contestant.pids(), { user: users.relay, password, ...time, ...options })
}

function secured(tls: boolean): Readonly<Record<string, string>> {
  return tls ? { 'tls-version': '1.3' } : {}
}

/** Figures of the process between: of `direct`, where there is none, they are absent. */
function ofProxy({ name }: Contestant, figures: Readonly<Record<string, number | undefined>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([column, value = Number.NaN]) => [column, name === 'direct' ? Number.NaN : value]),
  )
}
