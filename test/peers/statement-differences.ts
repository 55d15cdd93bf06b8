/**
 * Runs the tables of statements on two servers at a time and says where the answers differ: columns, rows, counts,
 * warnings, errors with SQLSTATE and text.
 */
import { type Connection, createConnection, type FieldPacket, type ResultSetHeader } from 'mysql2/promise'
import type { RunningServer } from './servers.ts'
import type { Group, Statement, Who } from './statement.ts'

export interface Difference {
  readonly sql: string
  readonly first: unknown
  readonly second: unknown
}

interface Answer {
  readonly error?: string
  readonly affectedRows?: number
  readonly columns?: readonly string[]
  readonly rows?: unknown
  readonly warnings?: unknown
}

/** Run by root before each group. */
export const setUp = [
  'DROP USER IF EXISTS ann, expired',
  "CREATE USER ann@'%' IDENTIFIED BY 'pw'",
  "CREATE USER expired@'%' IDENTIFIED BY 'pw' PASSWORD EXPIRE",
]

/** Differences where there should be none, and rows that say there is one where there is none. */
export async function compareGroup(
  group: Group,
  servers: readonly [RunningServer, RunningServer],
): Promise<Difference[]> {
  const [first, second] = await Promise.all(servers.map((server) => login(server, group.as)))
  const found: Difference[] = []
  for (const row of group.statements) {
    const statement = typeof row === 'string' ? { sql: row } : row
    const [a, b] = await Promise.all([answer(first as Connection, statement), answer(second as Connection, statement)])
    const same = JSON.stringify(a) === JSON.stringify(b)
    if (same !== (statement.differs === undefined)) found.push({ sql: statement.sql, first: a, second: b })
  }
  first?.destroy()
  second?.destroy()
  return found
}

export function login(server: RunningServer, who: Who): Promise<Connection> {
  return createConnection({
    socketPath: server.socket,
    user: who,
    password: who === 'root' ? server.rootPassword : 'pw',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
  })
}

async function answer(connection: Connection, { sql, rows: compared = 'all' }: Statement): Promise<Answer> {
  const { answer: given, warningCount } = await query(connection, sql)
  const { columns, rows, ...rest } = given
  return {
    ...rest,
    ...(columns && { columns: compared === 'names' ? columns.map((column) => column.replace(/ \S+$/, '')) : columns }),
    ...(compared === 'all' && { rows }),
    ...(warningCount > 0 && { warnings: (await query(connection, 'SHOW WARNINGS')).answer.rows }),
  }
}

async function query(connection: Connection, sql: string): Promise<{ answer: Answer; warningCount: number }> {
  try {
    const [rows, fields] = await connection.query({ sql, rowsAsArray: true })
    if (!Array.isArray(rows)) {
      const { affectedRows, warningStatus } = rows as ResultSetHeader
      return { answer: { affectedRows }, warningCount: warningStatus }
    }
    return { answer: { columns: fields.map(describe), rows }, warningCount: 0 }
  } catch (error) {
    const { errno, sqlState, sqlMessage, message } = error as Error & Record<string, string>
    return { answer: { error: `${errno} (${sqlState}) ${sqlMessage ?? message}` }, warningCount: 0 }
  }
}

function describe(field: FieldPacket): string {
  const { name, columnType, flags } = field as FieldPacket & { columnType: number; flags: number }
  const unsigned = (Number(flags) & 32) !== 0 ? 'u' : ''
  return `${name} ${columnType}${unsigned}`
}
