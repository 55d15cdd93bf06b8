/**
 * The servers behind a gateway, as its watch and its clients have found them.
 */
import type { BackendSeen } from '../../../gateway/view.ts'
import type { Row } from '../../../server/query.ts'
import { columns, requireProcess, rowOf, timestamp, type VirtualTable } from '../table.ts'

const backendColumns = columns(
  `name varchar(255) | address varchar(255) | state enum('unknown','up','down') | doubted enum('YES','NO') |
  role enum('primary','replica','unknown') | since datetime(3) | reason text null | version varchar(64) null |
  weight double | connections bigint unsigned | max_connections bigint unsigned null | waiting bigint unsigned |
  connects bigint unsigned | connect_failures bigint unsigned | lost bigint unsigned | looks bigint unsigned |
  failed_looks bigint unsigned`,
)

export const backends: VirtualTable = {
  schema: 'saltgate',
  name: 'backends',
  readers: 'select',
  columns: backendColumns,
  comment: 'The servers behind the gateway, and how they are',
  rows: (viewer) => {
    requireProcess(viewer)
    return viewer.gateway?.backends().map(backendRow) ?? []
  },
}

/** `since` is the last change between up and down; `reason` says why it is down, or why it is doubted. */
function backendRow(backend: BackendSeen): Row {
  const { name, address, state, role, reason, connections, waiting, weight, counters } = backend
  return rowOf(backendColumns, {
    ...{ name, address, state, role, reason, connections, waiting, weight },
    doubted: backend.doubted ? 'YES' : 'NO',
    since: timestamp(backend.changedAtMs, 3),
    version: backend.serverVersion,
    max_connections: backend.maxConnections || null,
    connects: counters.connects,
    connect_failures: counters.connectFailures,
    lost: counters.lost,
    looks: counters.looks,
    failed_looks: counters.failedLooks,
  })
}
