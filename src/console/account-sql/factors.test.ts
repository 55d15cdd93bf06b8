/** Multi-factor accounts and alternatives in statements; the errors are those of mysqld 9.7.4, asked the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Account } from '../../accounts/account.ts'
import { type AccountInput, MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { allPrivileges } from '../../accounts/privileges.ts'
import { plugins } from '../../auth/plugins.ts'
import { refusals } from '../../auth/refused-plugins.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { execute } from './execute.ts'
import { parseAccountStatement } from './parser.ts'

const sha2 = 'caching_sha2_password'
const native = 'mysql_native_password'

/** The credential of a password, stored once: the salt is always the same. */
function stored(plugin: string, password: string) {
  const authString = plugins.get(plugin)?.store(Buffer.from(password), new Uint8Array(20).fill(0x61), 5000) ?? ''
  return { plugin, authString }
}

/** Runs statements one by one as root, or as `user`. */
async function run(sql: readonly string[], inputs: readonly AccountInput[] = [], user = 'root') {
  const root: AccountInput = { user: 'root', privileges: new Set(allPrivileges) }
  const accounts = new MemoryAccounts([root, ...inputs])
  const results = []
  for (const each of sql) {
    const account = accounts.list().find((candidate) => candidate.user === user)
    assert.ok(account)
    results.push(
      await execute(parseAccountStatement(each), {
        accounts,
        actor: { user, host: '%', account, mustChangePassword: false },
        defaultPlugin: sha2,
        nowMs: 1_000,
        async hashPassword(plugin, password) {
          if (refusals.has(plugin)) throw new ConfigurationError('stores no password')
          return stored(plugin, password).authString
        },
        onUnlock() {},
      }),
    )
  }
  const read = (name: string): Account => accounts.read(name, '%') ?? assert.fail(name)
  return { accounts, results, read }
}

async function shown(sql: readonly string[], user?: string): Promise<string> {
  const { results } = await run([...sql, 'SHOW CREATE USER u'], [], user)
  const last = results.at(-1)
  assert.ok(last && 'rows' in last)
  return String(last.rows[0]?.[0]).replace(/ REQUIRE .*/, '')
}

const socket = { plugin: 'auth_socket', authString: '' }
const noLogin = { plugin: 'mysql_no_login', authString: '' }

describe('CREATE USER with factors', () => {
  it('keeps the plugin and the credential of each', async () => {
    const { read } = await run([
      "CREATE USER u IDENTIFIED BY 'a' AND IDENTIFIED WITH sha256_password BY 'b' AND IDENTIFIED WITH auth_socket AS 'root'",
      'CREATE USER v AND IDENTIFIED WITH auth_socket',
    ])
    const { plugin, authString, factors } = read('u')
    assert.deepEqual({ plugin, authString }, stored(sha2, 'a'))
    assert.deepEqual(factors, [stored('sha256_password', 'b'), { ...socket, authString: 'root' }])
    assert.deepEqual([read('v').authString, read('v').factors], ['', [socket]])
  })

  it('lists generated passwords: the first factors of all accounts, then the others', async () => {
    const random = 'IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD'
    const { results } = await run([`CREATE USER u ${random} AND ${random} AND ${random}, v ${random}`])
    const [result] = results
    assert.ok(result && 'rows' in result)
    assert.deepEqual(result.columns, ['user', 'host', 'generated password', 'auth_factor'])
    assert.deepEqual(
      result.rows.map(([user, , , factor]) => `${user} ${factor}`),
      ['u 1', 'v 1', 'u 2', 'u 3'],
    )
  })

  const failing: Record<string, [symbol: string, message: string | RegExp]> = {
    "CREATE USER u IDENTIFIED BY 'a' AND IDENTIFIED BY 'b'": ['ER_PLUGIN_IS_NOT_LOADED', "Plugin '' is not loaded"],
    "CREATE USER u IDENTIFIED BY 'a' AND IDENTIFIED WITH nosuch BY 'b'": ['ER_PLUGIN_IS_NOT_LOADED', /'nosuch'/],
    "CREATE USER u IDENTIFIED BY 'a' AND IDENTIFIED WITH sha256_password AS 'b'": ['ER_PASSWORD_FORMAT', /./],
    "CREATE USER u IDENTIFIED BY 'a' AND IDENTIFIED WITH auth_socket BY 'b'": ['ER_CANNOT_USER', /CREATE USER failed/],
  }
  for (const [sql, [symbol, message]] of Object.entries(failing)) {
    it(`refuses ${sql}`, async () => {
      await assert.rejects(run([sql]), { symbol, message })
    })
  }
})

