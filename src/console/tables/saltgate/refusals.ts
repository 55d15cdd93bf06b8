/**
 * Refused logins that are alike, put together: one line for each reason, client program and network, however often it tries. Who asks how
 * often a reason occurred since FLUSH STATUS asks `saltgate.deny_reasons`; these count since the start.
 */
import { denyReasons } from '../../../errors/deny-reasons.ts'
import { programOf } from '../../../registry/client-program.ts'
import { findingsOf } from '../../../registry/refusal-groups.ts'
import { columns, requireProcess, rowOf, timestamp, type VirtualTable } from '../table.ts'

const refusalColumns = columns(
  `deny_reason varchar(64) | client varchar(100) null | network varchar(64) | count bigint unsigned | first_seen datetime(3) |
  last_seen datetime(3) | users text | examined bigint unsigned | finding text null | detail text null | remedy text |
  last_connection_id bigint unsigned null`,
)

export const refusals: VirtualTable = {
  schema: 'saltgate',
  name: 'refusals',
  readers: 'select',
  columns: refusalColumns,
  comment: 'Refused logins by reason, client program and network',
  rows: (viewer) => {
    requireProcess(viewer)
    return viewer.door.registry.refusals.groups().map((group) => {
      const findings = findingsOf(group)
      return rowOf(refusalColumns, {
        deny_reason: group.reason,
        client: group.login && programOf(group.login),
        network: group.network,
        count: group.count,
        first_seen: timestamp(group.firstMs, 3),
        last_seen: timestamp(group.lastMs, 3),
        users: group.users.join(', '),
        // Of that many proofs it was found out what was wrong; the finding is the most frequent.
        examined: findings.reduce((sum, [, { count }]) => sum + count, 0),
        finding: findings[0]?.[0],
        detail: group.detail,
        remedy: denyReasons[group.reason].remedy,
        last_connection_id: group.handshakes[0],
      })
    })
  },
}
