/**
 * The log of logins: one line for each that ended, admitted or refused. Of a storm only the first lines of each second are written, and one
 * at its end that says how many had none; lines and those together are exactly what ended. Which are written is a rule and not chance: the
 * first so many of each result, and of each reason the first.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import { programOf } from '../registry/client-program.ts'
import type { EndedHandshake, HandshakeListener } from '../registry/registry.ts'
import type { Log } from './log.ts'

export class HandshakeLog implements HandshakeListener {
  readonly #log: Log
  readonly #lines: () => number
  /** Begins with the first login behind the end of the one before: a door where nothing happens has no timer. */
  #second: Second | undefined = undefined

  /** `lines`: of each result in a second, as many as there may be now. */
  constructor(log: Log, lines: () => number) {
    this.#log = log
    this.#lines = lines
  }

  onEnded(ended: EndedHandshake): void {
    const second = this.#second ?? this.#begin()
    const { reason } = ended
    if (reason === undefined) {
      if (second.admittedLines >= this.#lines()) second.admitted++
      else {
        second.admittedLines++
        this.#log.info(factsOf(ended), 'admitted')
      }
      return
    }
    const unlogged = second.reasons.get(reason)
    if (unlogged !== undefined && second.refusedLines >= this.#lines()) {
      second.reasons.set(reason, unlogged + 1)
      return
    }
    second.refusedLines++
    second.reasons.set(reason, unlogged ?? 0)
    this.#log.info(factsOf(ended), 'refused')
  }

  /** What was found out about the proof of a login after its end. Of those there are no more in a second than `saltgate_near_proofs` says. */
  onExplained(ended: EndedHandshake): void {
    this.#log.info({ ...factsOf(ended), outcome: ended.outcome }, 'explained')
  }

  /** Says how many had no line so far. After: there is no timer. */
  close(): void {
    const second = this.#second
    if (second === undefined) return
    clearTimeout(second.end)
    this.#second = undefined
    const { admitted, sinceMs } = second
    const reasons: Partial<Record<DenyReason, number>> = {}
    let refused = 0
    for (const [reason, unlogged] of second.reasons) {
      if (unlogged === 0) continue
      reasons[reason] = unlogged
      refused += unlogged
    }
    if (admitted + refused > 0) this.#log.info({ admitted, refused, reasons, sinceMs }, 'more logins')
  }

  #begin(): Second {
    const end = setTimeout(() => this.close(), 1000).unref()
    this.#second = { admittedLines: 0, admitted: 0, refusedLines: 0, reasons: new Map(), sinceMs: Date.now(), end }
    return this.#second
  }
}

/** What was written of it, and how many had no line. */
interface Second {
  admittedLines: number
  admitted: number
  refusedLines: number
  /** Of each reason that has had a line. */
  readonly reasons: Map<DenyReason, number>
  /** Wall clock, ms since 1970. */
  readonly sinceMs: number
  readonly end: NodeJS.Timeout
}

function factsOf(ended: EndedHandshake): object {
  const { record, reason, story } = ended
  const phasesMs: Record<string, number> = {}
  story.eachPhase((phase, ms) => {
    phasesMs[phase] = toMicroseconds((phasesMs[phase] ?? 0) + ms)
  })
  return {
    connection: record.id,
    ...(ended.again && { again: true }),
    user: ended.user,
    account: ended.account,
    host: record.host,
    address: record.address,
    ...(record.proxy !== undefined && { proxy: record.proxy.address ?? 'a unix socket' }),
    plugin: ended.plugin,
    channel: ended.channel,
    tls: ended.tlsVersion,
    client: record.login && programOf(record.login),
    ...(reason !== undefined && { phase: ended.during, reason }),
    detail: ended.detail,
    error: ended.errorCode,
    totalMs: toMicroseconds(story.durationMs),
    phasesMs,
  }
}

function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
