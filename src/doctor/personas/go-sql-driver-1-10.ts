import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { offered, withAsked } from './common.ts'
import { goAttributes, goSqlDriver } from './go-sql-driver.ts'

/** go-sql-driver/mysql 1.10, from documentation: the right nonce, and no flag that the server has not. */
export const go110: Persona = goSqlDriver('1.10', {
  knownFrom: 'documentation',
  capabilities: (greeting, asked) => withAsked(always | offered(greeting, 0x013aa285), asked),
  attributes: goAttributes,
  says: ({ code, sqlState = 'HY000', message }) => `Error ${code} (${sqlState}): ${message}`,
  plugins: ['client_ed25519'],
  quirks: { switchNonce: 'without-trailing-nul' },
})

const always = capability.PROTOCOL_41 | capability.SECURE_CONNECTION
