/**
 * One login over a real socket: dials, drives the client's machine, upgrades to TLS, asks the application, keeps the deadline.
 * It ends in exactly one of two ways: a connection that is in, or an error that says how far it came.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Channel, Question } from '../auth/plugin.ts'
import { ConfigurationError, clientError, MysqlError, ProtocolViolation } from '../errors/errors.ts'
import { ClientHandshake } from '../machine/client-handshake.ts'
import type { ClientEffect, ClientInput, LoggedIn } from '../machine/client-states.ts'
import { capability, has } from '../packets/capabilities.ts'
import { Connection as Wire } from '../transport/connection.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { dial } from './dial.ts'
import { LoginStory } from './login-story.ts'
import type { Prompt, Secrets } from './secrets.ts'
import type { Identity, Settings } from './settings.ts'
import { forgetSession, judgePeer, rememberSession, sessionFor } from './tls.ts'

/** What a login that succeeded hands over. */
export interface Entered {
  readonly wire: Wire
  readonly loggedIn: LoggedIn
  readonly channel: Channel
  readonly tls: { readonly protocol: string; readonly cipher: string } | undefined
}

/** Bytes of one packet that a server may send before the verdict. */
const largestBeforeVerdict = 1 << 20

/** Milliseconds that a person may take for one answer; the server's own patience is usually shorter. */
export const promptTimeoutMs = 120_000

export interface LoginEnd {
  entered(entered: Entered): void
  failed(error: MysqlError): void
}

export class Login implements PacketHandler {
  readonly #settings: Settings
  readonly #machine: ClientHandshake
  readonly #prompt: Prompt
  readonly #end: LoginEnd
  readonly #signal: AbortSignal | undefined
  readonly #story: LoginStory
  #wire: Wire | undefined = undefined
  #socket: Socket | undefined = undefined
  #timer: NodeJS.Timeout | undefined = undefined
  #session: Buffer | undefined = undefined
  #resumes: ReturnType<typeof sessionFor> = undefined
  #subject = ''
  /** Who answers on a wrong port shows in them. */
  #firstBytes: Uint8Array | undefined = undefined
  #tls: Entered['tls'] = undefined
  #settled = false

