/** The fields of packets as people and programs read them: flags by name, text as text, secrets as lengths. */
import { charsetOf, decodeName } from '../../machine/collations.ts'
import { capability, mariadbCapability, names } from '../../packets/capabilities.ts'
import { characterSets } from '../../packets/character-sets.ts'
import { attributesText, type ConnectAttributes } from '../../packets/connect-attributes.ts'
import { serverStatus } from '../../packets/server-status.ts'
import type { SeenPacket } from '../observation.ts'
import type { Shown } from './connection-report.ts'

/** Every field of a packet by its codec's name; none of an answer, whose bytes are secret. */
export function shownFields({ kind, fields }: SeenPacket): Readonly<Record<string, Shown>> | undefined {
  if (fields === undefined || kind === 'AuthAnswer') return undefined
  const collationId = typeof fields.collationId === 'number' ? fields.collationId : 0
  const all: Record<string, Shown> = {}
  for (const name in fields) all[name] = shownField(name, fields[name], collationId)
  return all
}

/** `CLIENT_PLUGIN_AUTH`, as the manual writes them; lowest bit first, MariaDB's own behind. */
export function capabilityNames(capabilities: number, mariadb: number): string[] {
  const named: (readonly [string, number])[] = mysqlFlags.filter(([, bit]) => (capabilities & bit) !== 0)
  if (mariadb !== 0) named.push(...mariadbFlags.filter(([, bit]) => (mariadb & bit) !== 0))
  return named.map(([name]) => name)
}

/** `utf8mb4_0900_ai_ci`; `collation 2049` for an id that MySQL has not given to any. */
export function collationName(id: number): string {
  return collationsById.get(id) ?? `collation ${id}`
}

/** A name that the client sent; bytes that are no text in its character set are shown as Latin-1. */
export function nameText(bytes: Uint8Array, collationId: number): string {
  return decodeName(bytes, collationId) ?? Buffer.from(bytes).toString('latin1')
}

function shownField(name: string, value: unknown, collationId: number): Shown {
  switch (name) {
    case 'capabilities':
      return capabilityNames(value as number, 0)
    case 'mariadbCapabilities':
      return capabilityNames(0, value as number)
    case 'statusFlags':
      return statusNames(value as number)
    case 'collationId':
      return value === undefined
        ? null
        : { id: value as number, name: collationName(value as number), charset: charsetOf(value as number) }
    case 'user':
    case 'database':
      return value instanceof Uint8Array ? nameText(value, collationId) : shown(value)
    case 'connectAttributes':
      return value === undefined ? null : attributesText(value as ConnectAttributes)
    case 'authPluginData':
    case 'filler':
      return value instanceof Uint8Array
        ? { bytes: value.length, hex: Buffer.from(value).toString('hex') }
        : shown(value)
    default:
      return shown(value)
  }
}

/** Bytes by their length: what may be read of them has a case of its own. */
function shown(value: unknown): Shown {
  if (value === undefined || value === null) return null
  if (value instanceof Uint8Array) return { bytes: value.length }
  if (typeof value === 'bigint') return value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(shown)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]))
}

function statusNames(flags: number): string[] {
  return statusFlags.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name)
}

const mysqlFlags = names(0xffffffff).map((name) => [`CLIENT_${name}`, capability[name]] as const)
const mariadbFlags = Object.entries(mariadbCapability).map(([name, bit]) => [`MARIADB_CLIENT_${name}`, bit] as const)

const statusFlags = Object.entries(serverStatus).map(
  ([name, bit]) => [name === 'SESSION_STATE_CHANGED' ? `SERVER_${name}` : `SERVER_STATUS_${name}`, bit] as const,
)

const collationsById = new Map(
  characterSets.flatMap(({ collations }) => collations.map(({ id, name }) => [id, name] as const)),
)
