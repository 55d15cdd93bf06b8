import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { offered, withAsked } from './common.ts'
import { goAttributes, goSqlDriver } from './go-sql-driver.ts'

/**
 * go-sql-driver/mysql 1.8, from documentation: the last that hashes the NUL behind the nonce of a switch to caching_sha2_password. It
 * sends attributes whether or not the server can take them.
 */
export const go18: Persona = goSqlDriver('1.8', {
  knownFrom: 'documentation',
  capabilities: (greeting, asked) => withAsked(0x001aa281 | offered(greeting, capability.LONG_FLAG), asked),
  attributes: goAttributes,
  says: ({ code, sqlState = 'HY000', message }) => `Error ${code} (${sqlState}): ${message}`,
  plugins: ['client_ed25519'],
  quirks: { switchNonce: 'all' },
})
