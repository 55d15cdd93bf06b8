/**
 * An account as rows of `mysql.user`, `mysql.db` and `mysql.global_grants`: the columns of MySQL 9.7 in their order, and
 * both directions of the translation. A row copied from a real server means the same here.
 *
 * Reading never throws, and doubts lock: an account is open only when `account_locked` is 'N' and `User_attributes` can be
 * read, with all the factors that it names. What an account does not model (password history, partial revokes in
 * `Restrictions`, other members of `User_attributes`) is kept on writing and has no effect.
 *
 * Alternatives, which MySQL does not have, are the member `auth_or` of `User_attributes`, so named after the one of
 * MariaDB's mysql.global_priv.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html
 */
import type { Account, Credential, TlsRequirement } from './account.ts'
import {
  type DynamicPrivilege,
  databasePrivileges,
  dynamicPrivileges,
  type Privilege,
  privilegeColumns,
  type StaticPrivilege,
} from './privileges.ts'

export type ColumnValue = null | number | bigint | string | Uint8Array

export type Row = Readonly<Record<string, ColumnValue>>

/** Name and SQLite definition, in the order of mysql.user. */
export const userColumns: ReadonlyMap<string, string> = new Map([
  ['Host', 'TEXT COLLATE NOCASE NOT NULL'],
  ['User', 'TEXT NOT NULL'],
  ...flags(Object.values(privilegeColumns).filter((name) => !/_role_priv$/.test(name))),
  ['ssl_type', "TEXT NOT NULL DEFAULT ''"],
  ['ssl_cipher', "ANY NOT NULL DEFAULT ''"],
  ['x509_issuer', "ANY NOT NULL DEFAULT ''"],
  ['x509_subject', "ANY NOT NULL DEFAULT ''"],
  ['max_questions', `${unsigned('max_questions', 0xffffffff)} NOT NULL DEFAULT 0`],
  ['max_updates', `${unsigned('max_updates', 0xffffffff)} NOT NULL DEFAULT 0`],
  ['max_connections', `${unsigned('max_connections', 0xffffffff)} NOT NULL DEFAULT 0`],
  ['max_user_connections', `${unsigned('max_user_connections', 0xffffffff)} NOT NULL DEFAULT 0`],
  ['plugin', "TEXT NOT NULL DEFAULT 'caching_sha2_password'"],
  ['authentication_string', 'ANY'],
  ...flags(['password_expired']),
  ['password_last_changed', 'TEXT'],
  ['password_lifetime', unsigned('password_lifetime', 0xffff)],
  ...flags(['account_locked', 'Create_role_priv', 'Drop_role_priv']),
  ['Password_reuse_history', unsigned('Password_reuse_history', 0xffff)],
  ['Password_reuse_time', unsigned('Password_reuse_time', 0xffff)],
  ['Password_require_current', 'TEXT'],
  ['User_attributes', 'TEXT'],
])

/** In the order of mysql.db. */
export const dbColumns: ReadonlyMap<string, string> = new Map([
  ['Host', 'TEXT COLLATE NOCASE NOT NULL'],
  ['Db', 'TEXT NOT NULL'],
  ['User', 'TEXT NOT NULL'],
  ...flags([
    ...databasePrivileges.filter((name) => !/EXECUTE|EVENT|TRIGGER/.test(name)).map((name) => privilegeColumns[name]),
    'Execute_priv',
    'Event_priv',
    'Trigger_priv',
  ]),
])

/** In the order of mysql.global_grants. */
export const globalGrantColumns: ReadonlyMap<string, string> = new Map([
  ['USER', 'TEXT NOT NULL'],
  ['HOST', 'TEXT COLLATE NOCASE NOT NULL'],
  ['PRIV', 'TEXT COLLATE NOCASE NOT NULL'],
  ...flags(['WITH_GRANT_OPTION']),
])

/** What belongs to an account beside its row of mysql.user. */
export interface GrantRows {
  readonly db: readonly Row[]
  readonly globalGrants: readonly Row[]
}

