import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { converse } from '../../test/support/auth-dialogues.ts'
import type { Credential, PeerHost } from '../accounts/account.ts'
import { SecretChecker } from '../accounts/secret-checker.ts'
import { plugins } from '../auth/plugins.ts'
import { AccountRows } from './account-rows.ts'
import { accountColumns } from './account-view.ts'

type Cells = (string | number | null)[]

/** What the view showed of accounts that were made with the passwords below. */
const captured: Readonly<Record<string, Cells[]>> = JSON.parse(
  readFileSync(new URL('../../test/vectors/gateway/account-rows.json', import.meta.url), 'utf8'),
)
const everywhere: PeerHost = { address: '203.0.113.7', name: undefined }
const columns = [...accountColumns, 'default_lifetime']

const checker = new SecretChecker()
after(() => checker.close())

for (const [server, rows] of Object.entries(captured)) {
  describe(`the accounts of ${server}`, async () => {
    const accounts = await readAll(rows)
    const of = (user: string, peer = everywhere) => {
      const found = accounts.find(user, peer)
      assert.ok(found !== undefined, user)
      return found
    }

    test('have the credentials of their passwords, and of no others', async () => {
      const passwords: [string, string][] = [
        ...['certified', 'expired', 'weekly', 'it\'s "ü" `x`'].map((user): [string, string] => [user, 'pw']),
        ['twofold', 'pw-everywhere'],
      ]
      const more = {
        'MySQL 9.7': ['sha256'],
        'MariaDB 10.11': ['ed25519'],
        'MariaDB 11.8': ['ed25519', 'sha2', 'parsec'],
      }
      for (const user of more[server as keyof typeof more]) passwords.push([user, 'pw'])
      for (const [user, password] of passwords) {
        assert.equal(await opens(of(user), password), true, user)
        assert.equal(await opens(of(user), `${password}?`), false, user)
      }
    })

    test('are chosen by the host of the client', async () => {
      const inside = of('twofold', { address: '192.168.3.4', name: undefined })
      assert.equal(await opens(inside, 'pw-inside'), true)
      const anonymous = of('nobody', { address: '10.1.2.3', name: undefined })
      assert.equal(anonymous.user, '')
      assert.equal(await opens(anonymous, 'pw-anonymous'), true)
      assert.equal(accounts.find('nobody', everywhere), undefined)
      // The more specific host comes first, whoever is named.
      assert.equal(accounts.find('open', { address: '10.1.2.3', name: undefined })?.user, '')
      assert.equal(accounts.find('root', everywhere), undefined)
    })

    test('are locked, expired, and ask for TLS as they do there', () => {
      assert.equal(of('locked').locked, true)
      assert.equal(of('open').locked, false)
      assert.equal(of('open').authString, '')
      assert.equal(of('expired').passwordExpired, true)
      assert.equal(of('open').passwordExpired, false)
      assert.equal(of('weekly').passwordLifetimeDays, 7)
      assert.equal(of('ever').passwordLifetimeDays, 0)
      assert.equal(of('weekly').passwordChangedMs, 1_795_184_501_000)
      assert.deepEqual(of('certified').require, {
        kind: 'specified',
        cipher: 'TLS_AES_256_GCM_SHA384',
        issuer: '/CN=ca',
        subject: '/CN=é',
      })
      assert.deepEqual(
        [of('x509'), of('encrypted'), of('open')].map(({ require }) => require.kind),
        ['x509', 'any', 'none'],
      )
    })

    test('bring neither limits nor privileges: those are for the backend to judge', () => {
      for (const { user, host } of rowsAsObjects(rows)) {
        const account = accounts.read(String(user), String(host))
        assert.ok(account !== undefined)
        assert.deepEqual(new Set(Object.values(account.limits)), new Set([0]))
        assert.deepEqual([account.privileges.size, account.databases.size, account.comment], [0, 0, undefined])
      }
    })

    if (server === 'MySQL 9.7') {
      test('keep a second password, and who is blocked after how many wrong ones', async () => {
        const account = of('retained')
        assert.equal(await opens(account, 'pw-new'), true)
        const { plugin, retainedAuthString: authString = '' } = account
        assert.equal(await opens({ plugin, authString }, 'pw-old'), true)
        assert.deepEqual([account.failedLoginAttempts, account.passwordLockTimeDays], [3, -1])
      })

      test('take roles for the locked accounts that they are', () => {
        assert.equal(of('reader').locked, true)
      })
    } else {
      test('have alternatives, in the order in which they are tried', async () => {
        const { plugin, authString, alternatives } = of('choice')
        assert.deepEqual(
          [plugin, ...alternatives.map((one) => one.plugin)],
          ['ed25519', 'mysql_native_password', 'unix_socket'],
        )
        assert.equal(await opens({ plugin, authString }, 'pw-1'), true)
        assert.equal(await opens(alternatives[0] as Credential, 'pw-2'), true)
        const other = of('nativefirst')
        assert.equal(await opens(other, 'pw-1'), true)
        assert.equal(await opens(other.alternatives[0] as Credential, 'pw-2'), true)
      })

      test('are not roles, which have no password and no host', () => {
        assert.equal(accounts.find('reader', everywhere), undefined)
      })
    }

    test('count their plugins, alternatives as one', () => {
      const counts = accounts.pluginCounts()
      assert.equal(
        counts.values().reduce((sum, count) => sum + count),
        rows.length,
      )
      if (server !== 'MySQL 9.7') assert.equal(counts.get('ed25519 OR mysql_native_password OR unix_socket'), 1)
    })
  })
}

