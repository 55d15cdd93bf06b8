/**
 * A MySQL client for tests of threats: it logs in like any other, and also sends whatever it is told to, whenever. It
 * shares no code with `src`, so that a mistake there cannot hide.
 */
import { constants, createHash, publicEncrypt } from 'node:crypto'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { block, bytes, int, nul, zeros } from '../support/bytes.ts'

export const flag = {
  LONG_PASSWORD: 0x1,
  CONNECT_WITH_DB: 0x8,
  COMPRESS: 0x20,
  PROTOCOL_41: 0x200,
  SSL: 0x800,
  SECURE_CONNECTION: 0x8000,
  MULTI_STATEMENTS: 0x10000,
  PLUGIN_AUTH: 0x80000,
  CONNECT_ATTRS: 0x100000,
  PLUGIN_AUTH_LENENC: 0x200000,
  CAN_HANDLE_EXPIRED_PASSWORDS: 0x400000,
  DEPRECATE_EOF: 0x1000000,
  ZSTD: 0x4000000,
} as const

export const usualFlags =
  flag.LONG_PASSWORD |
  flag.PROTOCOL_41 |
  flag.SECURE_CONNECTION |
  flag.PLUGIN_AUTH |
  flag.PLUGIN_AUTH_LENENC |
  flag.DEPRECATE_EOF

/** COM_* */
export const command = { quit: 1, initDb: 2, query: 3, ping: 14, changeUser: 17, reset: 31 } as const

export interface Packet {
  readonly sequenceId: number
  readonly payload: Buffer
}

export interface Credentials {
  readonly user: string
  readonly password?: string
  /** The plugin that the client names first; the greeting's unless given. */
  readonly plugin?: string
  readonly database?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly flags?: number
  /** Replaces the proof that is right for the password. */
  readonly forge?: (proof: Buffer, plugin: string) => Uint8Array
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly code: number; readonly message: string }

export class Stranger {
  /** TLS once it is up. */
  socket: Socket
  readonly plain: Socket
  /** Every byte that crossed the socket before TLS. */
  readonly received: Buffer[] = []
  readonly sent: Buffer[] = []
  greeting = { nonce: Buffer.alloc(0) as Buffer, plugin: '', connectionId: 0, flags: 0 }
  /** The id that the next packet carries. */
  sequenceId = 0
  /** Cuts what is written into segments that leave in turns of their own. */
  cut: ((all: Buffer) => Buffer[]) | undefined
  #writing: Promise<void> = Promise.resolve()
  #buffer: Buffer = Buffer.alloc(0)
  #gone = false
  #wake: (() => void) | undefined

  private constructor(socket: Socket) {
    this.plain = socket
    this.socket = socket
    this.#listen(socket)
  }

  /** Connects, and reads nothing yet. `address` is a port of 127.0.0.1 or the path of a socket. */
  static knock(address: number | string, localAddress?: string): Promise<Stranger> {
    if (typeof address === 'string') return Stranger.#open({ path: address })
    return Stranger.#open({ port: address, host: '127.0.0.1', ...(localAddress !== undefined && { localAddress }) })
  }

  static async #open(where: NetConnectOpts): Promise<Stranger> {
    const socket = connect(where)
    socket.setNoDelay(true)
    const stranger = new Stranger(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return stranger
  }

  /** Connects and takes the greeting. */
  static async greeted(address: number | string, localAddress?: string): Promise<Stranger> {
    return (await Stranger.knock(address, localAddress)).greet()
  }

