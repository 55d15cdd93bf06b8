/**
 * The real clients, each as one function of the same shape: log in, run one statement, say what came out. What differs
 * from program to program (options, how TLS is asked for, where an error is printed) ends here.
 */
import { readFileSync } from 'node:fs'
import { run } from './command.ts'
import type { InstalledPeer, PeerName } from './install.ts'

export type ClientName = Exclude<PeerName, 'mariadb 11.8' | 'mariadbd' | 'mariadbd 11.8' | 'mysqld'>

export const clientNames: readonly ClientName[] = [
  'mariadb',
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
  /** `on`: TLS or nothing, the certificate not verified. `off`: no TLS even if the server has it. */
  readonly tls: 'on' | 'off'
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
export function login(client: InstalledPeer, request: ClientLogin): Promise<ClientOutcome> {
  switch (client.name) {
    case 'mariadb':
    case 'mariadb 11.8':
      return commandLine(client, request, [
        request.tls === 'on' ? '--ssl' : '--skip-ssl',
        // Without this the client of MariaDB cannot be told to leave a socket when the host is 127.0.0.1.
        request.socket ? '--protocol=socket' : '--protocol=tcp',
      ])
    case 'mysql':
      return commandLine(client, request, [
        `--ssl-mode=${request.tls === 'on' ? 'REQUIRED' : 'DISABLED'}`,
        '--enable-cleartext-plugin',
        ...(request.requestPublicKey === false ? [] : ['--get-server-public-key']),
        ...(request.compression === undefined ? [] : [`--compression-algorithms=${request.compression}`]),
      ])
    case 'mysql-connector':
      return python(client, request, 'mysql-connector')
    default:
      return python(client, request, 'pymysql')
  }
}

async function commandLine(client: InstalledPeer, request: ClientLogin, options: string[]): Promise<ClientOutcome> {
  const where = request.socket
    ? [`--socket=${seenFrom(client, request.socket)}`]
    : [`--host=${request.host}`, `--port=${request.port}`]
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
    tls: request.tls === 'on',
    socket: request.socket ? seenFrom(client, request.socket) : null,
    database: request.database ?? null,
  })
  const result = await run([...client.argv, '-W', 'ignore', '-c', loginScript], { stdin, env: client.env })
  if (result.status !== 0) throw new Error(`${client.name}: ${result.stderr.trim().split('\n').at(-1)}`)
  const outcome = JSON.parse(result.stdout)
  if (outcome.ok) return outcome
  return { ok: false, code: outcome.code ?? undefined, sqlState: outcome.sqlState ?? undefined, text: outcome.text }
}

/** The path of a file of this machine as a program in a chroot names it. */
function seenFrom(client: InstalledPeer, path: string): string {
  if (!path.startsWith(`${client.root}/`)) throw new Error(`${client.name} cannot reach ${path}`)
  return path.slice(client.root.length)
}

const loginScript = readFileSync(new URL('login.py', import.meta.url), 'utf8')
