/**
 * Logins of which the outcome depends on those before, or on several conditions at a time: what the front door must do
 * as mysqld 9.7 does, step by step. Where they differ on purpose, the step says why.
 */

/** A statement of root's, or a login over the unix socket. */
export type Step = string | Login

export interface Login {
  readonly user: string
  readonly password: string
  readonly database?: string | undefined
  /** Kept open until the scenario ends. */
  readonly stays?: true
  /** Run in the session, if there is one; its outcome is that of the step. */
  readonly sql?: string
  /** COM_CHANGE_USER from a session of root's. */
  readonly byChangeUser?: true
  /** Over TCP without TLS. */
  readonly plaintext?: true
  /** Why the outcomes differ; then they must. */
  readonly differs?: string
}

const right = (user: string, more: Partial<Login> = {}): Login => ({ user, password: 'pw', ...more })
const wrong = (user: string, more: Partial<Login> = {}): Login => ({ user, password: 'wrong', ...more })
const none = (user: string, more: Partial<Login> = {}): Login => ({ user, password: '', ...more })

const make = (name: string, options: string) => `CREATE USER ${name} IDENTIFIED BY 'pw' ${options}`
const twoForThreeDays = 'FAILED_LOGIN_ATTEMPTS 2 PASSWORD_LOCK_TIME 3'

