/**
 * The accounts of real servers, read through the view that we ship: by whom they can be read, that a front door over them judges logins
 * as the server itself does, and that what a proof gives away logs in there.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Account, PeerHost } from '../../src/accounts/account.ts'
import { cachingSha2FromDigest, FullAuthenticationWanted, nativeFromDigest } from '../../src/auth/from-digest.ts'
import type { Verdict } from '../../src/auth/plugin.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { sha256 } from '../../src/auth/primitives.ts'
import { connect, connectWith } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { identityOf, settle } from '../../src/client/settings.ts'
import { accountViewStatements } from '../../src/gateway/account-view.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import { silentLog } from '../../src/server/log.ts'
import { startClient } from '../support/auth-dialogues.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { installed, type Peer, type PeerName } from './install.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

interface Backend {
  readonly name: string
  readonly peer: PeerName
  readonly product: 'MySQL' | 'MariaDB'
  readonly settings: readonly string[]
  /** One CREATE USER each, with the passwords to try. */
  readonly accounts: readonly (readonly [user: string, how: string, ...passwords: string[]])[]
}

const everyServer: Backend['accounts'] = [
  ["plain@'%'", "IDENTIFIED BY 'pw'", 'pw', 'wrong', ''],
  ["open@'%'", '', '', 'wrong'],
  ["locked@'%'", "IDENTIFIED BY 'pw' ACCOUNT LOCK", 'pw', 'wrong'],
  ["expired@'%'", "IDENTIFIED BY 'pw' PASSWORD EXPIRE", 'pw', 'wrong'],
  ["weekly@'%'", "IDENTIFIED BY 'pw' PASSWORD EXPIRE INTERVAL 7 DAY", 'pw'],
  ["encrypted@'%'", "IDENTIFIED BY 'pw' REQUIRE SSL", 'pw', 'wrong'],
  ["certified@'%'", "IDENTIFIED BY 'pw' REQUIRE X509", 'pw', 'wrong'],
  ["nowhere@'10.9.8.7'", "IDENTIFIED BY 'pw'", 'pw'],
  ["twofold@'%'", "IDENTIFIED BY 'pw-everywhere'", 'pw-everywhere', 'pw-here'],
  ["twofold@'127.0.0.0/255.0.0.0'", "IDENTIFIED BY 'pw-here'"],
  ["'it''s \"ü\"'@'%'", "IDENTIFIED BY 'pw'", 'pw', 'wrong'],
]

const ofMariadb: Backend['accounts'] = [
  ["native@'%'", "IDENTIFIED VIA mysql_native_password USING PASSWORD('pw')", 'pw', 'wrong', ''],
  ["ed25519@'%'", "IDENTIFIED VIA ed25519 USING PASSWORD('pw')", 'pw', 'wrong'],
  [
    "choice@'%'",
    "IDENTIFIED VIA ed25519 USING PASSWORD('pw-1') OR mysql_native_password USING PASSWORD('pw-2')",
    ...['pw-1', 'pw-2', 'wrong'],
  ],
]

const backends: readonly Backend[] = [
  {
    name: 'MySQL 9.7',
    peer: 'mysqld',
    product: 'MySQL',
    // An hour that is not UTC: times of passwords are moments.
    settings: ['--default-time-zone=+05:00'],
    accounts: [
      ...everyServer,
      ["retained@'%'", "IDENTIFIED BY 'pw-old'", 'pw-old', 'pw-new', 'wrong'],
      ["sha256@'%'", "IDENTIFIED WITH sha256_password BY 'pw'", 'pw', 'wrong'],
    ],
  },
  {
    name: 'MariaDB 10.11',
    peer: 'mariadbd',
    product: 'MariaDB',
    settings: ['--plugin-load-add=auth_ed25519', '--disconnect-on-expired-password=ON'],
    accounts: [...everyServer, ...ofMariadb],
  },
  {
    name: 'MariaDB 11.8',
    peer: 'mariadbd 11.8',
    product: 'MariaDB',
    settings: [
      '--plugin-load-add=auth_mysql_sha2;auth_ed25519;auth_parsec',
      ...['--disconnect-on-expired-password=ON'],
    ],
    accounts: [
      ...everyServer,
      ...ofMariadb,
      ["parsec@'%'", "IDENTIFIED VIA parsec USING PASSWORD('pw')", 'pw', 'wrong'],
      ["sha2@'%'", "IDENTIFIED VIA caching_sha2_password USING PASSWORD('pw')", 'pw', 'wrong'],
    ],
  },
]

