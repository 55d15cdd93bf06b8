/**
 * Where the end of a login is counted, once, as mysqld 9.7 counts it: status variables, host cache, registry. Nobody else
 * touches these counters.
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

/** `again`: it was a COM_CHANGE_USER. */
export function countAdmitted(door: Door, record: ConnectionRecord, again = false): EndedHandshake {
  if (record.address !== undefined) door.hostCache.onSuccess(record.address)
  const ended: EndedHandshake = {
    ...{ ...asItIs(record), again, endedAtMs: door.now(), outcome: 'admitted', during: 'ready' },
    ...{ reason: undefined, detail: undefined, errorCode: undefined },
  }
  door.registry.ended(ended)
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
  const ended: EndedHandshake = {
    ...{ ...asItIs(record), again, endedAtMs: door.now(), outcome: 'refused', during, reason, detail, errorCode },
  }
  door.registry.ended(ended)
  return ended
}

/** What of a connection belongs to the login that ends, and may be another's later. */
function asItIs(record: ConnectionRecord) {
  const { story, account, plugin, channel, tls, login } = record
  return { record, story, account, plugin, channel, tlsVersion: tls?.version, user: login?.user }
}
