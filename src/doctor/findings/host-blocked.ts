import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'host-blocked',
  title: 'The server has blocked the host, after too many connections from there that came to no login',
  severity: 'decisive',
  affects:
    'Every server, with max_connect_errors (100): health checks and port scans that connect and hang up. Wrong passwords do not count',
  remedy: {
    client: 'Find what connects without logging in: a TCP health check of a load balancer, a monitor, a scanner.',
    server:
      'TRUNCATE TABLE performance_schema.host_cache (FLUSH HOSTS in MariaDB and older MySQL). SELECT ip, count_handshake_errors FROM performance_schema.host_cache shows who it was; a larger max_connect_errors helps for a while.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/host-cache.html',
  ...byError([1129]),
}
