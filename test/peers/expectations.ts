/**
 * What each real client must see, cell by cell of client x plugin x channel x case: MySQL 9.7's own codes and texts, and
 * then the exceptions: defects of clients that no server can mend, and where this server is stricter.
 *
 * `node test/peers/run.ts --against mysqld` proves the table on a real MySQL server.
 */
import { type ClientName, type ClientOutcome, clientNames } from './clients.ts'

/** As accounts call them, with the names of their accounts. */
export const plugins = {
  mysql_native_password: 'nat',
  caching_sha2_password: 'sha2',
  sha256_password: 'sha256',
  mysql_clear_password: 'clear',
  ed25519: 'ed',
  parsec: 'parsec',
  dialog: 'dialog',
} as const
export type Plugin = keyof typeof plugins

export const channels = ['plaintext', 'tls', 'unix-socket'] as const
export type ChannelName = (typeof channels)[number]

/** The accounts of each plugin: user name suffix, password, and what CREATE USER says besides. */
export const accounts = {
  '': { password: 'pw-right', options: '' },
  _empty: { password: '', options: '' },
  _locked: { password: 'pw-right', options: 'ACCOUNT LOCK' },
  _expired: { password: 'pw-right', options: 'PASSWORD EXPIRE' },
} as const

const passwords = { right: 'pw-right', wrong: 'pw-wrong', none: '' } as const

interface Case {
  readonly account: keyof typeof accounts | '_nosuch'
  readonly password: keyof typeof passwords
  readonly database?: string
  /** What the server remembers of the account is thrown away first, so that caching_sha2_password does full authentication. */
  readonly cold?: true
  readonly expect: Expectation
}

/** CURRENT_USER() after a login, or an error. `%u` stands for the user name, `%f` for the path of a plugin's file. */
type Expectation = { readonly currentUser: string } | ExpectedError

interface ExpectedError {
  /** Absent where the client says no by itself, without a number. */
  readonly code?: number
  readonly sqlState?: string
  readonly text: string
}

const accessDenied = (usingPassword: 'YES' | 'NO'): ExpectedError => ({
  code: 1045,
  sqlState: '28000',
  text: `Access denied for user '%u'@'localhost' (using password: ${usingPassword})`,
})

const expired =
  'Your password has expired. To log in you must change it using a client that supports expired passwords.'

/** The cases, and what MySQL answers to a client that can speak the plugin on the channel. */
const cases: Readonly<Record<string, Case>> = {
  'right password': { account: '', password: 'right', cold: true, expect: { currentUser: '%u@%' } },
  'right password again': { account: '', password: 'right', expect: { currentUser: '%u@%' } },
  'wrong password': { account: '', password: 'wrong', expect: accessDenied('YES') },
  'wrong password, nothing remembered': { account: '', password: 'wrong', cold: true, expect: accessDenied('YES') },
  'no password given': { account: '', password: 'none', expect: accessDenied('NO') },
  'account without password': { account: '_empty', password: 'none', expect: { currentUser: '%u@%' } },
  'password for an account without one': { account: '_empty', password: 'wrong', expect: accessDenied('YES') },
  'unknown user': { account: '_nosuch', password: 'wrong', expect: accessDenied('YES') },
  'locked account': {
    account: '_locked',
    password: 'right',
    expect: { code: 3118, sqlState: 'HY000', text: "Access denied for user '%u'@'localhost'. Account is locked." },
  },
  'locked account, wrong password': { account: '_locked', password: 'wrong', expect: accessDenied('YES') },
  'expired password': {
    account: '_expired',
    password: 'right',
    expect: { code: 1862, sqlState: 'HY000', text: expired },
  },
  'database not allowed': {
    account: '',
    password: 'right',
    database: 'nosuch',
    expect: { code: 1044, sqlState: '42000', text: "Access denied for user '%u'@'%' to database 'nosuch'" },
  },
}

interface Exception {
  readonly clients: readonly ClientName[]
  readonly plugins: readonly Plugin[]
  readonly channels: readonly ChannelName[]
  /** Which cases it changes. For an unknown user it permits another outcome: a server may show them any plugin. */
  readonly cases: 'all' | ((one: Case) => boolean)
  readonly expect: Expectation
  readonly because: string
}

const everyPlugin = Object.keys(plugins) as Plugin[]
const pymysql = ['PyMySQL 1.0', 'PyMySQL 1.1.1', 'PyMySQL 1.2'] as const

/** What MariaDB's plugins come to in clients that have them not. */
const absences: readonly Exception[] = [
  absence(['mariadb'], 'parsec', 'newer than this client', {
    code: 1045,
    sqlState: '28000',
    text: 'Plugin parsec could not be loaded: %f: cannot open shared object file: No such file or directory',
  }),
  absence(['mysql'], 'ed25519', 'it comes with none of MariaDB’s plugins', notLoaded('client_ed25519')),
  absence(['mysql'], 'parsec', 'it comes with none of MariaDB’s plugins', notLoaded('parsec')),
  absence(['mysql'], 'dialog', 'it comes with none of MariaDB’s plugins', notLoaded('dialog')),
  absence(pymysql, 'ed25519', 'it needs another package for it, which is not installed here', {
    text: "RuntimeError: 'pynacl' package is required for ed25519_password auth method",
  }),
  absence(pymysql, 'parsec', 'it does not know it', {
    code: 2059,
    text: "Authentication plugin 'b'parsec'' not configured",
  }),
  absence(['mysql-connector'], 'ed25519', 'it does not know it', notSupported('client_ed25519')),
  absence(['mysql-connector'], 'parsec', 'it does not know it', notSupported('parsec')),
  absence(['mysql-connector'], 'dialog', 'it does not know it', notSupported('dialog')),
]

