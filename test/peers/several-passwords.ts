/**
 * Accounts with several passwords: MySQL's factors, all of which must hold, and MariaDB's alternatives, any of which does. Real
 * clients and ours meet the front door; for the alternatives also a real MariaDB, which must let in and refuse the same. A real mysqld
 * cannot have these factors: it refuses a further one whose credential it would store itself (4052).
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection, RowDataPacket } from 'mysql2/promise'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import type { ClientName, ClientOutcome } from './clients.ts'
import { type ChannelName, channels } from './expectations.ts'
import { installed, type Peer } from './install.ts'
import { administrator, loginOver } from './over-channel.ts'
import { type RunningServer, startFrontDoor, startMariadbd } from './servers.ts'

/** One login with these passwords, those of further factors behind the first. */
type Enter = (
  to: RunningServer,
  channel: ChannelName,
  user: string,
  passwords: readonly string[],
) => Promise<ClientOutcome>

/** Declares the tests. The servers start before the first of them, and end after the last. */
export function testSeveralPasswords(peers: readonly Peer[]): void {
  testFactors(peers)
  testAlternatives(peers, 'the front door', () => startFrontDoor(peers))
  const mariadbd = installed(peers, 'mariadbd 11.8')
  if (mariadbd === undefined) test('alternatives of MariaDB', { skip: 'MISSING: mariadbd 11.8' })
  else {
    const settings = ['--plugin-load-add=auth_ed25519', '--max-connect-errors=1000000']
    const start = () => startMariadbd(peers, mariadbd, settings, 'ours')
    testAlternatives(peers, `MariaDB ${mariadbd.version}`, start)
  }
}

const factors = [
  `CREATE USER 'two'@'%' IDENTIFIED WITH caching_sha2_password BY 'pw-1'
     AND IDENTIFIED WITH mysql_native_password BY 'pw-2'`,
  `CREATE USER 'three'@'%' IDENTIFIED WITH caching_sha2_password BY 'pw-1'
     AND IDENTIFIED WITH sha256_password BY 'pw-2' AND IDENTIFIED WITH mysql_clear_password BY 'pw-3'`,
  "CREATE USER 'gate'@'%' IDENTIFIED BY 'pw-gate'",
]

/** What is given, and why the front door refused: the client hears 1045 each time. */
const triesOfFactors: readonly { user: string; given: readonly string[]; refused?: string }[] = [
  { user: 'two', given: ['pw-1', 'pw-2'] },
  { user: 'two', given: ['pw-1', 'pw-2', 'pw-not-asked-for'] },
  { user: 'two', given: ['pw-x', 'pw-2'], refused: 'secret-mismatch' },
  { user: 'two', given: ['pw-1', 'pw-x'], refused: 'scramble-mismatch in factor 2' },
  { user: 'two', given: ['pw-2', 'pw-1'], refused: 'secret-mismatch' },
  { user: 'two', given: ['pw-1'], refused: 'no-password in factor 2' },
  { user: 'three', given: ['pw-1', 'pw-2', 'pw-3'] },
  { user: 'three', given: ['pw-x', 'pw-2', 'pw-3'], refused: 'secret-mismatch' },
  { user: 'three', given: ['pw-1', 'pw-x', 'pw-3'], refused: 'secret-mismatch in factor 2' },
  { user: 'three', given: ['pw-1', 'pw-2', 'pw-x'], refused: 'secret-mismatch in factor 3' },
  { user: 'three', given: ['pw-1', 'pw-2'], refused: 'no-password in factor 3' },
  { user: 'three', given: ['pw-1'], refused: 'no-password in factor 2' },
]

function testFactors(peers: readonly Peer[]): void {
  describe('accounts of two and three factors', () => {
    const at = startBefore(() => startFrontDoor(peers, ['saltgate_allow_clear_password=ON']), factors)

    const enters = async (enter: Enter, channel: ChannelName, tries: typeof triesOfFactors) => {
      for (const { user, given, refused } of tries) {
        const outcome = await enter(at().server, channel, user, given)
        const what = `${user} with ${given}`
        assert.deepEqual(outcome, refused === undefined ? inAs(user) : accessDenied(user, 'YES'), what)
        // The table of handshakes is about logins alone.
        if (enter !== changingUser) assert.equal(await lastRefusal(at().root), refused, what)
      }
    }

    for (const [name, enter] of Object.entries({ mysql: byClient(peers, 'mysql'), ...byOurClient })) {
      for (const channel of ['tls', 'unix-socket'] as const) {
        test(`${name} enters over ${channel} with every password, and with no other`, skipWithout(enter), () =>
          enters(enter!, channel, triesOfFactors),
        )
      }
    }

    const withOne: readonly ClientName[] = ['mariadb', 'mariadb 11.8', 'PyMySQL 1.0', 'PyMySQL 1.1.1', 'PyMySQL 1.2']
    for (const name of withOne) {
      const enter = byClient(peers, name)
      test(`${name}, which knows of one factor, is refused behind it`, skipWithout(enter), () =>
        enters(enter!, 'tls', [
          { user: 'two', given: ['pw-1'], refused: 'no-multi-factor in factor 2' },
          { user: 'three', given: ['pw-1'], refused: 'no-multi-factor in factor 2' },
          { user: 'two', given: ['pw-x'], refused: 'secret-mismatch' },
        ]),
      )
    }

    const connector = byClient(peers, 'mysql-connector')
    test('mysql-connector, which knows of several factors, is refused with one password', skipWithout(connector), () =>
      enters(connector!, 'tls', [{ user: 'two', given: ['pw-1'], refused: 'no-password in factor 2' }]),
    )
  })
}

