/** A backend whose sessions have variables, and nothing else: what they report of them is what MySQL would. */
import { serverError } from '../../src/errors/errors.ts'
import type { SessionChange } from '../../src/packets/session-changes.ts'
import type { OkResult, OnQuery, QueryResult, Session } from '../../src/server/query.ts'

export interface Statement {
  readonly session: number
  readonly sql: string
}

export function onVariables(seen: Statement[]): OnQuery {
  return (sql, session) => {
    seen.push({ session: session.id, sql })
    return answer(sql, session)
  }
}

function answer(sql: string, session: Session): QueryResult {
  session.userVariables ??= new Map()
  const [word = '', ...more] = sql.split(' ')
  switch (word) {
    case 'BEGIN':
    case 'COMMIT':
      session.inTransaction = word === 'BEGIN'
      return {}
    case 'TRANSACTION':
      return [{ value: `${session.inTransaction} ${session.autocommit}` }]
    case 'USE':
      session.database = more[0]
      return {}
    case 'DATABASE':
      return [{ value: session.database ?? null }]
    case 'USER':
      return [{ value: session.account.user }]
    case 'GET':
      return [{ value: session.userVariables.get(more[0] as string) ?? null }]
    case 'WARN':
      return { warnings: 1 }
    case 'CHANGE':
      return changed([])
    case 'FAIL':
      throw serverError('ER_UNKNOWN_COM_ERROR')
    case 'SET':
      return more[0] === 'ROLE' ? {} : set(more.join(' '), session)
    default:
      if (!sql.startsWith('SELECT HEX(DATABASE())')) return {}
      return [
        { defaultDatabase: session.database === undefined ? null : Buffer.from(session.database).toString('hex') },
      ]
  }
}

function set(assignments: string, session: Session): QueryResult {
  const changes: SessionChange[] = []
  for (const [, name = '', quoted, bare] of assignments.matchAll(/(@?\w+)\s*=\s*(?:'([^']*)'|(\w+))/g)) {
    const value = quoted ?? bare ?? ''
    // Links say these about themselves.
    if (/^(?:session_track|character_set|collation)_/.test(name)) continue
    if (name === 'last_insert_id') continue
    if (name === 'autocommit') session.autocommit = value === '1' || value === 'ON'
    else session.userVariables?.set(name, value)
    if (!name.startsWith('@')) changes.push({ kind: 'system-variable', name, value })
  }
  return changed(changes)
}

function changed(changes: readonly SessionChange[]): OkResult {
  return { sessionChanges: [...changes, { kind: 'state-change', value: '1' }] }
}
