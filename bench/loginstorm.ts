/**
 * Builds the load generator and runs it: options in, the one line of JSON that it prints out. See loginstorm/README.md.
 */
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../test/peers/command.ts'

/** What loginstorm reports. All times in microseconds. */
export interface Storm {
  readonly logins: number
  readonly logins_per_s: number
  readonly queries_per_s?: number
  readonly rx_mb_per_s?: number
  readonly seconds?: number
  readonly errors: number
  readonly errors_by_code: Readonly<Record<string, number>>
  readonly login_us: { readonly p50: number; readonly p99: number }
  readonly query_us?: { readonly p50: number; readonly p99: number }
  /** caching_sha2_password logins that the server did not know from before. */
  readonly full_auth: number
  readonly own_cpu_s: number
  readonly held?: number
  readonly lost?: number
  readonly open_s?: number
  readonly server: {
    readonly cpu_s?: number
    readonly cpu_us_per_login?: number
    readonly cpu_us_per_query?: number
    readonly rss_bytes_per_conn?: number
    readonly idle_cpu_ms_per_s?: number
  }
}

const source = join(import.meta.dirname, 'loginstorm/loginstorm.c')

/** Compiles loginstorm and gives the path of the program. Throws an error that names what the machine lacks. */
export async function buildLoginstorm(): Promise<string> {
  const directory = join(tmpdir(), `saltgate-bench-${process.getuid?.() ?? 0}`)
  await mkdir(directory, { recursive: true })
  const program = join(directory, 'loginstorm')
  const compile = ['-O2', '-std=gnu11', '-o', program, source, '-lssl', '-lcrypto', '-lpthread']
  const result = await run(['cc', ...compile]).catch(() => undefined)
  if (!result) throw new Error('missing: a C compiler named cc (Debian: gcc)')
  if (result.status === 0) return program
  const why = result.stderr.includes('openssl/') || result.stderr.includes('-lssl')
  throw new Error(why ? 'missing: the headers of OpenSSL 3 (Debian: libssl-dev)' : `cc: ${result.stderr}`)
}

/** Runs loginstorm with `options` (without their dashes) against a port. */
export async function storm(
  program: string,
  port: number,
  pids: readonly number[],
  options: Readonly<Record<string, string | number | true>>,
): Promise<Storm> {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, String(value)],
  )
  // COM_QUIT and wait for the server's close: what is left of the connection then stays with the server.
  const argv = [program, '--port', String(port), '--close', 'wait', '--pid', pids.join(','), ...given]
  const result = await run(argv, { timeoutMs: 120_000 })
  if (!result.stdout) throw new Error(`loginstorm: ${result.stderr.trim()}`)
  return JSON.parse(result.stdout)
}
