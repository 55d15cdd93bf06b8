/**
 * The PROXY protocol between programs that others wrote: HAProxy in front of our front door, and of a MariaDB that shows what is
 * expected; and our own headers read by that MariaDB.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { encodeProxyHeader } from '../../src/transport/proxy-protocol.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'
import { administrator, loginOver } from './over-channel.ts'
import { freePort, printed, type RunningServer, startFrontDoor, startMariadbd, stopChild } from './servers.ts'

/** Where the proxies connect from, and nobody else. */
const trusted = '127.0.0.2'

/** How HAProxy is told to send a header, of whom, and who the server takes the client for. */
const frontends = [
  ['v1', 'send-proxy', '203.0.113.7', '198.51.100.9'],
  ['v1 of IPv6', 'send-proxy', '2001:db8::7', '2001:db8::9'],
  ['v2', 'send-proxy-v2', '203.0.113.7', '198.51.100.9'],
  ['v2 of IPv6', 'send-proxy-v2', '2001:db8::7', '2001:db8::9'],
  ['v2 with TLVs', 'send-proxy-v2 proxy-v2-options crc32c,unique-id', '203.0.113.7', '198.51.100.9'],
] as const

const who = { user: 'proxied', password: 'pw-right', sql: 'SELECT USER()' }

/** Declares the tests. The servers start before them and end after them. */
export function testProxyProtocol(peers: readonly Peer[]): void {
  const haproxy = installed(peers, 'haproxy')
  const mariadbd = installed(peers, 'mariadbd')
  const client = installed(peers, 'mariadb')
  if (haproxy === undefined || mariadbd === undefined || client === undefined) {
    test('the PROXY protocol', { skip: 'MISSING: haproxy, mariadbd or mariadb' })
    return
  }
  const servers: Readonly<Record<string, () => Promise<RunningServer>>> = {
    'our front door': () =>
      startFrontDoor(peers, [
        ...[`proxy_protocol_networks=${trusted}`, 'skip_name_resolve=ON', 'max_connect_errors=3'],
        'default_authentication_plugin=mysql_native_password',
      ]),
    [`MariaDB ${mariadbd.version}`]: () =>
      startMariadbd(peers, mariadbd, [`--proxy-protocol-networks=${trusted}`, '--skip-name-resolve']),
  }
  for (const [name, start] of Object.entries(servers)) {
    describe(`the PROXY protocol of ${name}`, () => {
      let server: RunningServer
      let root: Connection
      let proxy: Proxy

      before(async () => {
        server = await start()
        root = await administrator(server)
        for (const host of ['203.0.113.%', '2001:db8::%']) {
          await root.query(`CREATE USER 'proxied'@'${host}' IDENTIFIED BY 'pw-right'`)
        }
        proxy = await startHaproxy(haproxy, server.port)
      })
      after(async () => {
        await proxy?.stop()
        await root?.end()
        await server?.stop()
      })

      for (const [i, [frontend, , source]] of frontends.entries()) {
        test(`takes the client for whom HAProxy names by ${frontend}`, async () => {
          const through = { ...server, port: proxy.ports[i] ?? 0 }
          assert.deepEqual(await loginOver(through, 'plaintext', client, who), {
            ok: true,
            rows: [[`proxied@${source}`]],
          })
          const denied = await loginOver(through, 'plaintext', client, { ...who, password: 'wrong' })
          assert.equal(
            denied.ok ? 'logged in' : denied.text,
            `Access denied for user 'proxied'@'${source}' (using password: YES)`,
          )
        })
      }

      for (const version of ['v1', 'v2'] as const) {
        for (const address of ['203.0.113.7', '2001:db8::7']) {
          test(`takes the client for whom our header of ${version} names: ${address}`, async () => {
            const socket = connect({ host: server.host, port: server.port, localAddress: trusted })
            const [source, destination] = [address, '198.51.100.9'].map((at) => ({ address: at, port: 3306 }))
            socket.write(encodeProxyHeader(version, { source, destination, tlvs: new Map([[5, Buffer.from('id')]]) }))
            const connection = await createConnection({ stream: socket, user: who.user, password: who.password })
            const [rows] = await connection.query<RowDataPacket[]>({ sql: who.sql, rowsAsArray: true })
            assert.deepEqual(rows, [[`proxied@${address}`]])
            await connection.end()
          })
        }
      }

      test('takes no header from anybody else', async () => {
        const socket = connect({ host: server.host, port: server.port })
        const [source, destination] = ['203.0.113.7', '198.51.100.9'].map((address) => ({ address, port: 3306 }))
        socket.write(encodeProxyHeader('v1', { source, destination, tlvs: new Map() }))
        await assert.rejects(createConnection({ stream: socket, user: who.user, password: who.password }))
        socket.destroy()
      })

      if (name !== 'our front door') return
      test('lets clients in after more health checks of HAProxy than max_connect_errors', async () => {
        while ((await abortedConnects(root)) < 8) await new Promise((resolve) => setTimeout(resolve, 100))
        for (const port of proxy.ports) {
          const outcome = await loginOver({ ...server, port }, 'plaintext', client, who)
          assert.ok(outcome.ok)
        }
      })
    })
  }
}

interface Proxy {
  /** In the order of `frontends`. */
  readonly ports: readonly number[]
  stop(): Promise<void>
}

async function startHaproxy(haproxy: InstalledPeer, to: number): Promise<Proxy> {
  const home = await mkdtemp(join(tmpdir(), 'saltgate-haproxy-'))
  const ports: number[] = []
  const sections: string[] = []
  for (const [i, [, send, source, destination]] of frontends.entries()) {
    const port = await freePort()
    ports.push(port)
    sections.push(
      `listen f${i}`,
      `  bind 127.0.0.1:${port}`,
      `  tcp-request connection set-src str(${source})`,
      `  tcp-request connection set-dst str(${destination})`,
      '  unique-id-format connection-%rt',
      `  server s 127.0.0.1:${to} source ${trusted} check inter 200ms check-send-proxy ${send}`,
    )
  }
  const defaults = ['defaults', '  mode tcp', ...['connect', 'client', 'server'].map((leg) => `  timeout ${leg} 10s`)]
  const config = join(home, 'haproxy.cfg')
  await writeFile(config, [...defaults, ...sections, ''].join('\n'))
  const [program = '', ...args] = haproxy.argv
  const child = spawn(program, [...args, '-W', '-db', '-f', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...haproxy.env },
  })
  const endWithUs = () => child.kill()
  process.once('exit', endWithUs)
  const stop = async () => {
    await stopChild(child)
    process.off('exit', endWithUs)
    await rm(home, { recursive: true, force: true })
  }
  try {
    await printed(child, 'Loading success', 10_000)
  } catch (error) {
    await stop()
    throw error
  }
  return { ports, stop }
}

async function abortedConnects(root: Connection): Promise<number> {
  const [rows] = await root.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Aborted_connects'")
  return Number(rows[0]?.Value)
}
