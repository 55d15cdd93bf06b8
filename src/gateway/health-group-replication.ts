/**
 * The role of a member of a group of MySQL servers, as it sees its own group.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/group-replication-replication-group-members.html
 */
import type { Row } from '../client/result.ts'
import { MysqlError } from '../errors/errors.ts'
import type { RoleQuestion, RoleSeen } from './health-roles.ts'

/** Which view of its group a member has. A view is `<born>:<number>`: when the group began, and how often it has changed since. */
export interface GroupView {
  readonly group: string
  readonly born: bigint
  readonly number: bigint
}

/** Whether `one` was seen of the same group as `other`, and later. */
export function claimsNewerView(one: GroupView | undefined, other: GroupView | undefined): boolean {
  if (one === undefined || other === undefined || one.group !== other.group) return false
  return one.born === other.born ? one.number > other.number : one.born > other.born
}

/**
 * Asks for the state of the server itself. Where that is not told (an account without SELECT on performance_schema, MySQL 5.7), the
 * answer is that of `readOnly`: members that may not take writes are super_read_only.
 */
export function groupReplicationQuestion(group: string, readOnly: RoleQuestion): RoleQuestion {
  let told = true
  return async (run) => {
    const own = await readOnly(run)
    if (own.unfit !== undefined || !told) return own
    try {
      return memberSeen(group, own.role, await run(members))
    } catch (error) {
      if (!(error instanceof MysqlError && untold.has(error.code))) throw error
      told = false
      return own
    }
  }
}

function memberSeen(group: string, ownRole: RoleSeen['role'], rows: readonly Row[]): RoleSeen {
  const own = rows.find((row) => row.id === row.own)
  const state = String(own?.state ?? 'OFFLINE')
  // Elected is not yet in office: it is read-only until it has caught up.
  const role = own?.role === 'PRIMARY' && ownRole === 'primary' ? 'primary' : 'replica'
  if (state !== 'ONLINE') return { role: 'replica', unfit: `${state} in its group` }
  const reached = rows.filter((row) => row.state !== 'UNREACHABLE').length
  if (reached * 2 <= rows.length) {
    return { role: 'replica', unfit: `reaches ${reached} of the ${rows.length} members of its group: no quorum` }
  }
  const [, born, number] = /^(\d+):(\d+)$/.exec(String(own?.view)) ?? []
  if (born === undefined || number === undefined) return { role }
  return { role, view: { group, born: BigInt(born), number: BigInt(number) } }
}

const members =
  'SELECT m.MEMBER_ID AS id, m.MEMBER_STATE AS state, m.MEMBER_ROLE AS role, s.VIEW_ID AS view, @@global.server_uuid AS own ' +
  'FROM performance_schema.replication_group_members m ' +
  'LEFT JOIN performance_schema.replication_group_member_stats s ON s.MEMBER_ID = m.MEMBER_ID'

/** No such column, no such table, no privilege for it. */
const untold = new Set([1054, 1146, 1142, 1044])
