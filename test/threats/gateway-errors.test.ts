/** T51 and T54: what of a backend reaches a client, and what of a client reaches a backend beside its own session. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { denyReasons } from '../../src/errors/deny-reasons.ts'
import { ConfigurationError, clientError, MysqlError, receivedError } from '../../src/errors/errors.ts'
import { accountsStatement } from '../../src/gateway/account-view.ts'
import { denialOf } from '../../src/gateway/backend-errors.ts'
import type { Login as LoginFacts } from '../../src/machine/login.ts'
import { LyingBackend } from '../gateway/lying-backend.ts'
import { openViewedDoor, type ViewedDoor } from '../gateway/viewed-door.ts'
import { err, frame } from '../rogue/packets.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { crowd } from './measure.ts'
import { command, loginPacket, Stranger } from './stranger.ts'

const password = 'right'
const native = 'mysql_native_password'
/** As real servers word it: users, hosts, ports, limits. */
const inside = "Access denied for user 'shared_rw'@'10.1.2.3' at db7.internal:3399 (max_user_connections 17)"
const traces = /shared_rw|10\.1\.2\.3|db7|internal|3399|17/

describe('an error of a backend', { timeout: 30_000 }, () => {
  const login = { user: 'clerk', database: 'shop' } as LoginFacts

  it('T51 tells nothing of the backend to a client that the gateway logged in for, whatever its number', () => {
    const codes = [...range(1000, 2000), ...range(3000, 4300), 13_000, 65_535]
    const errors = codes.map((code) => receivedError(code, 'HY000', inside))
    const ways = ['CR_SERVER_LOST', 'CR_CONN_HOST_ERROR', 'CR_SSL_CONNECTION_ERROR', 'CR_AUTH_PLUGIN_ERR'] as const
    const others = [
      ...ways.map((symbol) => clientError(symbol, inside, inside, inside)),
      new ConfigurationError(inside),
    ]
    for (const provenBy of ['its proof', 'gateway'] as const) {
      for (const error of [...errors, ...others, new Error(inside), inside]) {
        const { error: told } = denialOf(error, { provenBy, login, host: 'client.example.com' })
        assert.doesNotMatch(`${told.message} ${told.sqlState}`, traces, `${provenBy}: ${error}`)
      }
    }
  })

  it('T51 is the client’s only where it is about the client', () => {
    for (const provenBy of ['client', 'its proof', 'gateway'] as const) {
      for (const code of [1040, 1053, 1129, 1130, 3032]) {
        const { blame, error } = denialOf(receivedError(code, 'HY000', inside), { provenBy, login, host: 'h' })
        assert.notEqual(blame, 'client', `${code}, ${provenBy}`)
        assert.equal(error.code, code === 1040 ? 1040 : 2003)
        assert.doesNotMatch(error.message, traces)
      }
    }
  })

  it('T51 is told on the wire as it was decided', async () => {
    const liar = await LyingBackend.open()
    const gateway = await openTestGateway({
      backends: [{ name: 'db7', connect: { host: '127.0.0.1', port: liar.port, tls: { mode: 'DISABLED' } } }],
      rules: [{ way: 'mapped', as: { user: 'shared_rw', credential: { password: 'behind' } }, pool: 'off' }],
      accounts: [{ user: 'clerk', plugin: native, password }],
    })
    try {
      for (const code of [1040, 1044, 1045, 1049, 1129, 1130, 1203, 1226, 3118, 1862, 1053]) {
        const [backend] = gateway.gateway.backends.all
        await until(() => backend?.state === 'up' && !backend.doubted, 'the watch has looked')
        liar.lieOnce({ at: 'verdict', says: frame(err(inside, code), 4), and: 'leaves' })
        const options = { port: gateway.port, user: 'clerk', password, tls: { mode: 'DISABLED' } } as const
        await assert.rejects(connect(options), (error) => {
          assert.ok(error instanceof MysqlError)
          assert.doesNotMatch(error.message, traces)
          return true
        })
      }
    } finally {
      await gateway.close().finally(() => liar.close())
    }
  })
})