export function rowToAccount(row: Row, grants: GrantRows, credentialVersion: number): Account {
  const attributes = readAttributes(row.User_attributes)
  const locking = member(attributes, 'Password_locking')
  const alternatives = readCredentials(member(attributes, 'auth_or'))
  const factors = readFactors(attributes)
  const comment = member(member(attributes, 'metadata'), 'comment')
  return {
    user: text(row.User),
    host: text(row.Host),
    plugin: text(row.plugin),
    authString: text(row.authentication_string),
    retainedAuthString: text(member(attributes, 'additional_password')) || undefined,
    alternatives: alternatives ?? [],
    factors: factors ?? [],
    credentialVersion,
    locked:
      row.account_locked !== 'N' || attributes === undefined || alternatives === undefined || factors === undefined,
    passwordExpired: row.password_expired !== 'N',
    passwordLifetimeDays: row.password_lifetime == null ? undefined : integer(row.password_lifetime),
    passwordChangedMs: timestampToMs(row.password_last_changed),
    require: readRequirement(row),
    limits: {
      maxQueriesPerHour: integer(row.max_questions),
      maxUpdatesPerHour: integer(row.max_updates),
      maxConnectionsPerHour: integer(row.max_connections),
      maxUserConnections: integer(row.max_user_connections),
    },
    failedLoginAttempts: integer(member(locking, 'failed_login_attempts')),
    passwordLockTimeDays: integer(member(locking, 'password_lock_time_days')),
    privileges: new Set<Privilege>([...readPrivileges(row, staticPrivileges), ...readDynamic(grants.globalGrants)]),
    databases: new Map(
      grants.db
        .map((grant) => [text(grant.Db), new Set<Privilege>(readPrivileges(grant, databasePrivileges))] as const)
        .filter(([, privileges]) => privileges.size > 0),
    ),
    comment: typeof comment === 'string' ? comment : undefined,
  }
}

/** Every column of mysql.user in order. `previous` is the row to replace: what an account does not model is taken from it. */
export function accountToRow(account: Account, previous: Row = {}): Row {
  const { require } = account
  const specified = require.kind === 'specified' ? require : undefined
  const row: Record<string, ColumnValue> = {}
  for (const name of userColumns.keys()) row[name] = previous[name] ?? null
  for (const name of staticPrivileges) row[privilegeColumns[name]] = flag(account.privileges.has(name))
  return Object.assign(row, {
    Host: account.host,
    User: account.user,
    ssl_type: sslTypes[require.kind],
    ssl_cipher: specified?.cipher ?? '',
    x509_issuer: specified?.issuer ?? '',
    x509_subject: specified?.subject ?? '',
    max_questions: account.limits.maxQueriesPerHour,
    max_updates: account.limits.maxUpdatesPerHour,
    max_connections: account.limits.maxConnectionsPerHour,
    max_user_connections: account.limits.maxUserConnections,
    plugin: account.plugin,
    authentication_string: account.authString,
    password_expired: flag(account.passwordExpired),
    password_last_changed: msToTimestamp(account.passwordChangedMs),
    password_lifetime: account.passwordLifetimeDays ?? null,
    account_locked: flag(account.locked),
    User_attributes: writeAttributes(account, readAttributes(previous.User_attributes) ?? {}),
  })
}

/** The rows of mysql.db and mysql.global_grants; a database pattern without privileges has none. */
export function accountToGrantRows(account: Account): GrantRows {
  const { user, host } = account
  return {
    db: [...account.databases]
      .filter(([, privileges]) => privileges.size > 0)
      .map(([database, privileges]) => ({
        Host: host,
        Db: database,
        User: user,
        ...Object.fromEntries(
          databasePrivileges.map((name) => [privilegeColumns[name], flag(privileges.has(name))] as const),
        ),
      })),
    globalGrants: dynamicPrivileges
      .filter((name) => account.privileges.has(name))
      .map((name) => ({
        USER: user,
        HOST: host,
        PRIV: name,
        WITH_GRANT_OPTION: flag(account.privileges.has('GRANT OPTION')),
      })),
  }
}

function readPrivileges(row: Row, among: readonly StaticPrivilege[]): StaticPrivilege[] {
  return among.filter((name) => row[privilegeColumns[name]] === 'Y')
}

function readDynamic(rows: readonly Row[]): DynamicPrivilege[] {
  const granted = new Set(rows.map((row) => text(row.PRIV).toUpperCase()))
  return dynamicPrivileges.filter((name) => granted.has(name))
}

/** An ssl_type that MySQL does not have demands a certificate: it was meant to demand something. */
function readRequirement(row: Row): TlsRequirement {
  switch (row.ssl_type) {
    case '':
      return { kind: 'none' }
    case 'ANY':
      return { kind: 'any' }
    case 'SPECIFIED': {
      const cipher = text(row.ssl_cipher)
      const issuer = text(row.x509_issuer)
      const subject = text(row.x509_subject)
      return {
        kind: 'specified',
        ...(cipher !== '' && { cipher }),
        ...(issuer !== '' && { issuer }),
        ...(subject !== '' && { subject }),
      }
    }
    default:
      return { kind: 'x509' }
  }
}

