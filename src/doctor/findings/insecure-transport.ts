import { byError } from '../evidence.ts'
import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'insecure-transport',
  title: 'The server takes nobody without TLS',
  severity: 'decisive',
  affects: 'require_secure_transport=ON, which cloud providers set. MariaDB 10.11 says 1045 instead',
  remedy: {
    client: 'Connect with TLS (--ssl-mode=REQUIRED, useSSL=true, ssl: {}), or over the unix socket of the server.',
    server: 'Leave it on. For clients that cannot, a network of its own and SET GLOBAL require_secure_transport=OFF.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  ...byError([3159], () => ['it says so only to somebody whose password is right']),
}
