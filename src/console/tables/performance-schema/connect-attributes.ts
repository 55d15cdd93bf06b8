/**
 * What clients say about themselves: of all connections, and of those of the viewer's own account. As in MySQL, both have
 * the attributes as soon as they are received, before anything of the client is proven.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-session-connect-attrs-table.html
 */

import { attributesText } from '../../../packets/connect-attributes.ts'
import type { ConnectionRecord } from '../../../registry/connection-record.ts'
import type { Row } from '../../../server/query.ts'
import { columns, seesUser, type VirtualTable } from '../table.ts'

const attributeColumns = columns(
  'PROCESSLIST_ID bigint unsigned | ATTR_NAME varchar(32) | ATTR_VALUE varchar(1024) null | ORDINAL_POSITION int null',
)

export const sessionConnectAttrs: VirtualTable = {
  schema: 'performance_schema',
  name: 'session_connect_attrs',
  readers: 'select',
  columns: attributeColumns,
  rows: (viewer) =>
    [...viewer.door.registry.live.values()].filter((record) => seesUser(viewer, record.user)).flatMap(attributeRows),
}

export const sessionAccountConnectAttrs: VirtualTable = {
  schema: 'performance_schema',
  name: 'session_account_connect_attrs',
  readers: 'all',
  columns: attributeColumns,
  rows: ({ home, session }) =>
    [...home.registry.live.values()]
      .filter(({ accountName }) => accountName !== undefined && accountName === session.record.accountName)
      .flatMap(attributeRows),
}

/** The attributes as text, in the order in which they were sent. */
export function attributesOf(record: ConnectionRecord): [name: string, value: string][] {
  return attributesText(record.login?.connectAttributes)
}

function attributeRows(record: ConnectionRecord): Row[] {
  return attributesOf(record).map(([name, value], i) => [record.id, name, value, i])
}
