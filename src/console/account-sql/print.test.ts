import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Account, TlsRequirement } from '../../accounts/account.ts'
import { account } from '../../accounts/defaults.ts'
import { MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { allPrivileges, databasePrivileges } from '../../accounts/privileges.ts'
import { execute } from './execute.ts'
import { parseAccountStatement } from './parser.ts'
import { printCreateUser, printGrants } from './print.ts'

const HASH = '$A$005$Fl4mC\x01\x7f"\'\\\n#7Zq.uYbW3dK0e8Xn5tRjs2LwQ1vGhPfTzOaMcIrEyBk6D9'.padEnd(70, '.')
const socket = { plugin: 'unix_socket', authString: '' }
const NATIVE = '*6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9'

describe('printCreateUser', () => {
  it('prints a plain account as MySQL 9 does', () => {
    assert.equal(
      printCreateUser(account({ user: 'root', host: 'localhost' }), 'with-credential'),
      "CREATE USER `root`@`localhost` IDENTIFIED WITH 'caching_sha2_password' REQUIRE NONE PASSWORD EXPIRE DEFAULT " +
        'ACCOUNT UNLOCK PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT',
    )
  })

  it('prints every clause in its place', () => {
    const full = account({
      user: 'a`b',
      plugin: 'mysql_native_password',
      authString: NATIVE,
      locked: true,
      passwordLifetimeDays: 90,
      require: { kind: 'specified', cipher: 'c', issuer: '/CN=ca', subject: "/CN=it's" },
      limits: { maxQueriesPerHour: 1, maxUpdatesPerHour: 0, maxConnectionsPerHour: 3, maxUserConnections: 4 },
      failedLoginAttempts: 3,
      passwordLockTimeDays: -1,
      comment: 'say "hi"',
    })
    assert.equal(
      printCreateUser(full, 'with-credential'),
      `CREATE USER \`a\`\`b\`@\`%\` IDENTIFIED WITH 'mysql_native_password' AS '${NATIVE}' ` +
        "REQUIRE SUBJECT '/CN=it\\'s' ISSUER '/CN=ca' CIPHER 'c' " +
        'WITH MAX_QUERIES_PER_HOUR 1 MAX_CONNECTIONS_PER_HOUR 3 MAX_USER_CONNECTIONS 4 ' +
        'PASSWORD EXPIRE INTERVAL 90 DAY ACCOUNT LOCK ' +
        'PASSWORD HISTORY DEFAULT PASSWORD REUSE INTERVAL DEFAULT PASSWORD REQUIRE CURRENT DEFAULT ' +
        'FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED ATTRIBUTE \'{"comment": "say \\\\"hi\\\\""}\'',
    )
  })

  it('shows <secret> in the place of the credential when asked to', () => {
    const text = printCreateUser(account({ user: 'a', authString: HASH }), 'without')
    assert.match(text, / AS <secret> REQUIRE /)
    assert.ok(!text.includes('$A$'))
  })

  it('prints a statement that makes the same account again', async () => {
    const plain = { noNullPrototype: true } as const
    const count = fc.constantFrom(0, 1, 4_294_967_295)
    const text = fc.string({ unit: 'grapheme', maxLength: 20 })
    const made = fc.record<Partial<Account>>({
      host: fc.constantFrom('%', 'localhost', '10.0.0.0/255.0.0.0', 'a`b'),
      authString: fc.constantFrom('', HASH),
      alternatives: fc.constantFrom([], [{ plugin: 'mysql_native_password', authString: NATIVE }, socket]),
      factors: fc.constantFrom(
        [],
        [socket],
        [
          { plugin: 'sha256_password', authString: '' },
          { ...socket, authString: '\0' },
        ],
      ),
      locked: fc.boolean(),
      require: fc.oneof(
        fc.constantFrom<TlsRequirement>({ kind: 'none' }, { kind: 'any' }, { kind: 'x509' }),
        fc.record({ kind: fc.constant('specified' as const), cipher: text, issuer: text, subject: text }, plain),
      ),
      limits: fc.record(
        {
          ...{ maxQueriesPerHour: count, maxUpdatesPerHour: count },
          ...{ maxConnectionsPerHour: count, maxUserConnections: count },
        },
        plain,
      ),
      failedLoginAttempts: fc.constantFrom(0, 1, 32_767),
      passwordLockTimeDays: fc.constantFrom(-1, 0, 32_767),
      comment: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    })
    const expiry = fc.constantFrom<Partial<Account>>(
      { passwordExpired: true },
      { passwordLifetimeDays: undefined },
      { passwordLifetimeDays: 0 },
      { passwordLifetimeDays: 65_535 },
    )
    const user = text.filter((name) => [...name].length <= 32 && !name.includes('\0'))
    const creator = account({ user: 'root', privileges: new Set(['CREATE USER']) })
    await fc.assert(
      fc.asyncProperty(user, made, expiry, async (user, fields, expiry) => {
        const original = account({ user, ...fields, ...expiry, passwordChangedMs: 7 })
        const accounts = new MemoryAccounts()
        await execute(parseAccountStatement(printCreateUser(original, 'with-credential')), {
          accounts,
          actor: { user: 'root', host: 'localhost', account: creator, mustChangePassword: false },
          defaultPlugin: 'sha256_password',
          nowMs: 7,
          hashPassword: () => assert.fail('nothing to hash'),
          onUnlock: () => {},
        })
        assert.deepEqual({ ...accounts.read(user, original.host), credentialVersion: 0 }, original)
      }),
    )
  })
})

describe('printGrants', () => {
  it('prints USAGE for an account without privileges', () => {
    assert.deepEqual(printGrants(account({ user: 'a' })), ['GRANT USAGE ON *.* TO `a`@`%`'])
  })

  it('prints all global privileges of root one by one, and the dynamic ones apart', () => {
    assert.deepEqual(printGrants(account({ user: 'root', host: 'localhost', privileges: new Set(allPrivileges) })), [
      'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, SHUTDOWN, PROCESS, FILE, REFERENCES, INDEX, ALTER, ' +
        'SHOW DATABASES, SUPER, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, ' +
        'CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, CREATE TABLESPACE, ' +
        'CREATE ROLE, DROP ROLE ON *.* TO `root`@`localhost` WITH GRANT OPTION',
      'GRANT APPLICATION_PASSWORD_ADMIN,CONNECTION_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.* TO `root`@`localhost` WITH GRANT OPTION',
    ])
  })

  it('prints databases by name, patterns last, ALL PRIVILEGES where all are held', () => {
    const databases = new Map([
      ['wp`x', new Set(databasePrivileges)],
      ['app\\_%', new Set(databasePrivileges.filter((name) => name !== 'GRANT OPTION'))],
      ['log', new Set(['INSERT', 'SELECT'] as const)],
    ])
    assert.deepEqual(printGrants(account({ user: 'a', privileges: new Set(['GRANT OPTION']), databases })), [
      'GRANT USAGE ON *.* TO `a`@`%` WITH GRANT OPTION',
      'GRANT SELECT, INSERT ON `log`.* TO `a`@`%`',
      'GRANT ALL PRIVILEGES ON `wp``x`.* TO `a`@`%` WITH GRANT OPTION',
      'GRANT ALL PRIVILEGES ON `app\\_%`.* TO `a`@`%`',
    ])
  })
})
