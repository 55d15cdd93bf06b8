import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'login-too-large',
  title: 'A packet of the login is larger than the server takes',
  severity: 'decisive',
  affects:
    'Servers with a small max_allowed_packet, proxies with limits of their own; long tokens and many connect attributes. What speaks another protocol looks large as well: its first three bytes are taken for a length',
  remedy: {
    client:
      'Send fewer connect attributes; look at how long the password or token is, and whether a header comes before the login.',
    server: 'SET GLOBAL max_allowed_packet, for the connections that come after.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/packet-too-large.html',
  ...byError([1153], (_, seen) => (seen?.stopped === undefined ? [] : [seen.stopped])),
}
