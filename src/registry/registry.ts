/**
 * What is true of the door right now: the live connections, the latest ended logins, the counters. Written by the
 * server, read by console, dashboard and doctor; so any of those can be taken away without touching the rest.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { ConnectionRecord, DoorPhase } from './connection-record.ts'
import { newStatusCounters, type StatusCounters } from './status.ts'

/** A login that ended: admitted, or refused with its one reason. */
export interface EndedHandshake {
  readonly record: ConnectionRecord
  /** Wall clock, ms since 1970. */
  readonly endedAtMs: number
  readonly outcome: 'admitted' | 'refused'
  /** The phase in which it was refused. */
  readonly during: DoorPhase
  readonly reason: DenyReason | undefined
  /** Completed afterwards, when it is found out what was wrong with the proof. */
  detail: string | undefined
  /** The public error. */
  readonly errorCode: number | undefined
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
    if (this.live.size > this.status.Max_used_connections) {
      this.status.Max_used_connections = this.live.size
      this.status.maxUsedConnectionsAtMs = nowMs
    }
  }

  remove(record: ConnectionRecord): void {
    this.live.delete(record.id)
  }

  ended(handshake: EndedHandshake): void {
    if (handshake.reason !== undefined) this.denied.set(handshake.reason, (this.denied.get(handshake.reason) ?? 0) + 1)
    if (this.#historyLimit === 0) return
    if (this.#history.length < this.#historyLimit) {
      this.#history.push(handshake)
      return
    }
    this.#history[this.#oldest] = handshake
    this.#oldest = (this.#oldest + 1) % this.#historyLimit
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
}
