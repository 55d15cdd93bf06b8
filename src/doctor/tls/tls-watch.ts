/**
 * A TLS connection seen from beside: both directions as they lie in a capture, behind the SSLRequest. Tells what the handshake shows
 * to everybody and, where a key log has the secrets, what was said inside.
 *
 * A sealed record is authenticated before it is believed. Where a direction cannot be followed any further (bytes are missing, are
 * no TLS, or do not authenticate) it stops there, with the reason in `facts().inside`; nothing that arrives makes it throw.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc8446 and https://www.rfc-editor.org/rfc/rfc5246
 */
import { MalformedPacket } from '../../errors/errors.ts'
import type { SeenTls, Side } from '../observation.ts'
import { Backlog } from './backlog.ts'
import { cipherSuite } from './cipher-suites.ts'
import {
  type ClientHello,
  decodeCertificates,
  decodeClientHello,
  decodeServerHello,
  type ServerHello,
} from './handshake-messages.ts'
import type { KeyLog, SecretLabel } from './key-log.ts'
import { alertDescription, alertLevel, versionName } from './names.ts'
import { type Content, canOpen, keysOfMasterSecret, type RecordKeys, TrafficKeys } from './record-keys.ts'

/** Is given what one record carried, never nothing; the bytes are its own. */
export interface TlsListener {
  plaintext(from: Side, bytes: Uint8Array, atMs: number): void
}

export class TlsWatch {
  readonly #keyLog: KeyLog | undefined
  readonly #on: TlsListener
  readonly #directions = { client: new Direction('client'), server: new Direction('server') }

  /** The last one of each: a renegotiation brings others. */
  #clientHello: ClientHello | undefined
  #serverHello: ServerHello | undefined
  /** By the server, in a HelloRetryRequest already. */
  #version = 0
  #serverHelloDone = false

  #offered: string | undefined
  #serverName: string | undefined
  #cipher: string | undefined
  #resumed: boolean | undefined
  #certificates: readonly Uint8Array[] = []
  readonly #alerts: SeenTls['alerts'][number][] = []
  #wasInside = false
  #unread: string | undefined

  /** `keyLog` may still grow, but a secret has to be there before the first record that it opens. */
  constructor(keyLog: KeyLog | undefined, on: TlsListener) {
    this.#keyLog = keyLog
    this.#on = on
  }

