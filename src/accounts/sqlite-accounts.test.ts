import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ConfigurationError, ServerError } from '../errors/errors.ts'
import type { Account } from './account.ts'
import { account } from './defaults.ts'
import { SqliteAccounts } from './sqlite-accounts.ts'

const lan = { address: '10.1.2.3', name: undefined }
const hash = (letter: string) => `*${letter.repeat(40)}`

describe('SqliteAccounts', () => {
  let directory: string
  let path: string
  const opened: { close(): void }[] = []

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'saltgate-accounts-'))
    path = join(directory, 'data', 'accounts.db')
  })

  afterEach(() => {
    for (const store of opened.splice(0)) store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  function open(): SqliteAccounts {
    const store = SqliteAccounts.open(path)
    opened.push(store)
    return store
  }

  function tool(): DatabaseSync {
    const db = new DatabaseSync(path)
    opened.push(db)
    return db
  }

  function put(store: SqliteAccounts, known: Partial<Account> & { user: string }): void {
    store.transact((edit) => edit.put(account(known)))
  }

  test('keeps every field of an account over a restart', () => {
    const made = account({
      user: 'u',
      host: '10.%',
      plugin: 'mysql_native_password',
      authString: hash('A'),
      retainedAuthString: hash('B'),
      locked: true,
      passwordLifetimeDays: 90,
      passwordChangedMs: Date.UTC(2026, 1, 3, 4, 5, 6),
      require: { kind: 'specified', subject: '/CN=me' },
      limits: { maxQueriesPerHour: 1, maxUpdatesPerHour: 2, maxConnectionsPerHour: 3, maxUserConnections: 4 },
      failedLoginAttempts: 3,
      passwordLockTimeDays: -1,
      privileges: new Set(['PROCESS', 'CREATE ROLE', 'CONNECTION_ADMIN'] as const),
      databases: new Map([['app\\_%', new Set(['SELECT', 'TRIGGER'] as const)]]),
      comment: "it's here",
    })
    const first = open()
    put(first, made)
    const kept = first.find('u', lan)
    assert.deepEqual(kept, { ...made, credentialVersion: 1 })
    first.close()
    opened.length = 0
    assert.deepEqual(open().find('u', lan), kept)
  })

  test('makes directory and file for the owner only, and closes a file that was open to others', () => {
    put(open(), { user: 'u' })
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
    chmodSync(path, 0o644)
    open()
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('the file is in WAL mode, so that logins never wait for a writer', () => {
    open()
    const db = tool()
    assert.equal(db.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  })

  test('a transaction that throws keeps nothing and the store goes on', () => {
    const store = open()
    put(store, { user: 'u', comment: 'before' })
    const failed = new Error('no')
    assert.throws(
      () =>
        store.transact((edit) => {
          edit.put(account({ user: 'u', comment: 'after' }))
          edit.put(account({ user: 'w' }))
          assert.equal(edit.read('u', '%')?.comment, 'after')
          assert.equal(edit.list().length, 2)
          throw failed
        }),
      failed,
    )
    assert.equal(store.read('u', '%')?.comment, 'before')
    assert.equal(store.list().length, 1)
    put(store, { user: 'w' })
    assert.equal(store.list().length, 2)
  })

  test('delete says whether there was such an account and takes its grants along', () => {
    const store = open()
    put(store, {
      user: 'u',
      databases: new Map([['db', new Set(['SELECT'] as const)]]),
      privileges: new Set(['CONNECTION_ADMIN'] as const),
    })
    assert.equal(
      store.transact((edit) => edit.delete('u', '%')),
      true,
    )
    assert.equal(
      store.transact((edit) => edit.delete('u', '%')),
      false,
    )
    put(store, { user: 'u' })
    assert.equal(store.read('u', '%')?.databases.size, 0)
    assert.equal(store.read('u', '%')?.privileges.size, 0)
  })

  test('a change by another process is seen by the next login', () => {
    const ours = open()
    const theirs = open()
    assert.equal(ours.find('u', lan), undefined)
    for (const letter of 'ABC') {
      put(theirs, { user: 'u', authString: hash(letter) })
      assert.equal(ours.find('u', lan)?.authString, hash(letter))
    }
    put(theirs, { user: 'v' })
    put(ours, { user: 'w' })
    assert.deepEqual(
      ours.list().map((row) => row.user),
      ['u', 'v', 'w'],
    )
    assert.deepEqual(
      theirs.list().map((row) => row.user),
      ['u', 'v', 'w'],
    )
    theirs.transact((edit) => edit.delete('u', '%'))
    assert.equal(ours.find('u', lan), undefined)
  })

  test('a change by another process that comes between look and write is not lost', () => {
    const ours = open()
    const theirs = open()
    ours.list()
    put(theirs, { user: 'v' })
    put(ours, { user: 'w' })
    assert.ok(ours.find('v', lan))
    assert.ok(theirs.find('w', lan))
  })

  test('every change of a credential gets a version that the file never had before', () => {
    const store = open()
    const seen = new Set<number>()
    const version = () => store.read('u', '%')!.credentialVersion
    const isNew = (what: string) => {
      assert.ok(!seen.has(version()), what)
      seen.add(version())
    }
    put(store, { user: 'u', authString: hash('A') })
    isNew('created')
    put(store, { user: 'u', authString: hash('A'), locked: true, comment: 'x', failedLoginAttempts: 1 })
    assert.ok(seen.has(version()), 'nothing about the credential')
    const factors = [{ plugin: 'sha256_password', authString: '' }]
    put(store, { user: 'u', authString: hash('A'), factors })
    isNew('a factor')
    put(store, { user: 'u', authString: hash('A'), factors, comment: 'y' })
    assert.ok(seen.has(version()), 'nothing about the credential')
    put(store, { user: 'u', authString: hash('A'), factors, alternatives: factors })
    isNew('an alternative')
    put(store, { user: 'u', authString: hash('A') })
    isNew('neither')
    put(store, { user: 'u', authString: hash('B') })
    isNew('new password')
    put(store, { user: 'u', authString: hash('B'), retainedAuthString: hash('A') })
    isNew('retained password')
    put(store, { user: 'u', authString: hash('B') })
    isNew('retained password discarded')
    put(store, { user: 'u', authString: hash('B'), plugin: 'mysql_native_password' })
    isNew('new plugin')
    store.transact((edit) => edit.delete('u', '%'))
    put(store, { user: 'u', authString: hash('A') })
    isNew('dropped and made again')
    const other = open()
    put(other, { user: 'u', authString: hash('C') })
    isNew('by another process')
    tool().exec(`UPDATE user SET authentication_string = '${hash('D')}' WHERE User = 'u'`)
    isNew('by hand')
    tool().exec("UPDATE user SET User_attributes = 'not JSON' WHERE User = 'u'")
    isNew('attributes broken by hand')
    assert.equal(store.read('u', '%')?.locked, true)
  })

  test('a row copied from a real server works and keeps what accounts do not model', () => {
    const store = open()
    const authString = Buffer.from(
      '244124303041245750085A0B3620545E4B034F0B0506431E7C1555713962624F537A59794C4535374F555A525A654C4D5650536A71313452376C523151676B6468322F6F752E',
      'hex',
    ).toString()
    tool()
      .prepare(
        `INSERT INTO user (Host, User, Select_priv, ssl_type, ssl_cipher, x509_issuer, x509_subject, plugin,
         authentication_string, password_last_changed, Password_reuse_history, User_attributes)
         VALUES ('%', 'changer', 'Y', 'ANY', x'', x'', x'', 'caching_sha2_password', ?, '2026-01-02 03:04:05', 5,
         '{"Restrictions": [{"Database": "mysql", "Privileges": ["SELECT"]}]}')`,
      )
      .run(authString)
    tool().exec(
      "INSERT INTO global_grants VALUES ('changer', '%', 'CONNECTION_ADMIN', 'N'), ('changer', '%', 'CLONE_ADMIN', 'Y')",
    )
    const found = store.find('changer', lan)!
    assert.equal(found.authString, authString)
    assert.equal(found.passwordChangedMs, Date.UTC(2026, 0, 2, 3, 4, 5))
    assert.deepEqual(found.require, { kind: 'any' })
    assert.deepEqual(found.privileges, new Set(['SELECT', 'CONNECTION_ADMIN']))
    store.transact((edit) => edit.put({ ...found, comment: 'kept' }))
    const row = tool().prepare('SELECT * FROM user').get()
    assert.equal(row?.Password_reuse_history, 5)
    assert.match(String(row?.User_attributes), /Restrictions/)
    assert.deepEqual(
      tool()
        .prepare('SELECT PRIV FROM global_grants ORDER BY PRIV')
        .all()
        .map((grant) => grant.PRIV),
      ['CLONE_ADMIN', 'CONNECTION_ADMIN'],
    )
  })

  test('the host of an account has no case, also in the file', () => {
    const store = open()
    put(store, { user: 'u', host: 'LocalHost' })
    put(store, { user: 'u', host: 'localhost', comment: 'same' })
    assert.equal(store.list().length, 1)
    assert.equal(store.read('u', 'LOCALHOST')?.comment, 'same')
  })

  test('while another process writes, logins go on and our write ends with 1205', () => {
    const store = open()
    put(store, { user: 'u' })
    const other = tool()
    other.exec('BEGIN IMMEDIATE')
    assert.ok(store.find('u', lan))
    assert.throws(
      () => put(store, { user: 'w' }),
      (error) => error instanceof ServerError && error.symbol === 'ER_LOCK_WAIT_TIMEOUT',
    )
    other.exec('ROLLBACK')
    put(store, { user: 'w' })
    assert.ok(store.find('w', lan))
  })

  describe('open', () => {
    function refuses(message: RegExp): void {
      const before = statSync(path).isFile() ? readFileSync(path) : undefined
      assert.throws(
        () => SqliteAccounts.open(path),
        (error) => error instanceof ConfigurationError && error.message.includes(path) && message.test(error.message),
      )
      if (before !== undefined) assert.deepEqual(readFileSync(path), before)
    }

    beforeEach(() => mkdirSync(dirname(path)))

    test('refuses a file that is no database and leaves it as it is', () => {
      for (const content of ['hello', '\0\0\0', 'x'.repeat(5000), `SQLite format 3\0${'y'.repeat(100)}`]) {
        writeFileSync(path, content)
        refuses(/not an account file|damaged/)
      }
    })

    test("refuses someone else's database and leaves it as it is", () => {
      const other = new DatabaseSync(path)
      other.exec('CREATE TABLE user (Host, User)')
      other.close()
      chmodSync(path, 0o644)
      refuses(/not an account file of Saltgate: choose another file name/)
      assert.equal(statSync(path).mode & 0o777, 0o644)
    })

    test('refuses a file of a newer version', () => {
      SqliteAccounts.open(path).close()
      const newer = new DatabaseSync(path)
      newer.exec('PRAGMA user_version = 3')
      newer.close()
      refuses(/newer version/)
    })

    test('a file of version 1 learns to number the credentials of factors', () => {
      SqliteAccounts.open(path).close()
      const older = new DatabaseSync(path)
      older.exec('DROP TRIGGER credential_changed; PRAGMA user_version = 1')
      older.close()
      const store = SqliteAccounts.open(path)
      put(store, { user: 'u' })
      const before = store.read('u', '%')?.credentialVersion
      put(store, { user: 'u', factors: [{ plugin: 'sha256_password', authString: '' }] })
      assert.notEqual(store.read('u', '%')?.credentialVersion, before)
      store.close()
      SqliteAccounts.open(path).close()
    })

    test('refuses a damaged file', () => {
      const store = SqliteAccounts.open(path)
      store.transact((edit) => {
        for (let i = 0; i < 200; i++) edit.put(account({ user: `u${i}`, comment: 'x'.repeat(100) }))
      })
      store.close()
      const whole = readFileSync(path)
      truncateSync(path, whole.length - 4096 * 3)
      refuses(/damaged/)
      const scribbled = Buffer.from(whole)
      scribbled.fill(0xff, 4096 * 2, 4096 * 4)
      writeFileSync(path, scribbled)
      refuses(/damaged/)
    })

    test('refuses a directory', () => {
      mkdirSync(path)
      refuses(/cannot be opened .*: check path and permissions/)
    })
  })
})
