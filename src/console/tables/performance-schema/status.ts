/**
 * Status variables, as two tables and as SHOW STATUS: the counters of the registry under MySQL's names, and what follows
 * from the state of the door.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html
 */
import { columns, timestamp, type Viewer, type VirtualTable } from '../table.ts'

const statusColumns = columns('VARIABLE_NAME varchar(64) | VARIABLE_VALUE varchar(1024) null')

export const globalStatus: VirtualTable = {
  schema: 'performance_schema',
  name: 'global_status',
  readers: 'all',
  columns: statusColumns,
  rows: (viewer) => statusVariables(viewer, 'global'),
}

export const sessionStatus: VirtualTable = {
  schema: 'performance_schema',
  name: 'session_status',
  readers: 'all',
  columns: statusColumns,
  rows: (viewer) => statusVariables(viewer, 'session'),
}

/** Name and value, by name. Only a session has a TLS channel; the counters are the server's in both. */
export function statusVariables({ door, session }: Viewer, scope: 'global' | 'session'): [string, string][] {
  const { settings, registry } = door
  const { maxUsedConnectionsAtMs, ...counters } = registry.status
  const uptime = String(Math.floor((door.now() - registry.startedAtMs) / 1000))
  const publicKey = door.policy.publicKey ?? ''
  const tls = scope === 'session' ? session.record.tls : undefined
  const variables: Record<string, string> = {
    ...Object.fromEntries(Object.entries(counters).map(([name, value]) => [name, String(value)])),
    Max_used_connections_time: maxUsedConnectionsAtMs === 0 ? '' : timestamp(maxUsedConnectionsAtMs),
    Caching_sha2_password_rsa_public_key: publicKey,
    Rsa_public_key: publicKey,
    Current_tls_cert: settings.get('ssl_cert'),
    Current_tls_key: settings.get('ssl_key'),
    Current_tls_ca: settings.get('ssl_ca'),
    Current_tls_cipher: settings.get('ssl_cipher'),
    Current_tls_ciphersuites: settings.get('tls_ciphersuites') ?? '',
    Current_tls_version: settings.get('tls_version'),
    Ssl_cipher: tls?.cipher ?? '',
    Ssl_version: tls?.version ?? '',
    Ssl_server_not_after: certificateTime(door.certificate?.untilMs),
    Ssl_server_not_before: certificateTime(door.certificate?.fromMs),
    Threads_cached: '0',
    Threads_connected: String(registry.live.size),
    Threads_created: String(registry.status.Connections),
    Threads_running: String([...registry.live.values()].filter(({ command }) => command !== 'Sleep').length),
    Saltgate_event_loop_delay_p99_us: String(door.loopDelayP99Us),
    Slow_queries: '0',
    Open_tables: '0',
    Uptime: uptime,
    Uptime_since_flush_status: uptime,
  }
  return Object.entries(variables).sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
}

/** As OpenSSL writes it: `Aug  6 09:41:00 2036 GMT`. */
function certificateTime(ms: number | undefined): string {
  if (ms === undefined) return ''
  const [, day = '', month, year, time] = new Date(ms).toUTCString().split(' ')
  return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`
}
