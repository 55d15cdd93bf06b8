import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { isSince, native, offered, withAsked } from './common.ts'

/** MySQL Connector/J 9.1 with default properties, from documentation. The attributes stand in the order of a Java HashMap. */
export const connectorJ: Persona = {
  id: 'connector-j@9.1',
  title: 'MySQL Connector/J 9.1 (from documentation)',
  knownFrom: 'documentation',
  tls: 'preferred',
  capabilities: (greeting, asked) =>
    withAsked(capability.SECURE_CONNECTION | capability.PLUGIN_AUTH | offered(greeting, 0x193ea207), asked),
  maxPacketSize: 0x00ffffff,
  collationId: (greeting) => (isSince(greeting, 8, 0, 1) ? 255 : 45),
  first: ({ authPluginName = native }, channel) => {
    const sealed = authPluginName === 'sha256_password' && channel === 'plaintext'
    return known.has(authPluginName) && !sealed
      ? { plugin: authPluginName, answer: 'computed' }
      : { plugin: native, answer: sealed ? 'empty' : 'computed' }
  },
  attributes: () => [
    ['_runtime_version', '17.0.13'],
    ['_client_version', '9.1.0'],
    ['_client_license', 'GPL'],
    ['_runtime_vendor', 'Eclipse Adoptium'],
    ['_client_name', 'MySQL Connector/J'],
  ],
  knows: (plugin, channel) => known.has(plugin) || (plugin === 'mysql_clear_password' && channel === 'tls'),
  refuses: (plugin) =>
    plugin === 'mysql_clear_password'
      ? "java.sql.SQLException: SSL connection required for plugin 'mysql_clear_password'. Check if 'sslMode' is enabled."
      : `java.sql.SQLException: Unable to load authentication plugin '${plugin}'.`,
  says: ({ message }) => `java.sql.SQLException: ${message}`,
  publicKey: () => ({ orSays: 'java.sql.SQLNonTransientConnectionException: Public Key Retrieval is not allowed' }),
  quirks: { empty: { caching_sha2_password: 'nul' } },
}

const known = new Set([native, 'caching_sha2_password', 'sha256_password'])
