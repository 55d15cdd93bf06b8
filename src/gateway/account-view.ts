/**
 * What a backend shows the gateway of its accounts: a view with what a login needs and nothing else, and the one statement that reads it.
 *
 * The view runs with the rights of an account of its own, which is locked and may read those columns alone. The gateway's account
 * may read the view and no system table; whoever takes it over learns stored credentials, but no privileges, comments or limits, and
 * changes nothing. Stored credentials are secrets all the same: a native one lets whoever also sees a login on the wire log in.
 *
 * Strings that may hold any byte travel as hexadecimal digits.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/stored-objects-security.html
 * Spec: https://mariadb.com/kb/en/mysqlglobal_priv-table/
 */
import { ConfigurationError } from '../errors/errors.ts'

export interface AccountView {
  /** The schema that holds the view; `saltgate` when left out. */
  readonly schema?: string
  /** The gateway's own account on the backend, which must exist. */
  readonly gateway: { readonly user: string; readonly host: string }
}

/** At most so many accounts are read; more is an error, not the first of them. */
export const mostAccounts = 1_000_000

/** The view's columns, in order; an account's row as the gateway knows it has `default_lifetime` behind them. */
export const accountColumns = [
  'user',
  'host',
  'plugin',
  /** Hexadecimal. */
  'authentication_string',
  /** Hexadecimal; NULL unless the account has a second password. MySQL only. */
  'additional_password',
  /** JSON as in `mysql.user`. MySQL only. */
  'multi_factor_authentication',
  /** JSON as in `mysql.global_priv`. MariaDB only. */
  'auth_or',
  'account_locked',
  'password_expired',
  /** Days; NULL: the server's default. */
  'password_lifetime',
  /** Seconds since 1970; NULL: it never grows old. */
  'password_changed',
  'failed_login_attempts',
  'password_lock_time_days',
  'ssl_type',
  /** These three in hexadecimal. */
  'ssl_cipher',
  'x509_issuer',
  'x509_subject',
] as const

/**
 * The statements by which an administrator sets it up, on the server where accounts are changed. They may be run again.
 *
 * MySQL: from 8.0.14 on. MariaDB: from 10.5 on.
 * Throws: `ConfigurationError` for a name that cannot be quoted under every sql_mode.
 */
export function accountViewStatements(product: 'MySQL' | 'MariaDB', { schema, gateway }: AccountView): string[] {
  const { table, readable, noPassword, expressions, where } = products[product]
  const view = viewName(schema)
  const columns = accountColumns.map((name) => `  ${expressions[name]} AS ${name}`)
  return [
    `CREATE SCHEMA IF NOT EXISTS ${identifier(schema ?? defaultSchema)}`,
    `CREATE USER IF NOT EXISTS ${definer} ${noPassword} ACCOUNT LOCK`,
    `GRANT SELECT (${readable.join(', ')}) ON ${table} TO ${definer}`,
    `CREATE OR REPLACE DEFINER = ${definer} SQL SECURITY DEFINER VIEW ${view} AS SELECT\n${columns.join(',\n')}\nFROM ${table}${where}`,
    `GRANT SELECT ON ${view} TO ${text(gateway.user)}@${text(gateway.host)}`,
  ]
}

/** The statement by which the gateway reads the accounts: the same at all times, whoever logs in. */
export function accountsStatement(schema?: string): string {
  const names = [...accountColumns, '@@GLOBAL.default_password_lifetime AS default_lifetime']
  return `SELECT ${names.join(', ')} FROM ${viewName(schema)} LIMIT ${mostAccounts + 1}`
}

const defaultSchema = 'saltgate'
const definer = "'saltgate_definer'@'localhost'"

type Expressions = Readonly<Record<(typeof accountColumns)[number], string>>

