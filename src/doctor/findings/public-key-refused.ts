import type { Finding } from '../finding.ts'
import { isKeyRequest, isPublicKey, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'public-key-refused',
  title: 'The client asks for the RSA key, and gets none',
  severity: 'decisive',
  affects:
    'ProxySQL up to 2.7, and other proxies without a key, on plaintext connections whose password they do not remember: "MySQL server has gone away", "unexpected resp from server". A MySQL without its key files as well',
  remedy: {
    client: 'Connect with TLS: no key is needed then.',
    server: 'ProxySQL: TLS for its clients (mysql-have_ssl). MySQL: caching_sha2_password_auto_generate_rsa_keys=ON.',
  },
  reference: 'https://github.com/sysown/proxysql/issues/5985',
  onLogin(seen) {
    const last = seen.exchanges.at(-1)
    if (last === undefined || seen.outcome === 'ok' || last.moreData.some(isPublicKey)) return undefined
    if (!isKeyRequest(last, last.answers.at(-1)) || last.channel !== 'plaintext') return undefined
    if (seen.outcome === 'aborted' && seen.end.by !== 'server') return undefined
    const then = seen.outcome === 'aborted' ? ['the server hangs up'] : sayError(seen)
    // MySQL 9.7 refuses a wrong first factor of some accounts at this point, too.
    return { certain: !wasRefused(seen, 1045), lines: [`the client asks for the key of ${last.plugin}`, ...then] }
  },
}
