import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { plugins } from '../auth/plugins.ts'
import type { TlsRequirement } from './account.ts'
import {
  accountToGrantRows,
  accountToRow,
  type ColumnValue,
  dbColumns,
  globalGrantColumns,
  type Row,
  rowToAccount,
  userColumns,
} from './columns.ts'
import { account } from './defaults.ts'
import { allPrivileges, databasePrivileges } from './privileges.ts'

const noGrants = { db: [], globalGrants: [] }

/** What MySQL 9.7 shows for an account that CREATE USER has just made. */
const fresh: Row = accountToRow(account({ user: 'u' }))

function read(columns: Record<string, ColumnValue>) {
  return rowToAccount({ ...fresh, ...columns }, noGrants, 1)
}

describe('columns', () => {
  test('mysql.user has the columns of MySQL 9.7 in their order', () => {
    assert.equal(
      [...userColumns.keys()].join(' '),
      'Host User Select_priv Insert_priv Update_priv Delete_priv Create_priv Drop_priv Reload_priv Shutdown_priv ' +
        'Process_priv File_priv Grant_priv References_priv Index_priv Alter_priv Show_db_priv Super_priv ' +
        'Create_tmp_table_priv Lock_tables_priv Execute_priv Repl_slave_priv Repl_client_priv Create_view_priv ' +
        'Show_view_priv Create_routine_priv Alter_routine_priv Create_user_priv Event_priv Trigger_priv ' +
        'Create_tablespace_priv ssl_type ssl_cipher x509_issuer x509_subject max_questions max_updates ' +
        'max_connections max_user_connections plugin authentication_string password_expired password_last_changed ' +
        'password_lifetime account_locked Create_role_priv Drop_role_priv Password_reuse_history ' +
        'Password_reuse_time Password_require_current User_attributes',
    )
    assert.deepEqual(Object.keys(fresh), [...userColumns.keys()])
  })

  test('mysql.db and mysql.global_grants too', () => {
    assert.equal(
      [...dbColumns.keys()].join(' '),
      'Host Db User Select_priv Insert_priv Update_priv Delete_priv Create_priv Drop_priv Grant_priv ' +
        'References_priv Index_priv Alter_priv Create_tmp_table_priv Lock_tables_priv Create_view_priv ' +
        'Show_view_priv Create_routine_priv Alter_routine_priv Execute_priv Event_priv Trigger_priv',
    )
    assert.equal([...globalGrantColumns.keys()].join(' '), 'USER HOST PRIV WITH_GRANT_OPTION')
  })
})