const exceptions: readonly Exception[] = [
  {
    clients: clientNames,
    plugins: ['mysql_clear_password', 'dialog'],
    channels: ['plaintext'],
    cases: 'all',
    expect: accessDenied('NO'),
    because: 'here we are stricter than MySQL: refused before any client can send its password in clear',
  },
  ...absences,
  {
    clients: ['mysql-connector'],
    plugins: ['mysql_clear_password'],
    channels: ['unix-socket'],
    cases: 'all',
    expect: { code: -1, text: 'mysql_clear_password requires SSL' },
    because: 'it does not know that a unix socket is secure',
  },
  {
    clients: clientNames,
    plugins: ['mysql_clear_password', 'dialog'],
    channels,
    cases: (one) => one.account === '_empty' && one.password === 'none',
    expect: accessDenied('NO'),
    because: 'here we are stricter than MySQL: to a directory server behind, an empty password means "anyone"',
  },
  {
    clients: ['mariadb', 'mariadb 11.8'],
    plugins: ['ed25519'],
    channels,
    cases: (one) => one.account === '' && one.password === 'none',
    expect: accessDenied('YES'),
    because: 'it signs with an empty password as with any other',
  },
  {
    clients: ['mariadb 11.8'],
    plugins: ['parsec'],
    channels,
    cases: (one) => one.password === 'wrong',
    expect: accessDenied('NO'),
    because:
      'the first answer tells whether a password is used, and that of parsec is always empty; MariaDB says the same',
  },
  {
    clients: ['mysql'],
    plugins: everyPlugin,
    channels,
    cases: (one) => one.account === '_expired',
    expect: { text: 'Please use --connect-expired-password option or invoke mysql in interactive mode.' },
    because: 'the program puts its own advice in the place of error 1862',
  },
  {
    clients: ['mysql-connector'],
    plugins: ['caching_sha2_password'],
    channels: ['plaintext'],
    cases: (one) => one.password === 'right',
    expect: accessDenied('YES'),
    because: 'asked for full authentication it sends the password in clear where the server waits for RSA',
  },
  {
    clients: ['mysql-connector'],
    plugins: ['sha256_password'],
    channels: ['plaintext', 'unix-socket'],
    cases: 'all',
    expect: { code: -1, text: 'sha256_password requires SSL' },
    because: 'it does not know RSA, which this plugin demands on a unix socket too',
  },
  {
    clients: pymysql,
    plugins: ['sha256_password'],
    channels: ['unix-socket'],
    cases: (one) => one.password === 'right',
    expect: accessDenied('YES'),
    because: 'it sends the password in clear, but to this plugin a unix socket is no secure channel',
  },
]

export interface Cell {
  readonly name: string
  readonly user: string
  readonly password: string
  readonly database: string | undefined
  readonly cold: boolean
  /** All that is permitted. */
  readonly expected: readonly Expectation[]
}

/** The row of the matrix for one client, plugin and channel. */
export function cellsOf(client: ClientName, plugin: Plugin, channel: ChannelName): Cell[] {
  return Object.entries(cases).map(([name, one]) => ({
    name,
    user: `${plugins[plugin]}${one.account}`,
    password: passwords[one.password],
    database: one.database,
    cold: one.cold ?? false,
    expected: expectedOf(one, client, plugin, channel),
  }))
}

function expectedOf(one: Case, client: ClientName, plugin: Plugin, channel: ChannelName): Expectation[] {
  const here = exceptions.filter(
    ({ clients, channels, cases }) =>
      clients.includes(client) && channels.includes(channel) && (cases === 'all' || cases(one)),
  )
  const usualOr = (shown: Plugin) => here.find(({ plugins }) => plugins.includes(shown))?.expect ?? one.expect
  // An unknown user is shown any plugin, also one that the client refuses on this channel.
  return one.account === '_nosuch' ? [...new Set([one.expect, ...everyPlugin.map(usualOr)])] : [usualOr(plugin)]
}

/** Whether an outcome is one of those that the cell permits. */
export function isExpected(outcome: ClientOutcome, cell: Cell): boolean {
  return cell.expected.some((expected) => {
    if ('currentUser' in expected) {
      return outcome.ok && outcome.rows[0]?.[0] === expected.currentUser.replace('%u', cell.user)
    }
    if (outcome.ok) return false
    const sameState = outcome.sqlState === undefined || outcome.sqlState === expected.sqlState
    const text = outcome.text.replace(/\/\S+\.so\b/, '%f')
    return outcome.code === expected.code && sameState && text === expected.text.replace('%u', cell.user)
  })
}

function absence(clients: readonly ClientName[], plugin: Plugin, because: string, expect: ExpectedError): Exception {
  return { clients, plugins: [plugin], channels, cases: 'all', expect, because }
}

function notLoaded(name: string): ExpectedError {
  const cause = '%f: cannot open shared object file: No such file or directory'
  return { code: 2059, sqlState: 'HY000', text: `Authentication plugin '${name}' cannot be loaded: ${cause}` }
}

function notSupported(name: string): ExpectedError {
  return { code: -1, text: `Authentication plugin '${name}' is not supported` }
}
