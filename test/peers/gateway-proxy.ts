/**
 * The PROXY protocol on both sides of a gateway, as a cloud's balancer speaks it in front and MariaDB behind: accounts go by the address
 * of the client, not of what stands in between.
 */
import assert from 'node:assert/strict'
import { connect as dial, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createConnection, type Connection as Mysql2, type RowDataPacket } from 'mysql2/promise'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { accountViewStatements } from '../../src/gateway/account-view.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import { silentLog } from '../../src/server/log.ts'
import { text } from '../support/bytes.ts'
import { until } from '../support/door.ts'
import { openTestGateway, type TestGateway } from '../support/gateway.ts'
import { ipv4, ipv6, tlv, v1, v2 } from '../support/proxy-headers.ts'
import { reach, watcher } from './gateway-world.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'
import { type RunningServer, startMariadbd } from './servers.ts'

/** Where the balancer connects from. The gateway itself comes from 127.0.0.1, which MariaDB trusts. */
const balancer = '127.0.0.2'

/** As a VPC endpoint of AWS sends it: subtype 1, the name of the endpoint. */
const endpoint = 'vpce-08d2bf15fac5001c9'
const awsTlv = tlv(0xea, Buffer.concat([Uint8Array.of(1), text(endpoint)]))
const fromAws = v2(0x21, 0x11, Buffer.concat([ipv4, awsTlv]))
const client = '203.0.113.7'

