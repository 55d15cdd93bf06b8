import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'server-not-serving',
  title: 'The server is shutting down, or was taken offline',
  severity: 'decisive',
  affects:
    'Restarts and maintenance: 1053, and 3032 with offline_mode=ON; Group Replication sets it on members that were expelled',
  remedy: {
    client: 'Connect again later, or to another server; retry with pauses that grow.',
    server: 'SET GLOBAL offline_mode=OFF, as an account with CONNECTION_ADMIN.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_offline_mode',
  ...byError([1053, 3032]),
}
