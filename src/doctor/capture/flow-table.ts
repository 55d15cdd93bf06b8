/**
 * Finds the connection of a segment, opens new ones, and lets go of the idlest when there are too many. The keys of all connections lie
 * in one array, because a lookup for each frame may not make an object.
 */
import { randomInt } from 'node:crypto'
import { SocketAddress } from 'node:net'
import type { Endpoint } from '../observation.ts'
import { FlowList } from './flow-list.ts'
import type { CaptureLimits, FlowHandler, FlowOpened } from './flows.ts'
import { ACK, KEY_WORDS, RST, type Segment, SYN } from './segments.ts'
import { TcpFlow, type TcpTotals } from './tcp-flow.ts'

const NONE = -1
/** Closed connections that are remembered, so that their stragglers do not count as new ones. */
const CLOSED = 4096

export class FlowTable {
  readonly totals: TcpTotals
  followed = 0
  dropped = 0
  readonly #open: (flow: FlowOpened) => FlowHandler | undefined
  /** By port: 1 where a server listens. */
  readonly #servers = new Uint8Array(65_536)
  readonly #maxFlows: number
  readonly #flows: (TcpFlow | undefined)[] = []
  readonly #free: number[] = []
  readonly #live = new FlowList()
  readonly #closed = new FlowList()
  #opened = 0

  /** By slot, `KEY_WORDS` each: as in a segment of the client. */
  readonly #keys: Int32Array
  /** By hash: the slot of the last one added; then by slot: the one added before. */
  readonly #heads: Int32Array
  readonly #chain: Int32Array
  /** Nobody can choose addresses that all fall together. */
  readonly #seed = randomInt(2 ** 31)
  #last = NONE
  /** Of the flow found last. */
  #fromClient = true

