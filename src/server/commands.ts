/**
 * The commands of the wire, one function each. A command that can be answered at once returns nothing; one that must
 * wait returns a promise, and the session reads no further until it is settled.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { serverError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { encodeColumnDefinition } from '../packets/column-definition.ts'
import { decodeComFieldList } from '../packets/com-field-list.ts'
import { decodeComInitDb } from '../packets/com-init-db.ts'
import { decodeComProcessKill } from '../packets/com-process-kill.ts'
import { decodeComQuery } from '../packets/com-query.ts'
import { decodeComSetOption } from '../packets/com-set-option.ts'
import { decodeComStmtClose } from '../packets/com-stmt-close.ts'
import { decodeComStmtPrepare, encodeStmtPrepareOk } from '../packets/com-stmt-prepare.ts'
import { decodeComStmtReset } from '../packets/com-stmt-reset.ts'
import { decodeComStmtSendLongData } from '../packets/com-stmt-send-long-data.ts'
import { command } from '../packets/commands.ts'
import type { SessionChange } from '../packets/session-changes.ts'
import { flush, kill } from './administration.ts'
import type { ClientSession } from './client-session.ts'
import { columnsOf, definitionOf } from './columns.ts'
import { countPlaceholders } from './placeholders.ts'
import { PreparedStatements } from './prepared-statements.ts'
import type { OkResult, RowsResult, SingleResult, Value } from './query.ts'
import type { ResultWriter } from './result-writer.ts'

/** Of a statement in the process list, in characters. */
const longestInfo = 65_536

/** Options of COM_SET_OPTION. */
const multiStatementsOn = 0

/**
 * Runs one command. `lastSequenceId` is that of the command's last frame.
 *
 * Throws, or rejects with, `MysqlError` for what the client shall be told; the session stays usable.
 */
export function runCommand(
  session: ClientSession,
  payload: Uint8Array,
  writer: ResultWriter,
  lastSequenceId: number,
): Promise<void> | undefined {
  switch (payload[0]) {
    case command.QUIT:
      session.quit()
      return undefined
    case command.PING:
      writer.ok({})
      return undefined
    case command.QUERY:
      return query(session, session.text(decodeComQuery(payload, session.capabilities).query), writer)
    case command.INIT_DB:
      return initDb(session, session.text(decodeComInitDb(payload).database), writer)
    case command.STMT_PREPARE:
      return prepare(session, session.text(decodeComStmtPrepare(payload).query), writer)
    case command.STMT_EXECUTE:
      return execute(session, payload, writer)
    case command.STMT_SEND_LONG_DATA:
      session.prepared?.addLongData(decodeComStmtSendLongData(payload), session.door.settings.get('max_allowed_packet'))
      return undefined
    case command.STMT_CLOSE:
      if (session.prepared?.close(decodeComStmtClose(payload).statementId)) {
        session.door.registry.status.Prepared_stmt_count--
      }
      return undefined
    case command.STMT_RESET:
      statements(session).reset(decodeComStmtReset(payload).statementId)
      writer.ok({})
      return undefined
    case command.STMT_FETCH:
      // No cursor is ever opened: an execution sends all its rows at once, which clients must accept.
      throw serverError('ER_UNKNOWN_STMT_HANDLER', '0', 'mysqld_stmt_fetch')
    case command.FIELD_LIST:
      return fieldList(session, session.text(decodeComFieldList(payload).table), writer)
    case command.CHANGE_USER:
      session.changeUser(payload, lastSequenceId & 0xff)
      return undefined
    case command.RESET_CONNECTION:
      session.reset()
      writer.ok({})
      return undefined
    case command.SET_OPTION:
      session.multiStatements = decodeComSetOption(payload).option === multiStatementsOn
      writer.eof({})
      return undefined
    case command.STATISTICS:
      return administer(session, () => writer.packet(Buffer.from(statistics(session))))
    case command.PROCESS_INFO:
      return query(session, 'SHOW PROCESSLIST', writer)
    case command.PROCESS_KILL:
      return administer(
        session,
        () => kill(session.door, session, decodeComProcessKill(payload).connectionId, 'connection'),
        () => writer.ok({}),
      )
    case command.REFRESH:
      return administer(
        session,
        () => refresh(session, payload[1] ?? 0),
        () => writer.ok({}),
      )
    default:
      throw serverError('ER_UNKNOWN_COM_ERROR')
  }
}

