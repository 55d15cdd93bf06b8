/**
 * Which client it was: by the name that it gives itself in its connect attributes, else by capability word and packet size, which
 * most drivers have to themselves. Flags are all that can be seen of a client that goes into TLS.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-connection-attribute-tables.html
 */
import { capability, has } from '../packets/capabilities.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { LoginHead } from '../packets/login-head.ts'
import { utf8 } from '../wire/reader.ts'
import type { Observation } from './observation.ts'

export interface Fingerprint {
  /** As its users call it, `unknown` where nothing tells, the attribute itself where it is none of those known here. */
  readonly client: string
  /** As the client says; of go-sql-driver, which does not, the first one that sets these flags. */
  readonly version: string | undefined
  /** It says so itself. */
  readonly certain: boolean
}

export function fingerprintOf(seen: Observation): Fingerprint {
  const known = fingerprints.get(seen)
  if (known !== undefined) return known
  const fingerprint = read(seen)
  fingerprints.set(seen, fingerprint)
  return fingerprint
}

/** Many findings ask for the same. */
const fingerprints = new WeakMap<Observation, Fingerprint>()

function read({ login, sslRequest, greeting }: Observation): Fingerprint {
  return fingerprintFrom(login ?? sslRequest, login?.connectAttributes, greeting?.capabilities ?? 0xffffffff)
}

/** `offered` are the server's capabilities: those beyond them say nothing of the client. */
export function fingerprintFrom(
  head: Pick<LoginHead, 'capabilities' | 'maxPacketSize'> | undefined,
  attributes: ConnectAttributes | undefined,
  offered: number,
): Fingerprint {
  const name = attributeNamed(attributes, '_client_name')
  if (name !== undefined) {
    const client = byAttribute.get(name) ?? name
    const version = attributeNamed(attributes, '_client_version')
    return { client, version: client === goDriver ? goVersion(head) : version, certain: true }
  }
  const client = head === undefined ? undefined : byFlags(head, offered)
  return { client: client ?? 'unknown', version: client === goDriver ? goVersion(head) : undefined, certain: false }
}

/** For a line of evidence. */
export function sayClient({ client, version, certain }: Fingerprint): string {
  if (client === 'unknown') return 'which client this is cannot be told from its packets'
  const numbered = version === undefined ? client : `${client} ${version}`
  return certain ? `the client says that it is ${numbered}` : `by its capability flags the client is ${numbered}`
}

/** One connect attribute of the login, as text. */
export function attributeOf(seen: Observation, name: string): string | undefined {
  return attributeNamed(seen.login?.connectAttributes, name)
}

function attributeNamed(attributes: ConnectAttributes | undefined, name: string): string | undefined {
  const pair = attributes?.find(([key]) => utf8(key) === name)
  return pair && utf8(pair[1])
}

const goDriver = 'go-sql-driver'

/** go-sql-driver names no version; 1.10 was the first to know the OK in the place of the EOF. */
function goVersion(head: Pick<LoginHead, 'capabilities'> | undefined): string | undefined {
  return head !== undefined && has(head.capabilities, capability.DEPRECATE_EOF) ? '1.10' : undefined
}

const byAttribute: ReadonlyMap<string, string> = new Map([
  ['libmysql', 'libmysqlclient'],
  ['libmariadb', 'libmariadb'],
  ['pymysql', 'PyMySQL'],
  ['aiomysql', 'aiomysql'],
  ['asyncmy', 'asyncmy'],
  ['mysql-connector-python', 'Connector/Python'],
  ['Node-MySQL-2', 'mysql2'],
  ['Go-MySQL-Driver', goDriver],
  ['MySQL Connector/J', 'Connector/J'],
  ['MySQL Connector Java', 'Connector/J'],
  ['MariaDB Connector/J', 'MariaDB Connector/J'],
  ['MariaDB connector/Node', 'MariaDB Connector/Node.js'],
  ['MySqlConnector', 'MySqlConnector'],
  ['mysqlnd', 'mysqlnd'],
])

