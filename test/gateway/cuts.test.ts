/**
 * Every login flow through a gateway, cut behind its bytes on either leg: the right error, at once, nothing left open, and no handshake that
 * a backend would count against the gateway's address. With SALTGATE_EVERY_BYTE=1, in every way behind each byte of each flow.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { denyReasons } from '../../src/errors/deny-reasons.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { crowd } from '../threats/measure.ts'
import { type Cut, CuttingProxy } from './cutting-proxy.ts'
import { openViewedDoor, type ViewedDoor } from './viewed-door.ts'

const everyByte = process.env.SALTGATE_EVERY_BYTE === '1'
const password = 'right'

type Leg = 'plain' | 'tls'

interface Flow {
  readonly user: string
  readonly client: Leg
  readonly backend: Leg
  /** Full authentication each time: what was learned is forgotten before. */
  readonly cold?: true
  /** In `npm test`, of so many bytes one. */
  readonly stride?: number
}

/** Users are called by the way, their plugin and the leg of the backend, by which rules and accounts are chosen. */
const flows: Readonly<Record<string, Flow>> = {
  'relay, native': { user: 'relay-native-plain', client: 'plain', backend: 'plain' },
  'relay, caching_sha2 fast': { user: 'relay-sha2-plain', client: 'plain', backend: 'plain', stride: 3 },
  'relay, caching_sha2 full by RSA': {
    user: 'relay-cold-plain',
    client: 'plain',
    backend: 'plain',
    cold: true,
    stride: 17,
  },
  'relay, bridged from RSA to TLS': { user: 'relay-cold-tls', client: 'plain', backend: 'tls', cold: true, stride: 29 },
  'relay, TLS on both legs': { user: 'relay-native-tls', client: 'tls', backend: 'tls', stride: 37 },
  'own, native': { user: 'own-native-plain', client: 'plain', backend: 'plain', stride: 3 },
  'mapped, caching_sha2 fast': { user: 'mapped-sha2-plain', client: 'plain', backend: 'plain', stride: 3 },
  'mapped, caching_sha2 full over TLS': {
    user: 'mapped-cold-tls',
    client: 'tls',
    backend: 'tls',
    cold: true,
    stride: 37,
  },
  'backend, native': { user: 'backend-native-plain', client: 'plain', backend: 'plain', stride: 3 },
  'backend, caching_sha2 fast': { user: 'backend-sha2-plain', client: 'plain', backend: 'plain', stride: 3 },
  'backend, caching_sha2 full by RSA': {
    user: 'backend-cold-plain',
    client: 'plain',
    backend: 'plain',
    cold: true,
    stride: 17,
  },
}

const users = Object.values(flows).map(({ user }) => user)
const pluginOf = (user: string) => (user.includes('native') ? 'mysql_native_password' : 'caching_sha2_password')
const accountsOf = (ways: RegExp) => {
  return users.filter((user) => ways.test(user)).map((user) => ({ user, password, plugin: pluginOf(user) }))
}

/** Of the gateway's login at a backend; that of the gateway itself is 2 seconds, the least there is. Units: ms. */
const backendPatienceMs = 1000