const here: PeerHost = { address: '127.0.0.1', name: 'localhost' }

/** Declares the tests. Each server starts before its tests and ends after them. */
export function testBackendAccounts(peers: readonly Peer[]): void {
  for (const backend of backends) {
    const peer = installed(peers, backend.peer)
    const skip = peer === undefined && `MISSING: ${backend.peer}`
    describe(`the accounts of ${backend.name}`, { skip, timeout: 120_000 }, () => {
      const { product } = backend
      let server: RunningServer
      let root: Connection
      let accounts: BackendAccounts
      let door: TestDoor
      const reach = (more: ConnectOptions = {}): ConnectOptions => {
        const { host, port, ca = '' } = server
        return { host, port, user: 'root', password: '', tls: { mode: 'VERIFY_CA', ca }, ...more }
      }

      before(async () => {
        const start = product === 'MySQL' ? startMysqld : startMariadbd
        server = await start(peers, peer!, backend.settings, 'ours')
        root = await connect(reach())
        await root.query('SET GLOBAL default_password_lifetime = 3')
        for (const [account, how] of backend.accounts) await root.query(`CREATE USER ${account} ${how}`)
        await root.query('CREATE ROLE reader')
        if (product === 'MySQL')
          await root.query("ALTER USER retained@'%' IDENTIFIED BY 'pw-new' RETAIN CURRENT PASSWORD")
        await root.query("CREATE USER gateway@'%' IDENTIFIED BY 'pw-gateway'")
        // Twice: whoever is not sure may run them again.
        for (let i = 0; i < 2; i++) {
          const gateway = { user: 'gateway', host: '%' }
          for (const sql of accountViewStatements(product, { gateway })) await root.query(sql)
        }
        accounts = new BackendAccounts({
          from: () => reach({ user: 'gateway', password: 'pw-gateway' }),
          leastBetweenMs: 1,
          log: silentLog,
        })
        await accounts.start()
        door = await openDoor({ accounts })
      })
      after(async () => {
        await door?.close()
        await accounts?.close()
        await root?.close()
        await server?.stop()
      })

      test('are all that the account of the gateway may see, and the account behind the view is nobody', async () => {
        await using gateway = await connect(reach({ user: 'gateway', password: 'pw-gateway' }))
        for (const sql of [
          'SELECT * FROM mysql.user',
          'SELECT User FROM mysql.user',
          'SELECT * FROM mysql.global_priv',
          'SELECT * FROM mysql.db',
          "UPDATE saltgate.accounts SET host = '%'",
          'DELETE FROM saltgate.accounts',
          'CREATE TABLE saltgate.mine (n INT)',
          'CREATE OR REPLACE VIEW saltgate.accounts AS SELECT 1',
          'SHOW CREATE VIEW saltgate.accounts',
        ]) {
          await assert.rejects(gateway.query(sql), /denied/, sql)
        }
        for (const password of ['', 'invalid']) {
          await assert.rejects(connect(reach({ user: 'saltgate_definer', password })), /denied|locked/)
        }
      })

      test('get in, or not, as at the server itself', async () => {
        const differences: string[] = []
        for (const [account, , ...passwords] of backend.accounts) {
          const user = account
            .slice(0, account.lastIndexOf('@'))
            .replace(/^'(.*)'$/, '$1')
            .replaceAll("''", "'")
          for (const password of passwords) {
            for (const connectExpiredPassword of [false, true]) {
              const login = { user, password, connectExpiredPassword }
              const there = await outcome(reach(login))
              const ours = await outcome({ ...login, port: door.port, tls: { mode: 'REQUIRED' } })
              if (ours !== there) differences.push(`${account} ${password}: ${ours}, and there ${there}`)
            }
          }
        }
        assert.deepEqual(differences, [])
      })

      test('are refused alike when there is no such user, or only a role', async () => {
        for (const user of ['nobody', ...(product === 'MySQL' ? [] : ['reader'])]) {
          for (const password of ['', 'pw']) {
            assert.equal(await outcome(reach({ user, password })), 'ER_ACCESS_DENIED_ERROR')
            assert.equal(
              await outcome({ user, password, port: door.port, tls: { mode: 'REQUIRED' } }),
              'ER_ACCESS_DENIED_ERROR',
            )
          }
        }
        if (product === 'MySQL') assert.equal(of('reader').locked, true)
      })

      test('that are changed, made or dropped there are so here after a refusal', async () => {
        const version = of('plain').credentialVersion
        const other = of('open').credentialVersion
        await root.query("ALTER USER plain@'%' IDENTIFIED BY 'pw-changed'")
        assert.equal(await accounts.afterRefusal('plain'), true)
        assert.notEqual(of('plain').credentialVersion, version)
        assert.equal(of('open').credentialVersion, other)
        assert.equal(
          await outcome({ user: 'plain', password: 'pw-changed', port: door.port, tls: { mode: 'REQUIRED' } }),
          'in',
        )
        assert.equal(await accounts.afterRefusal('plain'), false)
        await root.query("CREATE USER young@'%' IDENTIFIED BY 'pw'")
        assert.equal(await accounts.afterRefusal('young'), true)
        assert.equal(of('young').locked, false)
        await root.query("DROP USER young@'%'")
        assert.equal(await accounts.afterRefusal('young'), true)
        assert.equal(accounts.find('young', here), undefined)
      })

      if (product === 'MariaDB') {
        test('log in there by the digest that a proof gives away: mysql_native_password', async () => {
          const { authString } = of('native')
          const recovered = recoveredBy('mysql_native_password', authString, 'pw')
          await using connection = await byDigest(reach({ user: 'native', password: recovered }), nativeFromDigest)
          assert.equal(await whoIs(connection), 'native@%')
          const wrong = recovered.with(0, (recovered[0] as number) ^ 1)
          await assert.rejects(byDigest(reach({ user: 'native', password: wrong }), nativeFromDigest), {
            symbol: 'ER_ACCESS_DENIED_ERROR',
          })
        })
      }

      if (backend.name !== 'MariaDB 10.11') {
        test('log in there by the digest that a proof gives away, once it is remembered: caching_sha2_password', async () => {
          const user = product === 'MySQL' ? 'weekly' : 'sha2'
          const password = recoveredBy('caching_sha2_password', of(user).authString, 'pw')
          const login = () => byDigest(reach({ user, password }), cachingSha2FromDigest)
          await root.query('FLUSH PRIVILEGES')
          await assert.rejects(login(), FullAuthenticationWanted)
          const known = await connect(reach({ user, password: 'pw' }))
          await known.close()
          // MariaDB remembers nothing: there a digest never will do.
          if (product === 'MariaDB') return await assert.rejects(login(), FullAuthenticationWanted)
          await using connection = await login()
          assert.equal(await whoIs(connection), `${user}@%`)
        })
      }

      function of(user: string): Account {
        const found = accounts.find(user, here)
        assert.ok(found !== undefined && !(found instanceof Promise), user)
        return found
      }
    })
  }
}

