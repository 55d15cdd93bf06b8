/**
 * Real MySQL and MariaDB clients against the front door, every plugin, channel and case of `expectations.ts`. Against a real
 * MySQL server instead, for the plugins that it has, they prove that the table tells the truth.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { type ClientLogin, type ClientOutcome, clientNames, login } from './clients.ts'
import { accounts, type ChannelName, cellsOf, channels, isExpected, type Plugin, plugins } from './expectations.ts'
import { type InstalledPeer, installed, type Peer, peerLine } from './install.ts'
import { type RunningServer, startFrontDoor, startMysqld } from './servers.ts'

/** Starts the server and declares the tests; the server ends with the last of all tests. */
export async function testRealClients(peers: readonly Peer[], againstMysqld: boolean): Promise<void> {
  const start = (...settings: string[]) =>
    againstMysqld
      ? startMysqld(peers, mysqldAmong(peers), settings)
      : startFrontDoor(peers, ['saltgate_allow_clear_password=ON', ...settings])

  const server = await start()
  after(() => server.stop())
  const admin = await administrator(server)
  after(() => admin.end())

  const tested = againstMysqld
    ? (['caching_sha2_password', 'sha256_password'] as const)
    : (Object.keys(plugins) as readonly Plugin[])
  for (const plugin of tested) {
    for (const [suffix, { password, options }] of Object.entries(accounts)) {
      await admin.query(
        `CREATE USER '${plugins[plugin]}${suffix}'@'%' IDENTIFIED WITH ${plugin} BY '${password}' ${options}`,
      )
    }
  }
  await admin.query("CREATE USER 'tls_only'@'%' IDENTIFIED BY 'pw-right' REQUIRE SSL")

  for (const name of clientNames) {
    const client = installed(peers, name)
    if (!client) {
      test(name, { skip: peerLine(peers.find((peer) => peer.name === name)) })
      continue
    }
    describe(`${name} ${client.version}`, () => {
      for (const plugin of tested) {
        for (const channel of channels) {
          test(`${plugin} over ${channel}`, async () => {
            const surprises: string[] = []
            for (const cell of cellsOf(name, plugin, channel)) {
              if (cell.cold && plugin === 'caching_sha2_password') await admin.query('FLUSH PRIVILEGES')
              const outcome = await loginOver(server, channel, client, cell)
              if (!isExpected(outcome, cell)) {
                surprises.push(`${cell.name}: ${show(outcome)}, not ${cell.expected.map(show).join(' or ')}`)
              }
            }
            assert.deepEqual(surprises, [])
          })
        }
      }

      test('enters an account that requires TLS by TLS alone', async () => {
        const who = { user: 'tls_only', password: 'pw-right' }
        assert.deepEqual(await loginOver(server, 'tls', client, who), { ok: true, rows: [['tls_only@%']] })
        for (const channel of ['plaintext', 'unix-socket'] as const) {
          const outcome = await loginOver(server, channel, client, who)
          assert.equal(outcome.ok ? 'logged in' : outcome.code, 1045, channel)
        }
      })
    })
  }

  describe('caching_sha2_password after an auth switch', async () => {
    const switching = await start(
      againstMysqld ? '--authentication-policy=sha256_password' : 'default_authentication_plugin=mysql_native_password',
    )
    after(() => switching.stop())
    const root = await administrator(switching)
    after(() => root.end())
    await root.query("CREATE USER 'sha2'@'%' IDENTIFIED WITH caching_sha2_password BY 'pw-right'")
    for (const name of clientNames) {
      const client = installed(peers, name)
      test(`${name} logs in again and again`, { skip: !client && 'missing' }, async () => {
        assert(client)
        const who = { user: 'sha2', password: 'pw-right' }
        const expected = { ok: true, rows: [['sha2@%']] }
        assert.deepEqual(await loginOver(switching, 'tls', client, who), expected)
        // mysqld does not count them.
        const before = againstMysqld ? undefined : await fastLogins(root)
        assert.deepEqual(await loginOver(switching, 'plaintext', client, who), expected)
        if (before === undefined) return
        // These two hash the NUL that ends the nonce of an auth switch: right password, never a fast authentication.
        const hashesNul = name === 'PyMySQL 1.0' || name === 'PyMySQL 1.1.1'
        assert.equal(await fastLogins(root), before + (hashesNul ? 0 : 1))
      })
    }
  })

  const mysql = installed(peers, 'mysql')
  test('mysql without a public key ends with its own error 2061', { skip: !mysql && 'mysql is missing' }, async () => {
    assert(mysql)
    await admin.query('FLUSH PRIVILEGES')
    const who = { user: 'sha2', password: 'pw-right', requestPublicKey: false }
    assert.deepEqual(await loginOver(server, 'plaintext', mysql, who), {
      ok: false,
      code: 2061,
      sqlState: 'HY000',
      text: "Authentication plugin 'caching_sha2_password' reported error: Authentication requires secure connection.",
    })
  })

  for (const compression of ['zlib', 'zstd'] as const) {
    test(`mysql reads the same rows compressed by ${compression}`, { skip: !mysql && 'mysql is missing' }, async () => {
      assert(mysql)
      const who = { user: 'sha2', password: 'pw-right' }
      const sql = 'SELECT * FROM information_schema.COLLATIONS ORDER BY ID'
      const plain = await loginOver(server, 'tls', mysql, { ...who, sql })
      assert(plain.ok && plain.rows.length > 200)
      assert.deepEqual(await loginOver(server, 'tls', mysql, { ...who, sql, compression }), plain)
    })
  }
}

function loginOver(
  to: RunningServer,
  channel: ChannelName,
  client: InstalledPeer,
  who: Pick<ClientLogin, 'user' | 'password' | 'database' | 'requestPublicKey' | 'compression'> & {
    readonly sql?: string
  },
): Promise<ClientOutcome> {
  return login(client, {
    host: to.host,
    port: to.port,
    socket: channel === 'unix-socket' ? to.socket : undefined,
    tls: channel === 'tls' ? 'on' : 'off',
    sql: 'SELECT CURRENT_USER()',
    ...who,
  })
}

/** A session of root over the unix socket, by a client that is none of those under test. */
function administrator({ socket, rootPassword }: RunningServer): Promise<Connection> {
  return createConnection({ socketPath: socket, user: 'root', password: rootPassword })
}

async function fastLogins(root: Connection): Promise<number> {
  const [rows] = await root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Saltgate_fast_authentications'")
  assert.equal(rows.length, 1)
  return Number(rows[0]?.Value)
}

function show(value: unknown): string {
  return JSON.stringify(value)
}

function mysqldAmong(peers: readonly Peer[]): InstalledPeer {
  const mysqld = installed(peers, 'mysqld')
  if (!mysqld) throw new Error(peerLine(peers.find((peer) => peer.name === 'mysqld')))
  return mysqld
}
