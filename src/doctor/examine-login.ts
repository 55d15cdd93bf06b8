/** One login as one client would do it, over a real socket, seen from beside. */
import type { Duplex } from 'node:stream'
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls'
import type { Settings } from '../client/settings.ts'
import { judgePeer } from '../client/tls.ts'
import { MysqlError } from '../errors/errors.ts'
import { command } from '../packets/commands.ts'
import type { Err } from '../packets/err.ts'
import { encodeFrame, FrameReader } from '../wire/framer.ts'
import { type Dialed, dialWatched, WatchedSocket } from './examine-socket.ts'
import type { Observation, Side } from './observation.ts'
import { Observer } from './observer.ts'
import { PersonaHandshake, type PersonaLogin, type PersonaPeer } from './persona-handshake.ts'
import { KeyLog } from './tls/key-log.ts'

export interface Attempted {
  readonly seen: Observation
  readonly isIn: boolean
  /** The client's own words; in brackets what is no client's, but ours. Empty when it is in. */
  readonly says: string
  /** The server's, if it refused. */
  readonly error: Err | undefined
}

/** Bytes of one packet that a server may send before the verdict. */
const largestBeforeVerdict = 1 << 20
/** Bytes of one connection, of both sides. */
const mostHeard = 2 << 20

/** Never rejects for what the server does. After: the connection is closed. Units: `number` from 1. */
export async function loginAs(login: PersonaLogin, settings: Settings, number: number): Promise<Attempted> {
  const deadline = AbortSignal.timeout(settings.timeoutMs)
  const startedMs = Date.now()
  let dialed: Dialed
  try {
    dialed = await dialWatched(settings.target, deadline)
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error
    const nowhere = { address: '', port: 0 }
    const seen = new Observer({ client: nowhere, server: nowhere, startedMs }, { number }).finish()
    return { seen, isIn: false, says: `[${error.message}]`, error: undefined }
  }
  return await new PersonaConnection(login, settings, dialed, { number, startedMs }).run(deadline)
}

class PersonaConnection {
  readonly #machine: PersonaHandshake
  readonly #settings: Settings
  /** Shown to an observer at the end: by then all keys of TLS are known. */
  readonly #heard: ((observer: Observer) => void)[] = []
  #heardBytes = 0
  readonly #between: ConstructorParameters<typeof Observer>[0]
  readonly #number: number
  readonly #keys = new KeyLog()
  readonly #reader = new FrameReader(largestBeforeVerdict)
  readonly #watched: WatchedSocket
  readonly #ended = Promise.withResolvers<string | undefined>()
  readonly #began = performance.now()
  /** What is spoken over: the watched socket, or TLS on it. */
  #stream: Duplex