/** At once, unless what it is about is in other processes. */
function administer(session: ClientSession, act: () => void, answer = () => {}): Promise<void> | undefined {
  const { elsewhere } = session.door.administers
  if (elsewhere === undefined) {
    act()
    answer()
    return undefined
  }
  return elsewhere
    .catchUp()
    .then(act)
    .then(() => elsewhere.settled())
    .then(answer)
}

function query(session: ClientSession, sql: string, writer: ResultWriter): Promise<void> {
  return run(session, 'Query', sql, [], writer, false)
}

function execute(session: ClientSession, payload: Uint8Array, writer: ResultWriter): Promise<void> {
  const { sql, parameters } = statements(session).execution(payload, session.capabilities)
  return run(session, 'Execute', sql, parameters, writer, true)
}

async function run(
  session: ClientSession,
  name: 'Query' | 'Execute',
  sql: string,
  parameters: readonly Value[],
  writer: ResultWriter,
  binary: boolean,
): Promise<void> {
  const { door, record } = session
  door.registry.status.Questions++
  record.command = name
  record.state = 'executing'
  record.info = door.redact(sql.slice(0, longestInfo))
  record.sinceMs = door.now()
  const before = markOf(session)
  const result = await door.onQuery(sql, session, parameters)
  if ('results' in result) await writeAll(session, result.results, writer, binary, before)
  else await write(session, result, writer, { binary, more: false, ...since(session, before) })
}

interface How {
  readonly binary: boolean
  readonly more: boolean
  readonly warnings: number
  readonly changes: readonly SessionChange[]
}

/** What a statement may change of its session, as it was before. */
type Mark = Pick<ClientSession, 'database' | 'warnings'>

function markOf({ database, warnings }: ClientSession): Mark {
  return { database, warnings }
}

/** What the last statement left behind, and this one has not replaced, is not counted again. */
function since(session: ClientSession, before: Mark): Pick<How, 'warnings' | 'changes'> {
  const warnings = session.warnings === before.warnings ? 0 : session.warnings.length
  return { warnings, changes: changes(session, before.database) }
}

/** The statement behind a result has run before the result is written: only then is it known whether more follows. */
async function writeAll(
  session: ClientSession,
  results: Iterable<SingleResult> | AsyncIterable<SingleResult>,
  writer: ResultWriter,
  binary: boolean,
  start: Mark,
): Promise<void> {
  const iterator = Symbol.asyncIterator in results ? results[Symbol.asyncIterator]() : results[Symbol.iterator]()
  let before = start
  let current = await iterator.next()
  while (!current.done) {
    const how = { binary, ...since(session, before) }
    before = markOf(session)
    const { value } = current
    try {
      current = await iterator.next()
    } catch (error) {
      await write(session, value, writer, { ...how, more: true })
      throw error
    }
    await write(session, value, writer, { ...how, more: !current.done })
  }
}

async function write(session: ClientSession, result: SingleResult, writer: ResultWriter, how: How): Promise<void> {
  const rows = rowsOf(result)
  if (rows !== undefined) {
    session.affectedRows = -1n
    await writer.resultSet(rows.columns, rows.rows, {
      binary: how.binary,
      metadata: sendsMetadata(session),
      more: how.more,
      warnings: rows.warnings ?? how.warnings,
    })
    return
  }
  const outcome = Array.isArray(result) ? {} : (result as OkResult)
  session.affectedRows = BigInt(outcome.affectedRows ?? 0)
  session.lastInsertId = BigInt(outcome.lastInsertId ?? session.lastInsertId)
  writer.ok(
    {
      affectedRows: BigInt(outcome.affectedRows ?? 0),
      lastInsertId: BigInt(outcome.lastInsertId ?? 0),
      warnings: outcome.warnings ?? how.warnings,
      ...(outcome.info !== undefined && { info: outcome.info }),
      sessionChanges: [...how.changes, ...(outcome.sessionChanges ?? [])],
    },
    how.more,
  )
}

