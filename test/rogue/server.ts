/**
 * A server that follows a script, whatever the client does, and keeps every byte that it was sent. A script is data; it ends
 * early when the client leaves.
 */
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { Identity } from './certificates.ts'

export type Step =
  /** One write: one segment, on loopback. */
  | { readonly do: 'say'; readonly bytes: Uint8Array }
  /** One byte at a time, so slowly that the client's patience ends first. */
  | { readonly do: 'drip'; readonly bytes: Uint8Array }
  /** Reads one whole packet. */
  | { readonly do: 'hear' }
  /** Starts TLS behind an SSLRequest that was heard; waits until it stands or the client has had enough. */
  | { readonly do: 'encrypt'; readonly as: Identity; readonly options?: SecureContextOptions }
  /** Says the bytes of each round until the client leaves. */
  | { readonly do: 'repeat'; readonly bytes: (round: number) => Uint8Array; readonly hear: boolean }
  | { readonly do: 'close' }
  | { readonly do: 'reset' }

export class RogueServer {
  readonly #server: Server
  readonly #script: readonly Step[]
  #socket: Socket | undefined
  #plain: Buffer[] = []
  #secure: Buffer[] = []
  #unread = Buffer.alloc(0)
  #gone = false
  #wake: () => void = () => {}
  /** Resolves when the client has left. */
  readonly left: Promise<void>
  #leave: () => void = () => {}
  /** Connections so far. */
  connections = 0
  path: string | undefined

  private constructor(script: readonly Step[]) {
    this.#script = script
    this.left = new Promise((resolve) => {
      this.#leave = resolve
    })
    this.#server = createServer({ noDelay: true }, (socket) => {
      // The script is for one. Whoever comes back, to kill a statement for instance, finds nobody.
      if (++this.connections > 1) return void socket.destroy()
      this.#socket = socket
      this.#listen(socket)
      void this.#play()
    })
  }

  static async open(script: readonly Step[], kind: 'tcp' | 'unix-socket' = 'tcp'): Promise<RogueServer> {
    const rogue = new RogueServer(script)
    if (kind === 'tcp') rogue.#server.listen(0, '127.0.0.1')
    else {
      rogue.path = join(tmpdir(), `saltgate-rogue-${process.pid}-${++sockets}.sock`)
      rogue.#server.listen(rogue.path)
    }
    await once(rogue.#server, 'listening')
    return rogue
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What came in clear, the TLS handshake left out. */
  get heardInClear(): Buffer {
    return Buffer.concat(this.#plain)
  }

  /** What came through TLS, decrypted. */
  get heardThroughTls(): Buffer {
    return Buffer.concat(this.#secure)
  }

  async close(): Promise<void> {
    this.#socket?.destroy()
    this.#server.close()
    if (this.path !== undefined) await rm(this.path, { force: true })
  }

  async #play(): Promise<void> {
    for (const step of this.#script) {
      if (this.#gone) return
      const socket = this.#socket as Socket
      switch (step.do) {
        case 'say':
          await this.#say(step.bytes)
          break
        case 'drip':
          for (const byte of step.bytes) {
            if (this.#gone) return
            await this.#say(Uint8Array.of(byte))
            await new Promise((resolve) => setTimeout(resolve, 40))
          }
          break
        case 'hear':
          await this.#hear()
          break
        case 'encrypt':
          await this.#encrypt(step.as, step.options)
          break
        case 'repeat':
          for (let round = 0; !this.#gone; round++) {
            await this.#say(step.bytes(round))
            if (step.hear) await this.#hear()
            else await new Promise((resolve) => setImmediate(resolve))
          }
          break
        case 'close':
          socket.end()
          break
        case 'reset':
          socket.resetAndDestroy()
      }
    }
  }

  async #say(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket as Socket
    if (this.#gone || !socket.writable || socket.write(bytes)) return
    while (!this.#gone && socket.writableNeedDrain) await this.#news(socket)
  }

  async #hear(): Promise<void> {
    while (!this.#gone) {
      const length = this.#unread.length < 4 ? Number.POSITIVE_INFINITY : 4 + this.#unread.readUIntLE(0, 3)
      if (this.#unread.length >= length) {
        this.#unread = this.#unread.subarray(length)
        return
      }
      await this.#news(this.#socket as Socket)
    }
  }

  async #encrypt(identity: Identity, options: SecureContextOptions = {}): Promise<void> {
    const plain = this.#socket as Socket
    plain.removeAllListeners('data')
    plain.pause()
    // What came behind the SSLRequest is the client's hello, and no packet.
    const whole = this.heardInClear
    this.#plain = [whole.subarray(0, whole.length - this.#unread.length)]
    plain.unshift(this.#unread)
    this.#unread = Buffer.alloc(0)
    const secureContext = createSecureContext({ ...identity, ...options })
    const secure = new TLSSocket(plain, { isServer: true, secureContext })
    let stands = false
    secure.once('secure', () => {
      stands = true
      this.#wake()
    })
    this.#socket = secure
    this.#listen(secure)
    while (!this.#gone && !stands) await this.#news(secure)
  }

  #news(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      socket.once('drain', resolve)
    })
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      ;(socket instanceof TLSSocket ? this.#secure : this.#plain).push(chunk)
      this.#unread = Buffer.concat([this.#unread, chunk])
      this.#wake()
    })
    socket.on('error', () => {})
    // Half a goodbye is one: no client of ours stays to listen.
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#gone = true
        socket.destroy()
        this.#leave()
        this.#wake()
      })
    }
  }
}

let sockets = 0