  constructor(
    settings: Settings,
    identity: Identity,
    { passwords, tokens }: Secrets,
    prompt: Prompt,
    end: LoginEnd,
    signal?: AbortSignal,
  ) {
    this.#settings = settings
    this.#story = new LoginStory(settings, identity)
    this.#prompt = prompt
    this.#end = end
    const { user, database } = identity
    this.#machine = new ClientHandshake(
      { ...settings.login, user, passwords, tokens, ...(database !== undefined && { database }) },
      settings.target.kind === 'socket' ? 'unix-socket' : 'plaintext',
    )
    this.#signal = signal
  }

  start(): void {
    const { target, options, timeoutMs } = this.#settings
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#expectWithin(timeoutMs)
    this.#socket = dial(target, options.keepAlive ?? true, {
      tell: (step) => this.#story.tell(step),
      failed: (error) => this.#fail(error),
      connected: (socket) => {
        if (this.#settled) return void socket.destroy()
        const { preamble } = this.#settings
        if (preamble !== undefined) socket.write(preamble)
        socket.once('data', (chunk: Buffer) => {
          this.#firstBytes = chunk.subarray(0, 8)
        })
        this.#wire = new Wire(socket, largestBeforeVerdict, this, { Bytes_received: 0, Bytes_sent: 0 })
      },
    })
  }

  get wantsPacket(): boolean {
    const { at } = this.#machine.state
    return at === 'await-greeting' || at === 'await-verdict'
  }

  onPacket(payload: Uint8Array, sequenceId: number): void {
    this.#feed({ is: 'packet', payload, sequenceId })
  }

  onFramingError(error: MysqlError): void {
    // The limits and words are those of a framer that serves both sides; to a client it is a malformed packet.
    const { message } = error
    const phase = this.#machine.phase
    this.#giveUp(new ProtocolViolation('CR_MALFORMED_PACKET', { phase, expected: ['a packet of MySQL'], got: message }))
  }

  onEnded(): void {
    this.#giveUp(this.#lost('0'))
  }

  onClosed(): void {
    this.#giveUp(this.#lost('0'))
  }

  readonly #onAbort = (): void => {
    const error = clientError('CR_SERVER_LOST', 'because the caller gave up')
    error.cause = this.#signal?.reason
    this.#giveUp(error)
  }

  #feed(input: ClientInput): void {
    if (this.#settled) return
    this.#machine.step(input)
    for (const effect of this.#machine.take()) this.#carryOut(effect)
    this.#wire?.flush()
    const { state } = this.#machine
    const { listenerFailure } = this.#story
    if (state.at === 'failed') this.#fail(state.error)
    else if (listenerFailure !== undefined) this.#fail(listenerFailure)
    else if (state.at === 'ready') this.#succeed(state)
  }

  #carryOut(effect: ClientEffect): void {
    switch (effect.do) {
      case 'send':
        this.#wire?.send(effect.payload, effect.sequenceId)
        break
      case 'start-tls':
        this.#startTls()
        break
      case 'ask':
        this.#ask(effect.question)
        break
      case 'tell':
        this.#story.tell(effect.step)
        break
      case 'close':
        break
    }
  }

  #startTls(): void {
    const { tls } = this.#settings
    const known = sessionFor(tls)
    this.#resumes = known
    this.#wire?.startTlsAsClient({
      options: { ...tls.options, ...(known !== undefined && { session: known.session }) },
      onSecure: (socket) => this.#onSecure(socket),
      onFailure: (detail) => {
        forgetSession(tls)
        this.#giveUp(clientError('CR_SSL_CONNECTION_ERROR', detail))
      },
      onPlaintext: () =>
        this.#giveUp(
          clientError('CR_SSL_CONNECTION_ERROR', 'bytes in clear came ahead of TLS: an attack, or a broken proxy'),
        ),
    })
    ;(this.#wire?.socket as TLSSocket | undefined)?.on('session', (ticket: Buffer) => {
      this.#session = ticket
      // TLS 1.3 sends tickets when it likes, also behind the verdict.
      this.#rememberSession()
    })
  }

  #onSecure(socket: TLSSocket): void {
    const state = this.#machine.state
    const fromMariadb = state.at === 'await-tls' && !has(state.greeting.capabilities, capability.LONG_PASSWORD)
    const resumed = socket.isSessionReused() ? this.#resumes : undefined
    const peer = resumed?.peer ?? judgePeer(this.#settings.tls, socket, fromMariadb)
    if (typeof peer === 'string') return this.#giveUp(clientError('CR_SSL_CONNECTION_ERROR', peer))
    this.#subject = resumed?.subject ?? socket.getPeerX509Certificate()?.subject.replaceAll('\n', ', ') ?? ''
    this.#tls = { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name }
    this.#story.tell({
      is: 'tls-established',
      ...this.#tls,
      trust: peer.trust,
      subject: this.#subject,
      reused: resumed !== undefined,
    })
    this.#feed({ is: 'tls-established', peer })
  }

  #ask(question: Question): void {
    this.#expectWithin(promptTimeoutMs)
    this.#prompt(question)
      .then((answer) => {
        if (this.#settled) return
        this.#expectWithin(this.#settings.timeoutMs)
        this.#feed({ is: 'answer', answer })
        if (!this.#settled) this.#wire?.resume()
      })
      .catch((error: unknown) => {
        this.#giveUp(error instanceof MysqlError ? error : new ConfigurationError('prompt failed', { cause: error }))
      })
  }

  #expectWithin(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#giveUp(this.#lost(`no answer within ${ms} ms`)), ms)
  }

  /** Ends the login from outside the machine. */
  #giveUp(error: MysqlError): void {
    if (this.#settled) return
    error.phase ??= this.#phase
    this.#feed({ is: 'abort', error })
  }

  /** libmysqlclient's words for where it happened. */
  #lost(why: string): MysqlError {
    const { phase } = this.#machine
    if (this.#wire === undefined) {
      const { target } = this.#settings
      return target.kind === 'socket'
        ? clientError('CR_CONNECTION_ERROR', target.path, why)
        : clientError('CR_CONN_HOST_ERROR', target.host, target.port, why)
    }
    const where = phase === 'greeting' ? 'reading initial communication packet' : 'reading authorization packet'
    return clientError('CR_SERVER_LOST', `at '${where}', system error: ${why}`)
  }

  #succeed(loggedIn: LoggedIn): void {
    const wire = this.#wire
    if (wire === undefined) return
    this.#settle()
    this.#rememberSession()
    this.#end.entered({ wire, loggedIn, channel: this.#machine.channel, tls: this.#tls })
  }

  #rememberSession(): void {
    const { state } = this.#machine
    if (this.#session === undefined || state.at !== 'ready' || state.peer === undefined) return
    // A resumed session shows no certificate, and one login's password proves nothing to the next.
    if (state.peer.byPassword) return
    rememberSession(this.#settings.tls, this.#session, state.peer, this.#subject)
  }

  #fail(error: MysqlError): void {
    if (this.#settled) return
    this.#settle()
    // Never the socket under a TLS one: to free it inside a TLS event crashes Node.
    const open = this.#wire ?? this.#socket
    open?.destroy()
    error.phase ??= this.#phase
    this.#story.fail(error, this.#machine.channel, this.#machine.peer?.trust, this.#firstBytes)
    this.#end.failed(error)
  }

  #settle(): void {
    this.#settled = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  get #phase(): string {
    return this.#wire === undefined ? 'dial' : this.#machine.phase
  }
}
