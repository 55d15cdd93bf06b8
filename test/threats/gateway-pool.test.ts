/** T47 and T48: whose connection to a backend a client may get, at its login and by COM_CHANGE_USER. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import type { Hooks } from '../../src/gateway/hooks.ts'
import { CuttingProxy } from '../gateway/cutting-proxy.ts'
import { openViewedDoor, type ViewedDoor } from '../gateway/viewed-door.ts'
import { nul } from '../support/bytes.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { crowd } from './measure.ts'
import { command, frame, Stranger } from './stranger.ts'

const password = 'right'
const native = 'mysql_native_password'

interface Who {
  readonly who: string
  readonly database: string | null
  readonly variables: string
}

describe('connections to a backend that several clients share', { timeout: 60_000 }, () => {
  let viewed: ViewedDoor
  let leg: CuttingProxy
  let gateway: TestGateway
  let refuseSession = ''
  const hooks: Hooks = {
    readAuthResult: (result) =>
      result.is === 'ok' && result.user === refuseSession ? { do: 'refuse', detail: 'for a test' } : undefined,
  }

  before(async () => {
    viewed = await openViewedDoor([
      { user: 'relayed', plugin: native, password },
      { user: 'backend', plugin: native, password },
      { user: 'cached', password },
      { user: 'blocked', plugin: native, password, failedLoginAttempts: 3, passwordLockTimeDays: -1 },
      { user: 'own', plugin: native, password: 'behind', privileges: new Set(['SELECT']) },
      { user: 'other', plugin: native, password: 'behind' },
    ])
    leg = await CuttingProxy.open(viewed.door.port)
    gateway = await openTestGateway({
      backends: [
        {
          name: 'one',
          connect: { host: '127.0.0.1', port: leg.port, tls: { mode: 'DISABLED' }, getServerPublicKey: true },
        },
      ],
      rules: [
        { user: 'relayed', way: 'relay' },
        { user: 'backend', way: 'backend' },
        { user: 'cached', way: 'backend' },
        { user: 'mapped', way: 'mapped', as: { user: 'other', credential: { password: 'behind' } } },
        { way: 'own', credentials: { password: 'behind' } },
      ],
      with: { backendAccounts: viewed.accounts, hooks },
      accounts: [
        { user: 'own', plugin: native, password },
        { user: 'blocked', plugin: native, password, failedLoginAttempts: 3, passwordLockTimeDays: -1 },
        { user: 'mapped', plugin: native, password },
      ],
      settings: { max_connections: 2000, max_connect_errors: 1_000_000 },
    })
  })

  after(async () => {
    await gateway.close().finally(async () => {
      await leg.close()
      await viewed.close()
    })
    assert.deepEqual(gateway.errors, [])
  })

  const optionsOf = (user: string, more: ConnectOptions = {}): ConnectOptions => ({
    ...{ host: '127.0.0.1', port: gateway.port, user, password, tls: { mode: 'DISABLED' }, getServerPublicKey: true },
    ...more,
  })

  /** What the session of a login is, which is over afterwards. */
  async function session(user: string, more: ConnectOptions = {}, first?: string): Promise<Who> {
    const connection = await connect(optionsOf(user, more))
    try {
      if (first !== undefined) await connection.query(first)
      const { rows } = await connection.query<Who & Record<string, never>>('SELECT')
      return { ...(rows[0] as Who) }
    } finally {
      await connection.close()
      await allIdle()
    }
  }

  async function allIdle(): Promise<void> {
    await until(() => gateway.gateway.passages.size === 0, 'the clients have left')
    await until(() => lent() === 0, 'all connections are back in the pool')
  }

  function lent(): number {
    return gateway.gateway.pool.shelves().reduce((sum, { open, idle }) => sum + open - idle, 0)
  }

  async function emptyPool(): Promise<void> {
    await allIdle()
    gateway.gateway.pool.discard(() => false)
    await until(() => gateway.gateway.pool.shelves().every(({ open }) => open === 0), 'the pool is empty')
  }

  for (const [user, count] of [
    ['own', 600],
    ['mapped', 300],
    ['backend', 300],
    ['cached', 60],
  ] as const) {
    it(`T47 are not even touched by ${count} wrong passwords at once: ${user}`, async () => {
      await emptyPool()
      await session(user)
      const { pool } = gateway.gateway
      assert.deepEqual(
        pool.shelves().map(({ idle }) => idle),
        [1],
        'one is warm',
      )
      const before = { bytes: { ...leg.passed }, connections: leg.connections, ...pool.counters }
      await crowd(count, 60, (i) =>
        assert.rejects(connect(optionsOf(user, { password: i % 3 === 0 ? '' : `wrong ${i}` })), { code: 1045 }),
      )
      assert.deepEqual({ bytes: { ...leg.passed }, connections: leg.connections, ...pool.counters }, before)
      await session(user)
      assert.equal(pool.counters.handedOver, before.handedOver + 1, 'the right password gets it')
    })
  }

  it('T47 are others for another channel, other capabilities, another way and another credential', async () => {
    await emptyPool()
    const opened = () => gateway.gateway.pool.counters.opened
    const opens = async (what: string, user: string, more: ConnectOptions = {}) => {
      const before = opened()
      await session(user, more)
      assert.equal(opened(), before + 1, what)
      await session(user, more)
      assert.equal(opened(), before + 1, `${what}, a second time`)
    }
    await opens('the first', 'backend')
    await opens('over TLS', 'backend', { tls: { mode: 'REQUIRED' } })
    await opens('with other capabilities', 'backend', { foundRows: true })
    await opens('a user of the same backend', 'cached')
    viewed.source.transact((edit) => {
      const account = edit.read('backend', '%')
      assert.ok(account !== undefined)
      edit.put({ ...account, authString: '*6FE2B845E049CDA9EFED8CFAF265CD29622FD852' })
    })
    await viewed.accounts.reread()
    await assert.rejects(session('backend'), { code: 1045 })
    await opens('with another password', 'backend', { password: 'new' })
    gateway.reload({})
    await until(() => gateway.gateway.pool.shelves().length === 0, 'a reload leaves none')
    await opens('after a reload', 'own')
  })

  it('T47 begin with the database of the client, or with none', async () => {
    assert.equal((await session('own', { database: 'shop' })).database, 'shop')
    assert.equal((await session('own')).database, null)
    assert.equal((await session('own', { database: 'stock' }, 'SET @kept = 1')).database, 'stock')
    assert.deepEqual(await session('own'), { who: 'own@%', database: null, variables: '0' })
  })

  for (const user of ['relayed', 'own', 'mapped', 'cached']) {
    it(`T48 are lost by the first wrong password of COM_CHANGE_USER, however many were sent: ${user}`, async () => {
      await emptyPool()
      const client = await Stranger.loggedIn(gateway.port, { user: 'own', password, plugin: native })
      const before = gateway.refusals.length
      const attempt = frame(
        Buffer.concat([
          Uint8Array.of(command.changeUser),
          nul(user),
          Uint8Array.of(0),
          nul(''),
          Uint8Array.of(255, 0),
          nul(native),
        ]),
        0,
      )
      client.write(...Array<Uint8Array>(1000).fill(attempt))
      const heard = await client.rest()
      client.destroy()
      await allIdle()
      assert.equal(gateway.refusals.length, before + 1, 'one was judged')
      assert.ok(heard.includes('Access denied') || heard.length < 100, heard.toString('latin1'))
      // Of the old identity nothing is left but what the pool has reset.
      assert.deepEqual(await session('own'), { who: 'own@%', database: null, variables: '0' })
    })
  }

  it('T48 count wrong passwords with those of logins', async () => {
    for (let i = 0; i < 3; i++) {
      const client = await Stranger.loggedIn(gateway.port, { user: 'own', password, plugin: native })
      const verdict = await client.changeUser({ user: 'blocked', password: 'wrong', plugin: native })
      assert.equal(verdict.ok, false)
      assert.equal(await client.packet(), undefined, 'the connection ends')
      client.destroy()
    }
    await assert.rejects(connect(optionsOf('blocked')), { code: 3955 })
    await allIdle()
  })

  it('T48 keep neither variables, statements nor database across a change of user, and stay who they are', async () => {
    await emptyPool()
    const connection = await connect(optionsOf('own', { database: 'shop' }))
    await connection.query('SET @kept = 1')
    await connection.execute('SELECT ?', [1])
    const status = viewed.door.door.registry.status
    const statements = status.Prepared_stmt_count
    assert.equal(statements, 1)
    await connection.changeUser({ user: 'mapped', password })
    const { rows } = await connection.query<Who & Record<string, never>>('SELECT')
    assert.deepEqual({ ...rows[0] }, { who: 'other@%', database: null, variables: '0' })
    await until(() => status.Prepared_stmt_count === 0, 'the statements are gone')
    await until(() => gateway.gateway.pool.shelves().some(({ idle }) => idle === 1), 'the old one is back')
    await connection.changeUser({ user: 'own', password })
    const again = await connection.query<Who & Record<string, never>>('SELECT')
    assert.deepEqual({ ...again.rows[0] }, { who: 'own@%', database: null, variables: '0' })
    await connection.close()
    await allIdle()
    assert.equal((await session('mapped')).who, 'other@%')
    assert.equal((await session('own')).who, 'own@%')
  })

  it('T48 are not kept by a change of user that was refused behind the proof', async () => {
    await emptyPool()
    refuseSession = 'mapped'
    try {
      const connection = await connect(optionsOf('own'))
      await assert.rejects(connection.changeUser({ user: 'mapped', password }), MysqlError)
      connection.destroy()
      await connection.closed
    } finally {
      refuseSession = ''
    }
    await allIdle()
  })
})