/** Declares the tests. The server starts before them and ends after them. */
export function testGatewayProxyProtocol(peers: readonly Peer[]): void {
  const mariadbd = installed(peers, 'mariadbd')
  for (const version of ['v1', 'v2'] as const) {
    const name = `the PROXY protocol into a gateway and out of it by ${version}`
    describe(name, { skip: mariadbd === undefined && 'MISSING: mariadbd', timeout: 60_000 }, () => {
      let server: RunningServer
      let root: Connection
      let accounts: BackendAccounts
      let gateway: TestGateway
      const tlvs: (ReadonlyMap<number, Uint8Array> | undefined)[] = []

      before(async () => {
        const settings = ['--proxy-protocol-networks=127.0.0.1', '--skip-name-resolve', '--max-connect-errors=3']
        server = await startMariadbd(peers, mariadbd as InstalledPeer, settings, 'ours')
        root = await connect(reach(server))
        for (const sql of [
          `CREATE USER '${watcher.user}'@'127.0.0.1' IDENTIFIED BY '${watcher.password}'`,
          `GRANT CONNECTION ADMIN ON *.* TO '${watcher.user}'@'127.0.0.1'`,
          // The password says by whose address the account was chosen.
          `CREATE USER 'app'@'${client}' IDENTIFIED BY 'pw-client'`,
          "CREATE USER 'app'@'2001:db8::7' IDENTIFIED BY 'pw-client'",
          "CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY 'pw-gateway'",
          `CREATE USER 'backend_app'@'${client}' IDENTIFIED BY 'pw-client'`,
          "CREATE USER 'backend_app'@'%' IDENTIFIED BY 'pw-gateway'",
          `CREATE USER 'shared'@'${client}' IDENTIFIED BY 'pw-behind'`,
          "CREATE USER 'shared'@'198.51.100.%' IDENTIFIED BY 'pw-behind'",
          ...accountViewStatements('MariaDB', { gateway: { user: watcher.user, host: '127.0.0.1' } }),
        ]) {
          await root.query(sql)
        }
        accounts = new BackendAccounts({ from: () => ({ ...reach(server), ...watcher }), log: silentLog })
        await accounts.start()
        gateway = await openTestGateway({
          backends: [{ name: 'one', connect: { ...reach(server), ...watcher }, sendProxy: version }],
          rules: [
            { user: 'app', way: 'relay' },
            { user: 'backend\\_%', way: 'backend' },
            { user: 'clerk', way: 'mapped', as: { user: 'shared', credential: { password: 'pw-behind' } } },
          ],
          with: {
            backendAccounts: accounts,
            hooks: { connectServer: (seen) => void tlvs.push(seen.proxyTlvs) },
          },
          accounts: [{ user: 'clerk', password: 'pw-client', plugin: 'mysql_native_password' }],
          settings: { proxy_protocol_networks: balancer, skip_name_resolve: true },
        })
      })
      after(async () => {
        await gateway?.close()
        await accounts?.close()
        await root?.close()
        await server?.stop()
      })

      test('AWS-style PROXY v2: the endpoint is shown to hooks, and the client to the backend', async () => {
        assert.deepEqual(await whoIs(fromAws, 'app', 'pw-client'), `app@${client}`)
        const [, ...name] = tlvs.at(-1)?.get(0xea) ?? []
        assert.equal(Buffer.from(name).toString(), endpoint)
      })

      test('addresses of IPv6 and headers of version 1 come through', async () => {
        assert.equal(await whoIs(v2(0x21, 0x21, ipv6), 'app', 'pw-client'), 'app@2001:db8::7')
        assert.equal(await whoIs(v1(`TCP4 ${client} 198.51.100.9 40001 3306`), 'app', 'pw-client'), `app@${client}`)
      })

      test("'user'@'host' accounts are those of the client’s address, in every way", async () => {
        for (const user of ['app', 'backend_app']) {
          assert.equal(await whoIs(fromAws, user, 'pw-client'), `${user}@${client}`)
          await assert.rejects(whoIs(fromAws, user, 'pw-gateway'), {
            message: `Access denied for user '${user}'@'${client}' (using password: YES)`,
          })
        }
        assert.equal(await whoIs(undefined, 'app', 'pw-gateway'), 'app@127.0.0.1')
        await assert.rejects(whoIs(undefined, 'app', 'pw-client'), { errno: 1045 })
        await assert.rejects(whoIs(header('198.51.100.77'), 'app', 'pw-client'), /./)
      })

      test('a pooled connection serves clients of its own address alone', async () => {
        const { counters } = gateway.gateway.pool
        assert.equal(await whoIs(fromAws, 'clerk', 'pw-client'), `shared@${client}`)
        await until(() => gateway.gateway.pool.shelves().some(({ idle }) => idle > 0), 'it is kept')
        const { handedOver } = counters
        for (const address of ['198.51.100.1', '198.51.100.2']) {
          assert.equal(await whoIs(header(address), 'clerk', 'pw-client'), 'shared@198.51.100.%')
        }
        assert.equal(counters.handedOver, handedOver)
        assert.equal(await whoIs(fromAws, 'clerk', 'pw-client'), `shared@${client}`)
        assert.equal(counters.handedOver, handedOver + 1)
      })

      test('headers of anybody else are refused', async () => {
        await assert.rejects(whoIs(fromAws, 'app', 'pw-client', '127.0.0.1'))
      })

      test('the watch and KILL speak for the gateway itself, and block nobody', async () => {
        const { connection, close } = await open(fromAws, 'app', 'pw-client')
        const sleeping = connection.query('SELECT SLEEP(30)').catch((error: unknown) => error)
        await untilAsleep(root)
        const killer = await open(fromAws, 'app', 'pw-client')
        await killer.connection.query(`KILL QUERY ${connection.threadId}`)
        await sleeping
        await killer.close()
        await connection.query('SELECT 1')
        await close()
        const backend = gateway.gateway.backends.all[0]
        const { looks } = backend?.counters ?? { looks: 0 }
        await until(() => (backend?.counters.looks ?? 0) > looks + 5, 'it was looked at')
        assert.equal(backend?.state, 'up')
        const { rows } = await root.query("SHOW GLOBAL STATUS LIKE 'Connection_errors_%'")
        assert.deepEqual(
          rows.filter((row) => row.Value !== '0' && row.Value !== 0),
          [],
        )
      })

      /** CURRENT_USER() of a client of mysql2. Without a header it comes straight to the gateway. */
      async function whoIs(
        head: Uint8Array | undefined,
        user: string,
        password: string,
        from = balancer,
      ): Promise<string> {
        const { connection, close } = await open(head, user, password, from)
        const [rows] = await connection.query<RowDataPacket[]>('SELECT CURRENT_USER() AS who')
        await close()
        return rows[0]?.who
      }

      async function open(head: Uint8Array | undefined, user: string, password: string, from = balancer) {
        const localAddress = head === undefined ? '127.0.0.1' : from
        const socket: Socket = dial({ host: '127.0.0.1', port: gateway.port, localAddress })
        if (head !== undefined) socket.write(head)
        let connection: Mysql2
        try {
          connection = await createConnection({ stream: socket, user, password })
        } catch (error) {
          socket.destroy()
          throw error
        }
        return { connection, close: () => connection.end() }
      }
    })
  }
}

function header(address: string): Uint8Array {
  return v1(`TCP4 ${address} 198.51.100.9 40001 3306`)
}

async function untilAsleep(root: Connection): Promise<void> {
  const sql = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info = 'SELECT SLEEP(30)'"
  const end = performance.now() + 10_000
  while (Number((await root.query(sql)).rows[0]?.n) === 0) assert.ok(performance.now() < end, 'nobody sleeps')
}
