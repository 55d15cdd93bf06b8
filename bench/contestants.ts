/**
 * Who is measured: the bare Node server, Saltgate, MariaDB and MySQL, each started with the same accounts as far as it
 * knows their plugins.
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import { installed, type Peer } from '../test/peers/install.ts'
import {
  freePort,
  printed,
  type RunningServer,
  startFrontDoor,
  startMariadbd,
  startMysqld,
  stopChild,
} from '../test/peers/servers.ts'

export const contestantNames = ['floor', 'saltgate', 'mariadbd', 'mysqld'] as const
export type ContestantName = (typeof contestantNames)[number]

export const password = 'pw-bench'

/** A started contestant. */
export interface Contestant {
  readonly name: ContestantName
  readonly version: string
  readonly port: number
  /** A session of root; the floor has none. */
  readonly root: Connection | undefined
  /** The server's processes, for CPU and memory. */
  pids(): number[]
  stop(): Promise<void>
}

/** The accounts of a contestant: native password, caching_sha2_password, and `fresh0`, `fresh1` ... for full authentication. */
export const accounts = {
  floor: { native: 'any', sha2: 'any', fresh: undefined },
  saltgate: { native: 'nat', sha2: 'sha2', fresh: 'fresh%d' },
  mariadbd: { native: 'nat', sha2: undefined, fresh: undefined },
  mysqld: { native: undefined, sha2: 'sha2', fresh: 'fresh%d' },
} as const

// Room for 9,000 strangers, no host blocked for their sake, and no name looked up for any.
const settings = ['max_connections=12000', 'max_connect_errors=1000000000', 'skip_name_resolve=ON', 'back_log=4096']
// The same work on both sides: MySQL's own default is another than ours.
const sha2Settings = [...settings, 'caching_sha2_password_digest_rounds=5000']

/** Starts one; `undefined` when it cannot be had on this machine. `freshUsers` is how many accounts for full authentication. */
export async function start(
  name: ContestantName,
  peers: readonly Peer[],
  freshUsers: number,
): Promise<Contestant | undefined> {
  if (name === 'floor') return startFloor()
  const server = await startPeer(name, peers)
  if (!server) return undefined
  const root = await createConnection({ socketPath: server.socket, user: 'root', password: server.rootPassword })
  await createAccounts(name, root, freshUsers)
  return {
    name,
    version: server.version,
    port: server.port,
    root,
    pids: () => withDescendants(server.pid),
    async stop() {
      root.destroy()
      await server.stop()
    },
  }
}

async function startPeer(name: ContestantName, peers: readonly Peer[]): Promise<RunningServer | undefined> {
  if (name === 'saltgate') return startFrontDoor(peers, sha2Settings)
  const options = (name === 'mysqld' ? sha2Settings : settings).map((setting) => `--${setting}`)
  const peer = installed(peers, name === 'mysqld' ? 'mysqld' : 'mariadbd')
  if (!peer) return undefined
  return name === 'mysqld' ? startMysqld(peers, peer, options) : startMariadbd(peers, peer, options)
}

async function startFloor(): Promise<Contestant> {
  const port = await freePort()
  const program = join(import.meta.dirname, 'floor-server.ts')
  const child = spawn(process.execPath, [program, String(port)], { stdio: ['ignore', 'pipe', 'pipe'] })
  await printed(child, 'ready', 30_000)
  const pids = () => [child.pid ?? 0]
  return {
    name: 'floor',
    version: `Node ${process.version}`,
    port,
    root: undefined,
    pids,
    stop: () => stopChild(child),
  }
}

async function createAccounts(name: ContestantName, root: Connection, freshUsers: number): Promise<void> {
  const { native, sha2, fresh } = accounts[name]
  if (native) {
    const clause = name === 'mariadbd' ? `BY '${password}'` : `WITH mysql_native_password BY '${password}'`
    await root.query(`CREATE USER '${native}'@'%' IDENTIFIED ${clause}`)
  }
  if (sha2) await root.query(`CREATE USER '${sha2}'@'%' IDENTIFIED WITH caching_sha2_password BY '${password}'`)
  if (!fresh) return
  const users = Array.from({ length: freshUsers }, (_, i) => `'${fresh.replace('%d', String(i))}'@'%'`)
  for (let i = 0; i < users.length; i += 100) {
    const some = users.slice(i, i + 100).map((user) => `${user} IDENTIFIED WITH caching_sha2_password BY '${password}'`)
    await root.query(`CREATE USER ${some.join(', ')}`)
  }
}

/** A process and those that it started. */
export function withDescendants(pid: number): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
  return [pid, ...children.filter((child) => child !== '').flatMap((child) => withDescendants(Number(child)))]
}
