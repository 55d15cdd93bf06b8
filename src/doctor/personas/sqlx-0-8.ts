import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { native, offered, withAsked } from './common.ts'

/**
 * sqlx 0.8 for Rust, from documentation: it puts the nonce first in the scramble of caching_sha2_password, seals the password with the
 * greeting's nonce whatever a switch brought, and leaves a greeting whose plugin it does not know.
 */
export const sqlx: Persona = {
  id: 'sqlx@0.8',
  title: 'sqlx 0.8 (Rust, from documentation)',
  knownFrom: 'documentation',
  tls: 'preferred',
  capabilities: (greeting, asked) => withAsked(capability.PROTOCOL_41 | offered(greeting, 0x012fa302), asked),
  maxPacketSize: 1024,
  collationId: () => 45,
  first: ({ authPluginName: plugin = native }) =>
    known.has(plugin) || plugin === 'mysql_clear_password' ? { plugin, answer: 'computed' } : undefined,
  knows: (plugin, _, { clearPassword }) => known.has(plugin) || (plugin === 'mysql_clear_password' && clearPassword),
  refuses: (plugin) =>
    plugin === 'mysql_clear_password'
      ? 'encountered unexpected or invalid data: mysql_cleartext_plugin disabled'
      : `encountered unexpected or invalid data: unknown authentication plugin: ${plugin}`,
  says: ({ code, sqlState, message }) =>
    `error returned from database: ${code}${sqlState === undefined ? '' : ` (${sqlState})`}: ${message}`,
  publicKey: () => 'ask',
  quirks: {
    nonceFirst: true,
    sealsWithGreetingNonce: true,
    empty: { caching_sha2_password: 'hashed-after-switch', [native]: 'hashed-after-switch' },
  },
}

const known = new Set([native, 'caching_sha2_password', 'sha256_password'])
