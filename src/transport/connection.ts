/**
 * One socket and its packets: the loop between bytes and whoever handles packets at the moment (a login, then a
 * session). Knows framing, TLS and back-pressure; knows nothing of what packets mean.
 *
 * Packets are handed over one at a time, synchronously, as long as the handler wants one; otherwise they stay bytes, and
 * the socket is paused. Everything written during one turn leaves in one write.
 */
import type { Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls'
import { MysqlError, ProtocolViolation } from '../errors/errors.ts'
import { encodeFrame, type Frame, FrameReader } from '../wire/framer.ts'
import type { CompressedStream } from './compression.ts'
import { type DeadlineEntry, DeadlineList } from './deadlines.ts'
import type { ByteSink, PacketHandler, TlsUpgrade, Traffic } from './handlers.ts'
import { followHandshake, nobody } from './handlers.ts'

/** How long a refused peer may take to read its error and leave, and how much it may still send. Units: ms, bytes. */
const lingerMs = 1000
const lingerBytes = 1 << 20

/** Peers that said goodbye and have not taken their last answers yet. */
const leaving = new DeadlineList<Connection>({
  durationMs: 60_000,
  onExpired: (connection) => connection.destroy(),
})

/** Refused connections that have not left yet. */
const lingering = new DeadlineList<Connection>({
  durationMs: lingerMs,
  onExpired: (connection) => connection.destroy(),
})

const usualPacketsAtOnce = 64

/** A TLS record of a handshake begins with it; nothing that MySQL sends behind an SSLRequest does. */
const tlsHandshakeRecord = 0x16

/** Where a socket finds its connection: one set of listeners serves all sockets. */
const connectionOf = Symbol('connection')

type OwnedSocket = Socket & { [connectionOf]?: Connection | undefined }

export class Connection implements DeadlineEntry {
  deadlineMs = Number.POSITIVE_INFINITY
  deadlineList: DeadlineEntry['deadlineList'] = undefined
  deadlineBefore: DeadlineEntry | undefined = undefined
  deadlineAfter: DeadlineEntry | undefined = undefined

  socket: Socket
  readonly reader: FrameReader
  handler: PacketHandler
  readonly #traffic: Traffic
  #out: Uint8Array[] = []
  #compression: CompressedStream | undefined = undefined
  #upgrade: TlsUpgrade | undefined = undefined
  #sink: ByteSink | undefined = undefined
  /** The sink has called `pause`. */
  #resting = false
  #unpacking = false
  #pumping = false
  #closing = false
  #discarded = 0
  #ended = false
  #closed = false

  constructor(socket: Socket, limitBytes: number, handler: PacketHandler, traffic: Traffic) {
    this.#traffic = traffic
    this.socket = socket
    this.reader = new FrameReader(limitBytes)
    this.handler = handler
    this.#listen(socket)
  }

  /** Whoever gets what the peer sends, and is told of its end. */
  get owner(): ByteSink | PacketHandler {
    return this.#sink ?? this.handler
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The end has begun: nothing more is handed over or sent, and no deadline may be set. */
  get closing(): boolean {
    return this.#closing
  }

  /** Whether what was written waits for a slow peer; `drained()` tells when it no longer does. */
  get congested(): boolean {
    return this.socket.writableNeedDrain
  }

  /** Queues one packet; it leaves at the end of the turn, or with `flush()`. */
  send(payload: Uint8Array, sequenceId: number): void {
    if (this.#closed || this.#closing) return
    this.#out.push(encodeFrame(payload, sequenceId))
  }

  /** Writes what is queued as one chunk. */
  flush(): void {
    const queued = this.#out
    if (queued.length === 0 || this.#closed) return
    this.#out = []
    this.write(queued.length === 1 ? (queued[0] as Uint8Array) : Buffer.concat(queued))
  }

  /** Writes bytes that are packets already. Returns whether the kernel or the peer keeps up; `drained()` tells when they do. */
  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#closing) return true
    const onWire = this.#compression === undefined ? bytes : this.#compression.compress(bytes)
    this.#traffic.Bytes_sent += onWire.length
    return this.socket.write(onWire) || this.socket.writableLength === 0
  }

  /**
   * From here on bytes go to `sink` as they come, those first that were read and not handed over. Packets that were queued
   * leave before. `pause` and `resume` are then the sink's to call.
   */
  stream(sink: ByteSink): void {
    this.flush()
    this.#sink = sink
    this.#resting = false
    // Whoever handled packets is not held any longer.
    this.handler = nobody
    const read = this.reader.takeLeftover()
    if (this.socket.isPaused()) this.socket.resume()
    if (read.length > 0) sink.onBytes(read)
    if (this.#compression !== undefined) this.#unpackAll()
    if (this.#ended && !this.#closing) sink.onEnded()
  }

  /** Frames packets again, for `handler`; `unread` are bytes that the sink did not use. */
  frame(handler: PacketHandler, unread: Uint8Array): void {
    this.#sink = undefined
    this.handler = handler
    if (unread.length > 0) this.reader.push(unread)
    this.resume()
  }

  /** Lets what the peer sends wait in its socket. */
  pause(): void {
    this.#resting = true
    this.socket.pause()
  }

  /** Resolves when the peer has taken what was written, or the socket is gone. */
  drained(): Promise<void> {
    if (!this.socket.writableNeedDrain || this.#closed) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done).off('close', done)
        resolve()
      }
      this.socket.on('drain', done).on('close', done)
    })
  }

  /** Hands out packets again after the handler began to want them. */
  resume(): void {
    if (this.#closed || this.#closing) return
    this.#resting = false
    if (this.#sink !== undefined && this.#compression !== undefined) this.#unpackAll()
    if (this.#resting || (this.#sink !== undefined && this.#compression?.inflating)) return
    if (this.socket.isPaused()) this.socket.resume()
    if (this.#sink === undefined) this.#pump()
  }

  /** Sends what is queued and closes; for a peer that waits for that. */
  close(): void {
    if (this.#closed || this.#closing) return
    this.flush()
    this.#stop()
    if (this.socket.writableLength === 0) return this.destroy()
    this.socket.destroySoon()
    leaving.add(this)
  }

  /**
   * Sends what is queued, then FIN, and lets the peer read it: closing at once with its bytes unread would reset the
   * connection, and the error might never arrive. What it still sends is thrown away.
   */
  refuse(): void {
    if (this.#closed || this.#closing) return
    this.flush()
    this.#stop()
    this.socket.end()
    if (this.socket.isPaused()) this.socket.resume()
    lingering.add(this)
  }

  /** Ends at once; queued packets are lost. */
  destroy(): void {
    this.#stop()
    this.socket.destroy()
  }

  /** Starts compression: from here on, in both directions, every byte travels in compressed packets. */
  compress(stream: CompressedStream): void {
    this.#compression = stream
  }

  /**
   * Encrypts the channel once the peer's first TLS byte is here. Bytes that came behind the SSLRequest go to TLS as they
   * are and are never framed. After: one of the three callbacks is called once; until then no packet is handed over.
   */
  startTls(upgrade: TlsUpgrade): void {
    this.flush()
    this.#upgrade = upgrade
    const leftover = this.reader.takeLeftover()
    if (leftover.length > 0) this.#beginTls(upgrade, leftover)
  }

  #beginTls(upgrade: TlsUpgrade, first: Uint8Array): void {
    this.#upgrade = undefined
    if (first[0] !== tlsHandshakeRecord) return upgrade.onPlaintext()
    const plain = this.socket as OwnedSocket
    this.#unlisten(plain)
    plain.pause()
    plain.unshift(Buffer.from(first))
    this.#secure(new TLSSocket(plain, upgrade.options), 'secure', upgrade)
  }

  /**
   * Encrypts the channel as a client, right behind the SSLRequest. A byte that came ahead of TLS is nobody's but an
   * attacker's: `onPlaintext`, and nothing of it is ever framed.
   */
  startTlsAsClient(upgrade: TlsUpgrade<ConnectionOptions>): void {
    this.flush()
    if (this.reader.takeLeftover().length > 0) return upgrade.onPlaintext()
    const plain = this.socket as OwnedSocket
    this.#unlisten(plain)
    this.#secure(connectTls({ ...upgrade.options, socket: plain }), 'secureConnect', upgrade)
  }

  #secure(secure: TLSSocket, established: string, upgrade: TlsUpgrade<unknown>): void {
    this.socket = secure
    this.#listen(secure)
    followHandshake(secure, established, upgrade)
  }

  /** After: nothing is handed over or queued any more, and no deadline runs. */
  #stop(): void {
    this.#closing = true
    this.#upgrade = undefined
    this.#out.length = 0
    this.reader.takeLeftover()
    this.deadlineList?.remove(this)
  }

  #listen(socket: OwnedSocket): void {
    socket[connectionOf] = this
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
  }

  #unlisten(socket: OwnedSocket): void {
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('close', onClose)
  }

  receive(chunk: Uint8Array): void {
    this.#traffic.Bytes_received += chunk.length
    if (this.#closing) {
      this.#discarded += chunk.length
      if (this.#discarded > lingerBytes) this.destroy()
      return
    }
    if (this.#upgrade !== undefined) return this.#beginTls(this.#upgrade, chunk)
    if (this.handler.onBytes !== undefined) return this.handler.onBytes(chunk)
    const sink = this.#sink
    if (this.#compression !== undefined) {
      this.#compression.hold(chunk)
      if (sink !== undefined) return this.#unpackAll()
    } else if (sink !== undefined) return sink.onBytes(chunk)
    else this.reader.push(chunk)
    this.#pump()
  }

  receiveEnd(): void {
    this.#ended = true
    if (this.#closing) return
    if (this.#sink !== undefined) return this.#sink.onEnded()
    this.#pump()
  }

  receiveClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stop()
    // Node keeps a closed socket for a while; what hangs on it would live through many a garbage collection.
    ;(this.socket as OwnedSocket)[connectionOf] = undefined
    this.owner.onClosed()
  }

  /** Bytes that came too early wait in the socket; what was read already is bounded like a packet. */
  #hold(): void {
    this.socket.pause()
    const { heldBytes = this.reader.limit } = this.handler
    if (this.reader.buffered <= heldBytes) return
    this.#framingError(
      new ProtocolViolation('ER_NET_PACKET_TOO_LARGE', {
        phase: 'decision',
        expected: [`at most ${heldBytes} bytes ahead of the answer`],
        got: `${this.reader.buffered}`,
      }),
    )
  }

  #framingError(error: unknown): void {
    if (!(error instanceof MysqlError)) throw error
    this.owner.onFramingError(error)
    this.flush()
  }

  #pump(): void {
    // A handler that resumes from inside `onPacket` must not start a second loop.
    if (this.#pumping) return
    this.#pumping = true
    let handled = 0
    const { packetsAtOnce = usualPacketsAtOnce } = this.handler
    try {
      while (!this.#closing && this.handler.wantsPacket && handled < packetsAtOnce && !this.congested) {
        const { takeInPlace } = this.handler
        if (takeInPlace !== undefined) handled += this.reader.takeInPlace(takeInPlace, packetsAtOnce - handled)
        if (this.#closing || !this.handler.wantsPacket || handled === packetsAtOnce) break
        const frame = this.#next()
        if (frame === undefined) break
        handled++
        this.handler.onPacket(frame.payload, frame.sequenceId, frame.frames)
      }
    } catch (error) {
      this.#framingError(error)
    } finally {
      this.#pumping = false
    }
    this.flush()
    if (this.#closing) return
    if (this.handler.wantsPacket && (handled === packetsAtOnce || this.congested)) return this.#rest()
    if (this.#compression?.inflating) return
    if (this.#ended && (this.#buffered === 0 || this.handler.wantsPacket)) this.handler.onEnded()
    else if (!this.handler.wantsPacket && this.#buffered > 0) this.#hold()
  }

  /** Block by block for the sink, which may pause between two. */
  #unpackAll(): void {
    if (this.#unpacking) return
    this.#unpacking = true
    try {
      while (this.#sink !== undefined && !this.#closing && !this.#resting) {
        const unpacked = this.#compression?.unpack(this.reader) ?? false
        if (unpacked === false) return
        if (unpacked === true) {
          this.#sink.onBytes(this.reader.takeLeftover())
          continue
        }
        this.socket.pause()
        unpacked.then(
          () => {
            this.#sink?.onBytes(this.reader.takeLeftover())
            if (!this.#resting) this.resume()
          },
          (error: unknown) => this.#framingError(error),
        )
        return
      }
    } catch (error) {
      this.#framingError(error)
    } finally {
      this.#unpacking = false
    }
  }

  get #buffered(): number {
    return this.reader.buffered + (this.#compression?.held ?? 0)
  }

  /** The next whole packet; of a compressed stream no more is unpacked than it takes. */
  #next(): Frame | undefined {
    for (;;) {
      const frame = this.reader.next()
      if (frame !== undefined || this.#compression === undefined) return frame
      const unpacked = this.#compression.unpack(this.reader)
      if (unpacked === false) return undefined
      if (unpacked === true) continue
      this.socket.pause()
      unpacked.then(
        () => this.resume(),
        (error: unknown) => this.#framingError(error),
      )
      return undefined
    }
  }

  /** A peer that sends a thousand commands at once gives others a turn, and one that takes no answers gets no more of them. */
  #rest(): void {
    this.socket.pause()
    if (this.congested) this.drained().then(() => this.resume())
    else setImmediate(() => this.resume())
  }
}

function onData(this: OwnedSocket, chunk: Uint8Array): void {
  this[connectionOf]?.receive(chunk)
}

function onEnd(this: OwnedSocket): void {
  this[connectionOf]?.receiveEnd()
}

/** A socket error is always followed by close, which is where it is dealt with. */
function onError(): void {}

function onClose(this: OwnedSocket): void {
  this[connectionOf]?.receiveClose()
}
