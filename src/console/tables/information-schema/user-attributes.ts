/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-user-attributes-table.html
 */
import { accountsSeen } from '../accounts-seen.ts'
import { columns, type VirtualTable } from '../table.ts'

export const userAttributes: VirtualTable = {
  schema: 'information_schema',
  name: 'USER_ATTRIBUTES',
  readers: 'all',
  columns: columns('USER char(32) | HOST char(255) | ATTRIBUTE longtext null'),
  rows: (viewer) =>
    accountsSeen(viewer).map(({ user, host, comment }) => [
      user,
      host,
      comment === undefined ? null : JSON.stringify({ comment }),
    ]),
}