describe('ALTER USER with factors', () => {
  const u: AccountInput = { user: 'u', password: 'a' }
  const two: AccountInput = { ...u, factors: [socket] }
  const three: AccountInput = { ...u, factors: [socket, noLogin] }

  const changes: readonly [AccountInput, sql: string, factors: readonly object[]][] = [
    [u, "ADD 2 FACTOR IDENTIFIED WITH sha256_password BY 'b'", [stored('sha256_password', 'b')]],
    [u, 'ADD 2 FACTOR IDENTIFIED WITH auth_socket ADD 3 FACTOR IDENTIFIED WITH mysql_no_login', [socket, noLogin]],
    [two, 'ADD 3 FACTOR IDENTIFIED WITH mysql_no_login', [socket, noLogin]],
    [two, "MODIFY 2 FACTOR IDENTIFIED WITH auth_socket AS 'x'", [{ ...socket, authString: 'x' }]],
    [
      three,
      'MODIFY 3 FACTOR IDENTIFIED WITH auth_socket MODIFY 2 FACTOR IDENTIFIED WITH mysql_no_login',
      [noLogin, socket],
    ],
    [three, 'DROP 2 FACTOR', [noLogin]],
    [three, 'DROP 3 FACTOR', [socket]],
    [three, 'DROP 2 FACTOR DROP 3 FACTOR', []],
    [three, 'DROP 3 FACTOR DROP 2 FACTOR', []],
    [two, "IDENTIFIED BY 'new'", [socket]],
  ]
  for (const [before, sql, factors] of changes) {
    it(`makes ${factors.length} further of ${before.factors?.length ?? 0} by ${sql}`, async () => {
      const { read } = await run([`ALTER USER u ${sql}`], [before])
      assert.deepEqual(read('u').factors, factors)
    })
  }

  const failing: readonly [AccountInput, sql: string, code: number, message: string | RegExp][] = [
    [
      ...([two, 'ADD 2 FACTOR IDENTIFIED WITH auth_socket', 4056] as const),
      '2 factor authentication method exists. Please do ALTER USER... DROP 2 factor before doing this operation OR do ALTER USER... MODIFY 2 factor... to modify existing 2 factor authentication method.',
    ],
    [
      ...([u, 'DROP 2 FACTOR', 4057] as const),
      "2 factor authentication method doesn't exist. Please do ALTER USER... ADD 2 factor... before doing this operation.",
    ],
    [u, 'MODIFY 2 FACTOR IDENTIFIED WITH auth_socket', 4057, /^2 factor .* ADD 2 factor/],
    [u, 'ADD 3 FACTOR IDENTIFIED WITH auth_socket', 4057, /^2 factor .* ADD 2 factor/],
    [two, 'DROP 3 FACTOR', 4057, /^3 factor .* ADD 3 factor/],
    [two, 'DROP 2 FACTOR DROP 3 FACTOR', 4057, /^3 factor/],
    [u, 'ADD 2 FACTOR IDENTIFIED WITH nosuch', 1524, /'nosuch'/],
    [u, "ADD 2 FACTOR IDENTIFIED BY 'x'", 1524, "Plugin '' is not loaded"],
  ]
  for (const [before, sql, code, message] of failing) {
    it(`answers ${code} to ${sql} with ${before.factors?.length ?? 0} further`, async () => {
      await assert.rejects(run([`ALTER USER u ${sql}`], [before]), { code, message })
    })
  }

  it('asks for CREATE USER, also of who changes a factor of their own', async () => {
    for (const sql of ['DROP 2 FACTOR', 'MODIFY 2 FACTOR IDENTIFIED WITH auth_socket']) {
      await assert.rejects(run([`ALTER USER u ${sql}`], [two], 'u'), { code: 1227 })
    }
    const { read } = await run(["SET PASSWORD = 'new'"], [two], 'u')
    assert.deepEqual([read('u').authString, read('u').factors], [stored(sha2, 'new').authString, [socket]])
  })

  it('changes all accounts or none', async () => {
    const sql = 'ALTER USER v ADD 2 FACTOR IDENTIFIED WITH auth_socket, u ADD 2 FACTOR IDENTIFIED WITH auth_socket'
    const accounts = new MemoryAccounts([two, { user: 'v' }])
    await assert.rejects(run([sql], [two, { user: 'v' }]), { code: 4056 })
    assert.deepEqual(accounts.read('v', '%')?.factors, [])
  })
})

