/**
 * Session changes: what an OK says about the session when CLIENT_SESSION_TRACK was negotiated.
 *
 * Kinds that we do not know are kept raw, so that a newer server can be traced and relayed.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'

/** Text is UTF-8 on the wire. */
export type SessionChange =
  | { readonly kind: 'system-variable'; readonly name: string; readonly value: string }
  | { readonly kind: 'schema'; readonly name: string }
  /** `value` is '1' when something not tracked by itself has changed. */
  | { readonly kind: 'state-change'; readonly value: string }
  | { readonly kind: 'gtids'; readonly encoding: number; readonly gtids: string }
  | { readonly kind: 'transaction-characteristics'; readonly statement: string }
  | { readonly kind: 'transaction-state'; readonly flags: string }
  | { readonly kind: 'unknown'; readonly type: number; readonly data: Uint8Array }

const changeType = {
  'system-variable': 0,
  schema: 1,
  'state-change': 2,
  gtids: 3,
  'transaction-characteristics': 4,
  'transaction-state': 5,
} as const

/** Throws: `ConfigurationError` when a field does not fit. */
export function encodeSessionChanges(changes: readonly SessionChange[]): Uint8Array {
  const writer = new PacketWriter()
  for (const change of changes) {
    writer.u8(change.kind === 'unknown' ? change.type : changeType[change.kind]).lenencBytes(changeData(change))
  }
  return writer.finish()
}

/** Reads the block of an OK. After: copies. Throws: `MalformedPacket`. */
export function decodeSessionChanges(block: Uint8Array): SessionChange[] {
  const reader = new PacketReader(block.slice(), 'Ok session changes')
  const changes: SessionChange[] = []
  while (reader.remaining > 0) {
    const type = reader.u8('type of change')
    readChange(type, reader.lenencBytes('change'), changes)
  }
  return changes
}

function changeData(change: SessionChange): Uint8Array {
  if (change.kind === 'unknown') return change.data
  const writer = new PacketWriter()
  if (change.kind === 'system-variable') writer.lenencUtf8(change.name).lenencUtf8(change.value)
  else if (change.kind === 'schema') writer.lenencUtf8(change.name)
  else if (change.kind === 'state-change') writer.bytes(Buffer.from(change.value, 'utf8'))
  else if (change.kind === 'gtids') writer.u8(change.encoding).lenencUtf8(change.gtids)
  else if (change.kind === 'transaction-characteristics') writer.lenencUtf8(change.statement)
  else writer.lenencUtf8(change.flags)
  return writer.finish()
}

function readChange(type: number, data: Uint8Array, changes: SessionChange[]): void {
  const reader = new PacketReader(data, 'Ok session change')
  switch (type) {
    case changeType['system-variable']:
      // MariaDB's clients expect that one change may hold several variables.
      do {
        const name = reader.lenencUtf8('variable name')
        changes.push({ kind: 'system-variable', name, value: reader.lenencUtf8('variable value') })
      } while (reader.remaining > 0)
      break
    case changeType.schema:
      changes.push({ kind: 'schema', name: reader.lenencUtf8('schema') })
      break
    case changeType['state-change']:
      // Alone of all it has no length of its own.
      changes.push({ kind: 'state-change', value: Buffer.from(reader.rest()).toString('utf8') })
      break
    case changeType.gtids: {
      const encoding = reader.u8('GTID encoding')
      changes.push({ kind: 'gtids', encoding, gtids: reader.lenencUtf8('GTIDs') })
      break
    }
    case changeType['transaction-characteristics']:
      changes.push({ kind: 'transaction-characteristics', statement: reader.lenencUtf8('statement') })
      break
    case changeType['transaction-state']:
      changes.push({ kind: 'transaction-state', flags: reader.lenencUtf8('transaction state') })
      break
    default:
      changes.push({ kind: 'unknown', type, data })
      return
  }
  reader.end()
}
