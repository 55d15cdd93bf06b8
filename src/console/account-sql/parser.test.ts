import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ServerError } from '../../errors/errors.ts'
import { MAX_LENGTH, parseAccountStatement } from './parser.ts'
import { isAccountStatement } from './recognise.ts'
import type { NamedAccount } from './statements.ts'

const by = (password: string) => ({ by: 'password', password, retain: false })
const named = (user: string, host = '%'): NamedAccount => ({ user, host })
const createOne = (user: NamedAccount, identification?: object, options: object = {}) => ({
  ...{ statement: 'CREATE USER', ifNotExists: false, options },
  users: [{ user, identification }],
})
const alterOne = (user: NamedAccount, identification?: object, options: object = {}) => ({
  ...{ statement: 'ALTER USER', ifExists: false, options },
  users: [{ user, identification }],
})
const global = { on: 'global' }
const on = (database: string) => ({ on: 'database', database })

const understood: Record<string, object> = {
  // What guides tell people to type.
  "CREATE USER 'laravel'@'localhost' IDENTIFIED BY 'secret';": createOne(named('laravel', 'localhost'), by('secret')),
  'CREATE USER "wp_user"@"%" IDENTIFIED BY "p@ss;w\'ord"': createOne(named('wp_user'), by("p@ss;w'ord")),
  "create user if not exists app@172.17.0.1 identified with mysql_native_password by 'x'": {
    ...createOne(named('app', '172.17.0.1'), { ...by('x'), plugin: 'mysql_native_password' }),
    ifNotExists: true,
  },
  "ALTER USER 'root'@'localhost' IDENTIFIED WITH mysql_native_password BY ''": alterOne(named('root', 'localhost'), {
    ...by(''),
    plugin: 'mysql_native_password',
  }),
  "ALTER USER 'root'@'%' IDENTIFIED WITH 'caching_sha2_password' BY 'a' PASSWORD EXPIRE NEVER": alterOne(
    named('root'),
    { ...by('a'), plugin: 'caching_sha2_password' },
    { expire: { lifetimeDays: 0 } },
  ),
  'GRANT ALL PRIVILEGES ON wordpress.* TO wp_user@localhost': {
    ...{ statement: 'GRANT', privileges: 'ALL', level: on('wordpress'), withGrantOption: false },
    users: [named('wp_user', 'localhost')],
  },
  "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;": {
    ...{ statement: 'GRANT', privileges: 'ALL', level: global, withGrantOption: true },
    users: [named('root')],
  },
  "GRANT SELECT, RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'debezium'": {
    ...{ statement: 'GRANT', level: global, users: [named('debezium')], withGrantOption: false },
    privileges: ['SELECT', 'RELOAD', 'SHOW DATABASES', 'REPLICATION SLAVE', 'REPLICATION CLIENT'],
  },
  "GRANT PROCESS, CONNECTION_ADMIN ON *.* TO exporter@'10.0.%' ": {
    ...{ statement: 'GRANT', privileges: ['PROCESS', 'CONNECTION_ADMIN'], level: global, withGrantOption: false },
    users: [named('exporter', '10.0.%')],
  },
  'GRANT USAGE ON `my\\_db`.* TO a, b': {
    ...{ statement: 'GRANT', privileges: ['USAGE'], level: on('my\\_db'), withGrantOption: false },
    users: [named('a'), named('b')],
  },
  'GRANT CREATE ON * TO a': {
    ...{ statement: 'GRANT', privileges: ['CREATE'], level: { on: 'current-database' }, withGrantOption: false },
    users: [named('a')],
  },
  "REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'a'@'%'": {
    ...{ statement: 'REVOKE ALL', users: [named('a')], ignoreUnknownUser: false },
  },
  'REVOKE IF EXISTS GRANT OPTION, DROP ON *.* FROM a IGNORE UNKNOWN USER': {
    ...{ statement: 'REVOKE', privileges: ['GRANT OPTION', 'DROP'], level: global, users: [named('a')] },
    ...{ ifExists: true, ignoreUnknownUser: true },
  },
  'DROP USER IF EXISTS a, `b`@`Example.COM`': {
    ...{ statement: 'DROP USER', ifExists: true, users: [named('a'), named('b', 'example.com')] },
  },
  "RENAME USER a TO b, 'c'@'h' TO CURRENT_USER()": {
    statement: 'RENAME USER',
    pairs: [
      { from: named('a'), to: named('b') },
      { from: named('c', 'h'), to: 'current-user' },
    ],
  },
  "SET PASSWORD = 'new' RETAIN CURRENT PASSWORD": {
    ...{ statement: 'SET PASSWORD', user: 'current-user' },
    identification: { ...by('new'), retain: true },
  },
  "SET PASSWORD FOR 'jeffrey'@'localhost' = 'auth'": {
    ...{ statement: 'SET PASSWORD', user: named('jeffrey', 'localhost'), identification: by('auth') },
  },
  'SET PASSWORD FOR a TO RANDOM': {
    ...{ statement: 'SET PASSWORD', user: named('a'), identification: { by: 'random-password', retain: false } },
  },
  'SHOW GRANTS': { statement: 'SHOW GRANTS', user: 'current-user' },
  'SHOW GRANTS FOR CURRENT_USER()': { statement: 'SHOW GRANTS', user: 'current-user' },
  'SHOW CREATE USER root@localhost': { statement: 'SHOW CREATE USER', user: named('root', 'localhost') },
  'SHOW CREATE USER CURRENT_USER()': { statement: 'SHOW CREATE USER', user: 'current-user' },

  // The clauses.
  "ALTER USER USER() IDENTIFIED BY 'x'": alterOne('current-user', by('x')),
  "ALTER USER user IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD": alterOne(named('user'), { ...by('x'), retain: true }),
  'ALTER USER a DISCARD OLD PASSWORD': alterOne(named('a'), { by: 'discard-old' }),
  'ALTER USER a IDENTIFIED BY RANDOM PASSWORD': alterOne(named('a'), { by: 'random-password', retain: false }),
  'ALTER USER a IDENTIFIED WITH auth_socket': alterOne(named('a'), { by: 'plugin', plugin: 'auth_socket' }),
  'CREATE USER a IDENTIFIED WITH p AS 0x2A41': createOne(named('a'), {
    ...{ by: 'stored', plugin: 'p', authString: '*A', retain: false },
  }),
  "CREATE USER a IDENTIFIED VIA mysql_native_password USING '*A'": createOne(named('a'), {
    ...{ by: 'stored', plugin: 'mysql_native_password', authString: '*A', retain: false },
  }),
  "CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('x')": createOne(named('a'), { ...by('x'), plugin: 'ed25519' }),
  "CREATE USER a IDENTIFIED BY 'x', b@localhost IDENTIFIED BY 'y' REQUIRE X509": {
    ...{ statement: 'CREATE USER', ifNotExists: false, options: { require: { kind: 'x509' } } },
    users: [
      { user: named('a'), identification: by('x') },
      { user: named('b', 'localhost'), identification: by('y') },
    ],
  },
  "CREATE USER a REQUIRE SUBJECT '/CN=a' AND ISSUER '/CN=ca' CIPHER 'c'": createOne(named('a'), undefined, {
    require: { kind: 'specified', subject: '/CN=a', issuer: '/CN=ca', cipher: 'c' },
  }),
  'ALTER USER a REQUIRE NONE WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 99999999999': alterOne(
    named('a'),
    undefined,
    { require: { kind: 'none' }, limits: { maxUserConnections: 5, maxQueriesPerHour: 4_294_967_295 } },
  ),
  "CREATE USER a FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED ACCOUNT LOCK PASSWORD EXPIRE COMMENT 'hi'":
    createOne(named('a'), undefined, {
      ...{ failedLoginAttempts: 3, passwordLockTimeDays: -1, locked: true, expire: 'now', comment: 'hi' },
    }),
  'CREATE USER a PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT': createOne(
    named('a'),
  ),
  'ALTER USER a PASSWORD EXPIRE INTERVAL 90 DAY ACCOUNT UNLOCK': alterOne(named('a'), undefined, {
    ...{ expire: { lifetimeDays: 90 }, locked: false },
  }),
  'ALTER USER a PASSWORD EXPIRE DEFAULT': alterOne(named('a'), undefined, { expire: { lifetimeDays: undefined } }),

  // The lexer.
  "CREATE /* a 'comment' */ USER -- and\n a # another\n": createOne(named('a')),
  "/*!50706 CREATE USER*/ a /*!99999 IDENTIFIED BY 'x' */": createOne(named('a')),
  "CREATE USER a IDENTIFIED BY 'it''s \\'q\\' \\\\ \\n \\% \\q'": createOne(named('a'), by("it's 'q' \\ \n \\% q")),
  'CREATE USER `a``b`@`%` IDENTIFIED BY "say ""hi"""': createOne(named('a`b'), by('say "hi"')),
  "CREATE USER ''@'' IDENTIFIED BY ''": createOne(named('', ''), by('')),
  'CREATE USER password@localhost': createOne(named('password', 'localhost')),
}