describe('AccountRows', () => {
  test('locks an account whose alternatives, factors or lock cannot be read', async () => {
    const damaged: Partial<Record<(typeof columns)[number], string | null>>[] = [
      { account_locked: null },
      { account_locked: 'Y' },
      ...['', '{', '{}', '[]', '["x"]', '[{}, {}, {"plugin": 7}]', '[null]', '7'].map((auth_or) => ({ auth_or })),
      ...['', '{', '{}', '[]', '[{}]'].map((multi_factor_authentication) => ({ multi_factor_authentication })),
      { multi_factor_authentication: '[{"plugin": "p", "passwordless": 1}]' },
    ]
    for (const change of damaged) {
      const accounts = await readAll([rowWith(change)])
      assert.equal(accounts.find('u', everywhere)?.locked, true, JSON.stringify(change))
    }
    assert.equal((await readAll([rowWith({})])).find('u', everywhere)?.locked, false)
  })

  test('asks for each factor', async () => {
    const multi_factor_authentication =
      '[{"plugin": "sha256_password", "passwordless": 0, "authentication_string": "$5$x", "requires_registration": 0}]'
    const accounts = await readAll([rowWith({ multi_factor_authentication })])
    assert.deepEqual(accounts.find('u', everywhere)?.factors, [{ plugin: 'sha256_password', authString: '$5$x' }])
  })

  test("lets a password grow old by the account's own lifetime, or else by the backend's default", async () => {
    const lifetime = async (change: Parameters<typeof rowWith>[0]) =>
      (await readAll([rowWith(change)])).find('u', everywhere)?.passwordLifetimeDays
    assert.equal(await lifetime({ default_lifetime: '30' }), 30)
    assert.equal(await lifetime({ default_lifetime: '30', password_lifetime: '7' }), 7)
    assert.equal(await lifetime({ default_lifetime: '30', password_lifetime: '0' }), 0)
    assert.equal(await lifetime({ default_lifetime: '30', password_changed: null }), 0)
  })

  test('gives an account that changed a new credentialVersion, and one that came again one that it never had', async () => {
    const one = rowWith({ user: 'one' })
    const two = rowWith({ user: 'two' })
    const version = (rows: AccountRows, user: string) => rows.find(user, everywhere)?.credentialVersion
    const first = await readAll([one, two])
    const second = await readAll([two, rowWith({ user: 'one', authentication_string: '00' })], first)
    assert.notEqual(version(second, 'one'), version(first, 'one'))
    assert.equal(version(second, 'two'), version(first, 'two'))
    const third = await readAll([two], second)
    const fourth = await readAll([one, two], third)
    const versions = [first, second, fourth].map((rows) => version(rows, 'one'))
    assert.equal(new Set(versions).size, 3)
    assert.equal(version(fourth, 'two'), version(first, 'two'))
  })

  test('says for whom a login could be judged otherwise', async () => {
    const before = await readAll([rowWith({ user: 'one' }), rowWith({ user: 'two' })])
    const changed = await readAll(
      [rowWith({ user: 'one', authentication_string: '00' }), rowWith({ user: 'two' })],
      before,
    )
    assert.deepEqual(
      ['one', 'two', 'nobody'].map((user) => changed.differsFor(user, before)),
      [true, false, false],
    )
    const made = await readAll([rowWith({ user: 'one' }), rowWith({ user: 'two' }), rowWith({ user: 'three' })], before)
    assert.deepEqual(
      ['one', 'three'].map((user) => made.differsFor(user, before)),
      [false, true],
    )
    const dropped = await readAll([rowWith({ user: 'one' })], before)
    assert.equal(dropped.differsFor('two', before), true)
    const anonymous = await readAll([rowWith({ user: 'one' }), rowWith({ user: '' })], before)
    assert.equal(anonymous.differsFor('one', before), true)
  })

  test('keeps the map of plugins as long as it is true', async () => {
    const first = await readAll([rowWith({})])
    const same = await readAll([rowWith({ authentication_string: '00' })], first)
    assert.equal(same.pluginCounts(), first.pluginCounts())
    const other = await readAll([rowWith({ plugin: 'sha256_password' })], same)
    assert.deepEqual([...other.pluginCounts()], [['sha256_password', 1]])
  })

  test('admits the hosts that an account could match', async () => {
    const accounts = await readAll([rowWith({ host: '10.0.0.0/8' }), rowWith({ host: 'localhost', user: 'v' })])
    assert.equal(accounts.admitsHost({ address: '10.9.9.9', name: undefined }), true)
    assert.equal(accounts.admitsHost(everywhere), false)
    assert.equal(accounts.admitsHost({ address: undefined, name: 'localhost' }), true)
    assert.equal((await readAll([rowWith({})])).admitsHost(everywhere), true)
  })

  test('refuses what is no row of the view, and a view without rows', async () => {
    const row = rowWith({})
    for (const odd of [null, 'row', {}, [], row.slice(1), [...row, null], row.with(0, Buffer.from('u') as never)]) {
      await assert.rejects(readAll([rowWith({}), odd as Cells]), { name: 'ConfigurationError' })
    }
    await assert.rejects(readAll([]), { name: 'ConfigurationError', message: /empty/ })
  })

  test('is not made of a reading that breaks off', async () => {
    async function* broken() {
      yield rowWith({})
      throw new Error('connection lost')
    }
    await assert.rejects(AccountRows.read(broken(), undefined), /connection lost/)
  })

  test('refuses more text than is bounded', async () => {
    async function* endless(row: (i: number) => Cells) {
      for (let i = 0; ; i++) yield row(i)
    }
    const long = '00'.repeat(1 << 20)
    await assert.rejects(
      AccountRows.read(
        endless((i) => rowWith({ user: `u${i}`, authentication_string: long })),
        undefined,
      ),
      { name: 'ConfigurationError', message: /too many/ },
    )
  })

  test('lets others have their turn while it takes in many rows', async () => {
    let turns = 0
    let reading = true
    const count = () => {
      turns++
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    const accounts = await readAll(Array.from({ length: 5000 }, (_, i) => rowWith({ user: `u${i}` })))
    reading = false
    assert.equal(accounts.size, 5000)
    assert.ok(turns >= 10)
    assert.equal(accounts.find('u4999', everywhere)?.user, 'u4999')
  })
})

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

function readAll(rows: readonly Cells[], before?: AccountRows): Promise<AccountRows> {
  return AccountRows.read(each(rows), before)
}

function rowsAsObjects(rows: readonly Cells[]): Record<string, string | number | null>[] {
  return rows.map((cells) => Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? null])))
}

