/**
 * Real servers on loopback ports with throw-away data: what the clients are proven against, and what the benchmark
 * compares with.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { mustRun } from './command.ts'
import { type InstalledPeer, type Peer, sharedDirectory } from './install.ts'

/** A server that accepts logins. */
export interface RunningServer {
  readonly name: string
  readonly version: string
  readonly host: string
  readonly port: number
  /** Its unix socket: the path on this machine. */
  readonly socket: string
  readonly pid: number
  readonly rootPassword: string
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

/** Starts `mysqld` with empty data. Throws with the end of its log when it is not ready in time. */
export function startMysqld(
  peers: readonly Peer[],
  mysqld: InstalledPeer,
  settings: readonly string[] = [],
): Promise<RunningServer> {
  const options = ['--mysqlx=OFF', '--skip-log-bin', '--secure-file-priv=NULL', ...settings]
  return startDatabaseServer(peers, mysqld, options, (directory) =>
    mustRun([...mysqld.argv, '--no-defaults', '--initialize-insecure', '--user=nobody', `--datadir=${directory}`], {
      timeoutMs: 120_000,
    }),
  )
}

/** Starts `mariadbd` with empty data. It has no certificate, hence no TLS. */
export function startMariadbd(
  peers: readonly Peer[],
  mariadbd: InstalledPeer,
  settings: readonly string[] = [],
): Promise<RunningServer> {
  return startDatabaseServer(peers, mariadbd, settings, (directory) =>
    mustRun(
      [
        ...['mariadb-install-db', '--no-defaults', '--user=nobody', `--datadir=${directory}`],
        ...['--auth-root-authentication-method=normal', '--skip-test-db'],
      ],
      { timeoutMs: 120_000 },
    ),
  )
}

/** A free loopback port below 32768, where the kernel's ephemeral ports begin. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
}

/**
 * Resolves when `child` has printed `text`, rejects when it ends or the deadline passes first.
 *
 * After: whatever else the child prints is thrown away.
 */
export function printed(child: ChildProcess, text: string, deadlineMs: number): Promise<void> {
  let seen = ''
  let settled = () => {}
  return new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}:\n${seen.trim().split('\n').slice(-15).join('\n')}`))
    const timer = setTimeout(() => fail(`not ready within ${deadlineMs} ms`), deadlineMs)
    const watch = (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes(text)) resolve()
    }
    const watchEnd = (status: number | null) => fail(`ended with exit status ${status}`)
    child.stdout?.on('data', watch)
    child.stderr?.on('data', watch)
    child.on('exit', watchEnd).on('error', reject)
    settled = () => {
      clearTimeout(timer)
      child.off('exit', watchEnd)
      for (const stream of [child.stdout, child.stderr]) stream?.off('data', watch).resume()
    }
  }).finally(() => settled())
}

/** Ends a child that we started, by force if it has not ended after ten seconds. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.kill(signal)
  const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(force)
}

/**
 * Starts this project's own front door, with a unix socket and a root password of its own.
 *
 * @param settings as `--set` takes them: `NAME=VALUE`
 */
export async function startFrontDoor(peers: readonly Peer[], settings: readonly string[] = []): Promise<RunningServer> {
  const home = await mkdtemp(join(sharedDirectory(peers), 'saltgate-'))
  const port = await freePort()
  const socket = `${home}/s.sock`
  const rootPassword = randomBytes(12).toString('hex')
  const listen = ['--listen', `127.0.0.1:${port}`, '--listen', socket]
  const set = settings.flatMap((setting) => ['--set', setting])
  const program = join(import.meta.dirname, '../../src/cli/saltgate.ts')
  const child = spawn(process.execPath, [program, 'serve', ...listen, '--data', `${home}/data`, ...set], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Away from any configuration file of whoever runs this.
    cwd: home,
    env: { ...process.env, SALTGATE_ROOT_PASSWORD: rootPassword },
  })
  const stop = stopper(child, home)
  await readyOrStop(child, 'saltgate ready on ', stop)
  const server = { name: 'saltgate', version: packageJson.version, host: '127.0.0.1' }
  return { ...server, port, socket, pid: child.pid ?? 0, rootPassword, stop }
}

/** What ends a server and removes its data; a run that ends before takes the server with it. */
function stopper(child: ChildProcess, home: string, signal: NodeJS.Signals = 'SIGTERM'): () => Promise<void> {
  const endWithUs = () => {
    child.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  }
  const leave = () => process.exit(130)
  process.once('exit', endWithUs).once('SIGINT', leave).once('SIGTERM', leave)
  return async () => {
    await stopChild(child, signal)
    await rm(home, { recursive: true, force: true })
    process.off('exit', endWithUs).off('SIGINT', leave).off('SIGTERM', leave)
  }
}

async function readyOrStop(child: ChildProcess, text: string, stop: () => Promise<void>): Promise<void> {
  try {
    await printed(child, text, 60_000)
  } catch (error) {
    await stop()
    throw new Error(`${child.spawnargs.join(' ')}: ${(error as Error).message}`)
  }
}

async function startDatabaseServer(
  peers: readonly Peer[],
  peer: InstalledPeer,
  options: readonly string[],
  initialise: (directory: string) => Promise<unknown>,
): Promise<RunningServer> {
  const home = await mkdtemp(join(sharedDirectory(peers), `saltgate-${peer.name}-`))
  const inside = home.slice(peer.root.length)
  // chown: the server refuses to run as root, and --user=nobody drops to 65534.
  if (process.getuid?.() === 0) await chown(home, 65_534, 65_534)
  await initialise(`${inside}/data`)
  const port = await freePort()
  const child = spawn(
    peer.argv[0] ?? '',
    [
      ...peer.argv.slice(1),
      ...['--no-defaults', '--user=nobody', `--datadir=${inside}/data`],
      ...[`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${inside}/s.sock`, `--pid-file=${inside}/pid`],
      ...options,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  // Its data is thrown away: nothing is gained by an orderly shutdown.
  const stop = stopper(child, home, 'SIGKILL')
  await readyOrStop(child, 'ready for connections', stop)
  // chroot replaces itself by the server, so the child is the server.
  const pid = child.pid ?? 0
  const socket = `${home}/s.sock`
  return { name: peer.name, version: peer.version, host: '127.0.0.1', port, socket, pid, rootPassword: '', stop }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