const refused: Record<string, readonly [symbol: string, message: string | RegExp]> = {
  'CREATE USER jürgen@%': ['ER_PARSE_ERROR', /near '%' at line 1$/],
  'CREATE USER': ['ER_PARSE_ERROR', /^You have an error in your SQL syntax; .* near '' at line 1$/],
  'CREATE USER a\n  FOO': ['ER_PARSE_ERROR', /near 'FOO' at line 2$/],
  'CREATE TABLE t': ['ER_PARSE_ERROR', /near 'TABLE t' at line 1$/],
  'CREATE USER IF EXISTS a': ['ER_PARSE_ERROR', /near 'EXISTS a' at line 1$/],
  'DROP USER a; DROP USER b': ['ER_PARSE_ERROR', /near 'DROP USER b' at line 1$/],
  'CREATE USER a RETAIN CURRENT PASSWORD': ['ER_PARSE_ERROR', /near 'RETAIN CURRENT PASSWORD' at line 1$/],
  "GRANT ALL ON db.* TO 'a'@'%' IDENTIFIED BY 'hunter2'": ['ER_PARSE_ERROR', /near 'IDENTIFIED <secret>' at line 1$/],
  'CREATE USER a IDENTIFIED BY hunter2': ['ER_PARSE_ERROR', /near '<secret>' at line 1$/],
  "CREATE USER a IDENTIFIED BY 'hun'ter2'": ['ER_PARSE_ERROR', /near '<secret>' at line 1$/],
  "ALTER USER a IDENTIFIED BY 'hunter2' REQUIRE REQUIRE": ['ER_PARSE_ERROR', /near 'REQUIRE' at line 1$/],
  "SET PASSWORD FOR a = PASSWORD('hunter2')": ['ER_PARSE_ERROR', /near '<secret>' at line 1$/],
  "CREATE USER a 'unterminated": ['ER_PARSE_ERROR', /near '<secret>' at line 1$/],
  'CREATE USER a /* unterminated': ['ER_PARSE_ERROR', /at line 1$/],
  "DROP USER 'a\\0b'": ['ER_PARSE_ERROR', /at line 1$/],
  'GRANT SELECT SLOWLY ON *.* TO a': ['ER_PARSE_ERROR', /near 'SLOWLY ON \*\.\* TO a' at line 1$/],
  'GRANT reader TO a': ['ER_NOT_SUPPORTED_YET', "This version of MySQL doesn't yet support 'roles'"],
  "GRANT PROXY ON ''@'' TO root": ['ER_NOT_SUPPORTED_YET', /'PROXY'/],
  'GRANT SELECT ON db.t TO a': ['ER_NOT_SUPPORTED_YET', /'table privileges'/],
  'GRANT SELECT (a, b) ON db.* TO a': ['ER_NOT_SUPPORTED_YET', /'column privileges'/],
  'CREATE USER a DEFAULT ROLE r': ['ER_NOT_SUPPORTED_YET', /'DEFAULT ROLE'/],
  "CREATE USER a IDENTIFIED BY 'x' AND IDENTIFIED WITH p AND IDENTIFIED WITH p AND IDENTIFIED WITH p": [
    'ER_PARSE_ERROR',
    /near 'AND IDENTIFIED WITH <secret>' at line 1$/,
  ],
  'CREATE USER a ADD 2 FACTOR IDENTIFIED WITH p': [
    'ER_PARSE_ERROR',
    /near 'ADD 2 FACTOR IDENTIFIED <secret>' at line 1$/,
  ],
  "ALTER USER a IDENTIFIED BY 'x' AND IDENTIFIED WITH p": [
    'ER_PARSE_ERROR',
    /near 'AND IDENTIFIED WITH <secret>' at line 1$/,
  ],
  "ALTER USER a IDENTIFIED BY 'x' DROP 2 FACTOR": ['ER_PARSE_ERROR', /near 'DROP <secret>' at line 1$/],
  'ALTER USER USER() DROP 2 FACTOR': ['ER_PARSE_ERROR', /near 'DROP 2 FACTOR' at line 1$/],
  'ALTER USER a DROP 2 FACTOR ADD 2 FACTOR IDENTIFIED WITH p': ['ER_PARSE_ERROR', /near 'ADD 2 FACTOR/],
  "CREATE USER a IDENTIFIED BY 'x' OR p": ['ER_PARSE_ERROR', /near 'OR <secret>' at line 1$/],
  'CREATE USER a AND IDENTIFIED WITH p OR q': ['ER_PARSE_ERROR', /at line 1$/],
  'ALTER USER a DROP 1 FACTOR': ['ER_WRONG_VALUE', "Incorrect nth factor value: '1'"],
  'ALTER USER a ADD 4 FACTOR IDENTIFIED WITH p': ['ER_WRONG_VALUE', "Incorrect nth factor value: '4'"],
  'ALTER USER a DROP 2 FACTOR DROP 2 FACTOR': [
    'ER_MFA_METHODS_IDENTICAL',
    'Authentication factor should be different.',
  ],
  'ALTER USER a ADD 3 FACTOR IDENTIFIED WITH p ADD 2 FACTOR IDENTIFIED WITH p': [
    'ER_MFA_METHODS_INVALID_ORDER',
    '2 factor authentication method should be added before 3 factor authentication method.',
  ],
  "CREATE USER a IDENTIFIED WITH p INITIAL AUTHENTICATION IDENTIFIED BY 'x'": [
    'ER_NOT_SUPPORTED_YET',
    /'INITIAL AUTHENTICATION'/,
  ],
  'ALTER USER USER() 2 FACTOR INITIATE REGISTRATION': ['ER_NOT_SUPPORTED_YET', /'registration of/],
  "ALTER USER a 2 FACTOR FINISH REGISTRATION SET CHALLENGE_RESPONSE AS 'x'": [
    'ER_NOT_SUPPORTED_YET',
    /'registration of/,
  ],
  'ALTER USER a 3 FACTOR UNREGISTER': ['ER_NOT_SUPPORTED_YET', /'registration of/],
  "ALTER USER USER() IDENTIFIED BY 'x' REPLACE 'y'": ['ER_NOT_SUPPORTED_YET', /'REPLACE'/],
  'CREATE USER a PASSWORD HISTORY 5': ['ER_NOT_SUPPORTED_YET', /'PASSWORD HISTORY'/],
  'CREATE USER a PASSWORD REUSE INTERVAL 5 DAY': ['ER_NOT_SUPPORTED_YET', /'PASSWORD REUSE INTERVAL'/],
  'CREATE USER a PASSWORD REQUIRE CURRENT': ['ER_NOT_SUPPORTED_YET', /'PASSWORD REQUIRE CURRENT'/],
  'CREATE USER a PASSWORD EXPIRE INTERVAL 0 DAY': ['ER_WRONG_VALUE', "Incorrect DAY value: '0'"],
  'CREATE USER a FAILED_LOGIN_ATTEMPTS 32768': ['ER_WRONG_VALUE', /FAILED_LOGIN_ATTEMPTS value: '32768'/],
  "CREATE USER a REQUIRE ISSUER 'x' ISSUER 'y'": ['ER_DUP_ARGUMENT', "Option 'ISSUER' used twice in statement"],
  [`CREATE USER ${'a'.repeat(33)}`]: ['ER_WRONG_STRING_LENGTH', /is too long for user name \(should be no .* 32\)/],
  [`DROP USER a@'${'h'.repeat(256)}'`]: ['ER_WRONG_STRING_LENGTH', /is too long for host name \(should be no .* 255\)/],
}

describe('parseAccountStatement', () => {
  for (const [sql, expected] of Object.entries(understood)) {
    it(`understands ${sql}`, () => {
      assert.deepEqual(parseAccountStatement(sql), expected)
    })
  }

  for (const [sql, [symbol, message]] of Object.entries(refused)) {
    it(`refuses ${sql.slice(0, 80)} by ${symbol}`, () => {
      assert.throws(() => parseAccountStatement(sql), { symbol, message })
    })
  }

  it('reads any user, host and password that is quoted as MySQL quotes', () => {
    const quote = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`
    const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('\0'))
    fc.assert(
      fc.property(name, name, fc.string({ unit: 'binary' }), (user, host, password) => {
        const sql = `CREATE USER ${quote(user)}@${quote(host)} IDENTIFIED BY ${quote(password)}`
        fc.pre([...user].length <= 32)
        assert.deepEqual(parseAccountStatement(sql), createOne(named(user, host.toLowerCase()), by(password)))
      }),
    )
  })

  it('answers any text with a statement or an error of MySQL', () => {
    const piece = fc.constantFrom(
      ..."CREATE|USER|GRANT|'|\"|`|@|*|.|,|(|)|;|/*!|*/|/*|--|#|\\|a|1|0x|x'|ON|TO|\n| ".split('|'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          const { statement } = parseAccountStatement(pieces.join(' '))
          assert.equal(typeof statement, 'string')
        } catch (error) {
          assert.ok(error instanceof ServerError, String(error))
        }
      }),
    )
  })

  it('refuses the longest text in about the time that it takes to read it', () => {
    for (const part of ["'", "'a", '/*!', '/*', '\\', 'a ', "x'", '0x1', "a IDENTIFIED BY '' AND "]) {
      const sql = `CREATE USER ${part.repeat((MAX_LENGTH - 100) / part.length)}`
      const started = performance.now()
      assert.throws(() => parseAccountStatement(sql), ServerError)
      assert.ok(performance.now() - started < 2_000, part)
    }
  })

  it('refuses what is longer than any account statement', () => {
    const sql = `DROP USER ${'a,'.repeat(MAX_LENGTH / 2)}a`
    assert.throws(() => parseAccountStatement(sql), { symbol: 'ER_NOT_SUPPORTED_YET' })
  })
})

describe('isAccountStatement', () => {
  it('knows account statements by their first words', () => {
    for (const sql of Object.keys(understood)) assert.ok(isAccountStatement(sql), sql)
    for (const sql of ['SELECT 1', 'SHOW CREATE TABLE t', 'SET PASSWORDS = 1', 'CREATE USERS', 'DROP', '', "'GRANT'"]) {
      assert.ok(!isAccountStatement(sql), sql)
    }
  })
})
