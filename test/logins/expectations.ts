/**
 * What our client must see, case by case of server x plugin x channel x case x way: what most servers answer, and then the
 * exceptions, each with its reason. The same table holds for our own front door (`npm test`) and for real servers
 * (`npm run test:peers`).
 */

export const servers = ['MySQL 9.7', 'MariaDB 10.11', 'MariaDB 11.8', 'Saltgate'] as const
export type ServerName = (typeof servers)[number]

/** As on the wire. */
export const plugins = [
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
  'client_ed25519',
  'parsec',
  'dialog',
  'mysql_clear_password',
] as const
export type Plugin = (typeof plugins)[number]

export const channels = ['plaintext', 'tls', 'unix-socket'] as const
export type ChannelName = (typeof channels)[number]

export const ways = ['login', 'COM_CHANGE_USER'] as const
export type Way = (typeof ways)[number]

/** CURRENT_USER() after a login, `%u` being the name that was given; or an error. */
export type Outcome = { readonly in: string } | LoginError

export interface LoginError {
  readonly symbol: string
  readonly code: number
  readonly sqlState: string
}

interface Case {
  /** What CREATE USER says of the account besides; `undefined`: there is no such account. */
  readonly options: string | undefined
  /** The account's password. */
  readonly password: string
  readonly given: string
  readonly expect: Outcome
}

const welcome: Outcome = { in: '%u@%' }
const accessDenied: LoginError = { symbol: 'ER_ACCESS_DENIED_ERROR', code: 1045, sqlState: '28000' }
const refusedByClient: LoginError = { symbol: 'CR_AUTH_PLUGIN_ERR', code: 2061, sqlState: 'HY000' }

export const cases = {
  right: { options: '', password: 'pw-right', given: 'pw-right', expect: welcome },
  wrong: { options: '', password: 'pw-right', given: 'pw-wrong', expect: accessDenied },
  none: { options: '', password: 'pw-right', given: '', expect: accessDenied },
  empty: { options: '', password: '', given: '', expect: welcome },
  expired: {
    options: 'PASSWORD EXPIRE',
    password: 'pw-right',
    given: 'pw-right',
    expect: { symbol: 'ER_MUST_CHANGE_PASSWORD_LOGIN', code: 1862, sqlState: 'HY000' },
  },
  locked: {
    options: 'ACCOUNT LOCK',
    password: 'pw-right',
    given: 'pw-right',
    expect: { symbol: 'ER_ACCOUNT_HAS_BEEN_LOCKED', code: 3118, sqlState: 'HY000' },
  },
  unknown: { options: undefined, password: '', given: 'pw-right', expect: accessDenied },
} as const satisfies Record<string, Case>
export type CaseName = keyof typeof cases
export const caseNames = Object.keys(cases) as readonly CaseName[]

/** Where left out: all of them. */
export interface Exception {
  readonly servers?: readonly ServerName[]
  readonly plugins?: readonly Plugin[]
  readonly channels?: readonly ChannelName[]
  readonly cases?: readonly CaseName[]
  readonly ways?: readonly Way[]
  readonly expect: Outcome
  readonly because: string
}

const mariadb: readonly ServerName[] = ['MariaDB 10.11', 'MariaDB 11.8']

/** The first that fits counts. */
export const exceptions: readonly Exception[] = [
  {
    servers: mariadb,
    plugins: ['dialog', 'mysql_clear_password'],
    channels: ['plaintext'],
    expect: refusedByClient,
    because: 'our client sends no password as it is on a plaintext channel: it ends the login before any byte of it',
  },
  {
    servers: ['MariaDB 10.11'],
    plugins: ['client_ed25519', 'parsec'],
    cases: ['empty'],
    expect: accessDenied,
    because: 'the server stores an empty text for an empty password, which no signature fits',
  },
  {
    servers: mariadb,
    cases: ['locked'],
    expect: { symbol: 'ER_4151', code: 4151, sqlState: 'HY000' },
    because: 'MariaDB has a number of its own for a locked account',
  },
  {
    servers: ['MariaDB 11.8'],
    plugins: ['mysql_clear_password'],
    cases: ['none'],
    expect: { symbol: 'CR_MALFORMED_PACKET', code: 2027, sqlState: 'HY000' },
    because: "given nothing, MariaDB's PAM asks a question in the middle of a plugin that knows none",
  },
  {
    servers: ['Saltgate'],
    plugins: ['dialog', 'mysql_clear_password'],
    channels: ['plaintext'],
    expect: accessDenied,
    because: 'the front door refuses before any client can send its password as it is',
  },
  {
    plugins: ['dialog'],
    cases: ['none', 'empty'],
    expect: refusedByClient,
    because: 'the server asks a question, and without a password or a `prompt` nobody answers',
  },
  {
    servers: ['Saltgate'],
    plugins: ['dialog', 'mysql_clear_password'],
    cases: ['empty'],
    expect: accessDenied,
    because: 'to a directory server behind, an empty password means "anyone"',
  },
]

