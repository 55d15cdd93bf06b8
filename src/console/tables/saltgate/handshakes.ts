/**
 * Every login that is going on, and the latest that ended: who stands outside in which step and for how long, and why those
 * that were refused were refused. The one table that shows what a stranger said before anything of it was proven.
 */
import type { ConnectionRecord, DoorPhase } from '../../../registry/connection-record.ts'
import type { EndedHandshake } from '../../../registry/registry.ts'
import type { Row } from '../../../server/query.ts'
import { attributesOf } from '../performance-schema/connect-attributes.ts'
import { columns, rowOf, seesUser, timestamp, type VirtualTable } from '../table.ts'

const handshakeColumns = columns(
  `connection_id bigint unsigned | user varchar(32) null | host varchar(255) | address varchar(64) null |
  port int unsigned null | database varchar(64) null | phase varchar(32) | since datetime(3) | waited_ms bigint |
  plugin varchar(64) null | channel varchar(16) | tls_version varchar(16) null | tls_cipher varchar(64) null |
  client_name varchar(255) null | client_version varchar(255) null | attributes json null |
  outcome enum('pending','admitted','refused') | deny_reason varchar(64) null | detail text null |
  error_code int unsigned null`,
)

export const handshakes: VirtualTable = {
  schema: 'saltgate',
  name: 'handshakes',
  readers: 'select',
  columns: handshakeColumns,
  comment: 'Logins that are going on, and the latest that ended',
  rows: (viewer) => {
    const { door } = viewer
    const seen = (record: ConnectionRecord) => seesUser(viewer, record.user)
    const pending = [...door.registry.live.values()].filter((record) => record.user === undefined && seen(record))
    return [
      ...door.registry
        .history()
        .filter(({ record }) => seen(record))
        .map(endedRow),
      ...pending.map((record) => pendingRow(record, door.now())),
    ]
  },
}

function pendingRow(record: ConnectionRecord, nowMs: number): Row {
  return row(record, record.phase, record.phaseSinceMs, nowMs - record.phaseSinceMs, { outcome: 'pending' })
}

/** `since` is when it ended; `waited_ms` is how long the whole login took. */
function endedRow({ record, during, endedAtMs, reason, detail, errorCode, ...ended }: EndedHandshake): Row {
  const { outcome, user, plugin, channel, tlsVersion } = ended
  const end = {
    ...{ outcome, deny_reason: reason, detail, error_code: errorCode },
    // The connection may be somebody else's by now.
    ...{ user, plugin, channel, tls_version: tlsVersion },
  }
  return row(record, during, endedAtMs, endedAtMs - record.acceptedAtMs, end)
}

interface End {
  readonly outcome: 'pending' | 'admitted' | 'refused'
  readonly deny_reason?: string | undefined
  readonly detail?: string | undefined
  readonly error_code?: number | undefined
  readonly user?: string | undefined
  readonly plugin?: string | undefined
  readonly channel?: string
  readonly tls_version?: string | undefined
}

function row(record: ConnectionRecord, phase: DoorPhase, sinceMs: number, waitedMs: number, end: End): Row {
  const attributes = new Map(attributesOf(record))
  return rowOf(handshakeColumns, {
    connection_id: record.id,
    user: record.login?.user,
    host: record.host,
    address: record.address,
    port: record.port,
    database: record.login?.database,
    phase,
    since: timestamp(sinceMs, 3),
    waited_ms: waitedMs,
    plugin: record.plugin,
    channel: record.channel,
    tls_version: record.tls?.version,
    tls_cipher: record.tls?.cipher,
    client_name: attributes.get('_client_name'),
    client_version: attributes.get('_client_version'),
    attributes: attributes.size === 0 ? null : JSON.stringify(Object.fromEntries(attributes)),
    ...end,
  })
}
