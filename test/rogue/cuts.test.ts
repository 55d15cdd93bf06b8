/** The connection to our own front door, cut behind each byte of each flow: the right error, at once, and nothing left open. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { openDoor, type TestDoor, until } from '../support/door.ts'
import { type Cut, Relay } from './relay.ts'

const password = 'the password of all of them'
const accounts = [
  { user: 'native', plugin: 'mysql_native_password', password },
  { user: 'warm', plugin: 'caching_sha2_password', password },
  { user: 'cold', plugin: 'caching_sha2_password', password },
  { user: 'signer', plugin: 'ed25519', password },
]

interface Flow {
  readonly options: ConnectOptions
  /** What comes behind the login. */
  readonly use?: (connection: Connection) => Promise<unknown>
}

const inClear: ConnectOptions = { tls: { mode: 'DISABLED' } }
let logins = 0

const flows: Readonly<Record<string, Flow>> = {
  mysql_native_password: { options: { ...inClear, user: 'native' } },
  'caching_sha2_password, fast': { options: { ...inClear, user: 'warm' } },
  'caching_sha2_password, full by RSA': { options: { ...inClear, user: 'cold', getServerPublicKey: true } },
  'caching_sha2_password, full by TLS': { options: { user: 'cold' } },
  client_ed25519: { options: { ...inClear, user: 'signer' } },
  'a query': {
    options: { ...inClear, user: 'native' },
    use: (connection) => connection.query('SELECT 1'),
  },
  'a prepared statement': {
    options: { ...inClear, user: 'native' },
    use: (connection) => connection.execute('SELECT ?', [1]),
  },
}

describe('a connection that is cut', () => {
  let server: TestDoor
  let relay: Relay

  before(async () => {
    server = await openDoor({ accounts, settings: { max_connect_errors: 1_000_000, max_connections: 1000 } })
    relay = await Relay.open(server.port)
    const warming = { socketPath: server.socketPath, user: 'warm', password }
    await (await connect(warming)).close()
    await until(() => server.door.registry.live.size === 0, 'the door has seen it leave')
  })

  after(async () => {
    await relay.close()
    await server.close()
  })

  for (const [name, flow] of Object.entries(flows)) {
    it(`is lost at once, behind each byte of either side: ${name}`, async () => {
      const socketsBefore = openSockets()
      assert.equal(await attempt(flow, undefined), undefined)
      const whole = { ...relay.passed }
      for (const side of ['server', 'client'] as const) {
        for (let cut = 0; cut < whole[side]; cut++) {
          const error = await attempt(flow, { of: side, after: cut })
          const where = `${cut} of ${whole[side]} bytes of the ${side}`
          // The length of a signature varies by some bytes, and so does where a handshake ends.
          if (error === undefined && flow.options.tls === undefined && cut > whole[side] - 16) continue
          assert.ok(error instanceof MysqlError, `${where}: ${error}`)
          assert.doesNotMatch(error.message, /no answer within/, where)
          const inTls = error.phase === 'tls'
          assert.equal(error.symbol, inTls ? 'CR_SSL_CONNECTION_ERROR' : 'CR_SERVER_LOST', `${where}: ${error.message}`)
          if (error.login !== undefined) assert.match(error.login.phase, /^(greeting|tls|verdict)$/, where)
          else assert.notEqual(flow.use, undefined, where)
        }
      }
      await until(() => relay.open === 0, 'the relay has lost all its sockets')
      await until(() => server.door.registry.live.size === 0, 'the door has seen all of them leave')
      await until(() => openSockets() <= socketsBefore, 'there are as few sockets as before')
    })
  }

  async function attempt({ options, use }: Flow, cut: Cut | undefined): Promise<unknown> {
    relay.cut = cut
    server.door.realm.fastDigests.forget('cold', '%')
    const tls = options.tls ?? { mode: 'REQUIRED', serverName: `login-${++logins}.example.com` }
    let connection: Connection | undefined
    try {
      connection = await connect({
        host: '127.0.0.1',
        port: relay.port,
        password,
        connectTimeoutMs: 5000,
        ...options,
        tls,
      })
      await use?.(connection)
      return undefined
    } catch (error) {
      return error
    } finally {
      connection?.destroy()
      await connection?.closed
    }
  }
})

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TLSWrap|PipeWrap)$/.test(name)).length
}
