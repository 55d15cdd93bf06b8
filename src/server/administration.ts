/**
 * What an administrator does to the door from inside: KILL and FLUSH. Both the console's statements and the commands of
 * the wire end here, so the privileges are checked once.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/kill.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/flush.html
 */
import { isAdministrator } from '../accounts/privileges.ts'
import { serverError } from '../errors/errors.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Administered } from './administered.ts'
import type { Door } from './door.ts'
import type { Session } from './query.ts'

/**
 * Ends another connection, or the statement that it runs. Everybody may end their own.
 *
 * Throws: 1094 when there is no such connection, 1095 when it belongs to somebody else.
 */
export function kill(door: Door, session: Session, id: number, what: 'connection' | 'query'): void {
  toBeKilled(door, session, id).kill(what)
}

/** The connection that a KILL names: one of those that the door of the session administers, or one of its own. Throws: 1094, 1095. */
export function toBeKilled(door: Door, session: Session, id: number): ConnectionRecord {
  const neighbour = door.registry.live.get(id)
  const record = door.administers.registry.live.get(id) ?? neighbour
  if (record === undefined) throw serverError('ER_NO_SUCH_THREAD', id)
  // An account of another door is another one, whatever its name.
  const own =
    record === neighbour && record.accountName !== undefined && record.accountName === session.record.accountName
  if (!isAdministrator(session.account) && !own) throw serverError('ER_KILL_DENIED_ERROR', id)
  return record
}

export type Flushed = 'hosts' | 'privileges' | 'status'

/** Of the door of the session too, where it administers another: who is shut out there cannot ask for it. Throws: 1227 without RELOAD. */
export function flush(door: Door, session: Session, what: Flushed): void {
  if (!session.account.privileges.has('RELOAD')) {
    const privilege = what === 'hosts' ? 'RELOAD' : `RELOAD or FLUSH_${what.toUpperCase()}`
    throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', privilege)
  }
  for (const one of new Set<Administered>([door.administers, door])) {
    if (what === 'hosts') one.hostCache.flush()
    else if (what === 'status') {
      one.registry.flushStatus(one.now())
      one.loopDelay.reset()
    } else one.flushPrivileges()
  }
}
