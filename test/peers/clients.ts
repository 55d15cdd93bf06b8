/**
 * The real clients, each as one function of the same shape: log in, run one statement, say what came out. What differs
 * from program to program (options, how TLS is asked for, where an error is printed) ends here.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { run } from './command.ts'
import type { InstalledPeer, PeerName } from './install.ts'

export type ClientName = Exclude<PeerName, 'mariadbd' | 'mariadbd 11.8' | 'mysqld'>

export const clientNames: readonly ClientName[] = [
  'mariadb',
  'mariadb 11.8',
  'mysql',
  'PyMySQL 1.0',
  'PyMySQL 1.1.1',
  'PyMySQL 1.2',
  'mysql-connector',
]

export interface ClientLogin {
  readonly host: string
  readonly port: number
  /** A unix socket to use instead of host and port: its path on this machine. */
  readonly socket?: string | undefined
  readonly user: string
  readonly password: string
  /** Of the second and third factor. Only `mysql` can be told. */
  readonly furtherPasswords?: readonly string[]
  /**
   * `on`: TLS or nothing, the certificate not verified. `off`: no TLS even if the server has it. `verified`: as `on`, but the
   * certificate must hold for `host`; only `mariadb` can be told.
   */
  readonly tls: 'on' | 'off' | 'verified'
  /** The authority that must have signed a verified certificate: the path of its PEM on this machine. */
  readonly ca?: string | undefined
  readonly database?: string | undefined
  readonly sql: string
  /** Only `mysql` needs to be told to ask for the server's RSA key; default true. */
  readonly requestPublicKey?: boolean
  /** Only `mysql` can be told. */
  readonly compression?: 'zlib' | 'zstd'
}

export type ClientOutcome =
  | { readonly ok: true; readonly rows: readonly (readonly string[])[] }
  | {
      readonly ok: false
      /** Absent where the driver's own refusal has no number. */
      readonly code?: number | undefined
      /** Absent where the driver does not keep it (PyMySQL). */
      readonly sqlState?: string | undefined
      readonly text: string
    }

/** Logs in with a real client. Rejects only when the client cannot be run, never because of a refused login. */
export async function login(client: InstalledPeer, request: ClientLogin): Promise<ClientOutcome> {
  await using socket = await seenFrom(client, request.socket)
  await using ca = await seenFrom(client, request.ca)
  return await loginAs(client, { ...request, socket: socket?.path, ca: ca?.path })
}

/** As `login`, its paths being those that the program knows. */
function loginAs(client: InstalledPeer, request: ClientLogin): Promise<ClientOutcome> {
  switch (client.name) {
    case 'mariadb':
    case 'mariadb 11.8':
      return commandLine(client, request, mariadbOptions(request))
    case 'mysql':
      return commandLine(client, request, mysqlOptions(request))
    case 'mysql-connector':
      return python(client, request, 'mysql-connector')
    default:
      return python(client, request, 'pymysql')
  }
}

function mariadbOptions({ tls, ca, socket }: ClientLogin): string[] {
  return [
    tls === 'off' ? '--skip-ssl' : '--ssl',
    // Since 11.4 it verifies unless told otherwise. Without an authority it would want MariaDB's proof by the password, which the
    // front door does not give.
    tls === 'verified' ? '--ssl-verify-server-cert' : '--skip-ssl-verify-server-cert',
    ...(ca === undefined ? [] : [`--ssl-ca=${ca}`]),
    // Without this it cannot be told to leave a socket when the host is 127.0.0.1.
    socket === undefined ? '--protocol=tcp' : '--protocol=socket',
  ]
}

function mysqlOptions({ tls, requestPublicKey, compression, furtherPasswords = [] }: ClientLogin): string[] {
  return [
    `--ssl-mode=${tls === 'off' ? 'DISABLED' : 'REQUIRED'}`,
    '--enable-cleartext-plugin',
    ...(requestPublicKey === false ? [] : ['--get-server-public-key']),
    ...(compression === undefined ? [] : [`--compression-algorithms=${compression}`]),
    ...furtherPasswords.map((password, at) => `--password${at + 2}=${password}`),
  ]
}

async function commandLine(client: InstalledPeer, request: ClientLogin, options: string[]): Promise<ClientOutcome> {
  const where = request.socket ? [`--socket=${request.socket}`] : [`--host=${request.host}`, `--port=${request.port}`]
  const who = [`--user=${request.user}`]
  // A password among the arguments draws a warning.
  const env: Record<string, string> = request.password ? { MYSQL_PWD: request.password } : {}
  if (!request.password) who.push('--skip-password')
  const what = ['--batch', '--skip-column-names', `--execute=${request.sql}`]
  const database = request.database === undefined ? [] : [`--database=${request.database}`]
  const result = await run([...client.argv, '--no-defaults', ...where, ...who, ...options, ...what, ...database], {
    env,
  })
  if (result.status === 0) {
    const lines = result.stdout.split('\n').filter((line) => line !== '')
    return { ok: true, rows: lines.map((line) => line.split('\t')) }
  }
  const error = /^ERROR (?<code>\d+) \((?<sqlState>\w{5})\)(?: at line \d+)?: (?<text>.*)/m.exec(result.stderr)?.groups
  if (error) return { ok: false, code: Number(error.code), sqlState: error.sqlState, text: error.text ?? '' }
  return { ok: false, text: (result.stdout + result.stderr).trim() || `exit status ${result.status}` }
}

async function python(client: InstalledPeer, request: ClientLogin, driver: string): Promise<ClientOutcome> {
  const stdin = JSON.stringify({
    ...request,
    driver,
    tls: request.tls !== 'off',
    socket: request.socket ?? null,
    database: request.database ?? null,
  })
  const result = await run([...client.argv, '-W', 'ignore', '-c', loginScript], { stdin, env: client.env })
  if (result.status !== 0) throw new Error(`${client.name}: ${result.stderr.trim().split('\n').at(-1)}`)
  const outcome = JSON.parse(result.stdout)
  if (outcome.ok) return outcome
  return { ok: false, code: outcome.code ?? undefined, sqlState: outcome.sqlState ?? undefined, text: outcome.text }
}

/**
 * The path of a file or socket of this machine as a program in a chroot names it. What lies elsewhere gets a second name in there,
 * for as long as this is held.
 */
async function seenFrom(
  { root }: InstalledPeer,
  path: string | undefined,
): Promise<({ readonly path: string } & AsyncDisposable) | undefined> {
  if (path === undefined) return undefined
  if (path.startsWith(`${root}/`)) return { path: path.slice(root.length), [Symbol.asyncDispose]: async () => {} }
  const inside = `/tmp/saltgate-${randomUUID()}`
  await link(path, root + inside)
  return { path: inside, [Symbol.asyncDispose]: () => rm(root + inside) }
}

/** What the Python drivers are asked by, a request in a line: see there. */
export const loginScript = readFileSync(new URL('login.py', import.meta.url), 'utf8')
