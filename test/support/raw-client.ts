/**
 * A MySQL client that sends exactly the bytes it is told to: for what no driver would send, and for what drivers do not show.
 * Shares no code with `src`.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { block, bytes, int, nul, text, zeros } from './bytes.ts'

export interface RawPacket {
  readonly sequenceId: number
  readonly payload: Buffer
}

export interface RawError {
  readonly code: number
  readonly sqlState: string | undefined
  readonly message: string
}

export interface RawLogin {
  readonly user: string
  readonly password?: string
  readonly database?: string
  /** The plugin that it names; mysql_native_password unless given. */
  readonly plugin?: string
  /** Added to those that the login needs. */
  readonly capabilities?: number
  /** Behind the last field that every login has; the attributes, say. */
  readonly rest?: Uint8Array
}

/** PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, LONG_PASSWORD, TRANSACTIONS, MULTI_RESULTS. */
const basicCapabilities = 0x0002_0000 | 0x0008_0000 | 0x8000 | 0x2000 | 0x0200 | 1
const connectWithDb = 8
const ssl = 0x800

export class RawClient {
  #socket: Socket
  #received = Buffer.alloc(0)
  #ended = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#listen(socket)
  }

  static async connect(to: { port: number; localAddress?: string } | { path: string }): Promise<RawClient> {
    const socket = connect('path' in to ? to : { host: '127.0.0.1', ...to })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** The next packet; `undefined` when the server has said its last. */
  async next(): Promise<RawPacket | undefined> {
    for (;;) {
      const length = this.#received.length >= 4 ? this.#received.readUIntLE(0, 3) : Number.POSITIVE_INFINITY
      if (this.#received.length >= 4 + length) {
        const packet = { sequenceId: this.#received[3] as number, payload: this.#received.subarray(4, 4 + length) }
        this.#received = this.#received.subarray(4 + length)
        return packet
      }
      if (this.#ended) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The next packet, which must be there. */
  async packet(): Promise<RawPacket> {
    const packet = await this.next()
    if (packet === undefined) throw new Error('the server closed the connection')
    return packet
  }

  /** The next packet, which must be an ERR. */
  async error(): Promise<RawError> {
    const { payload } = await this.packet()
    if (payload[0] !== 0xff) throw new Error(`no ERR but ${payload.toString('hex')}`)
    const code = payload.readUInt16LE(1)
    return payload[3] === 0x23
      ? { code, sqlState: payload.toString('latin1', 4, 9), message: payload.toString('utf8', 9) }
      : { code, sqlState: undefined, message: payload.toString('utf8', 3) }
  }

  send(payload: Uint8Array, sequenceId: number): void {
    this.write(bytes(int(payload.length, 3), [sequenceId], payload))
  }

  write(raw: Uint8Array): void {
    this.#socket.write(raw)
  }

  /** Reads the greeting. */
  async greeting(): Promise<{ readonly id: number; readonly capabilities: number; readonly nonce: Buffer }> {
    const { payload } = await this.packet()
    if (payload[0] !== 10) throw new Error(`no greeting but ${payload.toString('latin1')}`)
    const at = payload.indexOf(0) + 1
    const low = payload.readUInt16LE(at + 13)
    const high = payload.readUInt16LE(at + 18)
    return {
      id: payload.readUInt32LE(at),
      capabilities: (low | (high << 16)) >>> 0,
      nonce: Buffer.concat([payload.subarray(at + 4, at + 12), payload.subarray(at + 31, at + 43)]),
    }
  }

  /** Logs in with mysql_native_password, over the switch to it. Returns the OK or ERR packet, and the connection id. */
  async login(login: RawLogin): Promise<{ readonly id: number; readonly last: RawPacket }> {
    const { id, nonce } = await this.greeting()
    this.send(handshakeResponse(login, scramble(login.password, nonce)), 1)
    const answer = await this.packet()
    if (answer.payload[0] !== 0xfe) return { id, last: answer }
    const nonceAt = answer.payload.indexOf(0, 1) + 1
    this.send(scramble(login.password, answer.payload.subarray(nonceAt, nonceAt + 20)), answer.sequenceId + 1)
    return { id, last: await this.packet() }
  }

  /** Sends an SSLRequest and starts TLS. */
  async startTls(options: ConnectionOptions, capabilities = basicCapabilities): Promise<void> {
    this.send(sslRequest(capabilities), 1)
    this.#socket.removeAllListeners()
    const secure = connectTls({ socket: this.#socket, servername: 'localhost', ...options })
    await once(secure, 'secureConnect')
    this.#socket = secure
    this.#listen(secure)
  }

  /** Sends one command and reads its first answer. */
  async command(code: number, rest: Uint8Array = zeros(0)): Promise<RawPacket> {
    this.send(bytes([code], rest), 0)
    return this.packet()
  }

  query(sql: string): Promise<RawPacket> {
    return this.command(3, text(sql))
  }

  /** Half of a goodbye: FIN, with the other direction still open. */
  endWriting(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** RST instead of FIN. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Stops and starts reading. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    const end = () => {
      this.#ended = true
      this.#wake()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', () => {})
  }
}

/** HandshakeResponse41. */
export function handshakeResponse(login: RawLogin, proof: Uint8Array): Uint8Array {
  const { user, database, plugin = 'mysql_native_password', capabilities = 0, rest = zeros(0) } = login
  const all = basicCapabilities | capabilities | (database === undefined ? 0 : connectWithDb)
  return bytes(
    int(all >>> 0, 4),
    int(0x0100_0000, 4),
    [45],
    zeros(23),
    nul(user),
    block(proof),
    database === undefined ? [] : nul(database),
    nul(plugin),
    rest,
  )
}

export function sslRequest(capabilities = basicCapabilities): Uint8Array {
  return bytes(int((capabilities | ssl) >>> 0, 4), int(0x0100_0000, 4), [45], zeros(23))
}

/** The scramble of mysql_native_password. */
export function scramble(password: string | undefined, nonce: Uint8Array): Uint8Array {
  if (password === undefined || password === '') return zeros(0)
  const sha1 = (...parts: (string | Uint8Array)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha1')).digest()
  const once = sha1(password)
  const mask = sha1(nonce, sha1(once))
  return once.map((byte, i) => byte ^ (mask[i] as number))
}
