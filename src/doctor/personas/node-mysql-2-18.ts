import type { Persona } from '../persona.ts'
import { native, symbolOf, withAsked } from './common.ts'

/** mysql 2.18 for Node: it knows nothing of plugins, and names a database always. */
export const nodeMysql: Persona = {
  id: 'node-mysql@2.18',
  title: 'mysql 2.18 (Node)',
  knownFrom: 'captures',
  tls: 'off',
  capabilities: (_, asked) => withAsked(0x0006f3cf, asked),
  maxPacketSize: 0,
  collationId: () => 33,
  first: () => ({ plugin: undefined, answer: 'computed' }),
  knows: (plugin) => plugin === native,
  refuses: (plugin) =>
    `Error: UNSUPPORTED_AUTH_METHOD: MySQL is requesting the ${plugin} authentication method, which is not supported.`,
  says: ({ code, message }) => `Error: ${symbolOf(code)}: ${message}`,
  publicKey: () => 'ask',
}