describe('what clients do wrong', { timeout: 30_000 }, () => {
  let viewed: ViewedDoor
  let gateway: TestGateway

  before(async () => {
    viewed = await openViewedDoor(
      [
        ...['relay', 'backend'].map((user) => ({ user, plugin: native, password })),
        { user: 'cold', password },
        { user: 'clear', plugin: 'mysql_clear_password', password },
        ...["o'wn", 'own', 'shared'].map((user) => ({ user, plugin: native, password: 'behind' })),
        { user: 'sha2', password: 'behind' },
      ],
      { max_connections: 1000, saltgate_allow_clear_password: true },
    )
    const credential = { password: 'behind' }
    gateway = await openTestGateway({
      // Without a key, and without TLS, no password can be given in full.
      backends: [{ name: 'one', connect: { host: '127.0.0.1', port: viewed.door.port, tls: { mode: 'DISABLED' } } }],
      rules: [
        { user: 'backend', way: 'backend' },
        { user: 'mapped', way: 'mapped', as: { user: 'shared', credential } },
        { user: 'sha2', way: 'own', credentials: credential },
        { user: '%own', way: 'own', credentials: credential },
        { user: "o'wn", way: 'own', credentials: credential },
        { way: 'relay' },
      ],
      with: { backendAccounts: viewed.accounts },
      accounts: ['own', "o'wn", 'mapped', 'sha2'].map((user) => ({ user, plugin: native, password })),
      settings: { max_connections: 1000, max_connect_errors: 1_000_000 },
    })
  })

  after(async () => {
    await gateway.close().finally(() => viewed.close())
    assert.deepEqual(gateway.errors, [])
  })

  const optionsOf = (user: string, more: ConnectOptions = {}): ConnectOptions => ({
    ...{ host: '127.0.0.1', port: gateway.port, user, password, tls: { mode: 'DISABLED' } },
    ...more,
  })

  const counted = () => viewed.door.refusals.filter(({ reason }) => denyReasons[reason].connectError)

  /** The watch of a backend that was refused looks at it again, from outside. */
  const ofClients = () => viewed.door.refusals.filter(({ user }) => user !== 'saltgate-monitor')

  it('T51 reaches no backend at all, where the gateway judges', async () => {
    const before = ofClients().length
    const { opened } = gateway.gateway.pool.counters
    await crowd(600, 50, (i) =>
      assert.rejects(connect(optionsOf(['own', 'mapped', 'backend'][i % 3] ?? '', { password: `wrong ${i}` })), {
        code: 1045,
      }),
    )
    assert.equal(ofClients().length, before)
    assert.equal(gateway.gateway.pool.counters.opened, opened)
  })

  it('T51 is no broken handshake there, where it is relayed', async () => {
    const before = ofClients().length
    await crowd(300, 50, async (i) => {
      if (i % 3 === 0)
        return assert.rejects(connect(optionsOf(`nobody ${i}`, { getServerPublicKey: true })), { code: 1045 })
      if (i % 3 === 1) return assert.rejects(connect(optionsOf('relay', { password: 'wrong' })), { code: 1045 })
      const stranger = await Stranger.greeted(gateway.port)
      stranger.send(loginPacket({ user: i % 2 === 0 ? 'relay' : 'cold', plugin: native, proof: Buffer.alloc(20) }))
      if (i % 4 === 2) await stranger.packet()
      stranger.destroy()
    })
    await until(() => gateway.gateway.passages.size === 0, 'the clients have left')
    await until(() => gateway.gateway.backends.all[0]?.connections === 0, 'the backend is left')
    assert.ok(ofClients().length >= before + 200)
    assert.deepEqual(counted(), [])
  })

  it('T51 is no broken handshake there, where the gateway may not give what the backend asks for', async () => {
    // The password in clear over plaintext; the password in full without a key.
    await assert.rejects(connect(optionsOf('clear', { enableCleartextPlugin: true })), MysqlError)
    await assert.rejects(connect(optionsOf('sha2')), { code: 2003 })
    await until(() => gateway.gateway.backends.all[0]?.connections === 0, 'the backend is left')
    assert.deepEqual(new Set(ofClients().map(({ user }) => user)).has('clear'), true)
    assert.deepEqual(new Set(ofClients().map(({ user }) => user)).has('sha2'), true)
    assert.deepEqual(counted(), [])
  })

  it('T54 changes no statement of the gateway’s own, whatever it calls itself', async () => {
    const nasty = [
      "'; DROP TABLE mysql.user; -- ",
      '`',
      '"',
      '\\',
      '%',
      '_',
      '*/ SELECT 1 /*',
      "o'wn",
      '$' + '{own}',
      '\u0301own',
      'own\n',
    ]
    const { length } = viewed.statements
    const attributes = Object.fromEntries(nasty.map((text) => [text, text]))
    for (const user of [...nasty, 'own', 'backend', 'mapped', 'relay']) {
      for (const database of [undefined, ...nasty.slice(0, 5)]) {
        const more = { ...(database !== undefined && { database }), connectAttributes: attributes }
        await connect(
          optionsOf(user, { ...more, password: user === "o'wn" || !nasty.includes(user) ? password : 'x' }),
        ).then(
          (connection) => connection.close(),
          (error: unknown) => assert.ok(error instanceof MysqlError, `${error}`),
        )
      }
    }
    await viewed.accounts.afterRefusal(nasty[0] ?? '')
    await until(() => gateway.gateway.passages.size === 0, 'the clients have left')
    const settled = () => gateway.gateway.pool.shelves().every(({ open, idle }) => open === idle)
    await until(settled, 'all links are reset')
    const ran = new Set(viewed.statements.slice(length).map((sql) => sql.replace(/=\d+/g, '=N')))
    const reset = 'SET character_set_client=N, character_set_results=N, collation_connection=N'
    const constant = [accountsStatement(), reset, 'SELECT HEX(DATABASE()) AS defaultDatabase']
    assert.ok(ran.has(accountsStatement()))
    assert.deepEqual(
      [...ran].filter((sql) => !constant.includes(sql)),
      [],
    )
  })

  it('T54 is a name of a database in a packet of its own, never part of a statement', async () => {
    const stranger = await Stranger.loggedIn(gateway.port, { user: 'own', password, plugin: native })
    const { length } = viewed.statements
    await stranger.run(command.initDb, '`; DROP TABLE mysql.user; -- ')
    stranger.destroy()
    assert.deepEqual(
      viewed.statements.slice(length).filter((sql) => sql.includes('DROP')),
      [],
    )
  })
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