  static async greetedAt(host: string, port: number): Promise<Stranger> {
    return (await Stranger.#open({ host, port })).greet()
  }

  /** Takes the greeting, after whatever had to be said ahead of it. */
  async greet(): Promise<Stranger> {
    const packet = await this.packet()
    if (packet === undefined || packet.payload[0] !== 10) throw new Error(`no greeting: ${packet?.payload.toString()}`)
    const { payload } = packet
    const at = payload.indexOf(0, 1) + 1
    this.greeting = {
      connectionId: payload.readUInt32LE(at),
      nonce: Buffer.concat([payload.subarray(at + 4, at + 12), payload.subarray(at + 31, at + 43)]),
      flags: (payload.readUInt16LE(at + 13) | (payload.readUInt16LE(at + 18) << 16)) >>> 0,
      plugin: payload.subarray(at + 44, payload.length - 1).toString(),
    }
    return this
  }

  static async loggedIn(address: number | string, credentials: Credentials): Promise<Stranger> {
    const stranger = await Stranger.greeted(address)
    const verdict = await stranger.login(credentials)
    if (!verdict.ok) throw new Error(`${verdict.code} ${verdict.message}`)
    return stranger
  }

  /** The next packet; `undefined` once the peer has closed. */
  async packet(): Promise<Packet | undefined> {
    for (;;) {
      const length = this.#buffer.length >= 4 ? this.#buffer.readUIntLE(0, 3) : 0
      if (this.#buffer.length >= 4 + length) {
        const packet = { sequenceId: this.#buffer[3] as number, payload: this.#buffer.subarray(4, 4 + length) }
        this.#buffer = this.#buffer.subarray(4 + length)
        this.sequenceId = (packet.sequenceId + 1) & 0xff
        return packet
      }
      if (this.#gone) return undefined
      await this.#more()
    }
  }

  /** Everything that still comes until the peer closes. */
  async rest(): Promise<Buffer> {
    while (!this.#gone) await this.#more()
    return this.#buffer
  }

  write(...parts: readonly Uint8Array[]): void {
    const all = Buffer.concat(parts)
    if (this.socket === this.plain) this.sent.push(all)
    if (this.cut === undefined) this.socket.write(all)
    else for (const segment of this.cut(all)) this.#writeLater(segment)
  }

  send(payload: Uint8Array, sequenceId = this.sequenceId): void {
    this.write(frame(payload, sequenceId))
  }

  /** Sends a command and takes one packet of the answer. */
  async run(code: number, argument: Uint8Array | string = ''): Promise<Packet | undefined> {
    this.send(bytes([code], typeof argument === 'string' ? Buffer.from(argument) : argument), 0)
    return this.packet()
  }

  /** SSLRequest and TLS; rejects when the handshake fails. */
  async startTls(options: ConnectionOptions = {}, flags: number = usualFlags): Promise<TLSSocket> {
    this.send(sslRequest(flags))
    this.sequenceId++
    return this.wrapInTls(options)
  }

  async wrapInTls(options: ConnectionOptions = {}): Promise<TLSSocket> {
    this.plain.removeAllListeners('data')
    const secure = connectTls({ socket: this.plain, rejectUnauthorized: false, ...options })
    this.socket = secure
    this.#listen(secure)
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve)
      secure.once('error', reject)
      secure.once('close', () => reject(new Error('closed during the TLS handshake')))
    })
    return secure
  }

  /** Sends the login and plays it to the verdict. */
  async login(credentials: Credentials): Promise<Verdict> {
    const plugin = credentials.plugin ?? this.greeting.plugin
    const proof = this.#proof(plugin, this.greeting.nonce, credentials)
    const tls = this.socket === this.plain ? 0 : flag.SSL
    this.send(loginPacket({ ...credentials, plugin, proof, flags: (credentials.flags ?? usualFlags) | tls }))
    return this.play(credentials, plugin)
  }

  /** COM_CHANGE_USER, played to the verdict. */
  async changeUser(credentials: Credentials): Promise<Verdict> {
    const plugin = credentials.plugin ?? 'caching_sha2_password'
    const proof = this.#proof(plugin, this.greeting.nonce, credentials)
    this.send(bytes([command.changeUser], nul(credentials.user), [proof.length], proof, [0, 255, 0], nul(plugin)), 0)
    return this.play(credentials, plugin)
  }

  /** Answers whatever the server asks of this plugin, until OK or ERR. */
  async play(credentials: Credentials, first: string): Promise<Verdict> {
    let plugin = first
    let { nonce } = this.greeting
    for (;;) {
      const packet = await this.packet()
      if (packet === undefined) return { ok: false, code: 0, message: 'closed without a word' }
      const { payload } = packet
      if (payload[0] === 0x00) return { ok: true }
      if (payload[0] === 0xff) return errOf(payload)
      if (payload[0] === 0xfe) {
        const end = payload.indexOf(0, 1)
        plugin = payload.subarray(1, end).toString()
        nonce = payload.subarray(end + 1, end + 21)
        this.send(this.#proof(plugin, nonce, credentials))
      } else if (payload[1] === 0x04) {
        const clear = nul(credentials.password ?? '')
        this.send(this.#secure ? this.#forged(clear, plugin, credentials) : Uint8Array.of(2))
      } else if (payload.length > 2) {
        this.send(this.#forged(seal(credentials.password ?? '', nonce, payload.subarray(1)), plugin, credentials))
      }
    }
  }

  destroy(): void {
    this.socket.destroy()
    this.plain.destroy()
  }

  get #secure(): boolean {
    return this.socket !== this.plain || this.plain.remoteAddress === undefined
  }

  #proof(plugin: string, nonce: Buffer, credentials: Credentials): Uint8Array {
    const password = credentials.password ?? ''
    if (plugin === 'mysql_clear_password') return this.#forged(nul(password), plugin, credentials)
    if (plugin === 'sha256_password') {
      if (password === '') return zeros(1)
      return this.#secure ? this.#forged(nul(password), plugin, credentials) : Uint8Array.of(1)
    }
    const scramble = plugin === 'mysql_native_password' ? nativeScramble : sha2Scramble
    return this.#forged(scramble(password, nonce), plugin, credentials)
  }

  #writeLater(segment: Buffer): void {
    this.#writing = this.#writing.then(() => {
      this.socket.write(segment)
      return new Promise((resolve) => setImmediate(resolve))
    })
  }

  #forged(proof: Uint8Array, plugin: string, { forge }: Credentials): Uint8Array {
    return forge === undefined ? proof : forge(Buffer.from(proof), plugin)
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.plain && this.socket === this.plain) this.received.push(chunk)
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#wake?.()
    })
    socket.on('error', () => {})
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.#gone = true
        this.#wake?.()
      })
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }
}

