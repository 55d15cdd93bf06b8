/** Our client's connection against real servers: what the front door cannot do, MySQL and two MariaDB's do. */
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { testSessions } from './client-sessions.ts'
import { testStatements } from './client-statements.ts'
import { testTypes } from './client-types.ts'
import { installed, type Peer, type PeerName } from './install.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

/** A server as the tests of our client see it. */
export interface ServerOfClient {
  readonly name: string
  readonly product: 'MySQL' | 'MariaDB'
  /** How to reach it as root: over TCP and TLS, with the server proven. */
  readonly options: ConnectOptions
  connect(options?: ConnectOptions): Promise<Connection>
}

const servers: readonly (readonly [name: string, peer: PeerName, product: ServerOfClient['product']])[] = [
  ['MySQL 9.7', 'mysqld', 'MySQL'],
  ['MariaDB 10.11', 'mariadbd', 'MariaDB'],
  ['MariaDB 11.8', 'mariadbd 11.8', 'MariaDB'],
]

/** Declares the tests. Each server starts before its tests and ends after them. */
export function testOurConnection(peers: readonly Peer[]): void {
  for (const [name, peerName, product] of servers) {
    const peer = installed(peers, peerName)
    if (peer === undefined) {
      test(`our connection to ${name}`, { skip: `MISSING: ${peerName}` })
      continue
    }
    describe(`our connection to ${name} (${peer.version})`, () => {
      let running: RunningServer
      let server: ServerOfClient

      before(async () => {
        const start = product === 'MySQL' ? startMysqld : startMariadbd
        running = await start(peers, peer, ['--local-infile=ON', '--max-allowed-packet=64M'], 'ours')
        server = reached(name, product, running)
        await using administrator = await server.connect()
        await administrator.query('CREATE DATABASE IF NOT EXISTS test')
      })
      after(() => running?.stop())

      testTypes(() => server)
      testStatements(() => server)
      testSessions(() => server)
    })
  }
}

/** A running server as the tests see it. */
export function reached(name: string, product: ServerOfClient['product'], running: RunningServer): ServerOfClient {
  const { host, port, ca = '' } = running
  const options: ConnectOptions = { host, port, user: 'root', password: '', tls: { mode: 'VERIFY_CA', ca } }
  return { name, product, options, connect: (more = {}) => connect({ ...options, ...more }) }
}
