/**
 * What SHOW GLOBAL STATUS and SHOW GLOBAL VARIABLES say too, by the names that mysqld_exporter gives it: dashboards and alerts that are
 * made for MySQL find what they look for.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html
 */
import type { StatusCounters } from '../../registry/status.ts'
import type { SettingName } from '../../server/settings.ts'
import type { Family, Seen } from './family.ts'

export const mysqlFamilies: readonly Family[] = [
  plain('mysql_up', 'gauge', 'Whether the door is up: it has answered', () => 1),
  {
    name: 'mysql_version_info',
    type: 'gauge',
    labels: ['version', 'version_comment'],
    help: 'What the greeting says the server is',
    read: ({ watched }) => {
      const { settings } = watched.administered
      const labels = { version: settings.get('version'), version_comment: settings.get('version_comment') }
      return [{ labels, value: 1 }]
    },
  },
  status(
    'Threads_connected',
    'Connections, strangers among them',
    ({ watched }) => watched.administered.registry.live.size,
  ),
  status('Threads_running', 'Connections that do not wait for a command', ({ watched }) => {
    let running = 0
    for (const { command } of watched.administered.registry.live.values()) if (command !== 'Sleep') running++
    return running
  }),
  status('Uptime', 'Seconds since the start', ({ watched }) => {
    const { registry } = watched.administered
    return Math.floor((watched.administered.now() - registry.startedAtMs) / 1000)
  }),
  counted('Connections', 'Attempts to connect, refused ones too, but not those that max_connections turned away'),
  counted('Max_used_connections', 'The most connections at a time'),
  counted('Aborted_connects', 'Logins that failed'),
  counted('Aborted_clients', 'Sessions that ended without COM_QUIT'),
  counted('Locked_connects', 'Logins to locked accounts'),
  counted('Ssl_accepts', 'TLS handshakes that began'),
  counted('Ssl_finished_accepts', 'TLS handshakes that succeeded'),
  counted('Ssl_session_cache_hits', 'TLS sessions that were resumed'),
  counted('Bytes_received', 'Bytes from clients'),
  counted('Bytes_sent', 'Bytes to clients'),
  counted('Questions', 'Statements of clients'),
  counted('Queries', 'Statements'),
  counted('Prepared_stmt_count', 'Prepared statements that are open'),
  {
    name: 'mysql_global_status_commands_total',
    type: 'counter',
    labels: ['command'],
    help: 'Commands of the protocol, those that log in again',
    read: ({ watched }) => [
      { labels: { command: 'change_user' }, value: watched.administered.registry.status.Com_change_user },
    ],
  },
  {
    name: 'mysql_global_status_connection_errors_total',
    type: 'counter',
    labels: ['error'],
    help: 'Connections that failed before there was a login, by what failed',
    read: ({ watched }) =>
      connectionErrors.map((error) => ({
        labels: { error },
        value: watched.administered.registry.status[`Connection_errors_${error}`],
      })),
  },
  setting('max_connections', 'Connections at a time, at most'),
  setting('max_user_connections', 'Connections at a time of one account, at most; 0: no limit'),
  setting('max_connect_errors', 'Broken handshakes in a row that block an address'),
  setting('connect_timeout', 'Seconds that a whole login may take'),
  setting('back_log', 'Connections that the system queues before they are accepted'),
  setting('host_cache_size', 'Addresses that the host cache keeps, at most'),
  setting('require_secure_transport', 'Whether TCP connections without TLS are refused'),
  setting('skip_name_resolve', 'Whether the names of clients are not looked up'),
  setting('offline_mode', 'Whether only administrators may log in'),
]

const connectionErrors = ['accept', 'internal', 'max_connections', 'peer_address', 'select', 'tcpwrap'] as const

function plain(name: string, type: Family['type'], help: string, value: (seen: Seen) => number): Family {
  return { name, type, labels: [], help, read: (seen) => [{ value: value(seen) }] }
}

function status(variable: string, help: string, value: (seen: Seen) => number): Family {
  return plain(`mysql_global_status_${variable.toLowerCase()}`, 'unknown', help, value)
}

function counted(variable: keyof StatusCounters, help: string): Family {
  return status(variable, help, ({ watched }) => watched.administered.registry.status[variable])
}

function setting(variable: SettingName, help: string): Family {
  return plain(`mysql_global_variables_${variable}`, 'gauge', help, ({ watched }) =>
    Number(watched.administered.settings.get(variable)),
  )
}
