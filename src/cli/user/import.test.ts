import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { saltgate, scratch } from '../../../test/support/cli.ts'
import { type Account, accountName } from '../../accounts/account.ts'
import { plugins } from '../../auth/plugins.ts'
import { execute } from '../../console/account-sql/execute.ts'
import { Settings } from '../../server/settings.ts'
import { administrating, type OpenAccounts } from './accounts-file.ts'
import { accountsOfRows, rowsOf } from './import-rows.ts'
import { accountsOfStatements } from './import-statements.ts'

const vectors = join(import.meta.dirname, '../../../test/vectors/account-export')

function vector(name: string): string {
  return readFileSync(join(vectors, name), 'utf8')
}

function fromRows(text: string) {
  const rows = rowsOf(text)
  assert.ok(rows)
  return accountsOfRows(rows)
}

function fromStatements(text: string) {
  const run: OpenAccounts['run'] = (statement, on) => {
    assert.ok(on)
    return execute(statement, administrating(on, new Settings()))
  }
  return accountsOfStatements(text, run)
}

describe('import of rows', () => {
  for (const file of ['mysql-9.7-user.tsv', 'mysql-9.7-user.ndjson']) {
    it(`reads ${file}, and passes over the accounts that belong to the server`, () => {
      const { accounts, remarks } = fromRows(vector(file))
      assert.deepEqual(names(accounts), [
        "'app'@'%'",
        "'locked'@'localhost'",
        "'nopass'@'localhost'",
        "'reader'@'%'",
        "'root'@'localhost'",
        "'tls'@'10.0.0.0/255.0.0.0'",
      ])
      assert.deepEqual(
        remarks.map(({ outcome }) => outcome),
        ['skipped', 'skipped', 'skipped'],
      )
      const { locked, passwordExpired } = named(accounts, 'locked')
      assert.deepEqual({ locked, passwordExpired }, { locked: true, passwordExpired: true })
      const { limits, failedLoginAttempts, comment } = named(accounts, 'tls')
      assert.deepEqual([limits.maxUserConnections, failedLoginAttempts, comment], [3, 3, 'it\'s "quoted"'])
      assert.ok(named(accounts, 'app').retainedAuthString)
    })
  }

  it('locks what MariaDB gives without account_locked, and says so', () => {
    const { accounts, remarks } = fromRows(vector('mariadb-10.11-user.tsv'))
    assert.ok(accounts.every(({ locked }) => locked))
    assert.equal(named(accounts, 'app').plugin, 'mysql_native_password')
    assert.equal(remarks.filter(({ outcome }) => outcome === 'note').length, accounts.length)
    assert.deepEqual(
      remarks.filter(({ outcome }) => outcome === 'skipped').map(({ why }) => why),
      ['belongs to the server itself', 'a role'],
    )
  })

  const row = {
    Host: '%',
    User: 'mfa',
    plugin: 'caching_sha2_password',
    authentication_string: '',
    account_locked: 'N',
  }
  const factor = { plugin: 'auth_socket', passwordless: 0, authentication_string: 'root', requires_registration: 0 }
  const withFactor = (changes: object) =>
    fromRows(
      JSON.stringify([{ ...row, User_attributes: { multi_factor_authentication: [{ ...factor, ...changes }] } }]),
    )

  it('keeps a second factor, as MySQL 9.7 writes it', () => {
    const { accounts, remarks } = withFactor({})
    assert.deepEqual(accounts[0]?.factors, [{ plugin: 'auth_socket', authString: 'root' }])
    assert.equal(accounts[0]?.locked, false)
    assert.deepEqual(remarks, [])
  })

  it('refuses an account with a factor that is not here, and locks one whose factor must still be registered', () => {
    const { accounts, remarks } = withFactor({ plugin: 'authentication_webauthn' })
    assert.deepEqual(accounts, [])
    assert.equal(remarks[0]?.why, "there is no plugin 'authentication_webauthn' here")
    const unregistered = withFactor({ requires_registration: 1 })
    assert.equal(unregistered.accounts[0]?.locked, true)
    assert.match(unregistered.remarks[0]?.why ?? '', /a factor that cannot be asked for/)
  })

  it('refuses a row whose plugin is not here, and one whose credential was changed on the way', () => {
    const row = { Host: '%', account_locked: 'N', plugin: 'authentication_ldap_simple', authentication_string: 'x' }
    const { accounts, remarks } = fromRows(
      [
        { ...row, User: 'ldap' },
        { ...row, User: 'cut', plugin: 'caching_sha2_password' },
      ]
        .map((cells) => JSON.stringify(cells, null, 2))
        .join('\n'),
    )
    assert.deepEqual(accounts, [])
    assert.deepEqual(remarks, [
      {
        outcome: 'refused',
        at: { user: 'ldap', host: '%' },
        why: "there is no plugin 'authentication_ldap_simple' here",
      },
      {
        outcome: 'refused',
        at: { user: 'cut', host: '%' },
        why: 'authentication_string is not one of caching_sha2_password: it was changed on the way',
      },
    ])
  })

  const unusable: readonly [why: string, text: string, said: RegExp][] = [
    ['a column is missing', 'Host\tUser\n%\tapp\n', /no column plugin, authentication_string/],
    ['a raw line break split a row', `${vector('mysql-9.7-user.tsv')}%\tapp\n`, /line 11 has 2 columns/],
    ['it is broken JSON', '[{"Host": "secret"', /not JSON as mysqlsh prints it/],
    ['it is JSON of something else', '[1, 2]', /not JSON as mysqlsh prints it/],
  ]
  for (const [why, text, said] of unusable) {
    it(`throws when ${why}, without repeating the text`, () => {
      assert.throws(
        () => rowsOf(text),
        (error: Error) => said.test(error.message) && !error.message.includes('secret'),
      )
    })
  }
})