const alternatives = [
  `CREATE USER 'either'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('pw-ed')
     OR mysql_native_password USING PASSWORD('pw-native')`,
  "CREATE USER 'gate'@'%' IDENTIFIED BY 'pw-gate'",
]

function testAlternatives(peers: readonly Peer[], name: string, start: () => Promise<RunningServer>): void {
  // MariaDB answers a refused COM_CHANGE_USER after a second.
  describe(`an account of two alternatives on ${name}`, { concurrency: 4 }, () => {
    const at = startBefore(start, alternatives)
    const clients = {
      mariadb: byClient(peers, 'mariadb'),
      'mariadb 11.8': byClient(peers, 'mariadb 11.8'),
      ...byOurClient,
    }
    for (const [name, enter] of Object.entries(clients)) {
      for (const channel of channels) {
        test(`${name} enters over ${channel} with either password, and with no other`, skipWithout(enter), async () => {
          const over = (password: string) => enter!(at().server, channel, 'either', [password])
          assert.deepEqual(await over('pw-ed'), inAs('either'))
          assert.deepEqual(await over('pw-native'), inAs('either'))
          assert.deepEqual(await over('pw-x'), accessDenied('either', 'YES'))
          // The answer to ed25519 is never empty.
          assert.deepEqual(await over(''), accessDenied('either', 'YES'))
        })
      }
    }
  })
}

/** A real client, if it is there. */
function byClient(peers: readonly Peer[], name: ClientName): Enter | undefined {
  const client = installed(peers, name)
  if (client === undefined) return undefined
  return async (to, channel, user, [password = '', ...furtherPasswords]) => {
    const outcome = await loginOver(to, channel, client, { user, password, furtherPasswords })
    // Older versions of PyMySQL keep no SQLSTATE.
    return outcome.ok ? outcome : { ...outcome, sqlState: outcome.sqlState ?? '28000' }
  }
}

const connecting: Enter = (to, channel, user, passwords) =>
  outcomeOf(() => connect({ ...where(to, channel), user, ...secrets(passwords) }))

const changingUser: Enter = (to, channel, user, passwords) =>
  outcomeOf(async () => {
    const connection = await connect({ ...where(to, channel), user: 'gate', password: 'pw-gate' })
    await connection.changeUser({ user, ...secrets(passwords) })
    return connection
  })

const byOurClient = { 'our client': connecting, 'our client by COM_CHANGE_USER': changingUser }

function where({ host, port, socket, ca = '' }: RunningServer, channel: ChannelName): ConnectOptions {
  const allowed = { enableCleartextPlugin: true, getServerPublicKey: true }
  if (channel === 'unix-socket') return { ...allowed, socketPath: socket }
  const tls = channel === 'tls' ? ({ mode: 'VERIFY_IDENTITY', ca } as const) : ({ mode: 'DISABLED' } as const)
  return { ...allowed, host, port, tls }
}

function secrets([password = '', password2 = '', password3 = '']: readonly string[]) {
  return { password, password2, password3 }
}

async function outcomeOf(enter: () => ReturnType<typeof connect>): Promise<ClientOutcome> {
  try {
    await using connection = await enter()
    const { rows } = await connection.query('SELECT CURRENT_USER() AS who')
    return { ok: true, rows: rows.map(({ who }) => [String(who)]) }
  } catch (error) {
    assert(error instanceof MysqlError, String(error))
    return { ok: false, code: error.code, sqlState: error.sqlState, text: error.message }
  }
}

interface Started {
  readonly server: RunningServer
  readonly root: Connection
}

/** Starts a server before the tests of a suite, with these accounts, and ends it after them. */
function startBefore(start: () => Promise<RunningServer>, accounts: readonly string[]): () => Started {
  let server: RunningServer | undefined
  let root: Connection | undefined
  before(async () => {
    server = await start()
    root = await administrator(server)
    for (const sql of accounts) await root.query(sql)
  })
  after(async () => {
    await root?.end()
    await server?.stop()
  })
  return () => ({ server: server!, root: root! })
}

/** Why the front door refused its latest login; `undefined` when it did not. */
async function lastRefusal(root: Connection): Promise<string | undefined> {
  const [[last]] = await root.query<RowDataPacket[]>(
    'SELECT deny_reason, detail FROM saltgate.handshakes ORDER BY connection_id DESC LIMIT 1',
  )
  assert(last)
  if (last.deny_reason === null) return undefined
  return last.detail === null ? last.deny_reason : `${last.deny_reason} in ${last.detail}`
}

function inAs(user: string): ClientOutcome {
  return { ok: true, rows: [[`${user}@%`]] }
}

function accessDenied(user: string, usingPassword: 'YES' | 'NO'): ClientOutcome {
  const text = `Access denied for user '${user}'@'localhost' (using password: ${usingPassword})`
  return { ok: false, code: 1045, sqlState: '28000', text }
}

function skipWithout(enter: Enter | undefined): { skip: string | false } {
  return { skip: enter === undefined && 'MISSING' }
}