  constructor(
    open: (flow: FlowOpened) => FlowHandler | undefined,
    serverPorts: readonly number[],
    limits: CaptureLimits,
  ) {
    this.#open = open
    for (const port of serverPorts) this.#servers[port] = 1
    this.#maxFlows = limits.flows
    this.totals = {
      outOfOrderOfFlow: limits.outOfOrderOfFlow,
      outOfOrderOfAll: limits.outOfOrder,
      held: 0,
      lostBytes: 0,
      retransmitted: 0,
      outOfOrder: 0,
      conflicting: 0,
    }
    const slots = limits.flows + CLOSED
    this.#keys = new Int32Array(slots * KEY_WORDS)
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(slots))).fill(NONE)
    this.#chain = new Int32Array(slots)
  }

  take(segment: Segment): void {
    const { flags } = segment
    const slot = this.#find(segment.key)
    const flow = slot === NONE ? undefined : this.#flows[slot]
    if ((flags & SYN) === 0) {
      if (flow !== undefined) this.#pass(flow, segment)
      // What is left of a connection from before the capture, or of one that is forgotten: nothing is said in it any more.
      else if (segment.end > segment.start && (flags & RST) === 0) this.#begin(segment)
      return
    }
    if ((flags & ACK) !== 0) this.#servers[(segment.key[8] as number) >>> 16] = 1
    if (flow?.owns(segment, this.#fromClient)) {
      this.#pass(flow, segment)
      return
    }
    if (flow !== undefined) this.#drop(flow)
    this.#begin(segment)
  }

  /** The capture is at its end: finishes all flows, in the order in which they began. */
  end(): void {
    for (const flow of this.#flows.filter((flow) => flow !== undefined).sort((a, b) => a.number - b.number))
      flow.finish()
  }

  #pass(flow: TcpFlow, segment: Segment): void {
    if (flow.closed) return
    this.#live.touch(flow)
    flow.take(segment, this.#fromClient)
    if (!flow.closed) return
    this.#live.remove(flow)
    this.#closed.append(flow)
    if (this.#closed.size > CLOSED) this.#drop(this.#closed.oldest as TcpFlow)
  }

  #begin(segment: Segment): void {
    if (this.#live.size >= this.#maxFlows) {
      const idlest = this.#live.oldest as TcpFlow
      if (idlest.isFollowed) this.dropped++
      this.#drop(idlest)
    }
    const { key, nowMs } = segment
    const fromClient = this.#isFromClient(segment)
    const source = endpoint(key, 0, (key[8] as number) >>> 16)
    const destination = endpoint(key, 4, (key[8] as number) & 0xffff)
    const sawSyn = (segment.flags & SYN) !== 0
    const handler = this.#open({
      client: fromClient ? source : destination,
      server: fromClient ? destination : source,
      startedMs: Number.isNaN(nowMs) ? undefined : nowMs,
      atMs: 0,
      sawSyn,
    })
    if (handler !== undefined) this.followed++
    const slot = this.#free.pop() ?? this.#flows.length
    const flow = new TcpFlow(this.#opened++, slot, sawSyn, nowMs, handler, this.totals)
    this.#flows[slot] = flow
    this.#addKey(slot, key, fromClient)
    this.#live.append(flow)
    this.#last = slot
    this.#fromClient = fromClient
    this.#pass(flow, segment)
  }

  #isFromClient({ key, flags }: Segment): boolean {
    if ((flags & SYN) !== 0) return (flags & ACK) === 0
    const source = (key[8] as number) >>> 16
    const destination = (key[8] as number) & 0xffff
    if (this.#servers[source] !== this.#servers[destination]) return this.#servers[destination] === 1
    // Clients get high ports. Where that does not tell them apart: in MySQL the server speaks first.
    return source > destination
  }

  #drop(flow: TcpFlow): void {
    const { slot } = flow
    const list = flow.closed ? this.#closed : this.#live
    list.remove(flow)
    flow.finish()
    this.#flows[slot] = undefined
    this.#free.push(slot)
    if (this.#last === slot) this.#last = NONE
    const head = this.#hash(this.#keys, slot * KEY_WORDS)
    if (this.#heads[head] === slot) {
      this.#heads[head] = this.#chain[slot] as number
      return
    }
    let before = this.#heads[head] as number
    while (this.#chain[before] !== slot) before = this.#chain[before] as number
    this.#chain[before] = this.#chain[slot] as number
  }

  #find(key: Int32Array): number {
    // Frames of one connection often follow each other.
    if (this.#last !== NONE && this.#matches(this.#last, key)) return this.#last
    let slot = this.#heads[this.#hash(key, 0)] as number
    while (slot !== NONE && !this.#matches(slot, key)) slot = this.#chain[slot] as number
    if (slot !== NONE) this.#last = slot
    return slot
  }

  /** After a match: `#fromClient` says who sent the segment. */
  #matches(slot: number, key: Int32Array): boolean {
    const keys = this.#keys
    const at = slot * KEY_WORDS
    if (keys[at + 9] !== key[9]) return false
    const ports = key[8] as number
    if (keys[at + 8] === ports && same(keys, at, key, 0) && same(keys, at + 4, key, 4)) {
      this.#fromClient = true
      return true
    }
    const turned = (ports << 16) | (ports >>> 16)
    if (keys[at + 8] === turned && same(keys, at, key, 4) && same(keys, at + 4, key, 0)) {
      this.#fromClient = false
      return true
    }
    return false
  }

  #addKey(slot: number, key: Int32Array, fromClient: boolean): void {
    const at = slot * KEY_WORDS
    const ports = key[8] as number
    this.#keys.set(key, at)
    if (!fromClient) {
      this.#keys.set(key.subarray(4, 8), at)
      this.#keys.set(key.subarray(0, 4), at + 4)
      this.#keys[at + 8] = (ports << 16) | (ports >>> 16)
    }
    const head = this.#hash(key, 0)
    this.#chain[slot] = this.#heads[head] as number
    this.#heads[head] = slot
  }

  /** The same for both directions. */
  #hash(key: Int32Array, at: number): number {
    const ports = key[at + 8] as number
    const source = this.#hashEndpoint(key, at, ports >>> 16)
    const destination = this.#hashEndpoint(key, at + 4, ports & 0xffff)
    return (source + destination) & (this.#heads.length - 1)
  }

  #hashEndpoint(key: Int32Array, at: number, port: number): number {
    let hash = this.#seed ^ port
    for (let word = at; word < at + 4; word++) {
      hash = Math.imul(hash ^ (key[word] as number), 0x85ebca6b)
      hash ^= hash >>> 15
    }
    return Math.imul(hash, 0xc2b2ae35) >>> 7
  }
}

function same(a: Int32Array, at: number, b: Int32Array, bt: number): boolean {
  return a[at + 3] === b[bt + 3] && a[at + 2] === b[bt + 2] && a[at + 1] === b[bt + 1] && a[at] === b[bt]
}

function endpoint(key: Int32Array, at: number, port: number): Endpoint {
  if (key[9] === 4) {
    const word = key[at + 3] as number
    return { address: `${word >>> 24}.${(word >>> 16) & 0xff}.${(word >>> 8) & 0xff}.${word & 0xff}`, port }
  }
  const groups = Array.from(
    key.subarray(at, at + 4),
    (word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`,
  )
  return { address: new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address, port }
}
