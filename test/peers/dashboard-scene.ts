/** A front door with its dashboard, a process as its users start it, and the people who come to it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import mariadb, { type Connection as MariadbConnection } from 'mariadb'
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'
import type { Refusals } from '../../src/dashboard/contract.ts'
import { Serving, scratch } from '../support/cli.ts'
import { handshakeResponse, RawClient, scramble, sslRequest } from '../support/raw-client.ts'

const rootPassword = 'root-of-the-scene'
export const password = 'secret'

/** Those that no page may take for anything but text. */
export const hostileNames = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  '\u202eevil\u0007\u2066x',
] as const

/** How somebody comes: from another address of this machine, or through a proxy on another port. */
export interface Via {
  readonly localAddress?: string
  readonly port?: number
}

export interface SceneOptions {
  /** As `--set` takes them. */
  readonly settings?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Of the dashboard; any free one unless given. */
  readonly port?: number
  /** It ends by then; that of `Serving` unless given. */
  readonly deadlineMs?: number
}

export class Scene implements AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string
  readonly #serving: Serving
  readonly #home: string
  readonly #leave: (() => void)[] = []
  #end: AsyncDisposableStack | undefined = undefined

  private constructor(serving: Serving, home: string) {
    this.#serving = serving
    this.#home = home
    this.url = /"dashboard":"([^"]+)"/.exec(serving.stdout)?.[1] ?? ''
  }

  static async open({ settings = [], env = {}, port = 0, ...deadline }: SceneOptions = {}): Promise<Scene> {
    await using opening = new AsyncDisposableStack()
    const { path } = opening.use(scratch())
    const set = [...usual, ...settings].flatMap((setting) => ['--set', setting])
    const serving = await Serving.start(
      [
        ...['--json', '--data', join(path, 'data'), '--listen', './saltgate.sock'],
        ...['--dashboard', `127.0.0.1:${port}`, ...set],
      ],
      { cwd: path, env: { SALTGATE_ROOT_PASSWORD: rootPassword, ...env }, ...deadline },
    )
    const scene = new Scene(opening.use(serving), path)
    opening.defer(() => {
      for (const leave of scene.#leave) leave()
    })
    await scene.#createAccounts()
    scene.#end = opening.move()
    return scene
  }

  get port(): number {
    return this.#serving.port
  }

  /** A session of root, over the unix socket. */
  root(): Promise<Connection> {
    return this.#kept(
      createConnection({ socketPath: join(this.#home, 'saltgate.sock'), user: 'root', password: rootPassword }),
    )
  }

  /** A session of mysql2; rejects when it is refused. */
  mysql2({ via, ...login }: ConnectionOptions & { readonly via?: Via } = {}): Promise<Connection> {
    const stream = () => connect({ host: '127.0.0.1', port: this.port, ...via })
    return this.#kept(createConnection({ user: 'app', password, ...login, stream }))
  }

  /** A session of the mariadb driver, over TLS. */
  async mariadb({ port = this.port }: Via = {}): Promise<MariadbConnection> {
    const ssl = { rejectUnauthorized: false }
    const connection = await mariadb.createConnection({ host: '127.0.0.1', port, user: 'shop', password, ssl })
    connection.on('error', () => {})
    this.#leave.push(() => connection.destroy())
    return connection
  }

  /** Somebody who takes the greeting and says nothing. */
  async silent(via?: Via): Promise<RawClient> {
    const client = await RawClient.connect({ port: this.port, ...via })
    this.#leave.push(() => client.destroy())
    await client.greeting()
    return client
  }

  /** Asks for TLS, and stops in the middle of its hello. */
  async halfHello(via?: Via): Promise<RawClient> {
    const client = await this.silent(via)
    client.send(sslRequest(), 1)
    client.write(Uint8Array.of(0x16, 3, 1, 1, 0, 1, 0, 0, 0xfc, 3, 3))
    return client
  }

  /** Is asked to switch to the plugin of the account, and does not answer. */
  async stopsAtSwitch(via?: Via): Promise<RawClient> {
    const client = await this.silent(via)
    client.send(handshakeResponse({ user: 'app' }, scramble(password, new Uint8Array(20))), 1)
    const { payload } = await client.packet()
    if (payload[0] !== 0xfe) throw new Error(`no switch but ${payload.toString('hex')}`)
    return client
  }

  /** Connects and goes away without a word, which is an error of its host. */
  async scanned(via: Via): Promise<void> {
    const client = await this.silent(via)
    client.destroy()
  }

  /** What the dashboard's server says of refusals. */
  async refusals(): Promise<Refusals> {
    return (await (await fetch(`${this.url}api/refusals`)).json()) as Refusals
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end?.disposeAsync()
  }

  async #createAccounts(): Promise<void> {
    const root = await this.root()
    for (const user of ['app', 'shop', 'report', ...hostileNames]) {
      await root.query("CREATE USER ?@'%' IDENTIFIED BY ?", [user, password])
    }
    await root.query("CREATE USER 'old'@'%' IDENTIFIED WITH mysql_native_password BY ?", [password])
    await root.query("CREATE USER 'open'@'localhost'")
    await root.query("CREATE USER 'gone'@'%' IDENTIFIED BY ? ACCOUNT LOCK", [password])
    await root.end()
  }

  async #kept(connecting: Promise<Connection>): Promise<Connection> {
    const connection = await connecting
    connection.on('error', () => {})
    this.#leave.push(() => connection.destroy())
    return connection
  }
}

/** Resolves when the connection was ended by the server. */
export async function lost(connection: Connection): Promise<void> {
  await once(connection, 'end')
}

/** Names are not resolved: no question leaves the machine. */
const usual = ['skip_name_resolve=ON', 'connect_timeout=45']
