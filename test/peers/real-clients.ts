/**
 * Real MySQL and MariaDB clients against the front door, every plugin, channel and case of `expectations.ts`. Against a real
 * MySQL server instead, for the plugins that it has, they prove that the table tells the truth.
 */
import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { clientNames } from './clients.ts'
import { accounts, cellsOf, channels, isExpected, type Plugin, plugins } from './expectations.ts'
import { type InstalledPeer, installed, type Peer, peerLine } from './install.ts'
import { administrator, loginOver } from './over-channel.ts'
import { type RunningServer, startFrontDoor, startMysqld } from './servers.ts'
import { testSeveralPasswords } from './several-passwords.ts'

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

  describe('caching_sha2_password after an auth switch', () => {
    let switching: RunningServer
    let root: Connection
    before(async () => {
      switching = await start(
        againstMysqld
          ? '--authentication-policy=sha256_password'
          : 'default_authentication_plugin=mysql_native_password',
      )
      root = await administrator(switching)
      await root.query("CREATE USER 'sha2'@'%' IDENTIFIED WITH caching_sha2_password BY 'pw-right'")
    })
    after(async () => {
      await root?.end()
      await switching?.stop()
    })
    for (const name of clientNames) {
      const client = installed(peers, name)
      test(`${name} logs in again and again`, { skip: !client && 'missing' }, async () => {
        assert(client)
        const who = { user: 'sha2', password: 'pw-right' }
        const expected = { ok: true, rows: [['sha2@%']] }
        assert.deepEqual(await loginOver(switching, 'tls', client, who), expected)
        // mysqld does not count them.
        const soFar = againstMysqld ? undefined : await fastLogins(root)
        assert.deepEqual(await loginOver(switching, 'plaintext', client, who), expected)
        if (soFar === undefined) return
        // These two hash the NUL that ends the nonce of an auth switch: right password, never a fast authentication.
        const hashesNul = name === 'PyMySQL 1.0' || name === 'PyMySQL 1.1.1'
        assert.equal(await fastLogins(root), soFar + (hashesNul ? 0 : 1))
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

  if (againstMysqld) return
  testVerification(peers, server)
  testSeveralPasswords(peers)
}

function testVerification(peers: readonly Peer[], server: RunningServer): void {
  const mariadb = installed(peers, 'mariadb 11.8')
  test('mariadb 11.8 verifies the certificate by its authority', { skip: !mariadb && 'MISSING' }, async () => {
    assert(mariadb)
    // On 127.0.0.1 it verifies nothing.
    const who = { user: 'tls_only', password: 'pw-right', host: 'localhost', tls: 'verified' } as const
    const ca = join(dirname(server.socket), 'data/ca.pem')
    assert.deepEqual(await loginOver(server, 'tls', mariadb, { ...who, ca }), { ok: true, rows: [['tls_only@%']] })
    // Instead of an authority it would take MariaDB's proof by the password, which the front door does not give.
    assert.deepEqual(await loginOver(server, 'tls', mariadb, who), {
      ok: false,
      code: 2026,
      sqlState: 'HY000',
      text: 'TLS/SSL error: self-signed certificate in certificate chain',
    })
  })
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
