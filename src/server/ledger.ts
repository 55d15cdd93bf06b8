/**
 * Where the end of a login is counted, once, as mysqld 9.7 counts it: status variables, host cache, history, log. Nobody
 * else touches these counters.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/host-cache.html
 */
import { type DenyReason, type DenyRow, denyReasons } from '../errors/deny-reasons.ts'
import type { ConnectionRecord, DoorPhase } from '../registry/connection-record.ts'
import type { Door } from './door.ts'

export interface Refusal {
  readonly reason: DenyReason
  readonly during: DoorPhase
  readonly detail: string | undefined
  readonly errorCode: number | undefined
}

export function countAdmitted(door: Door, record: ConnectionRecord): void {
  if (record.address !== undefined) door.hostCache.onSuccess(record.address)
  door.registry.ended({
    record,
    endedAtMs: door.now(),
    outcome: 'admitted',
    during: 'ready',
    reason: undefined,
    detail: undefined,
    errorCode: undefined,
  })
  door.log.debug(
    { connection: record.id, user: record.login?.user, host: record.host, plugin: record.plugin },
    'admitted',
  )
}

/** `again`: it was a COM_CHANGE_USER, whose failure is no aborted connect. */
export function countRefused(door: Door, record: ConnectionRecord, refusal: Refusal, again = false): void {
  const { reason, during, detail, errorCode } = refusal
  const row: DenyRow = denyReasons[reason]
  const { status } = door.registry
  if (reason === 'too-many-connections') status.Connection_errors_max_connections++
  if (!again && !(reason === 'too-many-connections' && during === 'accepted')) status.Aborted_connects++
  if (reason === 'account-locked') status.Locked_connects++
  if (row.hostCache !== undefined && record.address !== undefined) {
    door.hostCache.countError(record.address, row.hostCache, row.connectError)
  }
  door.registry.ended({ record, endedAtMs: door.now(), outcome: 'refused', during, reason, detail, errorCode })
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
      waitedMs: door.now() - record.acceptedAtMs,
    },
    'refused',
  )
}
