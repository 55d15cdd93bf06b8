/**
 * Every reason for which a login can be refused, with how often that happened since the start or FLUSH STATUS.
 */

import { serverErrors } from '../../../errors/codes.ts'
import { type DenyReason, type DenyRow, denyReasons as reasons } from '../../../errors/deny-reasons.ts'
import { columns, type VirtualTable } from '../table.ts'

export const denyReasons: VirtualTable = {
  schema: 'saltgate',
  name: 'deny_reasons',
  readers: 'select',
  columns: columns(
    `deny_reason varchar(64) | count bigint unsigned | error_code int unsigned null | host_cache_column varchar(64) null |
    connect_error enum('YES','NO') | explains text | remedy text`,
  ),
  comment: 'Why logins are refused, and how often',
  rows: ({ door }) =>
    (Object.entries(reasons) as [DenyReason, DenyRow][]).map(([reason, row]) => [
      reason,
      door.registry.denied.get(reason) ?? 0,
      row.error === undefined ? null : serverErrors[row.error].code,
      row.hostCache ?? null,
      row.connectError ? 'YES' : 'NO',
      row.explains,
      row.remedy,
    ]),
}
