import { capability } from '../../packets/capabilities.ts'
import type { Persona } from '../persona.ts'
import { greetingsOr, native, offered, withAsked } from './common.ts'

/** mysqlnd, the library behind mysqli and PDO, of PHP 8.2. Its flag "do not verify the certificate" shows on the wire as CLIENT_ODBC. */
export const mysqlnd: Persona = {
  id: 'mysqlnd@8.2',
  title: 'PHP 8.2 mysqlnd',
  knownFrom: 'captures',
  tls: 'off',
  capabilities: (greeting, asked) =>
    withAsked(0x000aa285 | offered(greeting, capability.CONNECT_ATTRS) | (asked.tls ? capability.ODBC : 0), asked),
  maxPacketSize: 0xc0000000,
  // The one that the server greets with.
  collationId: ({ collationId }) => collationId,
  first: (greeting) => greetingsOr(known)(greeting),
  attributes: ({ at }) => [
    ['_client_name', 'mysqlnd'],
    ['_server_host', at.serverHost],
  ],
  knows: (plugin) => known.has(plugin) || plugin === 'mysql_clear_password',
  refuses: (plugin) =>
    `mysqli_sql_exception: The server requested authentication method unknown to the client [${plugin}]`,
  says: ({ message }) => `mysqli_sql_exception: ${message}`,
  publicKey: () => 'ask',
  quirks: { empty: { sha256_password: 'sealed' }, withoutNul: ['sha256_password'] },
}

const known = new Set([native, 'caching_sha2_password', 'sha256_password'])
