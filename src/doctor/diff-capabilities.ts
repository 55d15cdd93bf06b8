/** What a capability bit that only one of two clients has can do to a login. A bit that is not here decides none. */
import type { Difference } from './diff.ts'

type Weight = Pick<Difference, 'decides' | 'why'>

/** By name, as reports have it. */
export function weightOfCapability(name: string): Weight {
  return weights.get(name) ?? { decides: 'no', why: 'it takes part in commands, not in the login' }
}

const weights: ReadonlyMap<string, Weight> = new Map(
  Object.entries({
    CLIENT_PROTOCOL_41: ['yes', 'without it the login has the layout from before MySQL 4.1, which servers refuse'],
    CLIENT_SECURE_CONNECTION: ['yes', 'without it the answer has no length, and servers take it for an old password'],
    CLIENT_PLUGIN_AUTH: [
      'yes',
      'without it no plugin can be named or switched to: accounts of other plugins than mysql_native_password get 1251',
    ],
    CLIENT_SSL: ['possibly', 'accounts with REQUIRE, and require_secure_transport, refuse a login without TLS'],
    CLIENT_CONNECT_WITH_DB: [
      'possibly',
      'a database that does not exist, or that the account may not use, refuses the login (1049, 1044)',
    ],
    CLIENT_MULTI_FACTOR_AUTHENTICATION: ['possibly', 'without it an account of several factors cannot log in'],
    CLIENT_CAN_HANDLE_EXPIRED_PASSWORDS: [
      'possibly',
      'without it an account whose password has expired is refused (1862) instead of let into the sandbox',
    ],
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA: [
      'possibly',
      'without it an answer of 251 bytes or more (a token, a long password in clear) does not fit its length',
    ],
    CLIENT_COMPRESS: [
      'possibly',
      'all behind the OK is compressed: a proxy that cannot do that breaks right after the login',
    ],
    CLIENT_ZSTD_COMPRESSION_ALGORITHM: [
      'possibly',
      'all behind the OK is compressed, and the login ends with a level that older peers do not know',
    ],
    CLIENT_CONNECT_ATTRS: ['no', 'attributes describe the client; no server asks for them'],
    CLIENT_LONG_PASSWORD: ['no', 'peers of MariaDB clear it to announce bits of their own'],
  } as const).map(([name, [decides, why]]) => [name, { decides, why }]),
)
