/** A packet of ours beside the same packet of tshark, value by value. */
import type { Observation, SeenPacket } from '../../src/doctor/observation.ts'
import type { ComChangeUser } from '../../src/packets/com-change-user.ts'
import { commandName } from '../../src/packets/commands.ts'
import type { Err } from '../../src/packets/err.ts'
import type { HandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import type { HandshakeV10 } from '../../src/packets/handshake-v10.ts'
import type { Ok } from '../../src/packets/ok.ts'
import type { Dissected } from './tshark-pdml.ts'

/** One value that is not the same. Bytes are in hexadecimal. */
export interface Difference {
  readonly capture: string
  /** Of the packet, as we have it. */
  readonly kind: string
  /** Of the packet that we have before it, whoever sent it. */
  readonly after: string | undefined
  /** The name of the field; `packet` where only one of the two has the packet at all, `kind` where they take it for different ones. */
  readonly field: string
  readonly ours: Value
  readonly theirs: Value
}

export type Value = string | number | undefined

/**
 * Compares the packets of one connection, each direction by itself. Of what the server answers to commands we keep only the first
 * packet, and only if it is OK or ERR: there tshark may have more.
 */
export function differencesIn(capture: string, seen: Observation, theirs: readonly Dissected[]): Difference[] {
  return (['client', 'server'] as const).flatMap((side) => {
    const left = theirs.filter(({ from }) => from === side)
    const found: Difference[] = []
    let after: string | undefined
    const onlyTheirs = (packets: readonly Dissected[]) => {
      for (const packet of packets) {
        const kind = kindOf(packet)
        if (isOfLogin(kind)) found.push({ capture, kind, after, field: 'packet', ours: undefined, theirs: kind })
      }
    }
    for (const [i, packet] of seen.packets.entries()) {
      if (packet.from !== side) continue
      const { kind, length, sequenceId } = packet
      const at = left.findIndex((other) => other.length === length && other.sequenceId === sequenceId)
      const other = left[at]
      if (other !== undefined) {
        onlyTheirs(left.splice(0, at + 1).slice(0, -1))
        after = seen.packets[i - 1]?.kind
        for (const [field, ours, those] of comparedWith(packet, other)) {
          if (ours !== those) found.push({ capture, kind, after, field, ours, theirs: those })
        }
      } else found.push({ capture, kind, after, field: 'packet', ours: kind, theirs: undefined })
    }
    onlyTheirs(left)
    return found
  })
}

/** Whether it is none of the packets of a result. */
function isOfLogin(kind: string): boolean {
  return !['Result', 'Ok', 'Err'].includes(kind)
}

/** What tshark takes it for, by our name. */
function kindOf({ fields, length, title }: Dissected): string {
  const command = fields.get('mysql.command')?.[0]?.bytes[0]
  if (command !== undefined) return commandName(command) ?? `command ${command}`
  if (fields.has('mysql.server_greeting')) return 'HandshakeV10'
  if (fields.has('mysql.login_request')) return length === 32 ? 'SslRequest' : 'HandshakeResponse41'
  if (fields.has('mysql.auth_switch_response.data')) return 'AuthAnswer'
  if (fields.has('mysql.error_code')) return 'Err'
  if (fields.has('mysql.auth_switch_request.name')) return 'AuthSwitchRequest'
  if (/column|field|row|EOF/.test(title)) return 'Result'
  if (fields.has('mysql.affected_rows')) return fields.has('mysql.eof') ? 'Result' : 'Ok'
  return title === '' ? 'Unknown' : title
}

type Compared = readonly [field: string, ours: Value, theirs: Value]

function comparedWith(packet: SeenPacket, other: Dissected): Compared[] {
  const { kind, fields, problem } = packet
  const theirKind = kindOf(other)
  if (kind === 'AuthMoreData' || kind === 'AuthNextFactor')
    return [['kind', kind, theirKind], ...valuesOf(packet, other)]
  if (kind !== theirKind) return [['kind', kind, theirKind]]
  if (fields === undefined && !kind.startsWith('COM_')) return [['fields', problem, 'decoded']]
  return valuesOf(packet, other)
}

function valuesOf({ kind, fields, payload }: SeenPacket, other: Dissected): Compared[] {
  const show = (name: string) => other.fields.get(name)?.[0]?.show
  const number = (...names: string[]) =>
    names
      .map((name) => show(name))
      .filter((text) => text !== undefined)
      .map(Number)[0]
  const bytes = (name: string) =>
    other.fields
      .get(name)
      ?.map((field) => field.bytes.toString('hex'))
      .join(' ')
  const name = (name: string) => bytes(name)?.replace(/(00)+$/, '')
  const capabilities = (side: string) =>
    (number(`mysql.caps.${side}`) ?? 0) + (number(`mysql.extcaps.${side}`) ?? 0) * 0x10000
  switch (kind) {
    case 'HandshakeV10': {
      const greeting = fields as unknown as HandshakeV10
      return [
        ['serverVersion', hex(greeting.serverVersion), name('mysql.version')],
        ['connectionId', greeting.connectionId, number('mysql.thread_id')],
        // The NUL behind the first 8 bytes is no part of the nonce; the one behind all of them is sent with it.
        ['authPluginData', hex(greeting.authPluginData), `${bytes('mysql.salt')?.slice(0, 16)}${bytes('mysql.salt2')}`],
        ['capabilities', greeting.capabilities, capabilities('server')],
        ['collationId', greeting.collationId, number('mysql.server_language', 'mariadb.server_language')],
        ['statusFlags', greeting.statusFlags, number('mysql.server_status')],
        ['mariadbCapabilities', greeting.mariadbCapabilities, number('mariadb.extcaps.server') ?? 0],
        ['authPluginName', hex(greeting.authPluginName), name('mysql.auth_plugin')],
      ]
    }
    case 'SslRequest':
    case 'HandshakeResponse41': {
      const login = fields as unknown as HandshakeResponse41
      const common: Compared[] = [
        ['capabilities', login.capabilities, capabilities('client')],
        ['maxPacketSize', login.maxPacketSize, number('mysql.max_packet')],
        ['collationId', login.collationId, number('mysql.charset', 'mariadb.charset')],
        ['mariadbCapabilities', login.mariadbCapabilities, number('mariadb.extcaps.client') ?? 0],
      ]
      if (kind === 'SslRequest') return common
      return [
        ...common,
        ['user', hex(login.user), name('mysql.user')],
        ['authAnswer', hex(login.authAnswer), bytes('mysql.passwd') ?? ''],
        ['database', hex(login.database), name('mysql.schema')],
        ['authPluginName', hex(login.authPluginName), name('mysql.client_auth_plugin')],
        ['connectAttributes: names', hexes(login, 0), bytes('mysql.connattrs.name')],
        ['connectAttributes: values', hexes(login, 1), bytes('mysql.connattrs.value')],
        ['zstdLevel', login.zstdLevel, number('mysql.compression.zstd_level')],
      ]
    }
    case 'COM_CHANGE_USER': {
      const change = (fields ?? {}) as unknown as ComChangeUser
      return [
        ['user', hex(change.user), name('mysql.user')],
        ['authAnswer', hex(change.authAnswer), bytes('mysql.passwd') ?? ''],
        ['database', hex(change.database), name('mysql.schema')],
        ['collationId', change.collationId, number('mysql.charset', 'mariadb.charset')],
        ['authPluginName', hex(change.authPluginName), name('mysql.client_auth_plugin')],
      ]
    }
    case 'AuthSwitchRequest': {
      const { authPluginName, authPluginData } = fields as { authPluginName: string; authPluginData: Uint8Array }
      return [
        ['authPluginName', hex(authPluginName), name('mysql.auth_switch_request.name')],
        ['authPluginData', hex(authPluginData), bytes('mysql.auth_switch_request.data') ?? ''],
      ]
    }
    case 'AuthMoreData':
    case 'AuthNextFactor': {
      const names = ['mysql.auth_switch_request.name', 'mysql.auth_switch_request.data', 'mysql.payload']
      return [['payload', hex(payload), names.map((one) => bytes(one) ?? '').join('')]]
    }
    case 'AuthAnswer':
      return [['data', hex(payload), bytes('mysql.auth_switch_response.data')]]
    case 'Ok': {
      const ok = fields as unknown as Ok
      return [
        ['affectedRows', Number(ok.affectedRows), number('mysql.affected_rows')],
        ['lastInsertId', Number(ok.lastInsertId), number('mysql.insert_id') ?? 0],
        ['statusFlags', ok.statusFlags, number('mysql.server_status')],
        ['warnings', ok.warnings, number('mysql.warnings')],
        ['info', hex(ok.info), bytes('mysql.message') ?? ''],
      ]
    }
    case 'Err': {
      const err = fields as unknown as Err
      return [
        ['code', err.code, number('mysql.error_code')],
        ['sqlState', hex(err.sqlState), bytes('mysql.sqlstate')],
        ['message', hex(err.message), bytes('mysql.error.message')],
      ]
    }
    case 'COM_QUERY':
      return [
        [
          'query',
          hex(payload.subarray(-(other.fields.get('mysql.query')?.[0]?.bytes.length ?? 0))),
          bytes('mysql.query'),
        ],
      ]
    default:
      return []
  }
}

function hex(value: string | Uint8Array): string
function hex(value: string | Uint8Array | undefined): string | undefined
function hex(value: string | Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value as Uint8Array).toString('hex')
}

function hexes({ connectAttributes }: HandshakeResponse41, at: 0 | 1): string | undefined {
  return connectAttributes?.map((pair) => hex(pair[at])).join(' ')
}
