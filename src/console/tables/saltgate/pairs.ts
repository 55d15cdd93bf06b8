/**
 * Who of a gateway's clients has which connection to which backend, and why that one. What the client runs is in the process list, under the
 * same number; logins that are not over are in `saltgate.handshakes`.
 */
import { workerOf } from '../../../gateway/open.ts'
import type { PairSeen } from '../../../gateway/view.ts'
import type { ConnectionRecord } from '../../../registry/connection-record.ts'
import type { Row } from '../../../server/query.ts'
import { columns, requireProcess, rowOf, timestamp, type VirtualTable } from '../table.ts'

const pairColumns = columns(
  `connection_id bigint unsigned | user varchar(32) | account varchar(288) | host varchar(255) | address varchar(64) null |
  port int unsigned null | channel varchar(16) | state enum('idle','busy','changing user') | since datetime(3) |
  backend varchar(255) null | backend_user varchar(32) null | backend_connection_id bigint unsigned null |
  backend_channel varchar(16) null | in_transaction enum('YES','NO') | pinned text null |
  way enum('relay','own','backend','mapped') | rule varchar(255) | worker int unsigned`,
)

export const pairs: VirtualTable = {
  schema: 'saltgate',
  name: 'pairs',
  readers: 'select',
  columns: pairColumns,
  comment: 'Clients of the gateway, and the connections to backends that serve them',
  rows: (viewer) => {
    requireProcess(viewer)
    const { live } = viewer.door.registry
    return (viewer.gateway?.pairs() ?? []).flatMap((pair) => {
      const record = live.get(pair.id)
      return record === undefined ? [] : [pairRow(record, pair)]
    })
  },
}

/** `since` is when the client was let in; `worker` is which of the gateway's processes has it. */
function pairRow(record: ConnectionRecord, { link, ...pair }: PairSeen): Row {
  return rowOf(pairColumns, {
    connection_id: record.id,
    user: record.user,
    account: record.accountName,
    host: record.host,
    address: record.address,
    port: record.port,
    channel: record.channel,
    state: pair.state,
    since: timestamp(record.phaseSinceMs, 3),
    backend: link?.backend,
    backend_user: link?.user,
    backend_connection_id: link?.connectionId,
    backend_channel: link?.channel,
    in_transaction: pair.inTransaction ? 'YES' : 'NO',
    pinned: pair.pin,
    way: pair.way,
    rule: pair.rule,
    worker: (workerOf(record.id) ?? 0) + 1,
  })
}
