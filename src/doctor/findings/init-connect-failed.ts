import { capability, has } from '../../packets/capabilities.ts'
import { laterErrors, longMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import type { Observation } from '../observation.ts'

export const finding: Finding = {
  id: 'init-connect-failed',
  title: 'The server lets the client in and then drops it, as it does when its init_connect fails',
  severity: 'decisive',
  affects:
    'Servers with init_connect; accounts with CONNECTION_ADMIN (SUPER) skip it, so that administrators see nothing',
  remedy: {
    client: 'Nothing is wrong with the login.',
    server: 'SELECT @@init_connect, and run it as this account. The error log has the statement and its error.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_init_connect',
  onLogin(seen) {
    const aborted = laterErrors(seen).find(({ code }) => code === 1184)
    if (aborted !== undefined) return { certain: true, lines: [`after the login ${aborted.code}: ${aborted.message}`] }
    const { end, packets } = seen
    const last = packets.at(-1)
    if (seen.outcome !== 'ok' || last?.kind !== 'Ok' || end.by !== 'server' || isCompressed(seen)) return undefined
    // Who stays silent for long is sent away by wait_timeout.
    if (end.atMs - last.atMs >= longMs) return undefined
    return { certain: false, lines: ['the server hung up behind its OK, before any command'] }
  },
}

/** Of what is said after the login nothing is seen then. */
function isCompressed({ greeting, login }: Observation): boolean {
  const both = (greeting?.capabilities ?? 0) & (login?.capabilities ?? 0)
  return has(both, capability.COMPRESS | capability.ZSTD_COMPRESSION_ALGORITHM)
}