/** A role of MySQL stays: it is an account, and chosen as one (measured: 'app'@'10.%' made by CREATE ROLE hides 'app'@'%'). */
const mysql: Expressions = {
  user: 'User',
  host: 'Host',
  plugin: 'plugin',
  authentication_string: 'HEX(authentication_string)',
  additional_password: "HEX(JSON_UNQUOTE(JSON_EXTRACT(User_attributes, '$.additional_password')))",
  multi_factor_authentication: "JSON_EXTRACT(User_attributes, '$.multi_factor_authentication')",
  auth_or: 'NULL',
  account_locked: 'account_locked',
  password_expired: 'password_expired',
  password_lifetime: 'password_lifetime',
  password_changed: 'UNIX_TIMESTAMP(password_last_changed)',
  failed_login_attempts: "JSON_EXTRACT(User_attributes, '$.Password_locking.failed_login_attempts')",
  password_lock_time_days: "JSON_EXTRACT(User_attributes, '$.Password_locking.password_lock_time_days')",
  ssl_type: 'ssl_type',
  ssl_cipher: 'HEX(ssl_cipher)',
  x509_issuer: 'HEX(x509_issuer)',
  x509_subject: 'HEX(x509_subject)',
}

/**
 * As MariaDB's own view `mysql.user` has it, which lacks locks and alternatives. A row that is no JSON is locked. An account without a
 * plugin has mysql_native_password.
 */
const mariadb: Expressions = {
  user: 'User',
  host: 'Host',
  plugin: "IFNULL(NULLIF(JSON_VALUE(Priv, '$.plugin'), ''), 'mysql_native_password')",
  authentication_string: "HEX(IFNULL(JSON_VALUE(Priv, '$.authentication_string'), ''))",
  additional_password: 'NULL',
  multi_factor_authentication: 'NULL',
  auth_or: "JSON_EXTRACT(Priv, '$.auth_or')",
  account_locked: "IF(JSON_VALID(Priv) AND IFNULL(JSON_VALUE(Priv, '$.account_locked'), 0) = 0, 'N', 'Y')",
  password_expired: "IF(IFNULL(JSON_VALUE(Priv, '$.password_last_changed'), 1) = 0, 'Y', 'N')",
  password_lifetime: "NULLIF(JSON_VALUE(Priv, '$.password_lifetime'), -1)",
  // Measured: without one the password counts as old, where MySQL lets a NULL never grow old.
  password_changed: "IFNULL(JSON_VALUE(Priv, '$.password_last_changed'), 0)",
  failed_login_attempts: 'NULL',
  password_lock_time_days: 'NULL',
  ssl_type: "ELT(IFNULL(JSON_VALUE(Priv, '$.ssl_type'), 0) + 1, '', 'ANY', 'X509', 'SPECIFIED')",
  ssl_cipher: "HEX(JSON_VALUE(Priv, '$.ssl_cipher'))",
  x509_issuer: "HEX(JSON_VALUE(Priv, '$.x509_issuer'))",
  x509_subject: "HEX(JSON_VALUE(Priv, '$.x509_subject'))",
}

const products = {
  MySQL: {
    table: 'mysql.user',
    readable: [
      ...['User', 'Host', 'plugin', 'authentication_string', 'account_locked', 'User_attributes', 'ssl_type'],
      ...[
        'ssl_cipher',
        'x509_issuer',
        'x509_subject',
        'password_expired',
        'password_lifetime',
        'password_last_changed',
      ],
    ],
    // What MySQL's own locked accounts have: no password fits it, and no policy for passwords is asked about it.
    noPassword:
      "IDENTIFIED WITH caching_sha2_password AS '$A$005$THISISACOMBINATIONOFINVALIDSALTANDPASSWORDTHATMUSTNEVERBRBEUSED'",
    expressions: mysql,
    where: '',
  },
  MariaDB: {
    table: 'mysql.global_priv',
    readable: ['User', 'Host', 'Priv'],
    noPassword: "IDENTIFIED VIA mysql_native_password USING 'invalid'",
    expressions: mariadb,
    // A role has no host, which of an account means every host, and no password.
    where: " WHERE IFNULL(JSON_VALUE(Priv, '$.is_role'), 0) = 0",
  },
} as const

function viewName(schema = defaultSchema): string {
  return `${identifier(schema)}.accounts`
}

function identifier(name: string): string {
  if (name === '' || name.length > 64 || /[\0/\\.]/.test(name) || name.endsWith(' ')) {
    throw new ConfigurationError(`'${name}' cannot be the schema of the view of accounts: use letters, digits and _`)
  }
  return `\`${name.replaceAll('`', '``')}\``
}

/** Backslashes are left out: what they mean depends on sql_mode. */
function text(name: string): string {
  if (/[\0\\]/.test(name)) throw new ConfigurationError(`'${name}' holds a character that cannot be quoted: rename it`)
  return `'${name.replaceAll("'", "''")}'`
}
