import type { Finding } from '../finding.ts'

export const finding: Finding = {
  id: 'cold-cache-refused',
  title: 'Some clients get in only as long as the server remembers the password',
  severity: 'decisive',
  affects:
    'caching_sha2_password and clients whose full authentication fails: it works after a login of another client, and fails after a restart, FLUSH PRIVILEGES or a change of the password',
  remedy: {
    client:
      'Connect with TLS, permit the RSA key (--get-server-public-key, allowPublicKeyRetrieval=true), or upgrade the client: the table says which.',
    server: 'Nothing that lasts.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html',
  onProbe({ attempts }) {
    const lines = attempts.flatMap(({ persona, tls, cache, seen, says }) => {
      if (cache !== 'cold' || seen.outcome === 'ok') return []
      const warm = attempts.some(
        (other) =>
          other.persona === persona && other.tls === tls && other.cache === 'warm' && other.seen.outcome === 'ok',
      )
      return warm ? [`${persona} ${tls ? 'with' : 'without'} TLS gets in warm, and cold: ${says}`] : []
    })
    return lines.length === 0 ? undefined : { certain: true, lines }
  },
}
