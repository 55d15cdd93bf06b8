import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { native, offered, withAsked } from './common.ts'

/** mariadb 3.5, MariaDB's connector for Node. It begins with mysql_native_password whatever the greeting says, unless that is clear. */
export const nodeMariadb: Persona = {
  id: 'node-mariadb@3.5',
  title: 'mariadb 3.5 (Node)',
  knownFrom: 'captures',
  tls: 'off',
  capabilities: (greeting, asked) => withAsked(offered(greeting, 0x01bea302 & ~capability.SSL), asked),
  mariadbCapabilities: (greeting) => 0x3c & greeting.mariadbCapabilities,
  maxPacketSize: 0x40000000,
  collationId: () => 224,
  first: () => ({ plugin: native, answer: 'computed' }),
  attributes: ({ tls, at }) => [
    ['_client_name', 'MariaDB connector/Node'],
    ['_client_version', '3.5.4'],
    // Its name for the address of its own socket; without TLS it does not know that one.
    ...(tls ? ([['_server_host', at.serverHost]] as const) : []),
    ['_os', 'linux'],
    ['_client_host', at.hostName],
    ['_node_version', '20.20.2'],
  ],
  knows: (plugin, channel) => known.has(plugin) || (inClear.has(plugin) && channel !== 'plaintext'),
  refuses: (plugin) =>
    inClear.has(plugin)
      ? `SqlError: ${plugin} authentication requires TLS or a local socket`
      : `SqlError: Client does not support authentication protocol '${plugin}' requested by server.`,
  says: ({ code, sqlState = 'HY000', message, connectionId }) =>
    `SqlError: (conn:${connectionId === 0 ? -1 : connectionId}, no: ${code}, SQLState: ${sqlState}) ${message}`,
  publicKey: () => ({
    orSays:
      'SqlError: RSA public key is not available client side. Either set option `cachingRsaPublicKey` to indicate public key path, or allow public key retrieval with option `allowPublicKeyRetrieval`',
  }),
  quirks: {
    switchNonce: 'all-but-the-last',
    empty: { client_ed25519: 'nothing' },
    longAttributesLength: true,
  },
}

const known = new Set([native, 'caching_sha2_password', 'sha256_password', 'client_ed25519', 'parsec'])
const inClear = new Set(['mysql_clear_password', 'dialog'])