/** Why a server's row of a plugin is empty. */
export const absences: readonly {
  readonly servers: readonly ServerName[]
  readonly plugins: readonly Plugin[]
  readonly because: string
}[] = [
  { servers: ['MySQL 9.7'], plugins: ['mysql_native_password'], because: 'removed from the server in MySQL 9.0' },
  {
    servers: ['MySQL 9.7'],
    plugins: ['mysql_clear_password'],
    because: 'the plugins that ask for it (LDAP, PAM) belong to the commercial edition',
  },
  { servers: ['MySQL 9.7'], plugins: ['client_ed25519', 'parsec', 'dialog'], because: 'plugins of MariaDB' },
  { servers: mariadb, plugins: ['sha256_password'], because: 'MariaDB has the client half only' },
  {
    servers: ['MariaDB 10.11'],
    plugins: ['caching_sha2_password', 'parsec'],
    because: 'newer than this version',
  },
  {
    servers: ['MariaDB 10.11'],
    plugins: ['dialog', 'mysql_clear_password'],
    because: 'not tried: its PAM would be that of the machine itself, where tests set up no service',
  },
]

/** Whether a case makes sense for a plugin. */
export function isPossible(server: ServerName, plugin: Plugin, name: CaseName): boolean {
  // PAM has its own passwords, which `saltgate` of test/peers/pam.ts never leaves empty.
  return !(name === 'empty' && server !== 'Saltgate' && (plugin === 'dialog' || plugin === 'mysql_clear_password'))
}

/** Whether a server that has seen the account's password asks for it no more. */
export function isRemembered(server: ServerName, plugin: Plugin, name: CaseName): boolean {
  const { password, given } = cases[name]
  return plugin === 'caching_sha2_password' && !mariadb.includes(server) && password !== '' && password === given
}

/** All outcomes that are permitted. More than one for an unknown user, to whom a server may show any plugin it has. */
export function expectedOf(
  server: ServerName,
  offered: readonly Plugin[],
  where: { readonly plugin: Plugin; readonly channel: ChannelName; readonly name: CaseName; readonly way: Way },
): readonly Outcome[] {
  const usual = cases[where.name].expect
  if (where.name !== 'unknown') return [exceptionOf(server, where)?.expect ?? usual]
  const outcomes = offered.map((plugin) => exceptionOf(server, { ...where, plugin })?.expect ?? usual)
  return [usual, ...outcomes].filter((outcome, at, all) => all.findIndex((other) => isSame(other, outcome)) === at)
}

/** The exception by which a cell is not what it is elsewhere. */
export function exceptionOf(
  server: ServerName,
  { plugin, channel, name, way }: { plugin: Plugin; channel: ChannelName; name: CaseName; way: Way },
): Exception | undefined {
  return exceptions.find(
    (one) =>
      (one.servers?.includes(server) ?? true) &&
      (one.plugins?.includes(plugin) ?? true) &&
      (one.channels?.includes(channel) ?? true) &&
      (one.cases?.includes(name) ?? true) &&
      (one.ways?.includes(way) ?? true),
  )
}

export function isSame(one: Outcome, other: Outcome): boolean {
  if ('in' in one || 'in' in other) return 'in' in one && 'in' in other && one.in === other.in
  return one.symbol === other.symbol && one.code === other.code && one.sqlState === other.sqlState
}
