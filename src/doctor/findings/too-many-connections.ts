import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'too-many-connections',
  title: 'All connections that the server allows are taken',
  severity: 'decisive',
  affects: 'Every server, with max_connections (151). PyMySQL before 1.1.1 garbles the text',
  remedy: {
    client: 'Close connections, or take them from a pool that is smaller than max_connections.',
    server:
      'SHOW PROCESSLIST: an administrator has one place more. Raise max_connections, or end sleeping sessions sooner (wait_timeout).',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/too-many-connections.html',
  ...byError([1040], (_, seen) => {
    if (seen?.greeting === undefined) return ['in the place of a greeting: nobody was asked who it is']
    return ['after the password was proven: the last place is kept for administrators']
  }),
}
