/**
 * Where the end of a login is counted, once, as mysqld 9.7 counts it: status variables, host cache, history, log. Nobody
 * else touches these counters.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/host-cache.html
 */
import { type DenyReason, type DenyRow, denyReasons } from '../errors/deny-reasons.ts'
import type { ConnectionRecord, DoorPhase } from '../registry/connection-record.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import type { Door } from './door.ts'

export interface Refusal {
  readonly reason: DenyReason
  readonly during: DoorPhase
  readonly detail: string | undefined
  readonly errorCode: number | undefined
}

export function countAdmitted(door: Door, record: ConnectionRecord): EndedHandshake {
  if (record.address !== undefined) door.hostCache.onSuccess(record.address)
  const ended: EndedHandshake = {
    record,
    endedAtMs: door.now(),
    outcome: 'admitted',
    during: 'ready',
    reason: undefined,
    detail: undefined,
    errorCode: undefined,
  }
  door.registry.ended(ended)
  door.log.debug(
    { connection: record.id, user: record.login?.user, host: record.host, plugin: record.plugin },
    'admitted',
  )
  return ended
}

/** `again`: it was a COM_CHANGE_USER, whose failure is no aborted connect. */
export function countRefused(door: Door, record: ConnectionRecord, refusal: Refusal, again = false): EndedHandshake {
  const { reason, during, detail, errorCode } = refusal
  const row: DenyRow = denyReasons[reason]
  const { status } = door.registry
  if (reason === 'too-many-connections') status.Connection_errors_max_connections++
  if (!again && !(reason === 'too-many-connections' && during === 'accepted')) status.Aborted_connects++
  if (reason === 'account-locked') status.Locked_connects++
  if (row.hostCache !== undefined && record.address !== undefined) {
    door.hostCache.countError(record.address, row.hostCache, row.connectError)
  }
  const endedAtMs = door.now()
  const ended: EndedHandshake = { record, endedAtMs, outcome: 'refused', during, reason, detail, errorCode }
  door.registry.ended(ended)
  door.log.info(
    {
      connection: record.id,
      user: record.login?.user,
      host: record.host,
      address: record.address,
      plugin: record.plugin,
      channel: record.channel,
      phase: during,
      reason,
      detail,
      error: errorCode,
      waitedMs: endedAtMs - record.acceptedAtMs,
    },
    'refused',
  )
  return ended
}

/** What was found out about the proof of a login after its end. */
export function countExplained(door: Door, ended: EndedHandshake, clause: string): void {
  const { record, reason, during } = ended
  ended.detail = ended.detail === undefined ? clause : `${ended.detail}: ${clause}`
  door.registry.status.Saltgate_near_proofs++
  door.log.info(
    {
      connection: record.id,
      user: record.login?.user,
      host: record.host,
      plugin: record.plugin,
      phase: during,
      outcome: ended.outcome,
      reason,
      detail: ended.detail,
    },
    'explained',
  )
}
