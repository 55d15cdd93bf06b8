/**
 * What an administrator does to the door from inside: KILL and FLUSH. Both the console's statements and the commands of
 * the wire end here, so the privileges are checked once.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/kill.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/flush.html
 */
import { isAdministrator } from '../accounts/privileges.ts'
import { serverError } from '../errors/errors.ts'
import type { Door } from './door.ts'
import type { Session } from './query.ts'

/**
 * Ends another connection, or the statement that it runs. Everybody may end their own.
 *
 * Throws: 1094 when there is no such connection, 1095 when it belongs to somebody else.
 */
export function kill(door: Door, session: Session, id: number, what: 'connection' | 'query'): void {
  const record = door.registry.live.get(id)
  if (record === undefined) throw serverError('ER_NO_SUCH_THREAD', id)
  const own = record.accountName !== undefined && record.accountName === session.record.accountName
  if (!isAdministrator(session.account) && !own) throw serverError('ER_KILL_DENIED_ERROR', id)
  record.kill(what)
}

export type Flushed = 'hosts' | 'privileges' | 'status'

/** Throws: 1227 without RELOAD. */
export function flush(door: Door, session: Session, what: Flushed): void {
  if (!session.account.privileges.has('RELOAD')) {
    const privilege = what === 'hosts' ? 'RELOAD' : `RELOAD or FLUSH_${what.toUpperCase()}`
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', privilege)
  }
  if (what === 'hosts') door.hostCache.flush()
  else if (what === 'status') {
    door.registry.flushStatus(door.now())
    door.loopDelay.reset()
  } else door.flushPrivileges()
}
