/**
 * One client and its server, with the tap between: what one side sends goes to the other, no byte changed, and no faster than the other
 * takes it. So do the ends: a half-closed side may still be spoken to, and a reset becomes a reset.
 */
import type { Socket } from 'node:net'
import { encodeErr } from '../../packets/err.ts'
import { encodeFrame } from '../../wire/framer.ts'
import type { Side } from '../observation.ts'
import { endTls, type TlsEnding } from './end-tls.ts'
import type { TapHandler } from './tap-handler.ts'
import { type Decision, TlsOpening } from './tls-opening.ts'

export interface TappedOptions {
  readonly client: Socket
  readonly server: Socket
  readonly handler: TapHandler
  /** Left out: TLS goes through as it is. */
  readonly ending: TlsEnding | undefined
  /** Of both TLS handshakes. */
  readonly timeLimitMs: number
  /** Milliseconds since the connection began. */
  readonly now: () => number
  /** Why the tap itself ended the connection. */
  readonly onProblem: (why: string) => void
  /** Both sockets are closed. */
  readonly onGone: () => void
}

export class TappedConnection {
  readonly #options: TappedOptions
  readonly #handler: TapHandler
  /** Those that the bytes go through: of TLS, or the plain ones. */
  readonly #sockets: Record<Side, Socket>
  /** TCP can be reset, a unix socket cannot. */
  readonly #isTcp: Readonly<Record<Side, boolean>>
  #opening: TlsOpening | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #ended = { client: false, server: false }
  #reset = false
  #open = 2

  /** Both sockets are connected, and nobody has read from them. */
  constructor(options: TappedOptions) {
    const { client, server, handler, ending } = options
    this.#options = options
    this.#handler = handler
    this.#sockets = { client, server }
    this.#isTcp = { client: client.remoteAddress !== undefined, server: server.remoteAddress !== undefined }
    this.#opening = ending === undefined ? undefined : new TlsOpening()
    for (const side of ['client', 'server'] as const) {
      const socket = this.#sockets[side]
      socket.on('close', () => this.#onClose())
      this.#listen(side, socket)
      socket.resume()
    }
  }

  /** Ends both sides at once. */
  destroy(): void {
    for (const side of ['client', 'server'] as const) {
      this.#sockets[side].destroy()
      this.#options[side].destroy()
    }
  }

  #listen(side: Side, socket: Socket): void {
    this.#sockets[side] = socket
    socket.on('data', (chunk: Buffer) => this.#onData(side, chunk))
    socket.on('drain', () => this.#sockets[otherOf(side)].resume())
    socket.on('end', () => this.#onEnd(side))
    socket.on('error', () => this.#onReset(side))
    // Without an end, it was destroyed; behind one, there is nothing left to do.
    socket.on('close', () => this.#sockets[otherOf(side)].destroySoon())
  }

  #onData(from: Side, chunk: Buffer): void {
    if (this.#opening === undefined) this.#pass(from, chunk)
    else this.#follow(from, this.#opening.take(from, chunk))
  }

  #pass(from: Side, bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#reset) return
    const atMs = this.#options.now()
    const target = this.#sockets[otherOf(from)]
    if (!target.destroyed && !target.write(bytes)) this.#sockets[from].pause()
    // Behind the write: whoever is told may take a while.
    this.#handler.onData(from, bytes, atMs)
  }

  #onEnd(side: Side): void {
    if (this.#opening !== undefined) this.#follow(side, this.#opening.giveUp())
    const atMs = this.#options.now()
    this.#sockets[otherOf(side)].end()
    if (!this.#ended[side] && !this.#reset) this.#handler.onEnd(side, 'fin', atMs)
    this.#ended[side] = true
  }

  /** Any error of a socket: nothing more comes of it, and nothing gets through to it. */
  #onReset(side: Side): void {
    if (!this.#reset) this.#handler.onEnd(side, 'rst', this.#options.now())
    this.#reset = true
    const other = otherOf(side)
    if (this.#isTcp[other]) this.#options[other].resetAndDestroy()
    else this.destroy()
  }

  #onClose(): void {
    if (--this.#open > 0) return
    clearTimeout(this.#timer)
    this.#handler.finish()
    this.#options.onGone()
  }

  #follow(from: Side, decision: Decision): void {
    switch (decision.is) {
      case 'wait':
        return
      case 'pass':
        return this.#pass(from, decision.bytes)
      case 'no-tls':
        this.#opening = undefined
        this.#pass('server', decision.server)
        return this.#pass('client', decision.client)
      case 'not-offered':
        this.#opening = undefined
        return this.#refuse(decision.greeting)
      case 'tls':
        this.#opening = undefined
        return this.#startTls(decision.request, decision.behind)
    }
  }

  /** The server's greeting stays here: by what it offers, everything would go on in clear. */
  #refuse(greeting: Uint8Array): void {
    const { client, server, now, onProblem } = this.#options
    const message = 'the tap was to end TLS, but the server offers none'
    this.#handler.onData('server', greeting, now())
    this.#reset = true
    // In the place of a greeting an ERR has no SQLSTATE.
    client.end(encodeFrame(encodeErr({ code: 1105, sqlState: undefined, message }), 0))
    server.destroy()
    onProblem(message)
  }

  #startTls(request: Uint8Array, behind: Uint8Array): void {
    const { client, server, ending, timeLimitMs, now } = this.#options
    if (ending === undefined) return
    this.#pass('client', request)
    for (const socket of [client, server]) {
      for (const event of ['data', 'drain', 'end']) socket.removeAllListeners(event)
    }
    client.pause()
    if (behind.length > 0) client.unshift(behind)
    this.#timer = setTimeout(() => this.#giveUp('TLS took too long'), timeLimitMs)
    endTls({ client, server }, ending, {
      onSecure: (sockets, facts) => {
        clearTimeout(this.#timer)
        this.#handler.insideTls?.(facts)
        for (const side of ['client', 'server'] as const) this.#listen(side, sockets[side])
        for (const side of ['client', 'server'] as const) sockets[side].resume()
      },
      onFailed: (at, why, facts) => {
        if (this.#reset) return
        const atMs = now()
        this.#handler.insideTls?.({ ...facts, alerts: facts.alerts.map((alert) => ({ ...alert, atMs })) })
        this.#handler.onEnd(at, 'fin', atMs)
        this.#giveUp(`TLS with the ${at}: ${why}`)
      },
    })
  }

  #giveUp(why: string): void {
    if (this.#reset) return
    this.#reset = true
    clearTimeout(this.#timer)
    this.#options.onProblem(why)
    this.destroy()
  }
}

function otherOf(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}
