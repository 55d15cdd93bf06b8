/**
 * What expressions can ask of their session: variables, and functions like USER() and NOW().
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-functions.html
 */
import { serverError } from '../../errors/errors.ts'
import type { Session, Value, Warning } from '../../server/query.ts'
import { settingAliases } from '../../server/settings-remembered.ts'
import type { ConsoleContext } from '../context.ts'
import type { Token } from '../sql/lexer.ts'
import { findTable } from '../tables/index.ts'
import type { VirtualTable } from '../tables/table.ts'
import { mayReadSchema, tableDenied } from '../tables/visible.ts'
import { dateTimeText } from './datetime.ts'
import type { Surroundings } from './translation.ts'

export function surroundingsOf(context: ConsoleContext): Surroundings {
  const { session } = context
  return {
    systemVariable: (token) => systemVariable(context, token),
    userVariable: (name) => session.userVariables?.get(name.toLowerCase()) ?? null,
    sessionFunction: (name) => sessionFunctions.get(name)?.(session, context),
    table: (schema, name) => {
      const table = readableTable(context, schema, name)
      const isOld = table.schema === 'information_schema' && table.name === 'PROCESSLIST'
      if (isOld) session.warnings = [processlistDeprecated]
      return table
    },
    unknownFunction: (name) =>
      session.database === undefined
        ? serverError('ER_NO_DB_ERROR')
        : serverError('ER_SP_DOES_NOT_EXIST', 'FUNCTION', `${session.database}.${name}`),
    parameters: context.parameters,
    pipesAsConcat: session.settings.get('sql_mode').includes('PIPES_AS_CONCAT'),
  }
}

/** Throws: 1046, 1049, 1109, 1142 or 1146, in MySQL's order: who may not read learns nothing of what there is. */
export function readableTable(
  { home, session, tables }: ConsoleContext,
  schema: string | undefined,
  name: string,
): VirtualTable {
  const database = schema ?? session.database
  if (database === undefined) throw serverError('ER_NO_DB_ERROR')
  const table = findTable(tables, database, name)
  if (table?.readers === 'all') return table
  if (database.toLowerCase() === 'information_schema') {
    throw serverError('ER_UNKNOWN_TABLE', name.toUpperCase(), 'information_schema')
  }
  if (!mayReadSchema(table?.schema ?? database, session.account))
    throw tableDenied('SELECT', session, table?.name ?? name)
  if (table !== undefined) return table
  const refusal = home.databases.judge(database, session.account)
  throw refusal === undefined ? serverError('ER_NO_SUCH_TABLE', database, name) : refusal.error
}

const { code, message } = serverError(
  'ER_WARN_DEPRECATED_SYNTAX',
  'INFORMATION_SCHEMA.PROCESSLIST',
  'performance_schema.processlist',
)
/** Of the table and of SHOW PROCESSLIST, which is the same to MySQL. */
export const processlistDeprecated: Warning = { level: 'Warning', code, message }

/** `@@name` and `@@scope.name`. Throws: 1193 for an unknown one, 1238 for one that the scope does not have. */
function systemVariable({ door, session }: ConsoleContext, { text, scope }: Token): Value {
  const name = settingAliases.get(text.toLowerCase()) ?? text.toLowerCase()
  const own = sessionVariables.get(name)
  if (own !== undefined && scope !== 'global') return own(session)
  scopes ??= new Map(Array.from(session.settings.entries(), ({ name: known, row }) => [known, row.scope]))
  const declared = scopes.get(name)
  if (scope === 'global' && declared === 'session') throw serverError('ER_INCORRECT_GLOBAL_LOCAL_VAR', name, 'SESSION')
  if (scope === 'session' && declared === 'global') throw serverError('ER_INCORRECT_GLOBAL_LOCAL_VAR', name, 'GLOBAL')
  return scope === 'global' ? door.settings.get(name) : session.settings.get(name)
}

/** Which variables are global only, or session only: the same for every server. */
let scopes: ReadonlyMap<string, string> | undefined

/** Variables that are facts about the session rather than settings. */
const sessionVariables: ReadonlyMap<string, (session: Session) => Value> = new Map(
  Object.entries<(session: Session) => Value>({
    autocommit: (session) => session.autocommit,
    last_insert_id: (session) => session.lastInsertId,
    pseudo_thread_id: (session) => session.id,
    warning_count: (session) => session.warnings.length,
    error_count: (session) => session.warnings.filter(({ level }) => level === 'Error').length,
    timestamp: () => Date.now() / 1000,
    proxy_user: () => null,
    external_user: () => null,
  }),
)

type SessionFunction = (session: Session, context: ConsoleContext) => Value

const user: SessionFunction = (session) => `${session.user}@${session.host}`
const database: SessionFunction = (session) => session.database ?? null
const now: SessionFunction = (_, { door }) => dateTimeText(door.now()).slice(0, 19)
const today: SessionFunction = (_, { door }) => dateTimeText(door.now()).slice(0, 10)
const timeOfDay: SessionFunction = (_, { door }) => dateTimeText(door.now()).slice(11, 19)

const sessionFunctions: ReadonlyMap<string, SessionFunction> = new Map(
  Object.entries<SessionFunction>({
    connection_id: (session) => session.id,
    user,
    session_user: user,
    system_user: user,
    current_user: ({ account }) => `${account.user}@${account.host}`,
    current_role: () => 'NONE',
    database,
    schema: database,
    version: (_, { door }) => door.settings.get('version'),
    found_rows: (_, { foundRows }) => foundRows,
    row_count: (session) => session.affectedRows,
    last_insert_id: (session) => session.lastInsertId,
    now,
    current_timestamp: now,
    localtime: now,
    localtimestamp: now,
    sysdate: now,
    utc_timestamp: now,
    curdate: today,
    current_date: today,
    utc_date: today,
    curtime: timeOfDay,
    current_time: timeOfDay,
    utc_time: timeOfDay,
    unix_timestamp: (_, { door }) => Math.floor(door.now() / 1000),
  }),
)
