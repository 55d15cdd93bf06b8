/**
 * Accounts as the statements that make them, in the words and the order of MySQL 9.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show-create-user.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show-grants.html
 */
import type { Account, AccountLimits, Credential, TlsRequirement } from '../../accounts/account.ts'
import { databasePrivileges, dynamicPrivileges, type Privilege, privilegeColumns } from '../../accounts/privileges.ts'
import { SECRET } from './secret-places.ts'

/** The row of SHOW CREATE USER; `without` shows `<secret>` in the place of the stored credential. */
export function printCreateUser(account: Account, credential: 'with-credential' | 'without'): string {
  const shown = (authString: string) => (credential === 'without' ? SECRET : quoted(authString))
  return [
    `CREATE USER ${quotedName(account)} IDENTIFIED ${printFirstFactor(account, shown)}`,
    account.factors.map((factor) => `AND IDENTIFIED ${printCredential(factor, shown)}`),
    `REQUIRE ${printRequirement(account.require)}`,
    printLimits(account.limits),
    `PASSWORD EXPIRE${printExpiry(account)}`,
    `ACCOUNT ${account.locked ? 'LOCK' : 'UNLOCK'}`,
    'PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT',
    account.failedLoginAttempts === 0 ? [] : `FAILED_LOGIN_ATTEMPTS ${account.failedLoginAttempts}`,
    account.passwordLockTimeDays === 0
      ? []
      : `PASSWORD_LOCK_TIME ${account.passwordLockTimeDays < 0 ? 'UNBOUNDED' : account.passwordLockTimeDays}`,
    account.comment === undefined ? [] : `ATTRIBUTE '${printComment(account.comment)}'`,
  ]
    .flat()
    .join(' ')
}

/** Of an account with alternatives in the words of MariaDB, since MySQL has none. */
function printFirstFactor(account: Account, shown: (authString: string) => string): string {
  if (account.alternatives.length === 0) return printCredential(account, shown)
  const ways = [account, ...account.alternatives].map(({ plugin, authString }) => {
    const name = /^\w+$/.test(plugin) ? plugin : quoted(plugin)
    return authString === '' ? name : `${name} USING ${shown(authString)}`
  })
  return `VIA ${ways.join(' OR ')}`
}

function printCredential({ plugin, authString }: Credential, shown: (authString: string) => string): string {
  return `WITH ${quoted(plugin)}${authString === '' ? '' : ` AS ${shown(authString)}`}`
}

/** The rows of SHOW GRANTS: global static privileges, global dynamic ones, then one row for each database. */
export function printGrants(account: Account): string[] {
  const { privileges, databases } = account
  const to = `TO ${quotedName(account)}`
  const grants = [`GRANT ${printPrivileges(privileges)} ON *.* ${to}${grantOption(privileges)}`]
  const dynamic = dynamicPrivileges.filter((privilege) => privileges.has(privilege)).sort()
  if (dynamic.length > 0) grants.push(`GRANT ${dynamic.join(',')} ON *.* ${to}${grantOption(privileges)}`)
  for (const [database, on] of [...databases].sort(([a], [b]) => patternsLast(a, b))) {
    const whole = databasePrivileges.every((privilege) => privilege === 'GRANT OPTION' || on.has(privilege))
    const what = whole ? 'ALL PRIVILEGES' : printPrivileges(on)
    grants.push(`GRANT ${what} ON ${identifier(database)}.* ${to}${grantOption(on)}`)
  }
  return grants
}

/** Names with a wildcard, escaped or not, come after all others. */
function patternsLast(a: string, b: string): number {
  return Number(/[%_]/.test(a)) - Number(/[%_]/.test(b)) || (a < b ? -1 : 1)
}

/** The words of a REQUIRE clause; `quote` makes a literal of each value. */
export function printRequirement(require: TlsRequirement, quote: (text: string) => string = quoted): string {
  switch (require.kind) {
    case 'none':
      return 'NONE'
    case 'any':
      return 'SSL'
    case 'x509':
      return 'X509'
    case 'specified':
      return (['subject', 'issuer', 'cipher'] as const)
        .flatMap((field) => (require[field] === undefined ? [] : `${field.toUpperCase()} ${quote(require[field])}`))
        .join(' ')
  }
}

function printLimits(limits: AccountLimits): string[] {
  const set = limitWords.filter(([field]) => limits[field] > 0).map(([field, words]) => `${words} ${limits[field]}`)
  return set.length === 0 ? [] : [`WITH ${set.join(' ')}`]
}

const limitWords: readonly (readonly [keyof AccountLimits, string])[] = [
  ['maxQueriesPerHour', 'MAX_QUERIES_PER_HOUR'],
  ['maxUpdatesPerHour', 'MAX_UPDATES_PER_HOUR'],
  ['maxConnectionsPerHour', 'MAX_CONNECTIONS_PER_HOUR'],
  ['maxUserConnections', 'MAX_USER_CONNECTIONS'],
]

/** MySQL does not show the lifetime of a password that has expired already. */
function printExpiry({ passwordExpired, passwordLifetimeDays }: Account): string {
  if (passwordExpired) return ''
  if (passwordLifetimeDays === undefined) return ' DEFAULT'
  return passwordLifetimeDays === 0 ? ' NEVER' : ` INTERVAL ${passwordLifetimeDays} DAY`
}

function printPrivileges(privileges: ReadonlySet<Privilege>): string {
  const names = Object.keys(privilegeColumns) as Privilege[]
  const held = names.filter((privilege) => privilege !== 'GRANT OPTION' && privileges.has(privilege))
  return held.length === 0 ? 'USAGE' : held.join(', ')
}

function grantOption(privileges: ReadonlySet<Privilege>): string {
  return privileges.has('GRANT OPTION') ? ' WITH GRANT OPTION' : ''
}

/** JSON in MySQL's spacing; its double quotes stay as they are. */
function printComment(comment: string): string {
  return `{"comment": ${JSON.stringify(comment)}}`.replace(/[\\']/g, '\\$&')
}

function quotedName({ user, host }: Account): string {
  return `${identifier(user)}@${identifier(host)}`
}

function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

function quoted(text: string): string {
  return `'${Array.from(text, (char) => escapes.get(char) ?? char).join('')}'`
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\0', '\\0'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\x1a', '\\Z'],
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
])