  /** Takes what came next from this side: of one side in the order of its stream, of both in the order of time. */
  push(from: Side, bytes: Uint8Array, atMs: number): void {
    const direction = this.#directions[from]
    direction.received += bytes.length
    const all = direction.records.with(bytes)
    let at = 0
    while (!direction.stopped && all.length - at >= headerLength) {
      const end = at + headerLength + uint16(all, at + 3)
      if (!isRecordHeader(all.subarray(at, at + headerLength))) {
        this.#stop(direction, `the bytes at offset ${direction.offset} of the ${from} are no TLS record`)
      } else if (end > all.length || this.#isTooEarly(direction, all[at] as number)) {
        break
      } else {
        this.#onRecord(direction, all.subarray(at, end), atMs)
        direction.offset += end - at
        at = end
      }
    }
    if (!direction.stopped) direction.records.keep(all.subarray(at))
    if (direction.records.length > mostHeld) this.#stop(direction, 'the client sends data, and no ServerHello came')
    if (from === 'server' && this.#directions.client.records.length > 0) this.push('client', nothing, atMs)
  }

  /** Bytes of this side are missing here: what follows them cannot be told apart. */
  gap(from: Side): void {
    const direction = this.#directions[from]
    if (!direction.stopped) this.#stop(direction, `bytes are missing at offset ${direction.received} of the ${from}`)
  }

  /** What is known by now. */
  facts(): Omit<SeenTls, 'requested'> {
    return {
      offered: this.#offered,
      version: this.#version === 0 ? undefined : versionName(this.#version),
      cipher: this.#cipher,
      serverName: this.#serverName,
      certificates: this.#certificates,
      alerts: [...this.#alerts],
      resumed: this.#resumed ?? false,
      inside: this.#unread ?? (this.#wasInside ? 'seen' : 'not-reached'),
    }
  }

  /**
   * A client may send early data before it has heard anything, and a capture may mix up the two sides. Without the ServerHello
   * nobody knows what to make of them.
   */
  #isTooEarly({ side }: Direction, type: number): boolean {
    if (side === 'server' || this.#serverHello !== undefined) return false
    return type === contentType.applicationData || (type === contentType.changeCipherSpec && this.#version !== TLS_1_3)
  }

  #onRecord(direction: Direction, record: Uint8Array, atMs: number): void {
    const type = record[0] as number
    const { keys } = direction
    // In TLS 1.3 a ChangeCipherSpec is there for old middleboxes, and an alert may come before its sender has keys.
    const isClear =
      keys === undefined ||
      (this.#version === TLS_1_3 && (type === contentType.changeCipherSpec || type === contentType.alert))
    if (isClear) {
      this.#onContent(direction, { type, bytes: record.subarray(headerLength) }, atMs)
    } else if (typeof keys === 'string') {
      if (type === contentType.applicationData) this.#unread ??= keys
    } else {
      const content = direction.open(keys, record)
      if (content !== undefined) this.#onContent(direction, content, atMs)
      else
        this.#stop(direction, `the record at offset ${direction.offset} of the ${direction.side} does not authenticate`)
    }
  }

  #onContent(direction: Direction, { type, bytes }: Content, atMs: number): void {
    switch (type) {
      case contentType.changeCipherSpec:
        if (this.#version !== TLS_1_3) this.#onChangeCipherSpec(direction)
        return
      case contentType.alert:
        if (bytes.length < 2 || this.#alerts.length === mostAlerts) return
        this.#alerts.push({
          from: direction.side,
          level: alertLevel(bytes[0] as number),
          description: alertDescription(bytes[1] as number),
          atMs,
        })
        return
      case contentType.handshake:
        this.#onHandshake(direction, bytes)
        return
      case contentType.applicationData:
        if (direction.keys === undefined) {
          this.#stop(direction, `the ${direction.side} sends data before it has keys`)
        } else if (bytes.length > 0) {
          this.#wasInside = true
          this.#on.plaintext(direction.side, bytes, atMs)
        }
    }
  }

  /** Up to TLS 1.2: what follows is sealed. */
  #onChangeCipherSpec(direction: Direction): void {
    direction.keys = this.#keys(direction.side, 'CLIENT_RANDOM')
    // A server that goes on with a session of before has nothing else to say.
    if (direction.side === 'server') this.#resumed ??= !this.#serverHelloDone
  }

  /** Messages may share a record, and may be cut by records. */
  #onHandshake(direction: Direction, bytes: Uint8Array): void {
    const all = direction.messages.with(bytes)
    let at = 0
    while (all.length - at >= 4) {
      const end = at + 4 + ((all[at + 1] as number) << 16) + uint16(all, at + 2)
      if (end - at > longestMessage) {
        return this.#stop(direction, `a handshake message of the ${direction.side} has more than 128 KiB`)
      }
      if (end > all.length) break
      try {
        this.#onMessage(direction, all[at] as number, all.subarray(at + 4, end))
      } catch (error) {
        if (!(error instanceof MalformedPacket)) throw error
        return this.#stop(direction, error.message)
      }
      at = end
    }
    direction.messages.keep(all.subarray(at))
  }

