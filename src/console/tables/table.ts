/**
 * What a virtual table is. A table is one file; `index.ts` is the list of them. Nothing else knows any of them by name.
 */
import { serverError } from '../../errors/errors.ts'
import type { GatewayView } from '../../gateway/view.ts'
import type { Administered } from '../../server/administered.ts'
import type { Door } from '../../server/door.ts'
import type { Column, Row, Session, Value } from '../../server/query.ts'

export interface VirtualTable {
  readonly schema: Schema
  /** Spelled as MySQL spells it; found in any spelling. */
  readonly name: string
  readonly columns: readonly TableColumn[]
  /** `all`: everybody may read it, and sees in it what is theirs; `select`: the SELECT privilege is needed. */
  readonly readers: 'all' | 'select'
  readonly comment?: string
  /** Everything that this viewer may see, now. One value per column, in their order. */
  rows(viewer: Viewer): readonly Row[]
}

export type Schema = 'information_schema' | 'mysql' | 'performance_schema' | 'saltgate'

export interface TableColumn {
  readonly name: string
  /** As SHOW COLUMNS prints it: `bigint unsigned`. */
  readonly type: string
  readonly nullable: boolean
}

/** Who looks at what. */
export interface Viewer {
  /** What is looked at. */
  readonly door: Administered
  /** Where the session is logged in: the same door, or the one of administrators, with accounts and databases of its own. */
  readonly home: Door
  /** Of an administrator's console: the gateway that `door` belongs to. */
  readonly gateway: GatewayView | undefined
  readonly session: Session
  /** Every table there is, for those that describe the others. */
  readonly tables: readonly VirtualTable[]
}

/**
 * Reads columns written as `NAME type | "OTHER NAME" type null | ...`; without `null` a column is NOT NULL.
 */
export function columns(text: string): TableColumn[] {
  return text.split('|').map((part) => {
    const [, quoted, plain, type = '', nullable] = /^(?:"([^"]*)"|(\S+)) (.*?)( null)?$/.exec(part.trim()) ?? []
    return { name: quoted ?? plain ?? '', type, nullable: nullable !== undefined }
  })
}

/** Puts the members of an object in the order of the columns; what is missing is NULL. */
export function rowOf(table: readonly TableColumn[], values: Readonly<Record<string, Value | undefined>>): Row {
  return table.map(({ name }) => values[name] ?? null)
}

/** A column of a table as the wire describes it. */
export function wireColumn(column: TableColumn, table: Pick<VirtualTable, 'schema' | 'name'>): Column {
  const { name, type, nullable } = column
  const about = { name, nullable, table: table.name, schema: table.schema }
  const base = type.replace(/[( ].*$/, '')
  if (/int$/.test(base)) {
    return { ...about, type: base === 'bigint' ? 'LONGLONG' : 'LONG', unsigned: type.endsWith('unsigned') }
  }
  if (base === 'timestamp') return { ...about, type: 'TIMESTAMP', length: type === base ? 19 : 26 }
  if (base === 'datetime') return { ...about, type: 'DATETIME', length: type === base ? 19 : 26 }
  if (base === 'double') return { ...about, type: 'DOUBLE' }
  if (base === 'blob' || /^varbinary\((?!0\))/.test(type)) return { ...about, type: 'BLOB' }
  if (base === 'json') return { ...about, type: 'JSON' }
  if (/^(?:var)?binary\(0\)$/.test(type)) return { ...about, type: 'NULL' }
  if (/text$/.test(base)) return { ...about, type: 'TEXT' }
  const length = characterLength(type) ?? 65_535
  if (base === 'varchar' && length === 65_535) return { ...about, type: 'TEXT' }
  const isFixed = base === 'char' || base === 'enum' || base === 'set'
  return { ...about, type: isFixed ? 'STRING' : 'VAR_STRING', length }
}

/** Of a text type with a length; `undefined` for all others. */
export function characterLength(type: string): number | undefined {
  const length = /^(?:var)?(?:char|binary)\((\d+)\)/.exec(type)?.[1]
  return length === undefined ? enumLength(type) : Number(length)
}

function enumLength(type: string): number | undefined {
  if (!type.startsWith('enum(')) return undefined
  return Math.max(...Array.from(type.matchAll(/'([^']*)'/g), ([, value = '']) => value.length))
}

/** A point in time as a column holds it, in UTC, with this many digits of a second. */
export function timestamp(ms: number, digits: 0 | 3 = 0): string {
  return new Date(ms)
    .toISOString()
    .slice(0, digits === 0 ? 19 : 23)
    .replace('T', ' ')
}

/**
 * Whether the viewer may see what belongs to this user of the door: everything with PROCESS, else what the own account name has.
 * An account of another door has nothing in this one.
 */
export function seesUser({ door, home, session }: Viewer, user: string | undefined): boolean {
  if (session.account.privileges.has('PROCESS')) return true
  return door === home && user !== undefined && user === session.account.user
}

/** For tables about what is everybody's. Throws: 1227. */
export function requireProcess({ session }: Viewer): void {
  if (!session.account.privileges.has('PROCESS')) throw serverError('ER_SPECIFIC_ACCESS_DENIED_ERROR', 'PROCESS')
}