/** An open account 'u'@'%' without a password, but for what is changed. */
function rowWith(change: Partial<Record<string, string | null>>): Cells {
  const row: Record<string, string | null> = {
    ...{ user: 'u', host: '%', plugin: 'mysql_native_password', authentication_string: '' },
    ...{
      account_locked: 'N',
      password_expired: 'N',
      password_changed: '1795184501',
      ssl_type: '',
      default_lifetime: '0',
    },
    ...change,
  }
  return columns.map((name) => row[name] ?? null)
}

/** Whether a client with this password gets in by the credential. */
async function opens({ plugin: name, authString }: Credential, password: string): Promise<boolean> {
  const plugin = plugins.get(name)
  assert.ok(plugin?.understands(authString) === true, name)
  const nonce = new Uint8Array(plugin.nonceLength).fill(0x41)
  const proof = { nonce, channel: 'tls', authStrings: [authString], fastDigests: [], publicKey: undefined } as const
  const login = { password: Buffer.from(password), channel: 'tls', mayRequestPublicKey: false } as const
  const { verdict } = converse(plugin, login, proof)
  if (verdict.verdict !== 'check-secret') return verdict.verdict === 'accept'
  const { secret, form } = verdict
  const checked = await checker.check({ authStrings: [authString], secret, form, nonce, source: '' })
  return checked.outcome === 'match'
}
