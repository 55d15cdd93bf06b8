/**
 * What a server knows of its own role, and whether it may serve clients at all. Which questions it understands is asked once per
 * connection; the question itself is then one or two cheap statements.
 */
import type { Row } from '../client/result.ts'
import { galeraQuestion } from './health-galera.ts'
import { type GroupView, groupReplicationQuestion } from './health-group-replication.ts'
import { readOnlyQuestion } from './health-read-only.ts'

export interface RoleSeen {
  readonly role: 'primary' | 'replica' | 'unknown'
  /** Why no client may be sent there, although it answers; in its own words. */
  readonly unfit?: string
  readonly view?: GroupView
}

/** Runs a statement on the watch's connection. Rejects with what the server, or the loss of it, says. */
export type Run = (sql: string) => Promise<readonly Row[]>

export type RoleQuestion = (run: Run) => Promise<RoleSeen>

/** Finds out how to ask the server at the other end for its role. */
export async function roleQuestion(run: Run): Promise<RoleQuestion> {
  const rows = await run(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${asked.map((name) => `'${name}'`).join(', ')})`,
  )
  const known = new Map(rows.map((row) => [String(row.Variable_name).toLowerCase(), String(row.Value)]))
  const readOnly = readOnlyQuestion(known)
  if (known.get('wsrep_on') === 'ON') return galeraQuestion(readOnly)
  const group = known.get('group_replication_group_name') ?? ''
  return group === '' ? readOnly : groupReplicationQuestion(group, readOnly)
}

const asked = [
  'read_only',
  'super_read_only',
  'innodb_read_only',
  'offline_mode',
  'wsrep_on',
  'group_replication_group_name',
]