describe('rowToAccount', () => {
  const captured = JSON.parse(
    readFileSync(new URL('../../test/vectors/accounts/mysql-9.7.4-users.json', import.meta.url), 'utf8'),
  ) as CapturedAccount[]

  for (const known of captured) {
    test(`reads '${known.user}'@'${known.host}' of MySQL 9.7.4`, () => {
      const authString = Buffer.from(known.authentication_string_hex, 'hex').toString()
      const found = read({
        User: known.user,
        Host: known.host,
        plugin: known.plugin,
        authentication_string: authString,
        password_expired: known.password_expired ? 'Y' : 'N',
        account_locked: known.account_locked ? 'Y' : 'N',
        User_attributes: known.user_attributes ? JSON.stringify(known.user_attributes) : null,
      })
      assert.equal(found.user, known.user)
      assert.equal(found.host, known.host)
      assert.equal(found.authString, authString)
      assert.equal(plugins.get(known.plugin)?.understands(found.authString), true)
      assert.equal(found.passwordExpired, known.password_expired ?? false)
      assert.equal(found.locked, known.account_locked ?? false)
      const factors = known.user_attributes?.multi_factor_authentication ?? []
      assert.deepEqual(
        found.factors,
        factors.map(({ plugin, authentication_string }) => ({ plugin, authString: authentication_string })),
      )
      const again = accountToRow(found).User_attributes
      assert.deepEqual(JSON.parse(String(again ?? '{}')), known.user_attributes ?? {})
      assert.equal(found.failedLoginAttempts, known.user_attributes?.Password_locking?.failed_login_attempts ?? 0)
      assert.equal(found.passwordLockTimeDays, known.user_attributes?.Password_locking?.password_lock_time_days ?? 0)
      assert.equal(found.comment, known.user_attributes?.metadata?.comment)
    })
  }

  test('reads the retained password and an unbounded lock time', () => {
    const found = read({
      User_attributes:
        '{"Password_locking": {"failed_login_attempts": 3, "password_lock_time_days": -1}, "additional_password": "*00"}',
    })
    assert.equal(found.retainedAuthString, '*00')
    assert.equal(found.passwordLockTimeDays, -1)
    assert.equal(found.locked, false)
  })

  test('columns of type BLOB may come as bytes', () => {
    const found = read({
      ssl_type: 'SPECIFIED',
      ssl_cipher: Buffer.from(''),
      x509_issuer: Buffer.from('/CN=ca'),
      x509_subject: '/CN=me',
      authentication_string: Buffer.from('*00'),
    })
    assert.deepEqual(found.require, { kind: 'specified', issuer: '/CN=ca', subject: '/CN=me' })
    assert.equal(found.authString, '*00')
  })

  test('what cannot be understood locks or demands more, never less', () => {
    for (const User_attributes of ['{', '[]', '7', 'null', '"x"']) assert.equal(read({ User_attributes }).locked, true)
    assert.equal(read({ account_locked: 'y' }).locked, true)
    assert.equal(read({ account_locked: null }).locked, true)
    assert.equal(read({ password_expired: '' }).passwordExpired, true)
    assert.equal(read({ ssl_type: 'NEWER' }).require.kind, 'x509')
    assert.equal(read({ Super_priv: 'y' }).privileges.size, 0)
  })

  test('never throws, whatever the columns hold', () => {
    const value = fc.oneof(fc.constant(null), fc.string(), fc.double(), fc.bigInt(), fc.uint8Array(), fc.json())
    const row = fc.record(Object.fromEntries([...userColumns.keys()].map((name) => [name, value])), {
      requiredKeys: [],
    })
    fc.assert(fc.property(row, (columns) => void rowToAccount(columns as Row, noGrants, 1)))
  })

  test('rows that name a member of Object.prototype read as plain data', () => {
    assert.equal(
      read({ User_attributes: '{"__proto__": {"additional_password": "*00"}}' }).retainedAuthString,
      undefined,
    )
  })
})