/** resultset_metadata counts only for clients that said they can do without. */
function sendsMetadata(session: ClientSession): boolean {
  if (!has(session.capabilities, capability.OPTIONAL_RESULTSET_METADATA)) return true
  return session.settings.get('resultset_metadata') !== 'NONE'
}

/** An empty array has no columns to speak of: it is the outcome of a statement without rows. */
function rowsOf(result: SingleResult): RowsResult | undefined {
  if (Array.isArray(result)) return result.length > 0 ? columnsOf(result) : undefined
  return 'columns' in result ? (result as RowsResult) : undefined
}

async function initDb(session: ClientSession, database: string, writer: ResultWriter): Promise<void> {
  const refusal = session.door.databases.judge(database, session.account)
  if (refusal !== undefined) throw refusal.error
  const before = session.database
  session.database = database
  writer.ok({ sessionChanges: changes(session, before) })
}

function changes(session: ClientSession, before: string | undefined): readonly SessionChange[] {
  if (session.database === before) return []
  return [{ kind: 'schema', name: session.database ?? '' }]
}

function prepare(session: ClientSession, sql: string, writer: ResultWriter): undefined {
  const { status } = session.door.registry
  if (status.Prepared_stmt_count >= session.door.settings.get('max_prepared_stmt_count')) {
    throw serverError('ER_MAX_PREPARED_STMT_COUNT_REACHED', status.Prepared_stmt_count)
  }
  const count = countPlaceholders(sql)
  const statementId = statements(session).add(sql, count)
  status.Prepared_stmt_count++
  // Which columns there will be is known when it is executed, as for many statements of MySQL.
  const ok = { statementId, columnCount: 0, parameterCount: count, warnings: 0, metadataFollows: true }
  writer.packet(encodeStmtPrepareOk(ok, session.capabilities))
  if (count > 0) writer.definitions(Array.from({ length: count }, () => definitionOf({ name: '?' })))
  return undefined
}

/** Answered with the columns that a query of the table has. */
async function fieldList(session: ClientSession, table: string, writer: ResultWriter): Promise<void> {
  const name = table.replaceAll('`', '``')
  const result = await session.door.onQuery(`SELECT * FROM \`${name}\` LIMIT 0`, session, [])
  const columns = ('results' in result ? undefined : rowsOf(result))?.columns ?? []
  for (const column of columns) {
    writer.packet(encodeColumnDefinition({ ...definitionOf({ table, ...column }), defaultValue: null }))
  }
  writer.eof({})
}

/** COM_REFRESH, which mysqladmin and phpMyAdmin still send: a set of bits, each a FLUSH. */
function refresh(session: ClientSession, bits: number): void {
  if ((bits & 0x01) !== 0) flush(session.door, session, 'privileges')
  if ((bits & 0x08) !== 0) flush(session.door, session, 'hosts')
  if ((bits & 0x10) !== 0) flush(session.door, session, 'status')
}

function statistics(session: ClientSession): string {
  const door = session.door.administers
  const seconds = Math.floor((door.now() - door.registry.startedAtMs) / 1000)
  const { Questions } = door.registry.status
  const average = (Questions / Math.max(1, seconds)).toFixed(3)
  return `Uptime: ${seconds}  Threads: ${door.registry.live.size}  Questions: ${Questions}  Slow queries: 0  Opens: 0  Flush tables: 1  Open tables: 0  Queries per second avg: ${average}`
}

function statements(session: ClientSession): PreparedStatements {
  session.prepared ??= new PreparedStatements()
  return session.prepared
}
