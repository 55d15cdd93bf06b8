import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { isSince, native, offered, withAsked } from './common.ts'

/**
 * MySQL Connector/Python 26.7 without its C extension. It has no RSA: on a plaintext channel it gives the password in clear, and
 * servers refuse that. It names a database always.
 */
export const connectorPython: Persona = {
  id: 'connector-python@26.7',
  title: 'MySQL Connector/Python 26.7 (pure)',
  knownFrom: 'captures',
  tls: 'preferred',
  capabilities: (greeting, asked) =>
    withAsked(
      0x003ba20d | offered(greeting, capability.QUERY_ATTRIBUTES | capability.MULTI_FACTOR_AUTHENTICATION),
      asked,
    ),
  maxPacketSize: 0x40000000,
  collationId: (greeting) => (isSince(greeting, 8) ? 255 : 45),
  first: ({ authPluginName: plugin = native }) => ({ plugin, answer: known.has(plugin) ? 'computed' : 'empty' }),
  attributes: ({ at }) => [
    ['_pid', String(at.pid)],
    ['_platform', 'x86_64'],
    ['_source_host', at.hostName],
    ['_client_name', 'mysql-connector-python'],
    ['_client_license', 'GPL-2.0'],
    ['_client_version', '26.7.0'],
    ['_os', 'Debian GNU/Linux-'],
  ],
  knows: (plugin, channel) => known.has(plugin) || (needTls.has(plugin) && channel === 'tls'),
  refuses: (plugin) =>
    needTls.has(plugin)
      ? `mysql.connector.errors.InterfaceError: ${plugin} requires SSL`
      : `mysql.connector.errors.NotSupportedError: Authentication plugin '${plugin}' is not supported`,
  says: ({ code, sqlState, message }) => {
    const kind = sqlState?.startsWith('28') || sqlState?.startsWith('42') ? 'ProgrammingError' : 'DatabaseError'
    return `mysql.connector.errors.${kind}: ${code}${sqlState === undefined ? '' : ` (${sqlState})`}: ${message}`
  },
  publicKey: () => 'ask',
  quirks: { switchNonce: 'without-trailing-nul', clearOnPlaintext: true },
}

const known = new Set([native, 'caching_sha2_password'])
const needTls = new Set(['sha256_password', 'mysql_clear_password'])