describe('a login that is cut', { timeout: everyByte ? 600_000 : 60_000 }, () => {
  let viewed: ViewedDoor
  let gateway: TestGateway
  let clientLeg: CuttingProxy
  const backendLegs = {} as Record<Leg, CuttingProxy>

  before(async () => {
    const room = { max_connections: 10_000, max_connect_errors: 1_000_000 }
    const shared = accountsOf(/^(?:own|mapped)/).map((one) => ({ ...one, password: 'behind' }))
    viewed = await openViewedDoor([...accountsOf(/^(?:relay|backend)/), ...shared], room)
    for (const leg of ['plain', 'tls'] as const) backendLegs[leg] = await CuttingProxy.open(viewed.door.port)
    const backend = (leg: Leg) => ({
      name: leg,
      connect: {
        ...{ host: '127.0.0.1', port: backendLegs[leg].port, connectTimeoutMs: backendPatienceMs },
        ...({ tls: { mode: leg === 'tls' ? 'REQUIRED' : 'DISABLED' }, getServerPublicKey: true } as const),
      },
    })
    const credential = { password: 'behind' }
    gateway = await openTestGateway({
      backends: [backend('plain'), backend('tls')],
      rules: (['plain', 'tls'] as const).flatMap((leg) => [
        { user: `relay-%-${leg}`, way: 'relay', to: { backend: leg } } as const,
        { user: `own-%-${leg}`, way: 'own', credentials: credential, pool: 'off', to: { backend: leg } } as const,
        { user: `backend-%-${leg}`, way: 'backend', pool: 'off', to: { backend: leg } } as const,
        ...users
          .filter((user) => user.startsWith('mapped') && user.endsWith(leg))
          .map(
            (user) => ({ user, way: 'mapped', as: { user, credential }, pool: 'off', to: { backend: leg } }) as const,
          ),
      ]),
      with: { backendAccounts: viewed.accounts },
      accounts: accountsOf(/^(?:own|mapped)/),
      settings: { ...room, connect_timeout: 2 },
    })
    // The watch would be cut too, and what it makes of that is tested elsewhere: here every backend counts as up.
    for (const one of gateway.gateway.backends.all) {
      one.onFailure = () => {}
      one.onLoss = () => {}
    }
    clientLeg = await CuttingProxy.open(gateway.port)
  })

  after(async () => {
    await clientLeg.close()
    for (const leg of Object.values(backendLegs)) await leg.close()
    await gateway.close().finally(() => viewed.close())
    assert.deepEqual(gateway.errors, [])
  })

  for (const [name, flow] of Object.entries(flows)) {
    it(`leaves nothing behind, cut on the client's leg: ${name}`, async () => {
      const { refusals } = viewed.door
      const before = refusals.length
      await whileCut(flow, clientLeg, (error, where) => {
        assert.ok(error instanceof MysqlError, `${where}: ${error}`)
        assert.match(error.symbol, lostOrLate, where)
      })
      const counted = refusals.slice(before).filter(({ reason }) => denyReasons[reason].connectError)
      const kinds = new Set(counted.map(({ reason, phase }) => `${reason} in ${phase}`))
      assert.deepEqual([...kinds], [], 'what the backend counts towards max_connect_errors')
    })

    it(`is 2003, cut on the backend's leg: ${name}`, async () => {
      await whileCut(flow, backendLegs[flow.backend], (error, where) => {
        assert.ok(error instanceof MysqlError, `${where}: ${error}`)
        assert.equal(error.code, 2003, `${where}: ${error.message}`)
        assert.match(error.message, /no backend of the gateway is available/, where)
      })
    })
  }

  for (const leg of ['client', 'backend'] as const) {
    it(`is given up in time, where the ${leg}'s leg passes nothing on behind a byte`, async () => {
      const socketsBefore = openSockets()
      const proxies = leg === 'client' ? [clientLeg] : Object.values(backendLegs)
      const attempts: (() => Promise<void>)[] = []
      let failures = 0
      for (const flow of Object.values(flows).filter(({ cold }) => cold !== true)) {
        const proxy = leg === 'client' ? clientLeg : backendLegs[flow.backend]
        const whole = await measure(flow, proxy)
        for (const side of ['caller', 'called'] as const) {
          const step = Math.ceil(whole[side] / 12)
          for (let after = 0; after < whole[side]; after += step) {
            attempts.push(async () => {
              const cut: Cut = { of: side, after, how: 'stall' }
              proxy.cuts.push(cut)
              // Connections come in any order: the cut is somebody's.
              const error = await attempt(flow)
              if (error === undefined) return
              failures++
              assert.ok(error instanceof MysqlError, `${error}`)
              assert.match(error.symbol, leg === 'client' ? lostOrLate : /^ER_2003$/, error.message)
            })
          }
        }
      }
      const beganMs = performance.now()
      await crowd(attempts.length, 200, async (i) => attempts[i]?.())
      const rounds = Math.ceil(attempts.length / 200)
      assert.ok(performance.now() - beganMs < rounds * 3000 + 5000, 'deadlines are kept')
      assert.ok(failures > attempts.length / 2, `${failures} of ${attempts.length} failed`)
      await nothingLeft(proxies, socketsBefore)
    })
  }

  /** Cuts by FIN and by RST in turn. */
  async function whileCut(
    flow: Flow,
    leg: CuttingProxy,
    check: (error: unknown, where: string) => void,
  ): Promise<void> {
    const socketsBefore = openSockets()
    const whole = await measure(flow, leg)
    const { stride = 1 } = flow
    for (const side of ['caller', 'called'] as const) {
      for (let i = 0, after = 0; after < whole[side]; i++, after += everyByte ? 1 : stride) {
        for (const how of everyByte ? bothWays : [bothWays[i % 2] ?? 'end']) {
          const cut: Cut = { of: side, after, how }
          leg.cuts.push(cut)
          // Signatures vary by some bytes, and so does where a handshake ends.
          const error = await attempt(flow, after < whole[side] - 8 ? cut : undefined)
          if (error !== undefined) check(error, `${how} behind ${after} of ${whole[side]} bytes of the ${side}`)
        }
      }
    }
    await nothingLeft([leg], socketsBefore)
  }

  /** Bytes of both sides of a login. */
  async function measure(flow: Flow, leg: CuttingProxy): Promise<CuttingProxy['passed']> {
    // The first one may have to authenticate fully, and has no session of TLS to resume.
    for (let i = 0; i < 2; i++) assert.equal(await attempt(flow), undefined, 'it succeeds as long as nobody cuts')
    return { ...leg.passed }
  }

  async function nothingLeft(legs: readonly CuttingProxy[], socketsBefore: number): Promise<void> {
    for (const { cuts } of legs) assert.equal(cuts.length, 0, 'every cut was made')
    await until(() => gateway.front.door.registry.live.size === 0, 'the gateway has seen all of them leave')
    await until(() => gateway.gateway.passages.size === 0, 'the passages are gone')
    await until(() => connectionsToBackends() === 0, 'the backends are left')
    await until(() => legs.every(({ open }) => open === 0), 'the proxies have lost all their sockets')
    await until(() => openSockets() <= socketsBefore, 'there are as few sockets as before')
  }

  function connectionsToBackends(): number {
    return gateway.gateway.backends.all.reduce((sum, { connections }) => sum + connections, 0)
  }

  /** The error of a login; `undefined` where it succeeded, and no cut was made before. */
  async function attempt({ user, client, cold }: Flow, cut?: Cut): Promise<unknown> {
    if (cold) {
      viewed.door.door.realm.fastDigests.forget(user, '%')
      gateway.front.door.realm.fastDigests.forget(user, '%')
      gateway.gateway.configured.backendRealm?.fastDigests.forget(user, '%')
    }
    let connection: Connection | undefined
    try {
      connection = await connect({
        ...{
          host: '127.0.0.1',
          port: clientLeg.port,
          user,
          password,
          connectTimeoutMs: 3000,
          getServerPublicKey: true,
        },
        tls:
          client === 'tls' ? { mode: 'REQUIRED', serverName: `login-${++logins}.example.com` } : { mode: 'DISABLED' },
      })
      if (cut !== undefined) assert.ok(!cut.made, 'a login that succeeds though it was cut')
      // What is cut behind it, a goodbye say, is no matter of the login.
      return undefined
    } catch (error) {
      return error
    } finally {
      await connection?.close()
    }
  }
})

let logins = 0

const bothWays = ['end', 'reset'] as const
const lostOrLate = /^CR_(?:SERVER_LOST|SSL_CONNECTION_ERROR|CONN_HOST_ERROR)$|^ER_NET_READ_INTERRUPTED$/

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|TLSWrap|PipeWrap)$/.test(name)).length
}
