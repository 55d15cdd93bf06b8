/**
 * What is true of the door right now: the live connections, the latest ended logins, the counters. Written by the
 * server, read by console, dashboard and doctor; so any of those can be taken away without touching the rest.
 */
import type { NearProof } from '../auth/near-proof.ts'
import type { Channel } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { AccountUse } from './account-use.ts'
import type { ConnectionRecord, DoorPhase } from './connection-record.ts'
import { RefusalGroups } from './refusal-groups.ts'
import { newStatusCounters, type StatusCounters } from './status.ts'
import type { Story } from './story.ts'
import { Tally } from './tally.ts'

/** A login that ended: admitted, or refused with its one reason. The record goes on changing; all else is as it was at the end. */
export interface EndedHandshake {
  readonly record: ConnectionRecord
  readonly story: Story
  /** It was a COM_CHANGE_USER. */
  readonly again: boolean
  /** As the client said. */
  readonly user: string | undefined
  /** Chosen for the user and the host, proven or not: `'app'@'%'`. */
  readonly account: string | undefined
  readonly plugin: string | undefined
  readonly channel: Channel
  readonly tlsVersion: string | undefined
  /** Wall clock, ms since 1970. */
  readonly endedAtMs: number
  readonly outcome: 'admitted' | 'refused'
  /** The phase in which it was refused. */
  readonly during: DoorPhase
  readonly reason: DenyReason | undefined
  /** Completed afterwards, when it is found out what was wrong with the proof. */
  detail: string | undefined
  /** What was wrong with the proof, once that is found out. */
  near?: NearProof | undefined
  /** The public error. */
  readonly errorCode: number | undefined
}

/** Who is told of each, once it is counted. Must not throw, and is called in the turn of the login: what takes time waits. */
export interface HandshakeListener {
  onEnded(ended: EndedHandshake): void
  /** What was wrong with its proof was found out; `detail` says it now. */
  onExplained?(ended: EndedHandshake): void
}

/** Of which numbers connections get theirs, both ends included. */
export interface ConnectionIds {
  readonly first: number
  readonly last: number
}

const allIds: ConnectionIds = { first: 1, last: 0xffff_ffff }

export class Registry {
  readonly status: StatusCounters = newStatusCounters()
  readonly live = new Map<number, ConnectionRecord>()
  /** Refusals by reason since the start or FLUSH STATUS. */
  readonly denied = new Map<DenyReason, number>()
  readonly tally = new Tally()
  readonly refusals = new RefusalGroups()
  readonly use = new AccountUse()
  readonly listeners = new Set<HandshakeListener>()
  readonly #history: EndedHandshake[] = []
  #historyLimit: number
  #oldest = 0
  readonly #ids: ConnectionIds
  #nextId: number
  readonly startedAtMs: number

  constructor(startedAtMs: number, historyLimit: number, ids: ConnectionIds = allIds) {
    this.startedAtMs = startedAtMs
    this.#ids = ids
    this.#nextId = ids.first - 1
    this.#historyLimit = historyLimit
  }

  /** Connection ids are 32 bits on the wire and never 0; one that is still live is passed over. */
  nextId(): number {
    const { first, last } = this.#ids
    do this.#nextId = this.#nextId >= last ? first : this.#nextId + 1
    while (this.live.has(this.#nextId))
    return this.#nextId
  }

  add(record: ConnectionRecord, nowMs: number): void {
    this.live.set(record.id, record)
    record.tally = this.tally
    this.tally.move(undefined, record.phase, performance.now())
    if (this.live.size > this.status.Max_used_connections) {
      this.status.Max_used_connections = this.live.size
      this.status.maxUsedConnectionsAtMs = nowMs
    }
  }

  remove(record: ConnectionRecord): void {
    this.live.delete(record.id)
    record.tally?.move(record.phase, undefined, performance.now())
    record.tally = undefined
  }

  ended(handshake: EndedHandshake): void {
    this.#remember(handshake)
    this.tally.onEnded(handshake)
    this.refusals.add(handshake)
    this.use.add(handshake)
    for (const listener of this.listeners) listener.onEnded(handshake)
  }

  /** It was found out what was wrong with the proof of a login that has ended. */
  explained(handshake: EndedHandshake, clause: string, near?: NearProof): void {
    handshake.near = near
    handshake.detail = handshake.detail === undefined ? clause : `${handshake.detail}: ${clause}`
    this.status.Saltgate_near_proofs++
    this.refusals.explain(handshake, clause, near)
    for (const listener of this.listeners) listener.onExplained?.(handshake)
  }

  /** The latest ended logins, oldest first. */
  history(): EndedHandshake[] {
    return [...this.#history.slice(this.#oldest), ...this.#history.slice(0, this.#oldest)]
  }

  set historyLimit(limit: number) {
    const kept = limit === 0 ? [] : this.history().slice(-limit)
    this.#history.length = 0
    this.#history.push(...kept)
    this.#oldest = 0
    this.#historyLimit = limit
  }

  /** FLUSH STATUS: the counters begin again, gauges stay. */
  flushStatus(nowMs: number): void {
    const stmts = this.status.Prepared_stmt_count
    Object.assign(this.status, newStatusCounters(), {
      Prepared_stmt_count: stmts,
      Max_used_connections: this.live.size,
      maxUsedConnectionsAtMs: nowMs,
    })
    this.denied.clear()
  }

  #remember(handshake: EndedHandshake): void {
    if (handshake.reason !== undefined) this.denied.set(handshake.reason, (this.denied.get(handshake.reason) ?? 0) + 1)
    if (this.#historyLimit === 0) return
    if (this.#history.length < this.#historyLimit) {
      this.#history.push(handshake)
      return
    }
    this.#history[this.#oldest] = handshake
    this.#oldest = (this.#oldest + 1) % this.#historyLimit
  }
}
