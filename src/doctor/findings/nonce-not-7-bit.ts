import type { Finding } from '../finding.ts'
import type { SeenExchange } from '../observation.ts'
import { noncePlugins } from '../reading.ts'

export const finding: Finding = {
  id: 'nonce-not-7-bit',
  title: 'The server makes nonces that some clients cannot read',
  severity: 'risk',
  affects:
    'Early ProxySQL, Manticore and home-made servers; Connector/J and clients that read C strings fail now and then',
  remedy: {
    server: 'Make nonces of bytes from 0x01 to 0x7f, without the dollar sign, as MySQL does.',
  },
  reference: 'https://github.com/sysown/proxysql/issues/1636',
  onLogin(seen) {
    const lines = seen.exchanges.flatMap(oddBytes)
    return lines.length === 0 ? undefined : { certain: true, lines }
  },
}

function oddBytes({ plugin, nonce, by }: SeenExchange): string[] {
  if (!noncePlugins.has(plugin)) return []
  if (!nonce.some((byte) => byte === 0 || byte >= 0x80)) return []
  const nuls = nonce.filter((byte) => byte === 0).length
  const high = nonce.filter((byte) => byte >= 0x80).length
  const where = by === 'login' ? 'the greeting' : 'the switch'
  return nuls + high === 0 ? [] : [`the nonce of ${where} has ${nuls} NULs and ${high} bytes above 0x7f`]
}
