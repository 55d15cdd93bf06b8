import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'only-with-tls',
  title: 'Nobody gets in without TLS',
  severity: 'note',
  affects:
    'require_secure_transport=ON, accounts with REQUIRE SSL, and plugins that send the password itself. Clients that do not ask for TLS by themselves must be told to: node mysql, mysql2, go-sql-driver, mysqlnd',
  remedy: {
    client: 'Switch TLS on: ssl: {}, tls=true, MYSQLI_CLIENT_SSL.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html',
  onProbe({ attempts }) {
    const plain = attempts.filter(({ tls, seen }) => !tls && seen.channel === 'plaintext')
    const inside = attempts.filter(({ tls, seen }) => tls && seen.outcome === 'ok')
    const compared = plain.filter(({ persona }) => inside.some((other) => other.persona === persona))
    if (compared.length === 0 || plain.some(({ seen }) => seen.outcome === 'ok')) return undefined
    const lines = compared.map(({ persona, says }) => `${persona} gets in with TLS, and without: ${says}`)
    return { certain: plain.every(({ seen }) => seen.error?.code === 3159), lines }
  },
}
