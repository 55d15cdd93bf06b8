/** Who is measured: one front door, a process as its users start it, and those who look at it meanwhile. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { freePort, printed, stopChild } from '../../test/peers/servers.ts'

/** How the door is looked at; the first is what the others are compared with. */
export const wayNames = [
  'no dashboard',
  'nobody looks',
  'three look',
  'three do not read',
  'scraped',
  'no log',
] as const
export type WayName = (typeof wayNames)[number]

export const user = 'app'
/** Whose plugin is mysql_native_password. */
export const native = 'old'
export const password = 'pw-bench'

export interface BenchDoor {
  readonly name: WayName
  readonly port: number
  /** Of its dashboard; ends with a slash. */
  readonly url: string
  readonly pid: number
  connections(): Promise<number>
  /** Resolves when there are so many. */
  holds(connections: number): Promise<void>
  /** Bytes in use after everything dead is gone. */
  heap(): Promise<number>
  stop(): Promise<void>
}

interface Way {
  /** Of `saltgate serve`. */
  readonly options?: readonly string[]
  /** Begins to look; returns what ends that. */
  readonly look?: (dashboardPort: number) => () => void
}

const ways: Readonly<Record<WayName, Way>> = {
  'no dashboard': { options: ['--dashboard', 'off'] },
  'nobody looks': {},
  'three look': { look: (port) => together([0, 1, 2].map(() => read(port))) },
  'three do not read': { look: (port) => together([0, 1, 2].map(() => ask(port))) },
  scraped: { look: scrape },
  'no log': { options: ['--dashboard', 'off', '--log-level', 'error'] },
}

/** Opens one, with the accounts `user` and `native`. `settings` are those of `--set`, besides the usual. */
export async function openDoor(name: WayName, settings: readonly string[] = []): Promise<BenchDoor> {
  const home = await mkdtemp(join(tmpdir(), 'saltgate-bench-'))
  const [port, dashboardPort] = [await freePort(), await freePort()]
  const { options = ['--dashboard', `127.0.0.1:${dashboardPort}`], look } = ways[name]
  const socket = join(home, 's.sock')
  const set = [...usual, ...settings].flatMap((setting) => ['--set', setting])
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', join(import.meta.dirname, 'heap.ts')],
      ...[join(import.meta.dirname, '../../src/cli/saltgate.ts'), 'serve', '--data', join(home, 'data')],
      ...['--listen', `127.0.0.1:${port}`, '--listen', socket, ...options, ...set],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Away from any configuration file of whoever runs this.
      cwd: home,
      env: { ...process.env, SALTGATE_ROOT_PASSWORD: password },
    },
  )
  const remove = () => rmSync(home, { recursive: true, force: true })
  const endWithUs = () => {
    child.kill('SIGKILL')
    remove()
  }
  process.once('exit', endWithUs)
  await printed(child, 'saltgate ready on ', 60_000)
  const root = await createConnection({ socketPath: socket, user: 'root', password })
  await root.query(`CREATE USER '${user}'@'%' IDENTIFIED WITH caching_sha2_password BY '${password}'`)
  await root.query(`CREATE USER '${native}'@'%' IDENTIFIED WITH mysql_native_password BY '${password}'`)
  const connections = async () => {
    const [rows] = await root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Threads_connected'")
    return Number(rows[0]?.Value)
  }
  const lookAway = look?.(dashboardPort)
  return {
    ...{ name, port, url: `http://127.0.0.1:${dashboardPort}/`, pid: child.pid ?? 0 },
    connections,
    async holds(wanted) {
      while ((await connections()) < wanted) await wait(50)
    },
    async heap() {
      const told = once(child, 'message')
      child.send('heap')
      const [bytes] = await told
      return bytes
    },
    async stop() {
      lookAway?.()
      root.destroy()
      await stopChild(child)
      remove()
      process.off('exit', endWithUs)
    },
  }
}

// Room for all, no host blocked for refusals that are meant, and no name looked up for any.
const usual = ['max_connections=12000', 'max_connect_errors=1000000000', 'skip_name_resolve=ON', 'back_log=4096']

function together(ends: readonly (() => void)[]): () => void {
  return () => {
    for (const end of ends) end()
  }
}

/** A dashboard that is open in a browser, as far as the server knows. */
function read(port: number): () => void {
  const outgoing = request({ host: '127.0.0.1', port, path: '/api/live', agent: false }, (incoming) => {
    incoming.on('error', () => {}).resume()
  })
  outgoing.on('error', () => {}).end()
  return () => outgoing.destroy()
}

/** Asks for the stream and takes nothing of it. */
function ask(port: number): () => void {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).pause()
  socket.write(`GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
  return () => socket.destroy()
}

/** As often as Prometheus would at its most eager. */
function scrape(port: number): () => void {
  const timer = setInterval(() => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/metrics', agent: false }, (incoming) => {
      incoming.on('error', () => {}).resume()
    })
    outgoing.on('error', () => {}).end()
  }, 1000)
  return () => clearInterval(timer)
}
