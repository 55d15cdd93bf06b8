/**
 * Who is measured between loginstorm and MySQL: nobody, a bare Node pipe, HAProxy, MySQL Router in the ways that it knows, and the
 * gateway. Each runs with its own defaults, but for limits on how many may connect.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import packageJson from '../../package.json' with { type: 'json' }
import { makeCertificates } from '../../src/server/self-made-certificate.ts'
import { mustRun } from '../../test/peers/command.ts'
import { freePort, stopChild } from '../../test/peers/servers.ts'
import { withDescendants } from '../contestants.ts'
import { type Backend, password, users } from './backend.ts'
import type { InstalledProxy, ProxyName, ProxyPeer } from './install-proxies.ts'

export const contestantNames = [
  'direct',
  'floor',
  'haproxy',
  'router-passthrough',
  'router-terminating',
  'router-sharing',
  'router-sharing-ecdsa',
  'saltgate',
] as const
export type ContestantName = (typeof contestantNames)[number]

/** A started contestant. */
export interface Contestant {
  readonly name: ContestantName
  readonly version: string
  readonly port: number
  /** The processes that are measured; of `direct` those of the server. */
  pids(): number[]
  stop(): Promise<void>
}

export interface Surroundings {
  readonly backend: Backend
  readonly proxies: readonly ProxyPeer[]
  /** TLS on both sides of those that read along; on neither where `false`. */
  readonly tls: boolean
  /** Connections that must find room. */
  readonly connections: number
}

/** Starts one. Throws with the reason when it cannot be had. */
export async function start(name: ContestantName, around: Surroundings): Promise<Contestant> {
  const { port, pid, version } = around.backend.server
  switch (name) {
    case 'direct':
      return { name, version: `mysqld ${version}`, port, pids: () => [pid], stop: async () => {} }
    case 'floor':
      return startFloor(around)
    case 'haproxy':
      return startHaproxy(around)
    case 'saltgate':
      return startSaltgate(around)
    default:
      return startRouter(name, around)
  }
}

function startFloor({ backend }: Surroundings): Promise<Contestant> {
  return launch('floor', `Node ${process.version}, net and pipe()`, tmpdir(), async (_, port) => {
    const program = join(import.meta.dirname, 'node-pipe.ts')
    return [process.execPath, program, String(port), String(backend.server.port)]
  })
}

function startHaproxy({ backend, proxies, connections }: Surroundings): Promise<Contestant> {
  const haproxy = proxy(proxies, 'haproxy')
  return launch('haproxy', haproxy.version, join(haproxy.root, 'tmp'), async (home, port) => {
    const settings = `global
  maxconn ${connections}
defaults
  mode tcp
  maxconn ${connections}
  timeout connect 10s
  timeout client 10m
  timeout server 10m
listen mysql
  bind 127.0.0.1:${port} backlog 4096
  server one 127.0.0.1:${backend.server.port}
`
    await writeFile(`${home}/haproxy.cfg`, settings)
    return [...haproxy.argv, '-db', '-f', `${home.slice(haproxy.root.length)}/haproxy.cfg`]
  })
}

type RouterName = Extract<ContestantName, `router-${string}`>

const onBothSides = (mode: string) => `client_ssl_mode=${mode}\nserver_ssl_mode=${mode}`
const pool = '[connection_pool]\nmax_idle_server_connections=64'
const sharing = `${onBothSides('REQUIRED')}\nconnection_sharing=1\n${pool}`

/**
 * What tells the ways of MySQL Router apart. Where it has a pool, it reuses connections of clients that are gone even without sharing, so
 * only those that share have one.
 */
const routerSettings: Readonly<Record<RouterName, (tls: boolean) => string>> = {
  'router-passthrough': () => 'client_ssl_mode=PASSTHROUGH\nserver_ssl_mode=AS_CLIENT',
  'router-terminating': (tls) => onBothSides(tls ? 'REQUIRED' : 'DISABLED'),
  'router-sharing': () => sharing,
  'router-sharing-ecdsa': () => sharing,
}

