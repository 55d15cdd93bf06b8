/**
 * What comes of each login through a gateway: in with the right password, error 1045 with a wrong one; and then the exceptions, each with
 * its reason. An exception that is not needed any more is a failure, as is one that is missing.
 */
import type { Plugin } from './expectations.ts'
import type { DriverName, Outcome } from './gateway-drivers.ts'
import type { Leg, ServerKind, TestedWay } from './gateway-world.ts'

export interface Cell {
  readonly server: ServerKind['name']
  readonly driver: DriverName
  readonly way: TestedWay
  /** That the client's account has. */
  readonly plugin: Plugin
  /** Of the client, and to the backend. */
  readonly legs: readonly [Leg, Leg]
  readonly step: 'login' | 'change user'
  /** `cold`: right, and nobody remembers it. */
  readonly password: 'cold' | 'right' | 'wrong'
}

/** `in`; `denied`: 1045 for this user; or what the client says, its number in front. */
type Expected = 'in' | 'denied' | RegExp

interface Exception {
  readonly is: (cell: Cell) => boolean
  readonly expect: Expected
  readonly because: string
}

const pymysql: readonly DriverName[] = ['PyMySQL 1.0', 'PyMySQL 1.1.1', 'PyMySQL 1.2']
const inClear: readonly Plugin[] = ['mysql_clear_password', 'dialog']
const signed: readonly Plugin[] = ['ed25519', 'parsec']

/** The first that fits decides. */
const exceptions: readonly Exception[] = [
  {
    is: ({ way, plugin, legs }) => way === 'relay' && plugin === 'dialog' && legs.includes('plain'),
    expect: 'denied',
    because: 'a password in clear is asked for and passed on by TLS alone, the backend proven by its name',
  },
  {
    is: ({ driver, step, server }) => driver === 'npm mariadb' && step === 'change user' && server === 'MySQL 9.7',
    expect: /^45003 method changeUser not available for MySQL server/,
    because: 'it refuses by itself as soon as a greeting does not say MariaDB',
  },
  {
    is: ({ driver, way, plugin }) => driver === 'npm mysql' && way === 'relay' && plugin !== 'mysql_native_password',
    expect: /^- MySQL is requesting the \w+ authentication method, which is not supported/,
    because: 'it knows mysql_native_password alone, and a relayed login is switched at all events',
  },
  {
    is: ({ driver, way, plugin }) => driver === 'npm mysql' && way !== 'relay' && plugin !== 'mysql_native_password',
    expect: /^1251 Client does not support authentication protocol requested by server/,
    because: 'it does not say that it could switch, so it is not asked to, as by MySQL',
  },
  {
    is: ({ way, plugin, legs: [client] }) => way === 'own' && inClear.includes(plugin) && client === 'plain',
    expect: 'denied',
    because: 'a password in clear is not asked for on a plaintext channel',
  },
  {
    is: ({ way, plugin }) => way === 'backend' && plugin === 'dialog',
    expect: /^1524 Plugin 'pam' is not loaded/,
    because: 'only the backend itself can ask PAM: such accounts are relayed',
  },
  absence(['mariadb'], ['parsec'], /^1045 Plugin parsec could not be loaded/, 'newer than this client'),
  absence(
    ['mysql'],
    ['ed25519', 'parsec', 'dialog'],
    /^2059 Authentication plugin '\w+' cannot be loaded/,
    'mysql comes with none of MariaDB’s plugins',
  ),
  absence(
    ['mysql2'],
    ['ed25519', 'parsec', 'dialog'],
    /^- Server requests authentication using unknown plugin/,
    'mysql2 knows none of MariaDB’s plugins',
  ),
  absence(pymysql, ['ed25519'], /^- RuntimeError: 'pynacl' package is required/, 'PyMySQL wants a package for it'),
  absence(pymysql, ['parsec'], /^2059 Authentication plugin 'b'parsec'' not configured/, 'PyMySQL does not know it'),
  {
    is: ({ driver, way, plugin }) => pymysql.includes(driver) && way === 'relay' && plugin === 'dialog',
    expect: /^- IndexError: index out of range/,
    because: 'PyMySQL cannot read a switch to dialog without a question in it: it fails at MariaDB itself, too',
  },
  {
    is: ({ way, plugin, password }) => way === 'backend' && signed.includes(plugin) && password === 'right',
    expect: 'denied',
    because:
      'a signature gives nothing away by which the gateway could log in at the backend: such accounts are relayed',
  },
]

function absence(
  drivers: readonly DriverName[],
  plugins: readonly Plugin[],
  expect: RegExp,
  because: string,
): Exception {
  return { is: ({ driver, plugin }) => drivers.includes(driver) && plugins.includes(plugin), expect, because }
}

const used = new Set<Exception>()

/** `undefined`: as it must be. After: the exception that decided is a used one. */
export function surpriseIn(cell: Cell, user: string, currentUser: string, outcome: Outcome): string | undefined {
  const exception = exceptions.find(({ is }) => is(cell))
  if (exception !== undefined) used.add(exception)
  const expected = exception?.expect ?? (cell.password === 'wrong' ? 'denied' : 'in')
  const got = 'in' in outcome ? `in as ${outcome.in}` : `${outcome.code ?? '-'} ${outcome.text}`
  const denied = new RegExp(`^1045 .*Access denied for user '${user}'@'localhost' \\(using password: (YES|NO)\\)`)
  const isAsExpected =
    expected === 'in' ? got === `in as ${currentUser}` : (expected === 'denied' ? denied : expected).test(got)
  if (isAsExpected) return undefined
  const { server, driver, way, plugin, legs, step, password } = cell
  return `${server}, ${driver}, ${way}, ${plugin}, ${legs.join('/')}, ${step}, ${password}: ${got}, not ${expected}`
}

/** The reasons of those that never decided. */
export function unusedExceptions(): string[] {
  return exceptions.filter((exception) => !used.has(exception)).map(({ because }) => because)
}
