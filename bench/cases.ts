/**
 * What is measured. A case runs one contestant once and gives its figures; `front-door.ts` alternates the contestants in rounds.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { RowDataPacket } from 'mysql2/promise'
import { printed, stopChild } from '../test/peers/servers.ts'
import { accounts, type Contestant, type ContestantName, password } from './contestants.ts'
import { type Storm, storm } from './loginstorm.ts'
import type { Figures } from './report.ts'

/** How long and how much; all sizes are counts. */
export interface Scale {
  readonly rounds: number
  readonly warmupS: number
  readonly durationS: number
  readonly freshUsers: number
  readonly held: number
  readonly strangers: number
}

export interface Case {
  readonly name: string
  /** Memory is only comparable when the process has done nothing before: this case gets servers of its own. */
  readonly freshProcess?: true
  /** The column by which contestants are compared. */
  readonly compare: string
  /** `undefined` where the contestant does not know the plugin. */
  run(contestant: Contestant, scale: Scale, program: string): Promise<Figures> | undefined
}

export const cases: readonly Case[] = [
  {
    name: 'mysql_native_password, plaintext',
    compare: 'CPU µs/login',
    run: nativeLogins,
  },
  {
    name: 'caching_sha2_password, fast, plaintext',
    compare: 'CPU µs/login',
    run: (contestant, scale, program) => logins(contestant, scale, program, accounts[contestant.name].sha2, {}),
  },
  {
    name: 'caching_sha2_password, fast, TLS 1.3',
    compare: 'CPU µs/login',
    run: (contestant, scale, program) =>
      logins(contestant, scale, program, accounts[contestant.name].sha2, { 'tls-version': '1.3' }),
  },
  {
    name: 'caching_sha2_password, full, TLS 1.3, 16 at a time',
    compare: 'CPU µs/login',
    run: (contestant, scale, program) => fullLogins(contestant, scale, program, 16),
  },
  {
    name: 'caching_sha2_password, full, TLS 1.3, storm of 200 at a time',
    compare: 'p99 µs',
    run: (contestant, scale, program) => fullLogins(contestant, scale, program, 200),
  },
  {
    name: 'idle sessions',
    compare: 'KB/connection',
    freshProcess: true,
    run: (contestant, scale, program) => hold(contestant, scale, program, 'idle'),
  },
  {
    name: 'connections stopped after the greeting',
    compare: 'KB/connection',
    freshProcess: true,
    run: (contestant, scale, program) => hold(contestant, scale, program, 'unauth'),
  },
  {
    name: 'logins beside strangers, half silent, half dripping',
    compare: 'p99 µs',
    freshProcess: true,
    run: besideStrangers,
  },
]

function logins(
  contestant: Contestant,
  scale: Scale,
  program: string,
  user: string | undefined,
  options: Readonly<Record<string, string>>,
): Promise<Figures> | undefined {
  if (!user) return undefined
  const time = { warmup: scale.warmupS, duration: scale.durationS }
  return storm(program, contestant.port, contestant.pids(), { user, password, ...time, ...options }).then(loginFigures)
}

/** MariaDB greets with the plugin of its accounts; so must Saltgate here, or its logins take an auth switch more. */
function nativeLogins(contestant: Contestant, scale: Scale, program: string): Promise<Figures> | undefined {
  const user = accounts[contestant.name].native
  if (contestant.name !== 'saltgate') return logins(contestant, scale, program, user, {})
  const run = async () => {
    await contestant.root?.query("SET GLOBAL default_authentication_plugin = 'mysql_native_password'")
    try {
      return (await logins(contestant, scale, program, user, {})) as Figures
    } finally {
      await contestant.root?.query('SET GLOBAL default_authentication_plugin = DEFAULT')
    }
  }
  return run()
}

/** Every account logs in once, and the server knows none of them from before. */
function fullLogins(
  contestant: Contestant,
  scale: Scale,
  program: string,
  concurrency: number,
): Promise<Figures> | undefined {
  const { root } = contestant
  const user = accounts[contestant.name].fresh
  if (!user || !root) return undefined
  const run = async () => {
    await root.query('FLUSH PRIVILEGES')
    await root.query('FLUSH STATUS')
    const result = await storm(program, contestant.port, contestant.pids(), {
      ...{ user, password, users: scale.freshUsers, count: scale.freshUsers, 'tls-version': '1.3', concurrency },
    })
    if (result.full_auth !== scale.freshUsers) {
      throw new Error(`${contestant.name}: ${result.full_auth} of ${scale.freshUsers} logins were full authentications`)
    }
    const [delay] = await root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Saltgate_event_loop_delay_p99_us'")
    const figures = loginFigures(result)
    return delay[0] ? { ...figures, 'loop delay p99 µs': Number(delay[0].Value) } : figures
  }
  return run()
}

async function hold(contestant: Contestant, scale: Scale, program: string, what: 'idle' | 'unauth'): Promise<Figures> {
  const options = { user: loginUser(contestant.name), password }
  // What a process allocates once, at its first logins, is not memory of the connections.
  await storm(program, contestant.port, contestant.pids(), { ...options, count: 200 })
  const held = { hold: what, count: scale.held, duration: 1, concurrency: 64 }
  const result = await storm(program, contestant.port, contestant.pids(), { ...options, ...held })
  return {
    'KB/connection': (result.server.rss_bytes_per_conn ?? Number.NaN) / 1024,
    held: result.held ?? 0,
    lost: result.lost ?? 0,
    'opened in s': result.open_s ?? Number.NaN,
    'idle CPU ms/s': result.server.idle_cpu_ms_per_s ?? Number.NaN,
  }
}

async function besideStrangers(contestant: Contestant, scale: Scale, program: string): Promise<Figures> {
  const crowd = [join(import.meta.dirname, 'strangers.ts'), String(contestant.port), String(scale.strangers)]
  const strangers = spawn(process.execPath, crowd, { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await printed(strangers, 'holding', 60_000)
    const who = { user: loginUser(contestant.name), password }
    const time = { warmup: scale.warmupS, duration: scale.durationS }
    const result = await storm(program, contestant.port, contestant.pids(), { ...who, ...time })
    return { strangers: scale.strangers, ...loginFigures(result) }
  } finally {
    await stopChild(strangers)
  }
}

/** An account with the plugin that the server greets with. */
function loginUser(name: ContestantName): string {
  return accounts[name].sha2 ?? accounts[name].native
}

function loginFigures(result: Storm): Figures {
  return {
    'logins/s': result.logins_per_s,
    'p50 µs': result.login_us.p50,
    'p99 µs': result.login_us.p99,
    'CPU µs/login': result.server.cpu_us_per_login ?? Number.NaN,
    errors: result.errors,
  }
}