describe('accountToRow', () => {
  test('what is written is read back', () => {
    const names = fc.string({ maxLength: 32 })
    const count = fc.nat(1_000_000)
    const filled = fc.string({ minLength: 1, maxLength: 40 })
    const requirement: fc.Arbitrary<TlsRequirement> = fc.oneof(
      fc.constantFrom<TlsRequirement>({ kind: 'none' }, { kind: 'any' }, { kind: 'x509' }),
      fc.record(
        { kind: fc.constant('specified' as const), cipher: filled, issuer: filled, subject: filled },
        { requiredKeys: ['kind'], noNullPrototype: true },
      ),
    )
    const plain = { noNullPrototype: true }
    const accounts = fc.record(
      {
        user: names,
        host: names,
        plugin: names,
        authString: fc.string(),
        retainedAuthString: fc.option(filled, { nil: undefined }),
        alternatives: fc.array(fc.record({ plugin: filled, authString: fc.string() }, plain), { maxLength: 3 }),
        factors: fc.array(fc.record({ plugin: filled, authString: fc.string() }, plain), { maxLength: 2 }),
        credentialVersion: count,
        locked: fc.boolean(),
        passwordExpired: fc.boolean(),
        passwordLifetimeDays: fc.option(count, { nil: undefined }),
        passwordChangedMs: fc.nat(4_000_000).map((seconds) => seconds * 1000 * 1000),
        require: requirement,
        limits: fc.record(
          {
            maxQueriesPerHour: count,
            maxUpdatesPerHour: count,
            maxConnectionsPerHour: count,
            maxUserConnections: count,
          },
          plain,
        ),
        failedLoginAttempts: fc.nat(32_767),
        passwordLockTimeDays: fc.integer({ min: -1, max: 32_767 }),
        privileges: fc.subarray([...allPrivileges]).map((list) => new Set(list)),
        databases: fc
          .array(
            fc.tuple(
              names,
              fc.subarray([...databasePrivileges], { minLength: 1 }).map((list) => new Set(list)),
            ),
          )
          .map((list) => new Map(list)),
        comment: fc.option(fc.string(), { nil: undefined }),
      },
      plain,
    )
    fc.assert(
      fc.property(accounts, (made) => {
        const again = rowToAccount(accountToRow(made), accountToGrantRows(made), made.credentialVersion)
        assert.deepEqual(again, made)
      }),
    )
  })

  test('what an account does not model stays in the row', () => {
    const previous: Row = {
      ...fresh,
      Password_reuse_history: 5,
      Password_require_current: 'Y',
      User_attributes:
        '{"Restrictions": [{"Database": "mysql", "Privileges": ["SELECT"]}], "metadata": {"team": "red", "comment": "x"}, "additional_password": "*00"}',
    }
    const changed = accountToRow(account({ user: 'u', failedLoginAttempts: 2, passwordLockTimeDays: 1 }), previous)
    assert.equal(changed.Password_reuse_history, 5)
    assert.equal(changed.Password_require_current, 'Y')
    assert.equal(
      changed.User_attributes,
      '{"metadata": {"team": "red"}, "Restrictions": [{"Database": "mysql", "Privileges": ["SELECT"]}], ' +
        '"Password_locking": {"failed_login_attempts": 2, "password_lock_time_days": 1}}',
    )
  })

  test('a factor that cannot be asked for locks, and stays when the account is changed', () => {
    const factor = { plugin: 'p', passwordless: 0, authentication_string: 'x', requires_registration: 0 }
    const unreadable: readonly unknown[] = [
      [],
      {},
      null,
      'p',
      ['p'],
      [{ ...factor, plugin: 7 }],
      [{ ...factor, plugin: '' }],
      [{ ...factor, authentication_string: 7 }],
      [{ ...factor, passwordless: 1 }],
      [factor, { ...factor, requires_registration: 1 }],
      [factor, factor, factor],
    ]
    for (const multi_factor_authentication of unreadable) {
      const row = { ...fresh, User_attributes: JSON.stringify({ multi_factor_authentication }) }
      const found = rowToAccount(row, { db: [], globalGrants: [] }, 1)
      assert.equal(found.locked, true, row.User_attributes)
      const changed = accountToRow({ ...found, locked: false, comment: 'x' }, row)
      assert.deepEqual(
        JSON.parse(String(changed.User_attributes)).multi_factor_authentication,
        multi_factor_authentication,
      )
    }
    for (const auth_or of [[], {}, ['p'], [{ authentication_string: 'x' }]]) {
      assert.equal(read({ User_attributes: JSON.stringify({ auth_or }) }).locked, true)
    }
  })

  test('a factor that is dropped leaves nothing behind', () => {
    const factors = [{ plugin: 'auth_socket', authString: 'root' }]
    const row = accountToRow(account({ user: 'u', factors, alternatives: factors }))
    assert.equal(
      row.User_attributes,
      '{"auth_or": [{"plugin": "auth_socket", "authentication_string": "root"}], "multi_factor_authentication": ' +
        '[{"plugin": "auth_socket", "passwordless": 0, "authentication_string": "root", "requires_registration": 0}]}',
    )
    assert.equal(accountToRow(account({ user: 'u' }), row).User_attributes, null)
  })

  test('User_attributes are NULL when there is nothing to say', () => {
    assert.equal(fresh.User_attributes, null)
  })
})

interface CapturedAccount {
  readonly user: string
  readonly host: string
  readonly plugin: string
  readonly authentication_string_hex: string
  readonly password_expired?: boolean
  readonly account_locked?: boolean
  readonly user_attributes?: {
    readonly multi_factor_authentication?: readonly { plugin: string; authentication_string: string }[]
    readonly metadata?: { readonly comment?: string }
    readonly Password_locking?: {
      readonly failed_login_attempts: number
      readonly password_lock_time_days: number
    }
  }
}