export function frame(payload: Uint8Array, sequenceId = 0): Buffer {
  return Buffer.concat([int(payload.length, 3), Uint8Array.of(sequenceId), payload])
}

/** The fixed head of a login, which is also an SSLRequest when nothing follows. */
export function loginHead(flags: number, collation = 255): Uint8Array {
  return bytes(int(flags, 4), int(2 ** 24, 4), [collation], zeros(23))
}

export function sslRequest(flags: number = usualFlags): Uint8Array {
  return loginHead((flags | flag.SSL) >>> 0)
}

export function loginPacket(
  login: Omit<Credentials, 'password' | 'forge'> & { readonly proof: Uint8Array; readonly plugin: string },
): Uint8Array {
  const { user, proof, plugin, database, attributes } = login
  const asked = login.flags ?? usualFlags
  const flags =
    (asked |
      (database === undefined ? 0 : flag.CONNECT_WITH_DB) |
      (attributes === undefined ? 0 : flag.CONNECT_ATTRS)) >>>
    0
  const pairs = Object.entries(attributes ?? {}).flatMap(([key, value]) => [block(key), block(value)])
  return bytes(
    loginHead(flags),
    nul(user),
    (flags & flag.PLUGIN_AUTH_LENENC) !== 0 ? block(proof) : bytes([proof.length], proof),
    database === undefined ? '' : nul(database),
    (flags & flag.PLUGIN_AUTH) !== 0 ? nul(plugin) : '',
    attributes === undefined ? '' : block(bytes(...pairs)),
    (flags & flag.ZSTD) !== 0 ? [3] : '',
  )
}

export function errOf(payload: Buffer): { ok: false; code: number; message: string } {
  const text = payload.subarray(3).toString()
  return { ok: false, code: payload.readUInt16LE(1), message: text.startsWith('#') ? text.slice(6) : text }
}

export function nativeScramble(password: string, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0)
  const once = hash('sha1', Buffer.from(password))
  return xor(once, hash('sha1', nonce, hash('sha1', once)))
}

export function sha2Scramble(password: string, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0)
  const once = hash('sha256', Buffer.from(password))
  return xor(once, hash('sha256', hash('sha256', once), nonce))
}

/** Seals a password as a client without TLS does. */
export function seal(password: string, nonce: Uint8Array, pem: Uint8Array): Buffer {
  const masked = Buffer.from(nul(password)).map((byte, i) => byte ^ (nonce[i % nonce.length] as number))
  return publicEncrypt(
    { key: Buffer.from(pem).toString(), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    masked,
  )
}

function hash(algorithm: string, ...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash(algorithm)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

function xor(a: Buffer, b: Buffer): Buffer {
  return a.map((byte, i) => byte ^ (b[i] as number)) as Buffer
}