  constructor(
    login: PersonaLogin,
    settings: Settings,
    { socket, client, server }: Dialed,
    { number, startedMs }: { readonly number: number; readonly startedMs: number },
  ) {
    this.#machine = new PersonaHandshake(login)
    this.#settings = settings
    this.#between = { client, server, startedMs }
    this.#number = number
    this.#watched = new WatchedSocket(socket, {
      onData: (from, bytes) => this.#onHeard(from, bytes),
      onEnd: (from, how) => this.#onHeardEnd(from, how),
    })
    this.#stream = this.#watched
  }

  async run(deadline: AbortSignal): Promise<Attempted> {
    const late = () => this.#ended.resolve(`no answer within ${this.#settings.timeoutMs} ms`)
    deadline.addEventListener('abort', late, { once: true })
    // TLS may take the watched socket's errors for its own, and leave it without a listener.
    this.#watched.on('error', () => {})
    this.#listen(this.#watched)
    const trouble = await this.#ended.promise
    deadline.removeEventListener('abort', late)
    const { state } = this.#machine
    const isIn = state.at === 'in'
    await this.#close(isIn)
    const says =
      state.at === 'refused' || state.at === 'left'
        ? state.says
        : state.at === 'withheld'
          ? `[withheld: ${state.why}]`
          : isIn
            ? ''
            : `[${trouble ?? 'the connection ended'}]`
    return { seen: this.#observation(), isIn, says, error: state.at === 'refused' ? state.error : undefined }
  }

  #onHeard(from: Side, bytes: Uint8Array): void {
    this.#heardBytes += bytes.length
    if (this.#heardBytes > mostHeard) return this.#ended.resolve(`the server sent more than ${mostHeard} bytes`)
    const copy = bytes.slice()
    const atMs = this.#elapsedMs
    this.#heard.push((observer) => observer.onData(from, copy, atMs))
  }

  #onHeardEnd(from: Side, how: 'fin' | 'rst'): void {
    const atMs = this.#elapsedMs
    this.#heard.push((observer) => observer.onEnd(from, how, atMs))
  }

  #observation(): Observation {
    const observer = new Observer(this.#between, { number: this.#number, keys: this.#keys })
    for (const show of this.#heard) show(observer)
    return observer.finish()
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#reader.push(chunk)
    this.#guarded(() => {
      for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
        this.#machine.onPacket(frame.payload, frame.sequenceId)
        this.#carryOut()
      }
    })
  }

  #listen(stream: Duplex): void {
    this.#stream = stream
    stream.on('data', this.#onData)
    stream.once('close', this.#onClose).once('end', this.#onClose)
    stream.on('error', (error: NodeJS.ErrnoException) => this.#ended.resolve(error.code ?? error.message))
  }

  readonly #onClose = (): void => this.#ended.resolve('the server closed the connection')

  #carryOut(): void {
    for (const effect of this.#machine.take()) {
      if (effect.do === 'send') this.#stream.write(encodeFrame(effect.payload, effect.sequenceId))
      else this.#startTls()
    }
    const { at } = this.#machine.state
    if (at !== 'await-greeting' && at !== 'await-tls' && at !== 'await-verdict') this.#ended.resolve(undefined)
  }

  #startTls(): void {
    if (this.#reader.buffered > 0) {
      return this.#ended.resolve('bytes in clear came ahead of TLS: an attack, or a broken proxy')
    }
    const { options } = this.#settings.tls
    this.#watched.off('data', this.#onData).off('close', this.#onClose).off('end', this.#onClose)
    const tls = connectTls({ ...options, socket: this.#watched })
    tls.on('keylog', (line: Buffer) => this.#keys.add(line.toString('latin1')))
    tls.once('secureConnect', () => this.#guarded(() => this.#onSecure(tls)))
    this.#listen(tls)
  }

  #onSecure(tls: TLSSocket): void {
    const judged = judgePeer(this.#settings.tls, tls, false)
    if (typeof judged === 'string') return this.#ended.resolve(`withheld: ${judged}`)
    this.#machine.onSecure(this.#peerOf(tls, judged.fingerprint))
    this.#carryOut()
  }

  /** What a client that wants proof would find, whatever our own user wants. */
  #peerOf(tls: TLSSocket, fingerprint: Uint8Array): PersonaPeer {
    const { target } = this.#settings
    const host = target.kind === 'tcp' ? target.host : 'localhost'
    const misnamed = checkServerIdentity(host, tls.getPeerCertificate())
    const distrust = tls.authorized ? misnamed?.message : String(tls.authorizationError)
    return { fingerprint, distrust }
  }

  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      this.#ended.resolve(error.message)
    }
  }

  /** Says goodbye where it is in: an end without a word would count as an aborted client. */
  async #close(isIn: boolean): Promise<void> {
    // To free a socket inside an event of the TLS over it crashes Node.
    await new Promise((resolve) => setImmediate(resolve))
    const closed = new Promise<void>((resolve) => this.#watched.once('close', () => resolve()))
    if (this.#watched.closed) return
    if (isIn) {
      this.#stream.end(encodeFrame(Uint8Array.of(command.QUIT), 0))
      const patience = setTimeout(() => this.#watched.destroy(), 1000)
      await closed
      clearTimeout(patience)
    } else {
      this.#onHeardEnd('client', 'fin')
      this.#stream.destroy()
      this.#watched.destroy()
      await closed
    }
  }

  get #elapsedMs(): number {
    return performance.now() - this.#began
  }
}