interface FlagRow {
  readonly client: string
  /** As it asks by default. */
  readonly capabilities: number
  /** Bits that its options, or its versions, change, besides those that every client's do. */
  readonly varies?: number
  readonly maxPacketSize?: number
}

const { CONNECT_ATTRS, DEPRECATE_EOF, MULTI_STATEMENTS, PLUGIN_AUTH_LENENC_CLIENT_DATA: LENENC } = capability

/** Bits that a database, TLS, compression or an option sets in any client; the lowest is cleared for MariaDB. */
const usuallyVaries =
  capability.LONG_PASSWORD |
  capability.CONNECT_WITH_DB |
  capability.SSL |
  capability.COMPRESS |
  capability.ZSTD_COMPRESSION_ALGORITHM |
  capability.FOUND_ROWS |
  capability.LOCAL_FILES |
  capability.INTERACTIVE |
  capability.CAN_HANDLE_EXPIRED_PASSWORDS

/** The first that fits. */
const flagRows: readonly FlagRow[] = [
  { client: 'node mysql', capabilities: 0x0006f3cf, maxPacketSize: 0 },
  { client: 'mysql2', capabilities: 0x18baf3cf, varies: capability.MULTI_FACTOR_AUTHENTICATION, maxPacketSize: 0 },
  { client: goDriver, capabilities: 0x000aa285, varies: CONNECT_ATTRS | LENENC | DEPRECATE_EOF, maxPacketSize: 0 },
  { client: 'sqlx', capabilities: 0x012fab02, varies: capability.IGNORE_SPACE, maxPacketSize: 1024 },
  { client: 'trilogy', capabilities: 0x0188a200, varies: MULTI_STATEMENTS, maxPacketSize: 0xffffff },
  { client: 'PyMySQL', capabilities: 0x003aa205, maxPacketSize: 0xffffff },
  { client: 'aiomysql or asyncmy', capabilities: 0x003ba205, maxPacketSize: 0xffffff },
  {
    client: 'mysqlnd',
    capabilities: 0x000aa285,
    // Its "do not verify the server's certificate" is the bit that was ODBC's.
    varies: CONNECT_ATTRS | MULTI_STATEMENTS | capability.ODBC,
    maxPacketSize: 0xc0000000,
  },
  { client: 'Connector/J', capabilities: 0x193ea207, varies: MULTI_STATEMENTS, maxPacketSize: 0xffffff },
  { client: 'Connector/Python', capabilities: 0x181ba20d, varies: LENENC, maxPacketSize: 0x40000000 },
  { client: 'MySqlConnector', capabilities: 0x09bba203, maxPacketSize: 0x40000000 },
  {
    client: 'MariaDB Connector/J or Connector/Node.js',
    capabilities: 0x00bea300,
    varies: DEPRECATE_EOF | MULTI_STATEMENTS,
    maxPacketSize: 0x40000000,
  },
  { client: 'mysql_async', capabilities: 0x000fa281, varies: CONNECT_ATTRS | DEPRECATE_EOF },
  { client: 'libmysqlclient', capabilities: 0x19bea205, varies: MULTI_STATEMENTS },
  { client: 'libmariadb', capabilities: 0x00bea205, varies: MULTI_STATEMENTS | capability.REMEMBER_OPTIONS },
]

/** Bits that the server does not offer say nothing: some clients leave them out then, some do not. */
function byFlags(
  { capabilities, maxPacketSize }: Pick<LoginHead, 'capabilities' | 'maxPacketSize'>,
  offered: number,
): string | undefined {
  const plain = (row: FlagRow) => offered & ~(usuallyVaries | (row.varies ?? 0))
  return flagRows.find(
    (row) =>
      (row.maxPacketSize ?? maxPacketSize) === maxPacketSize && ((capabilities ^ row.capabilities) & plain(row)) === 0,
  )?.client
}