export const scenarios: Readonly<Record<string, readonly Step[]>> = {
  'wrong passwords block the account for days': [
    make('f', twoForThreeDays),
    ...[wrong('f'), wrong('f'), wrong('f'), right('f'), none('f')],
    'ALTER USER f ACCOUNT UNLOCK',
    ...[wrong('f'), right('f'), wrong('f'), wrong('f')],
  ],
  'wrong passwords block the account for good': [
    make('f', 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED'),
    ...[right('f'), wrong('f'), right('f')],
    'FLUSH PRIVILEGES',
    right('f'),
  ],
  'one option alone tracks nothing': [
    make('f', 'FAILED_LOGIN_ATTEMPTS 1'),
    ...[wrong('f'), wrong('f'), right('f')],
    make('g', 'PASSWORD_LOCK_TIME 1'),
    ...[wrong('g'), wrong('g'), right('g')],
  ],
  'what counts as a failure': [
    make('f', twoForThreeDays),
    ...[none('f'), none('f'), right('f')],
    `CREATE USER g ${twoForThreeDays}`,
    ...[wrong('g'), none('g'), wrong('g'), wrong('g'), none('g')],
  ],
  'what a right password does not help against': [
    make('f', `${twoForThreeDays} ACCOUNT LOCK`),
    ...[wrong('f'), right('f'), wrong('f'), right('f')],
    make('g', `${twoForThreeDays} PASSWORD EXPIRE`),
    ...[wrong('g'), right('g'), wrong('g'), wrong('g')],
    make('h', `REQUIRE SSL ${twoForThreeDays}`),
    ...[wrong('h'), right('h'), wrong('h'), wrong('h')],
    make('i', twoForThreeDays),
    ...[wrong('i'), right('i', { database: 'nosuch' }), wrong('i'), wrong('i')],
    make('j', `WITH MAX_CONNECTIONS_PER_HOUR 1 ${twoForThreeDays}`),
    ...[right('j'), wrong('j'), right('j'), wrong('j'), wrong('j')],
  ],
  'what begins the count anew': [
    make('f', twoForThreeDays),
    wrong('f'),
    'ALTER USER f FAILED_LOGIN_ATTEMPTS 2',
    ...[wrong('f'), right('f'), wrong('f')],
    'ALTER USER f PASSWORD_LOCK_TIME 3',
    ...[wrong('f'), right('f'), wrong('f')],
    "ALTER USER f IDENTIFIED BY 'pw'",
    ...[wrong('f'), right('f')],
    'ALTER USER f ACCOUNT UNLOCK',
    wrong('f'),
    "SET PASSWORD FOR f = 'pw'",
    ...[wrong('f'), right('f')],
    'ALTER USER f ACCOUNT UNLOCK',
    wrong('f'),
    "ALTER USER f COMMENT 'x'",
    ...[wrong('f'), right('f')],
    'ALTER USER f ACCOUNT UNLOCK',
    wrong('f'),
    'GRANT SELECT ON app.* TO f',
    ...[wrong('f'), right('f')],
    'ALTER USER f ACCOUNT UNLOCK',
    wrong('f'),
    'RENAME USER f TO g',
    ...[wrong('g'), right('g')],
    'ALTER USER g ACCOUNT UNLOCK',
    wrong('g'),
    'FLUSH PRIVILEGES',
    ...[wrong('g'), right('g')],
  ],
  'options that are changed while the account is blocked': [
    make('f', twoForThreeDays),
    ...[wrong('f'), wrong('f')],
    'ALTER USER f PASSWORD_LOCK_TIME 5',
    ...[right('f'), wrong('f'), wrong('f')],
    'ALTER USER f FAILED_LOGIN_ATTEMPTS 0',
    right('f'),
    'ALTER USER f FAILED_LOGIN_ATTEMPTS 1',
    wrong('f'),
    "ALTER USER f IDENTIFIED BY 'pw'",
    right('f'),
    'ALTER USER f ACCOUNT LOCK',
    right('f'),
    'ALTER USER f ACCOUNT UNLOCK',
    right('f'),
  ],
  'COM_CHANGE_USER counts like a login': [
    make('f', twoForThreeDays),
    ...[wrong('f', { byChangeUser: true }), wrong('f', { byChangeUser: true }), right('f', { byChangeUser: true })],
    right('f'),
  ],
  'a retained password is a right one': [
    make('f', twoForThreeDays),
    "ALTER USER f IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD",
    ...[wrong('f'), right('f'), wrong('f'), right('f', { password: 'new' }), wrong('f'), wrong('f')],
  ],
  'several reasons at a time: the first is told': [
    make('lock_expired', 'ACCOUNT LOCK PASSWORD EXPIRE'),
    right('lock_expired'),
    make('lock_ssl', 'REQUIRE SSL ACCOUNT LOCK'),
    ...[right('lock_ssl'), wrong('lock_ssl')],
    make('locked', 'ACCOUNT LOCK'),
    ...[right('locked', { database: 'nosuch' }), wrong('locked', { database: 'nosuch' })],
    make('expired_', 'PASSWORD EXPIRE'),
    ...[right('expired_'), right('expired_', { database: 'nosuch' }), wrong('expired_')],
    make('expired_ssl', 'REQUIRE SSL PASSWORD EXPIRE'),
    right('expired_ssl'),
    make('x509_', 'REQUIRE X509'),
    ...[right('x509_'), right('x509_', { database: 'nosuch' })],
    make('blocked_locked', 'ACCOUNT LOCK FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1'),
    ...[wrong('blocked_locked'), right('blocked_locked')],
    make('one', 'WITH MAX_USER_CONNECTIONS 1'),
    right('one', { stays: true }),
    ...[right('one'), wrong('one'), right('one', { database: 'nosuch' })],
    'ALTER USER one PASSWORD EXPIRE',
    right('one'),
    'ALTER USER one ACCOUNT LOCK',
    right('one'),
    right('nobody', { database: 'nosuch' }),
  ],
  'limits of an account': [
    make('hourly', 'WITH MAX_CONNECTIONS_PER_HOUR 1'),
    ...[wrong('hourly'), right('hourly'), right('hourly'), wrong('hourly')],
    'ALTER USER hourly WITH MAX_CONNECTIONS_PER_HOUR 2',
    ...[right('hourly'), right('hourly'), right('hourly')],
    'FLUSH PRIVILEGES',
    right('hourly'),
    make('asking', 'WITH MAX_QUERIES_PER_HOUR 2'),
    ...[right('asking', { sql: 'SELECT 1' }), right('asking', { sql: 'SELECT 1' })],
    right('asking', { sql: 'SELECT 1', differs: 'MAX_QUERIES_PER_HOUR is kept and not enforced' }),
    make('two', 'WITH MAX_CONNECTIONS_PER_HOUR 1 MAX_USER_CONNECTIONS 1'),
    ...[right('two', { stays: true }), right('two')],
    'SET GLOBAL max_user_connections = 1',
    make('global', ''),
    ...[right('global', { stays: true }), right('global')],
    make('more', 'WITH MAX_USER_CONNECTIONS 2'),
    ...[right('more', { stays: true }), right('more', { stays: true }), right('more')],
    'SET GLOBAL max_user_connections = 0',
  ],
  'a password that expires by its age': [
    make('never', 'PASSWORD EXPIRE NEVER'),
    make('daily', 'PASSWORD EXPIRE INTERVAL 1 DAY'),
    ...[right('never'), right('daily')],
    'ALTER USER daily IDENTIFIED WITH caching_sha2_password',
    ...[right('daily'), none('daily')],
  ],
  'a server that is offline': [
    make('f', 'ACCOUNT LOCK'),
    make('g', 'PASSWORD EXPIRE'),
    make('h', ''),
    make('i', 'REQUIRE SSL'),
    make('j', 'FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME 1'),
    'SET GLOBAL offline_mode = ON',
    ...[right('f'), right('g'), right('h'), wrong('h'), right('h', { database: 'nosuch' })],
    ...[right('i'), wrong('j'), right('j')],
    'SET GLOBAL offline_mode = OFF',
    right('h'),
  ],
  'a server that wants secure transport': [
    make('f', 'ACCOUNT LOCK'),
    make('g', 'PASSWORD EXPIRE'),
    make('h', ''),
    make('i', 'REQUIRE SSL'),
    make('j', 'WITH MAX_USER_CONNECTIONS 1'),
    right('j', { stays: true }),
    'SET GLOBAL require_secure_transport = ON',
    ...['f', 'g', 'h', 'i', 'j'].map((user) => right(user, { plaintext: true })),
    ...[right('h', { plaintext: true, database: 'nosuch' }), wrong('h', { plaintext: true })],
    'SET GLOBAL offline_mode = ON',
    right('h', { plaintext: true }),
    'SET GLOBAL offline_mode = OFF',
    'SET GLOBAL require_secure_transport = OFF',
  ],
}
