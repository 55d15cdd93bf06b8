import { capability, has, names } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError } from '../reading.ts'

/** Bits that add fields to the login: a server that does not know one reads the rest wrongly. */
const addFields =
  capability.CONNECT_WITH_DB |
  capability.PLUGIN_AUTH |
  capability.CONNECT_ATTRS |
  capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  capability.ZSTD_COMPRESSION_ALGORITHM

export const finding: Finding = {
  id: 'capabilities-not-offered',
  title: 'The login has fields that the server did not offer to read',
  severity: 'risk',
  affects:
    'go-sql-driver 1.8 (attributes; mended in 1.9.0), PyMySQL, aiomysql and mysql2, which do not look at the offer; proxies such as ProxySQL that offer less than MySQL',
  remedy: {
    client: 'Upgrade the driver, or switch the field off (attributes: connectionAttributes, connect_attrs).',
    server: 'Let the proxy offer what the server behind it offers.',
  },
  reference: 'https://github.com/go-sql-driver/mysql/pull/1640',
  onLogin(seen) {
    const { login, greeting } = seen
    if (login === undefined || greeting === undefined) return undefined
    const extra = login.capabilities & ~greeting.capabilities & addFields
    if (!has(extra, addFields)) return undefined
    const line = `set in the login and not in the greeting: ${names(extra).join(', ')}`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
