/**
 * Our own client against real servers: the matrix of test/logins on MySQL and two MariaDB's, the certificates that servers make for
 * themselves, and the page that says what came out.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { compatibilityPage, type ServerCells, withoutVersions } from '../logins/compatibility.ts'
import { cases, channels, type Plugin, type ServerName } from '../logins/expectations.ts'
import { type Cell, makeAccounts, runRow, type ServerUnderTest, surprises, userOf } from '../logins/matrix.ts'
import { login } from './clients.ts'
import { type InstalledPeer, installed, type Peer, type PeerName } from './install.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

interface Row {
  readonly name: ServerName
  readonly peer: PeerName
  readonly plugins: readonly Plugin[]
  readonly settings: readonly string[]
}

const mariadbSettings = ['--disconnect-on-expired-password=ON']

/** The last two are one product: its PAM plugin asks in one of two ways, and comes in two builds. */
const rows: readonly Row[] = [
  {
    name: 'MySQL 9.7',
    peer: 'mysqld',
    plugins: ['caching_sha2_password', 'sha256_password'],
    settings: [],
  },
  {
    name: 'MariaDB 10.11',
    peer: 'mariadbd',
    plugins: ['mysql_native_password', 'client_ed25519'],
    settings: [...mariadbSettings, '--plugin-load-add=auth_ed25519'],
  },
  {
    name: 'MariaDB 11.8',
    peer: 'mariadbd 11.8',
    plugins: ['mysql_native_password', 'caching_sha2_password', 'client_ed25519', 'parsec', 'dialog'],
    settings: [...mariadbSettings, '--plugin-load-add=auth_mysql_sha2;auth_ed25519;auth_parsec;auth_pam'],
  },
  {
    name: 'MariaDB 11.8',
    peer: 'mariadbd 11.8',
    plugins: ['mysql_clear_password'],
    settings: [...mariadbSettings, '--plugin-load-add=auth_pam_v1', '--pam-use-cleartext-plugin'],
  },
]

/**
 * Declares the tests. Each server starts before its tests and ends after them.
 *
 * @param report where the page is written; left out: the page of docs/ must say the same.
 */
export function testOurClient(peers: readonly Peer[], report: string | undefined): void {
  const seen = new Map<ServerName, ServerCells>()
  for (const row of rows) {
    const peer = installed(peers, row.peer)
    if (peer === undefined) test(`our client on ${row.name}`, { skip: `MISSING: ${row.peer}` })
    else testRow(peers, peer, row, (cells) => remember(seen, row.name, peer.version, cells))
  }
  const missing = rows.filter(({ peer }) => installed(peers, peer) === undefined).map(({ peer }) => peer)
  test('docs/compatibility.md says what came out', { skip: missing.length > 0 && `MISSING: ${missing}` }, async () => {
    const page = compatibilityPage([...seen.values()])
    if (report !== undefined) await writeFile(report, page)
    else {
      const written = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
      assert.equal(withoutVersions(page), withoutVersions(written))
    }
  })
}

function testRow(peers: readonly Peer[], peer: InstalledPeer, row: Row, done: (cells: readonly Cell[]) => void): void {
  // MariaDB remembers no password, so its rows can run side by side; mysqld forgets all of them at once.
  const concurrency = row.peer === 'mysqld' ? 1 : 6
  describe(`our client on ${row.name} (${peer.version}): ${row.plugins.join(', ')}`, { concurrency }, () => {
    let server: RunningServer
    let underTest: ServerUnderTest
    let administrator: Awaited<ReturnType<typeof createConnection>>

    before(async () => {
      const start = row.peer === 'mysqld' ? startMysqld : startMariadbd
      // A login that our client breaks off counts as an error of its host.
      server = await start(peers, peer, ['--max-connect-errors=1000000', ...row.settings], 'ours')
      administrator = await createConnection({ socketPath: server.socket, user: 'root' })
      const { name, plugins } = row
      const { host, port, socket: socketPath, ca = '' } = server
      underTest = {
        ...{ name, plugins, host, port, socketPath, ca },
        admin: (sql) => administrator.query(sql),
        flush: async () => row.peer === 'mysqld' && administrator.query('FLUSH PRIVILEGES'),
      }
      await makeAccounts(underTest)
    })

    after(async () => {
      await administrator?.end()
      await server?.stop()
    })

    const theirs = installed(peers, row.peer === 'mysqld' ? 'mysql' : 'mariadb 11.8')
    test('their own client enters the same accounts', { skip: !theirs && 'MISSING' }, async () => {
      assert(theirs)
      const { host, port } = server
      for (const plugin of row.plugins) {
        const user = userOf(plugin, 'right')
        const who = { user, password: cases.right.password, sql: 'SELECT CURRENT_USER()' }
        assert.deepEqual(await login(theirs, { host, port, tls: 'off', ...who }), { ok: true, rows: [[`${user}@%`]] })
      }
    })

    for (const plugin of row.plugins) {
      for (const channel of channels) {
        test(`${plugin} over ${channel}`, async () => {
          const cells = await runRow(underTest, plugin, channel)
          done(cells)
          assert.deepEqual(surprises(cells), [])
        })
      }
    }
  })
}

function remember(seen: Map<ServerName, ServerCells>, name: ServerName, version: string, cells: readonly Cell[]): void {
  seen.set(name, { name, version, cells: [...(seen.get(name)?.cells ?? []), ...cells] })
}
