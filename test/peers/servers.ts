/**
 * Real servers on loopback ports with throw-away data: what the clients are proven against, and what the benchmark
 * compares with.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { makeCertificates } from '../../src/server/self-made-certificate.ts'
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
  /** PEM of the authority that signed its certificate; `undefined` when none did. */
  readonly ca: string | undefined
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

/**
 * Whose certificate a database server shows: one for its address signed by an authority of ours, or what it does by itself
 * (mysqld makes one without any name, MariaDB 11.8 one that no authority signed, MariaDB 10.11 none).
 */
export type CertificateOf = 'ours' | 'its own'

/** Starts `mysqld` with empty data. Throws with the end of its log when it is not ready in time. */
export function startMysqld(
  peers: readonly Peer[],
  mysqld: InstalledPeer,
  settings: readonly string[] = [],
  certificate: CertificateOf = 'its own',
): Promise<RunningServer> {
  const options = ['--mysqlx=OFF', '--skip-log-bin', '--secure-file-priv=NULL', ...settings]
  const initialise = [...mysqld.argv, '--no-defaults', '--initialize-insecure']
  return startDatabaseServer(peers, mysqld, options, certificate, initialise)
}

/** Starts `mariadbd`, whichever version the peer is, with empty data. Throws as `startMysqld`. */
export function startMariadbd(
  peers: readonly Peer[],
  mariadbd: InstalledPeer,
  settings: readonly string[] = [],
  certificate: CertificateOf = 'its own',
): Promise<RunningServer> {
  const plugins = mariadbd.pluginDirectory === undefined ? [] : [`--plugin-dir=${mariadbd.pluginDirectory}`]
  const initialise = [...mariadbd.argv.slice(0, -1), 'mariadb-install-db', '--no-defaults', '--skip-test-db']
  initialise.push('--auth-root-authentication-method=normal')
  return startDatabaseServer(peers, mariadbd, [...plugins, ...settings], certificate, initialise)
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
  const child = spawn(
    process.execPath,
    [program, 'serve', ...listen, '--dashboard', 'off', '--data', `${home}/data`, ...set],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Away from any configuration file of whoever runs this.
      cwd: home,
      env: { ...process.env, SALTGATE_ROOT_PASSWORD: rootPassword },
    },
  )
  const stop = stopper(child, home)
  await readyOrStop(child, 'saltgate ready on ', stop)
  const server = { name: 'saltgate', version: packageJson.version, host: '127.0.0.1' }
  const ca = await readFile(`${home}/data/ca.pem`, 'utf8')
  return { ...server, port, socket, pid: child.pid ?? 0, rootPassword, ca, stop }
}

/** What ends a server and removes its data; a run that ends before takes the server with it. */
function stopper(child: ChildProcess, home: string, forceAtOnce?: () => void): () => Promise<void> {
  const force = forceAtOnce ?? (() => child.kill('SIGKILL'))
  const endWithUs = () => {
    force()
    rmSync(home, { recursive: true, force: true })
  }
  const leave = () => process.exit(130)
  process.once('exit', endWithUs).once('SIGINT', leave).once('SIGTERM', leave)
  return async () => {
    forceAtOnce?.()
    await stopChild(child)
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
  certificate: CertificateOf,
  initialise: readonly string[],
): Promise<RunningServer> {
  const directory = peer.root === '' ? sharedDirectory(peers) : join(peer.root, 'tmp')
  const home = await mkdtemp(join(directory, `saltgate-${peer.name.replaceAll(' ', '-')}-`))
  const inside = home.slice(peer.root.length)
  // chown: the server refuses to run as root, and --user=nobody drops to 65534.
  if (process.getuid?.() === 0) await chown(home, 65_534, 65_534)
  // A mariadbd that starts removes the temporary tables of all others from a directory that they share.
  const env = { TMPDIR: inside }
  try {
    await mustRun([...initialise, '--user=nobody', `--datadir=${inside}/data`], { timeoutMs: 120_000, env })
  } catch (error) {
    await rm(home, { recursive: true, force: true })
    throw error
  }
  const tls = certificate === 'ours' ? await certify(home, inside) : { options: [], ca: undefined }
  const port = await freePort()
  const child = spawn(
    peer.argv[0] ?? '',
    [
      ...peer.argv.slice(1),
      ...['--no-defaults', '--user=nobody', `--datadir=${inside}/data`],
      ...[`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${inside}/s.sock`, `--pid-file=${inside}/pid`],
      ...[...tls.options, ...options],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env }, detached: true },
  )
  // Its data is thrown away: nothing is gained by an orderly shutdown. With it goes its group: MariaDB starts a process for each
  // PAM conversation, and those that a client broke off would stay.
  const stop = stopper(child, home, () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL')
  })
  await readyOrStop(child, 'ready for connections', stop)
  // chroot replaces itself by the server, so the child is the server.
  const pid = child.pid ?? 0
  const socket = `${home}/s.sock`
  const ca = tls.ca ?? (peer.name === 'mysqld' ? await readFile(`${home}/data/ca.pem`, 'utf8') : undefined)
  return { name: peer.name, version: peer.version, host: '127.0.0.1', port, socket, pid, rootPassword: '', ca, stop }
}

/** Puts a certificate and its key into the server's directory, and says by which options it finds them. */
async function certify(home: string, inside: string): Promise<{ options: string[]; ca: string }> {
  const { caCert, cert, key } = await makeCertificates(hostname(), Date.now())
  const files = { ca: caCert, cert, key: key.export({ type: 'pkcs8', format: 'pem' }) }
  for (const [name, pem] of Object.entries(files)) {
    await writeFile(`${home}/${name}.pem`, pem, { mode: 0o600 })
    if (process.getuid?.() === 0) await chown(`${home}/${name}.pem`, 65_534, 65_534)
  }
  return { options: Object.keys(files).map((name) => `--ssl-${name}=${inside}/${name}.pem`), ca: caCert }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