describe('alternatives', () => {
  const either = "CREATE USER u IDENTIFIED VIA ed25519 USING PASSWORD('e') OR mysql_native_password USING PASSWORD('n')"

  it('are kept in their order', async () => {
    const { read } = await run([`${either} OR unix_socket`])
    const { plugin, authString, alternatives } = read('u')
    assert.deepEqual({ plugin, authString }, stored('ed25519', 'e'))
    assert.deepEqual(alternatives, [stored(native, 'n'), { plugin: 'unix_socket', authString: '' }])
  })

  it('stay when SET PASSWORD changes the first that has a password', async () => {
    const { read } = await run([either, "SET PASSWORD FOR u = 'q'"])
    assert.equal(read('u').authString, stored('ed25519', 'q').authString)
    assert.deepEqual(read('u').alternatives, [stored(native, 'n')])
    const sql = "CREATE USER u IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('n')"
    const socketFirst = (await run([sql, "SET PASSWORD FOR u = 'q'"])).read('u')
    assert.deepEqual([socketFirst.plugin, socketFirst.alternatives], ['unix_socket', [stored(native, 'q')]])
    assert.equal(socketFirst.passwordChangedMs, 1_000)
  })

  it('go when ALTER USER identifies the account anew', async () => {
    for (const [sql, plugin] of [
      ["IDENTIFIED BY 'q'", 'ed25519'],
      ["IDENTIFIED WITH mysql_native_password BY 'q'", native],
    ] as const) {
      const { read } = await run([either, `ALTER USER u ${sql}`])
      const { authString, alternatives } = read('u')
      assert.deepEqual([{ plugin, authString }, alternatives], [stored(plugin, 'q'), []])
    }
  })

  it('are refused when one of them does not exist', async () => {
    await assert.rejects(run(['CREATE USER u IDENTIFIED VIA ed25519 OR nosuch']), { code: 1524, message: /'nosuch'/ })
  })
})

describe('SHOW CREATE USER', () => {
  const { authString: e } = stored('ed25519', 'e')
  const { authString: n } = stored(native, 'n')

  it('prints factors in the words of MySQL, alternatives in those of MariaDB', async () => {
    const mysql = "CREATE USER u IDENTIFIED WITH mysql_native_password BY 'n' AND IDENTIFIED WITH auth_socket AS 'root'"
    assert.equal(
      await shown([mysql]),
      `CREATE USER \`u\`@\`%\` IDENTIFIED WITH 'mysql_native_password' AS '${n}' AND IDENTIFIED WITH 'auth_socket' AS 'root'`,
    )
    const mariadb = "CREATE USER u IDENTIFIED VIA ed25519 USING PASSWORD('e') OR mysql_native_password AS '"
    assert.equal(
      await shown([`${mariadb}${n}' OR unix_socket AND IDENTIFIED WITH auth_socket`]),
      `CREATE USER \`u\`@\`%\` IDENTIFIED VIA ed25519 USING '${e}' OR mysql_native_password USING '${n}' OR unix_socket` +
        " AND IDENTIFIED WITH 'auth_socket'",
    )
  })

  it('shows no credential of any factor to who may not read mysql.user', async () => {
    const u: AccountInput = { user: 'u', factors: [stored(native, 'n')], alternatives: [stored('ed25519', 'e')] }
    const { results } = await run(['SHOW CREATE USER CURRENT_USER'], [{ ...u, password: 'a' }], 'u')
    const text = JSON.stringify(results)
    assert.match(
      text,
      /VIA caching_sha2_password USING <secret> OR ed25519 USING <secret> AND IDENTIFIED WITH 'mysql_native_password' AS <secret>/,
    )
    assert.ok(!text.includes(e) && !text.includes(n))
  })
})
