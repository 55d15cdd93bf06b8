import { command } from '../../packets/commands.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'health-check-quits',
  title: 'A health check says goodbye before it is logged in',
  severity: 'risk',
  affects:
    'HAProxy "option mysql-check user": it sends login and COM_QUIT at once. With caching_sha2_password as the default, with a password, or with require_secure_transport the login then fails, and may count towards the blocking of the host',
  remedy: {
    client:
      'Use a plain TCP check with a generous max_connect_errors, or a check that logs in for real. For mysql-check: an account with mysql_native_password and no password, for the address of the proxy, with no privileges.',
    server: 'Raise max_connect_errors, so that the host of the proxy is not blocked.',
  },
  reference: 'https://github.com/haproxy/haproxy/issues/1970',
  onLogin(seen) {
    if (seen.outcome === 'ok') return undefined
    const quit = seen.packets.find(
      // An answer has the next sequence id; 0 begins a command.
      ({ kind, length, payload, sequenceId }) =>
        kind === 'AuthAnswer' && length === 1 && payload[0] === command.QUIT && sequenceId === 0,
    )
    return quit && { certain: true, lines: ['COM_QUIT, with sequence id 0, where an answer to the server is due'] }
  },
}
