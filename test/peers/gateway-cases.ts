/** What other proxies get wrong, a test each, before a MySQL server that blocks a host after two errors. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import { silentLog } from '../../src/server/log.ts'
import { sharedKeys, until } from '../support/door.ts'
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { login } from './clients.ts'
import { driversAmong } from './gateway-drivers.ts'
import {
  accountsOf,
  before as beforeServer,
  legs,
  reach,
  rightPassword,
  rules,
  serverKinds,
  watcher,
} from './gateway-world.ts'
import { installed, type Peer } from './install.ts'
import { type RunningServer, startMysqld } from './servers.ts'

/** Where the server sees the gateways: errors of 127.0.0.1 do not count there. */
const gatewayAddress = '127.0.0.2'

/** Declares the tests. The server starts before them and ends after them. */
export function testGatewayCases(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  const skip = mysqld === undefined && 'MISSING: mysqld'
  describe('a gateway before a MySQL that blocks hosts', { skip, timeout: 120_000 }, () => {
    const kind = serverKinds.find(({ product }) => product === 'MySQL') ?? assert.fail('no MySQL')
    const drivers = driversAmong(peers)
    const users = ['relay_sha2', 'backend_sha2', 'own_sha2', 'mapped_sha2']
    let server: RunningServer
    let root: Connection
    let path: Server
    let accounts: BackendAccounts
    let gateways: Record<(typeof legs)[number], TestGateway>
    let ca: string

    /** From another address, as a gateway on another machine. */
    const connectOf = (leg: (typeof legs)[number]): ConnectOptions => {
      return { ...reach(server, leg), port: (path.address() as AddressInfo).port, ...watcher }
    }
    const open = (options: Partial<TestGatewayOptions> & Pick<TestGatewayOptions, 'backends'>) =>
      openTestGateway({
        ...beforeServer(server, 'plain'),
        // Connections are kept in every way here.
        rules: rules.map(({ pool: _, ...rule }) => rule),
        with: { backendAccounts: accounts },
        ...options,
      })
    const forget = async () => {
      await root.query('FLUSH PRIVILEGES')
      for (const { gateway } of Object.values(gateways)) {
        gateway.configured.ownRealm.fastDigests.clear()
        gateway.configured.backendRealm?.fastDigests.clear()
        gateway.pool.discard(() => false)
      }
    }
    const optionsOf = (user: string, password = rightPassword): ConnectOptions => {
      const { port } = gateways.plain
      return { host: '127.0.0.1', port, tls: { mode: 'VERIFY_IDENTITY', ca }, user, password }
    }
    const errorsOfGateway = async (): Promise<number> => {
      const sql = 'SELECT SUM_CONNECT_ERRORS AS errors FROM performance_schema.host_cache WHERE IP = ?'
      return Number((await root.execute(sql, [gatewayAddress])).rows[0]?.errors ?? 0)
    }

    before(async () => {
      ca = (await sharedKeys()).ca ?? ''
      server = await startMysqld(peers, mysqld ?? assert.fail(), ['--max-connect-errors=2'], 'ours')
      root = await connect(reach(server))
      for (const sql of accountsOf(kind)) await root.query(sql)
      path = createServer((near) => {
        const far = dial({ host: '127.0.0.1', port: server.port, localAddress: gatewayAddress })
        near.pipe(far).pipe(near)
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const)
          one.on('error', () => other.destroy())
        near.on('close', () => far.destroy())
        far.on('close', () => near.destroy())
      })
      await once(path.listen(0, '127.0.0.1'), 'listening')
      accounts = new BackendAccounts({ from: () => connectOf('tls'), leastBetweenMs: 1, log: silentLog })
      await accounts.start()
      gateways = {
        plain: await open({ backends: [{ name: 'one', connect: connectOf('plain') }] }),
        tls: await open({ backends: [{ name: 'one', connect: connectOf('tls') }] }),
      }
    })
    after(async () => {
      for (const driver of drivers) driver.stop?.()
      for (const gateway of Object.values(gateways ?? {})) await gateway.close()
      await accounts?.close()
      path?.close()
      await root?.close()
      await server?.stop()
    })

    test('cold cache without TLS (RSA through a proxy)', async () => {
      const mysql = installed(peers, 'mysql')
      for (const leg of legs) {
        const { port } = gateways[leg]
        for (const user of users) {
          const currentUser = user.startsWith('mapped') ? 'shared@%' : `${user}@%`
          for (const driver of drivers) {
            if (driver.name === 'npm mysql') continue
            await forget()
            const outcome = await driver.login(port, 'plain', { user, password: rightPassword })
            assert.deepEqual(outcome, { in: currentUser }, `${driver.name}, ${user}, ${leg} to the backend`)
          }
          if (mysql === undefined) continue
          // That it was full authentication, and by RSA: who may not ask for the key gets no further.
          await forget()
          const where = { host: '127.0.0.1', port, tls: 'off', sql: 'SELECT 1' } as const
          const keyless = await login(mysql, { ...where, user, password: rightPassword, requestPublicKey: false })
          assert.equal(keyless.ok ? 'in' : keyless.code, 2061)
        }
      }
    })

    test('"works only after the CLI logged in": nobody’s login depends on another’s', async () => {
      const [cli] = drivers.filter(({ name }) => name === 'mysql')
      const others = drivers.filter(({ name }) => name !== 'npm mysql')
      for (const user of users) {
        const { port } = gateways.plain
        const currentUser = user.startsWith('mapped') ? 'shared@%' : `${user}@%`
        for (const driver of others) {
          await forget()
          assert.deepEqual(
            await driver.login(port, 'tls', { user, password: rightPassword }),
            { in: currentUser },
            driver.name,
          )
        }
        // The connection of the right one lies in the pool, its password is remembered: the wrong one gets neither.
        await cli?.login(port, 'tls', { user, password: rightPassword })
        for (const driver of others) {
          for (const password of ['pw-wrong', '']) {
            const outcome = await driver.login(port, 'tls', { user, password })
            assert.equal('in' in outcome ? outcome.in : outcome.code, 1045, `${driver.name}, ${user}`)
          }
        }
      }
    })

    test('COM_CHANGE_USER with caching_sha2: there and back, cold and warm, and what the session had is gone', async () => {
      for (const temperature of ['cold', 'warm']) {
        await using connection = await connect(optionsOf('own_nat'))
        for (const user of [...users, 'own_nat', ...users.toReversed()]) {
          await connection.query('SET @mine = 5')
          if (temperature === 'cold') await forget()
          await connection.changeUser({ user, password: rightPassword })
          const { rows } = await connection.query('SELECT CURRENT_USER() AS who, @mine AS mine')
          const who = user.startsWith('mapped') ? 'shared@%' : `${user}@%`
          assert.deepEqual(rows, [{ who, mine: null }])
        }
      }
      for (const user of users) {
        await using connection = await connect(optionsOf('own_nat'))
        await assert.rejects(connection.changeUser({ user, password: 'pw-wrong' }), { code: 1045 })
        await assert.rejects(connection.query('SELECT 1'))
      }
    })

    test('health checks that block the host', async () => {
      // First that they would: three connections that say nothing, and the host is blocked.
      const errors = await errorsOfGateway()
      for (let i = 0; i < 3; i++) {
        const socket = dial((path.address() as AddressInfo).port, '127.0.0.1')
        await once(socket, 'data')
        socket.destroy()
      }
      const blocked = async () =>
        (
          await connect(connectOf('plain')).then(
            (one) => one.close(),
            (error) => error,
          )
        )?.code
      const end = performance.now() + 10_000
      while ((await blocked()) !== 1129) assert.ok(performance.now() < end, 'the server blocks nobody')
      await root.query('TRUNCATE TABLE performance_schema.host_cache')
      assert.ok(errors < 2)

      const { user: _, password: __, ...outside } = connectOf('plain')
      const watching = await open({
        backends: [
          { name: 'asked', connect: connectOf('plain') },
          { name: 'asked by TLS', connect: connectOf('tls') },
          { name: 'from outside', connect: outside },
          { name: 'from outside by TLS', connect: { ...outside, tls: connectOf('tls').tls ?? {} } },
        ],
      })
      try {
        const { all } = watching.gateway.backends
        await until(() => {
          for (const backend of all) backend.lookNow()
          return all.every(({ counters }) => counters.looks > 20)
        }, 'each was looked at twenty times')
        assert.deepEqual(
          all.map(({ name, state, reason, counters }) => [name, state, reason, counters.failedLooks]),
          all.map(({ name }) => [name, 'up', undefined, 0]),
        )
        assert.equal(await errorsOfGateway(), 0)
      } finally {
        await watching.close()
      }
    })

    test('a wrong password that shuns the backend', async () => {
      await root.query('TRUNCATE TABLE performance_schema.host_cache')
      const backend = gateways.plain.gateway.backends.all[0] ?? assert.fail()
      for (const user of [...users, 'relay_sha256', 'relay_nobody', 'backend_nobody']) {
        await using bystander = await connect(optionsOf(user.endsWith('nobody') ? 'relay_sha2' : user))
        const wrong = Array.from({ length: 20 }, (_, i) => connect(optionsOf(user, i % 2 === 0 ? 'pw-wrong' : '')))
        for (const { status } of await Promise.allSettled(wrong)) assert.equal(status, 'rejected')
        // Clients that leave in the middle: with the greeting, and with the login on its way.
        for (const given of [false, true]) {
          const socket = dial(gateways.plain.port, '127.0.0.1')
          const [greeting] = (await once(socket, 'data')) as [Buffer]
          assert.ok(greeting.length > 70)
          if (given) socket.write(loginOf(user))
          if (given) await once(socket, 'data')
          socket.destroy()
        }
        await bystander.ping()
        assert.equal(backend.state, 'up', user)
        await using right = await connect(optionsOf('relay_sha2'))
        await right.ping()
      }
      assert.equal(backend.doubted, false)
      await until(() => gateways.plain.front.door.registry.live.size === 0, 'all have left')
      assert.ok((await errorsOfGateway()) < 2, 'errors that the server counts')
    })
  })
}

/** A login in clear for `mysql_native_password`, with a proof that is wrong. */
function loginOf(user: string): Buffer {
  const body = Buffer.concat([
    Buffer.from('05a20800', 'hex'),
    Buffer.from('00000001', 'hex'),
    Buffer.from([45]),
    Buffer.alloc(23),
    Buffer.from(`${user}\0`),
    Buffer.from([20]),
    Buffer.alloc(20, 7),
    Buffer.from('mysql_native_password\0'),
  ])
  return Buffer.concat([Buffer.from([body.length, 0, 0, 1]), body])
}