  #onMessage(direction: Direction, type: number, body: Uint8Array): void {
    const { side } = direction
    switch (type) {
      case messageType.clientHello:
        if (side === 'client') this.#onClientHello(decodeClientHello(body))
        return
      case messageType.serverHello:
        if (side === 'server') this.#onServerHello(decodeServerHello(body))
        return
      case messageType.certificate:
        if (side === 'server') this.#certificates = decodeCertificates(body, this.#version)
        return
      case messageType.serverHelloDone:
        this.#serverHelloDone = true
        return
      case messageType.finished:
        // A client may prove itself, and finish, once more at any time.
        if (!direction.isShakingHands) return
        direction.isShakingHands = false
        direction.keys = this.#keys(side, side === 'client' ? 'CLIENT_TRAFFIC_SECRET_0' : 'SERVER_TRAFFIC_SECRET_0')
        return
      case messageType.keyUpdate:
        if (direction.keys instanceof TrafficKeys) direction.keys.update()
    }
  }

  #onClientHello(hello: ClientHello): void {
    this.#clientHello = hello
    this.#offered ??= versionName(hello.version)
    this.#serverName ??= hello.serverName
  }

  #onServerHello(hello: ServerHello): void {
    this.#version = hello.version
    this.#cipher = cipherSuite(hello.suite).name
    if (hello.isRetry) return
    this.#serverHello = hello
    if (hello.version !== TLS_1_3) return
    this.#resumed ??= hello.resumes
    const { client, server } = this.#directions
    client.isShakingHands = true
    server.isShakingHands = true
    client.keys = this.#keys('client', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET')
    server.keys = this.#keys('server', 'SERVER_HANDSHAKE_TRAFFIC_SECRET')
    if (!this.#clientHello?.earlyData || !hello.resumes) return
    const early = this.#keys('client', 'CLIENT_EARLY_TRAFFIC_SECRET')
    if (typeof early !== 'string') client.early = early
  }

  /** The keys of one side, or why there are none. */
  #keys(side: Side, label: SecretLabel): RecordKeys | string {
    if (this.#clientHello === undefined || this.#serverHello === undefined) return 'the hellos were not seen'
    const { version, compressed, encryptThenMac } = this.#serverHello
    const suite = cipherSuite(this.#serverHello.suite)
    if (version !== TLS_1_2 && version !== TLS_1_3) return `${versionName(version)} is not read`
    if (!canOpen(suite)) return `${suite.name} is not read`
    if (compressed) return 'compression by TLS is not read'
    const secret = this.#keyLog?.secret(label, this.#clientHello.random)
    if (secret === undefined) return 'no-keys'
    if (version === TLS_1_3) return new TrafficKeys(suite, secret)
    const { random: clientRandom } = this.#clientHello
    const { random: serverRandom } = this.#serverHello
    return keysOfMasterSecret({ suite, clientRandom, serverRandom, encryptThenMac }, secret, side)
  }

  #stop(direction: Direction, why: string): void {
    this.#unread ??= why
    direction.stop()
  }
}

class Direction {
  readonly side: Side
  readonly records = new Backlog()
  readonly messages = new Backlog()
  /** Bytes that came, and bytes that were read. */
  received = 0
  offset = 0
  stopped = false
  /** What opens its records, or why they stay shut; `undefined`: they are in clear. */
  keys: RecordKeys | string | undefined
  /** Of TLS 1.3: its Finished has not come. */
  isShakingHands = false
  /** Of early data, up to the first record that is none. */
  early: RecordKeys | undefined

  constructor(side: Side) {
    this.side = side
  }

  open(keys: RecordKeys, record: Uint8Array): Content | undefined {
    const content = this.early?.open(record)
    if (content !== undefined) return content
    this.early = undefined
    return keys.open(record)
  }

  stop(): void {
    this.stopped = true
    this.records.keep(nothing)
    this.messages.keep(nothing)
  }
}

const nothing = new Uint8Array(0)

const TLS_1_2 = 0x0303
const TLS_1_3 = 0x0304

const headerLength = 5
/** TLS 1.2 allows 2 KiB more than the 16 KiB of content. */
const longestRecord = 18_432
const longestMessage = 131_072
const mostHeld = 65_536
const mostAlerts = 16

const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23, heartbeat: 24 } as const

const messageType = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverHelloDone: 14,
  finished: 20,
  keyUpdate: 24,
} as const

function isRecordHeader(header: Uint8Array): boolean {
  const type = header[0] as number
  const isKnown = type >= contentType.changeCipherSpec && type <= contentType.heartbeat
  return isKnown && header[1] === 3 && uint16(header, 3) <= longestRecord
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