/** `undefined` when the column holds something that is not a JSON object. */
function readAttributes(value: ColumnValue | undefined): Attributes | undefined {
  if (value == null || value === '') return {}
  try {
    const parsed: unknown = JSON.parse(text(value))
    return isAttributes(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

function writeAttributes(account: Account, previous: Attributes): string | null {
  const { metadata, Password_locking: _, additional_password: __, ...others } = previous
  const { comment: ___, ...facts } = isAttributes(metadata) ? metadata : {}
  if (account.comment !== undefined) facts.comment = account.comment
  const attributes: Attributes = { ...others }
  // What could not be read stays, and goes on locking the account.
  if (readCredentials(member(previous, 'auth_or')) !== undefined) {
    delete attributes.auth_or
    if (account.alternatives.length > 0) attributes.auth_or = account.alternatives.map(writeCredential)
  }
  if (readFactors(previous) !== undefined) {
    delete attributes.multi_factor_authentication
    if (account.factors.length > 0) {
      attributes.multi_factor_authentication = account.factors.map((factor) => ({
        ...writeCredential(factor),
        passwordless: 0,
        requires_registration: 0,
      }))
    }
  }
  if (Object.keys(facts).length > 0) attributes.metadata = facts
  if (account.retainedAuthString) attributes.additional_password = account.retainedAuthString
  if (account.failedLoginAttempts !== 0 || account.passwordLockTimeDays !== 0) {
    attributes.Password_locking = {
      failed_login_attempts: account.failedLoginAttempts,
      password_lock_time_days: account.passwordLockTimeDays,
    }
  }
  return Object.keys(attributes).length > 0 ? mysqlJson(attributes) : null
}

/** `undefined` when there are more than can be asked for, or one is to be had in another way than by its plugin alone. */
function readFactors(attributes: Attributes | undefined): readonly Credential[] | undefined {
  const listed = member(attributes, 'multi_factor_authentication')
  const factors = readCredentials(listed)
  if (factors === undefined || factors.length > 2) return undefined
  const special = (factor: unknown) =>
    ['passwordless', 'requires_registration'].some(
      (name) => ![undefined, 0].includes(member(factor, name) as undefined),
    )
  return Array.isArray(listed) && listed.some(special) ? undefined : factors
}

/** `undefined` when the member is there and no list of at least one credential. */
function readCredentials(listed: unknown): readonly Credential[] | undefined {
  if (listed === undefined) return []
  if (!Array.isArray(listed) || listed.length === 0) return undefined
  const credentials = listed.map((one) => ({
    plugin: member(one, 'plugin'),
    authString: member(one, 'authentication_string') ?? '',
  }))
  return credentials.every(isCredential) ? credentials : undefined
}

function isCredential(one: { plugin: unknown; authString: unknown }): one is Credential {
  return typeof one.plugin === 'string' && one.plugin !== '' && typeof one.authString === 'string'
}

function writeCredential({ plugin, authString }: Credential): Attributes {
  return { plugin, authentication_string: authString }
}

/** JSON as MySQL prints it: shorter keys first, a space after each comma and colon. */
function mysqlJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(mysqlJson).join(', ')}]`
  if (!isAttributes(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b) || (a < b ? -1 : 1))
    .map((key) => `${JSON.stringify(key)}: ${mysqlJson(value[key])}`)
  return `{${members.join(', ')}}`
}

interface Attributes {
  [name: string]: unknown
}

function isAttributes(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(value: unknown, name: string): unknown {
  return isAttributes(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function text(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

function integer(value: unknown): number {
  const number = Number(value ?? 0)
  return Number.isSafeInteger(number) ? number : 0
}

/** MySQL keeps whole seconds; without a time zone in the text, UTC is meant. */
function timestampToMs(value: ColumnValue | undefined): number {
  const ms = Date.parse(`${text(value).replace(' ', 'T')}Z`)
  return Number.isNaN(ms) ? 0 : ms
}

function msToTimestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}

function flag(on: boolean): 'Y' | 'N' {
  return on ? 'Y' : 'N'
}

function unsigned(name: string, max: number): string {
  return `INTEGER CHECK (${name} BETWEEN 0 AND ${max})`
}

function flags(names: readonly string[]): [string, string][] {
  return names.map((name) => [name, "TEXT NOT NULL DEFAULT 'N'"])
}

const sslTypes = { none: '', any: 'ANY', x509: 'X509', specified: 'SPECIFIED' } as const

const staticPrivileges = Object.keys(privilegeColumns) as StaticPrivilege[]