/** `in`, or the symbol of the refusal; MariaDB has one of its own for a locked account. */
async function outcome(options: ConnectOptions): Promise<string> {
  try {
    const connection = await connect(options)
    await connection.close()
    return 'in'
  } catch (error) {
    const { symbol, message } = error as { symbol?: string; message: string }
    if (/locked/.test(message)) return 'locked'
    return symbol ?? message
  }
}

/** What a gateway that checks this password by this stored credential learns of it. */
function recoveredBy(pluginName: string, authString: string, password: string): Uint8Array {
  const plugin = plugins.get(pluginName)
  assert.ok(plugin !== undefined)
  const nonce = Buffer.from('abcdefghij0123456789')
  const login = { password: Buffer.from(password), nonce, channel: 'plaintext', mayRequestPublicKey: false } as const
  const answer = startClient(plugin, login).next().value ?? new Uint8Array(0)
  const fastDigests = [sha256(sha256(Buffer.from(password)))]
  const proof = { authStrings: [authString], fastDigests, publicKey: undefined, recover: true }
  const verdict = plugin.server({ ...proof, answer, nonce, channel: 'plaintext' }).next().value as Verdict
  assert.ok(verdict.verdict === 'accept' && verdict.recovered !== undefined)
  return verdict.recovered
}

function byDigest(options: ConnectOptions, plugin: typeof nativeFromDigest): Promise<Connection> {
  const settings = settle(options)
  const login = { ...settings.login, plugins: new Map([[plugin.name, plugin]]) }
  return connectWith({ ...settings, login }, identityOf(options), undefined)
}

async function whoIs(connection: Connection): Promise<unknown> {
  return (await connection.query('SELECT CURRENT_USER() AS who')).rows[0]?.who
}