function startRouter(name: RouterName, { backend, proxies, tls, connections }: Surroundings): Promise<Contestant> {
  const router = proxy(proxies, 'mysqlrouter')
  const certificate = name === 'router-sharing-ecdsa' ? 'ECDSA P-256' : 'RSA-2048'
  const version = name === 'router-passthrough' ? router.version : `${router.version}, certificate ${certificate}`
  return launch(name, version, join(router.root, 'tmp'), async (home, port) => {
    const inside = home.slice(router.root.length)
    const { cert, key } = certificate === 'RSA-2048' ? backend.rsa : await ecdsa()
    await Promise.all([writeFile(`${home}/cert.pem`, cert), writeFile(`${home}/key.pem`, key)])
    const settings = `[DEFAULT]
logging_folder=${inside}
runtime_folder=${inside}
data_folder=${inside}
max_total_connections=${connections}
[logger]
level=WARNING
[routing:mysql]
bind_address=127.0.0.1
bind_port=${port}
destinations=127.0.0.1:${backend.server.port}
routing_strategy=first-available
protocol=classic
max_connections=${connections}
max_connect_errors=4294967295
client_ssl_cert=${inside}/cert.pem
client_ssl_key=${inside}/key.pem
${routerSettings[name](tls)}
`
    await writeFile(`${home}/router.conf`, settings)
    return [...router.argv, '--config', `${inside}/router.conf`]
  })
}

/** One gateway with three rules: which of them is measured, the user says. */
function startSaltgate({ backend, tls, connections }: Surroundings): Promise<Contestant> {
  return launch('saltgate', packageJson.version, tmpdir(), async (home, port) => {
    const credentials = { password }
    const config = {
      data: './data',
      settings: { max_connections: connections, max_connect_errors: 1_000_000_000, skip_name_resolve: true },
      gateway: {
        rules: [
          { user: users.relay, way: 'relay' },
          { user: users.own, way: 'own', credentials, pool: 'off' },
          { user: users.pooled, way: 'own', credentials, pool: 'session' },
        ],
      },
    }
    const program = [process.execPath, await built()]
    for (const user of [users.own, users.pooled]) {
      const password_ = ['--password-env', 'BENCH_PASSWORD', '--data', `${home}/data`]
      await mustRun([...program, 'user', 'add', user, ...password_], { cwd: home, env: { BENCH_PASSWORD: password } })
    }
    await writeFile(`${home}/saltgate.config.json`, JSON.stringify(config), { mode: 0o600 })
    const to = `mysql://127.0.0.1:${backend.server.port}?ssl-mode=${tls ? 'REQUIRED' : 'DISABLED'}`
    const at = ['--listen', `127.0.0.1:${port}`, '--config', `${home}/saltgate.config.json`]
    return [...program, 'gateway', '--to', to, ...at]
  })
}

/** What users run: the compiled package. From the sources, the stripper of types is a part of the process. */
function built(): Promise<string> {
  building ??= mustRun([process.execPath, join(root, 'scripts/build.ts')]).then(() =>
    join(root, 'dist/cli/saltgate.js'),
  )
  return building
}

const root = join(import.meta.dirname, '../..')
let building: Promise<string> | undefined

function proxy(proxies: readonly ProxyPeer[], name: ProxyName): InstalledProxy {
  const found = proxies.find((one) => one.name === name)
  if (found && !('missing' in found)) return found
  throw new Error(`MISSING: ${name}: ${found?.missing}`)
}

async function ecdsa(): Promise<{ cert: string; key: string }> {
  const { cert, key } = await makeCertificates('localhost', Date.now())
  return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** Starts a program in a directory of its own below `directory`, and waits until its port accepts. */
async function launch(
  name: ContestantName,
  version: string,
  directory: string,
  prepare: (home: string, port: number) => Promise<readonly string[]>,
): Promise<Contestant> {
  const home = await mkdtemp(join(directory, `saltgate-bench-${name}-`))
  const port = await freePort()
  let child: ChildProcess | undefined
  const endWithUs = () => {
    child?.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  }
  process.once('exit', endWithUs)
  const stop = async () => {
    if (child) await stopChild(child)
    process.off('exit', endWithUs)
    rmSync(home, { recursive: true, force: true })
  }
  try {
    const [program = '', ...args] = await prepare(home, port)
    child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: home })
    await accepting(child, port)
    const { pid = 0 } = child
    return { name, version, port, pids: () => withDescendants(pid), stop }
  } catch (error) {
    await stop()
    throw new Error(`MISSING: ${name}: ${(error as Error).message}`)
  }
}

/** Resolves when the port accepts. Rejects with what the program said last when it ends before, or takes over 30 s. */
export async function accepting(child: ChildProcess, port: number): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  })
  child.on('error', (error) => {
    said += error.message
  })
  const deadline = performance.now() + 30_000
  while (!(await accepts(port))) {
    const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined
    if (ended || performance.now() > deadline)
      throw new Error(`${ended ? 'ended' : 'not ready in 30 s'}: ${said.trim()}`)
    await delay(50)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: '127.0.0.1', port })
    probe.on('error', () => resolve(false))
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
  })
}
