/**
 * A server to stand behind a gateway: a front door that says of itself what a test wants, on a port that stays the same while it dies,
 * freezes and comes back.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { ConnectOptions } from '../../src/client/options.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { openDoor, type TestDoor } from './door.ts'

export class StandIn {
  readonly door: TestDoor
  /** Global variables, as text. */
  variables: Readonly<Record<string, string>> = { read_only: 'OFF', super_read_only: 'OFF' }
  /** Of performance_schema.replication_group_members, under the names that the question gives them. */
  members: readonly Readonly<Record<string, string | null>>[] = []
  /** Statements so far, oldest first. */
  readonly statements: string[] = []
  /** Connections so far. */
  connections = 0
  #server: Server
  readonly #sockets = new Set<Socket>()
  #frozen: (() => void)[] | undefined = undefined
  readonly port: number

  private constructor(door: TestDoor, server: Server) {
    this.door = door
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => this.#join(socket))
  }

  /** The accounts are `monitor`, with the password `pw-monitor`, and `app` with `pw-app`. */
  static async open(settings: Readonly<Record<string, SettingValue>> = {}): Promise<StandIn> {
    let standIn: StandIn | undefined
    const door = await openDoor({
      accounts: [
        { user: 'monitor', password: 'pw-monitor' },
        { user: 'app', password: 'pw-app' },
      ],
      settings,
      handler: () => (sql) => standIn?.answer(sql) ?? [],
    })
    standIn = new StandIn(door, await listening(0))
    return standIn
  }

  /** For an account that may look, or for nobody. */
  connect(user?: string, password = `pw-${user}`): ConnectOptions {
    const at: ConnectOptions = {
      host: '127.0.0.1',
      port: this.port,
      tls: { mode: 'DISABLED' },
      getServerPublicKey: true,
    }
    return user === undefined ? at : { ...at, user, password }
  }

  answer(sql: string): Readonly<Record<string, string | null>>[] {
    this.statements.push(sql)
    if (sql.startsWith('SHOW GLOBAL VARIABLES')) {
      return Object.entries(this.variables).map(([Variable_name, Value]) => ({ Variable_name, Value }))
    }
    if (sql.includes('replication_group_members')) return [...this.members]
    const names = [...sql.matchAll(/@@global\.(\w+)/g)].map(([, name = '']) => name)
    return [Object.fromEntries(names.map((name) => [name, this.variables[name] ?? '']))]
  }

  /** Breaks all connections; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Breaks all connections, and takes no new ones. */
  async stop(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }

  async start(): Promise<void> {
    this.#server = await listening(this.port)
    this.#server.on('connection', (socket) => this.#join(socket))
  }

  /** Takes connections, and lets no byte pass. */
  freeze(): void {
    this.#frozen = []
    for (const socket of this.#sockets) socket.pause()
  }

  thaw(): void {
    const waiting = this.#frozen ?? []
    this.#frozen = undefined
    for (const socket of this.#sockets) socket.resume()
    for (const go of waiting) go()
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.stop()
    await this.door.close()
  }

  #join(client: Socket): void {
    this.connections++
    this.#follow(client)
    const go = () => {
      const server = connect(this.door.port, '127.0.0.1')
      this.#follow(server)
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.on('data', (chunk) => to.write(chunk))
        from.on('end', () => to.end())
        from.on('close', () => to.destroy())
      }
    }
    if (this.#frozen === undefined) go()
    else this.#frozen.push(go)
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