describe('import of statements', () => {
  for (const file of ['mysql-9.7-show.sql', 'mysql-9.7-show-with-headings.sql']) {
    it(`reads ${file}: credentials with control characters, options and grants`, async () => {
      const { accounts, remarks } = await fromStatements(vector(file))
      const rows = fromRows(vector('mysql-9.7-user.tsv')).accounts
      for (const account of accounts) {
        const { authString, plugin, require, limits, locked } = named(rows, account.user)
        const read = { authString: account.authString, plugin: account.plugin, require: account.require }
        assert.deepEqual(
          { ...read, limits: account.limits, locked: account.locked },
          { authString, plugin, require, limits, locked },
        )
      }
      assert.equal(accounts.length, 5)
      assert.deepEqual([...(named(accounts, 'app').databases.get('shop') ?? [])], ['SELECT', 'INSERT', 'GRANT OPTION'])
      assert.deepEqual([...named(accounts, 'app').privileges], ['PROCESS', 'CONNECTION_ADMIN'])
      assert.ok(remarks.every(({ outcome }) => outcome === 'note'))
    })
  }

  it('reads the native passwords of MariaDB', async () => {
    const { accounts, remarks } = await fromStatements(vector('mariadb-10.11-show.sql'))
    assert.deepEqual(names(accounts), ["'app'@'%'", "'root'@'localhost'", "'tls'@'10.0.0.%'"])
    const { plugin, authString } = named(accounts, 'app')
    assert.equal(plugin, 'mysql_native_password')
    assert.equal(authString, plugins.get(plugin)?.store(Buffer.from('app-secret'), new Uint8Array(20), 0))
    assert.deepEqual(named(accounts, 'tls').require, { kind: 'any' })
    assert.ok(remarks.every(({ outcome }) => outcome === 'note'))
  })

  it('reads a dump: statements over several lines, among others, with semicolons in texts', async () => {
    const dump = `-- dump
      SET NAMES utf8mb4;
      /*!40000 DROP DATABASE IF EXISTS shop */;
      CREATE USER IF NOT EXISTS 'a;b'@'%'
        IDENTIFIED WITH 'mysql_native_password' AS '*6C7A370C07660BC788681B3238D93E08BD74303C'
        REQUIRE NONE ACCOUNT UNLOCK;
      INSERT INTO shop VALUES ('CREATE USER x');
      ALTER USER 'a;b'@'%' ACCOUNT LOCK`
    const { accounts, remarks } = await fromStatements(dump)
    assert.deepEqual(names(accounts), ["'a;b'@'%'"])
    assert.equal(accounts[0]?.locked, true)
    assert.deepEqual(remarks, [])
  })

  it('refuses a statement that cannot be, by its line and without its secret', async () => {
    const { accounts, remarks } = await fromStatements(
      "CREATE USER a;\n\nCREATE USER b IDENTIFIED WITH caching_sha2_password AS 'hunter2';\nALTER USER nobody ACCOUNT LOCK;",
    )
    assert.deepEqual(names(accounts), ["'a'@'%'"])
    assert.deepEqual(
      remarks.map(({ outcome, at }) => ({ outcome, at })),
      [
        { outcome: 'refused', at: { line: 3 } },
        { outcome: 'refused', at: { line: 4 } },
      ],
    )
    assert.doesNotMatch(JSON.stringify(remarks), /hunter2/)
  })
})

describe('saltgate user import', () => {
  it('overwrites nothing without --replace, changes nothing with --dry-run, and tells what became of each row', async () => {
    using directory = scratch()
    const cwd = directory.path
    const user = (args: readonly string[], stdin = '') => saltgate(['user', ...args], { cwd, stdin })
    const file = join(vectors, 'mysql-9.7-show.sql')
    const outcomes = (stdout: string) =>
      stdout
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
        .map(({ outcome }) => outcome)
    const credential = async () => (await user(['show', 'app'])).stdout.split('\n')[0]

    await user(['add', 'app', '--random'])
    const before = await credential()
    const dry = await user(['import', file, '--dry-run', '--replace', '--json'])
    assert.equal(dry.code, 0)
    assert.deepEqual(outcomes(dry.stdout).toSorted(), [...Array(4).fill('added'), ...Array(3).fill('note'), 'replaced'])
    assert.equal(await credential(), before)

    const first = await user(['import', '-', '--json'], readFileSync(file, 'utf8'))
    assert.equal(first.code, 1)
    assert.deepEqual(
      outcomes(first.stdout)
        .filter((outcome) => outcome !== 'note')
        .toSorted(),
      [...Array(4).fill('added'), 'kept'],
    )
    assert.equal(await credential(), before)

    const second = await user(['import', file, '--replace'])
    assert.equal(second.code, 0)
    assert.match(second.stdout, /^replaced 'app'@'%'$/m)
    assert.notEqual(await credential(), before)
  })

  it('is wrong use when there is nothing to import', async () => {
    using directory = scratch()
    const { code, stderr } = await saltgate(['user', 'import', '-'], { cwd: directory.path, stdin: 'SELECT 1;' })
    assert.equal(code, 2)
    assert.match(stderr, /^saltgate: -: holds no accounts: give CREATE USER statements .*\n$/)
  })
})

function names(accounts: readonly Account[]): readonly string[] {
  return accounts.map(accountName).sort()
}

function named(accounts: readonly Account[], user: string): Account {
  const found = accounts.find((account) => account.user === user)
  assert.ok(found, user)
  return found
}
