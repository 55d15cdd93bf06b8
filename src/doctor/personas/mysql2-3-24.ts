import { capability, mariadbCapability } from '../../packets/capabilities.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import type { Persona } from '../persona.ts'
import { native, offered, withAsked } from './common.ts'

/** mysql2 3.24 for Node. It names a database always, and an empty one where there is none. */
export const mysql2: Persona = {
  id: 'mysql2@3.24',
  title: 'mysql2 3.24 (Node)',
  knownFrom: 'captures',
  tls: 'off',
  capabilities: (greeting, asked) => {
    const word = 0x08baf3cf | offered(greeting, capability.MULTI_FACTOR_AUTHENTICATION)
    return withAsked(extended(greeting) === 0 ? word : word & ~capability.LONG_PASSWORD, asked)
  },
  mariadbCapabilities: extended,
  maxPacketSize: 0,
  collationId: () => 224,
  first: ({ authPluginName = native }, channel) => {
    const begins =
      authPluginName === 'caching_sha2_password' || (authPluginName === 'sha256_password' && channel !== 'plaintext')
    return { plugin: begins ? authPluginName : native, answer: 'computed' }
  },
  attributes: () => [
    ['_client_name', 'Node-MySQL-2'],
    ['_client_version', '3.24.5'],
  ],
  knows: (plugin, _, { clearPassword }) => known.has(plugin) || (plugin === clear && clearPassword),
  refuses: (plugin) =>
    plugin === clear
      ? 'Error: Server requested authentication using mysql_clear_password, which sends the password in plaintext over the network and is disabled by default. To enable it, set the `enableCleartextPlugin` option to `true` in your connection configuration, or provide a custom `mysql_clear_password` auth plugin via the `authPlugins` option. Only use this over a secure connection (TLS/SSL).'
      : `Error: Server requests authentication using unknown plugin ${plugin}. See TODO: add plugins doco here on how to configure or author authentication plugins.`,
  says: ({ message }) => `Error: ${message}`,
  publicKey: () => 'ask',
}

function extended({ mariadbCapabilities }: HandshakeV10): number {
  return mariadbCapabilities & mariadbCapability.EXTENDED_METADATA
}

const clear = 'mysql_clear_password'
const known = new Set([native, 'caching_sha2_password', 'sha256_password'])
