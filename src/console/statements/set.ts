/**
 * SET: system and user variables, NAMES, CHARACTER SET, TRANSACTION. All values are computed before the first is kept.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/set-variable.html
 */
import { serverError } from '../../errors/errors.ts'
import { characterSets } from '../../packets/character-sets.ts'
import type { OkResult, Session, Value, Warning } from '../../server/query.ts'
import type { SettingValue } from '../../server/setting-row.ts'
import { acceptGlobal, acceptSession, settingRow } from '../../server/settings.ts'
import type { ConsoleContext } from '../context.ts'
import { select } from '../select/select.ts'
import { surroundingsOf } from '../select/surroundings.ts'
import type { Cursor } from '../sql/cursor.ts'
import { lex, type Token, type VariableScope } from '../sql/lexer.ts'

/** Keeps one value. Throws what MySQL answers. */
type Assignment = () => readonly Warning[]

export async function set(context: ConsoleContext, cursor: Cursor): Promise<OkResult> {
  const assignments: Assignment[] = []
  do assignments.push(await readAssignment(context, cursor))
  while (cursor.skip(','))
  cursor.end()
  context.session.warnings = assignments.flatMap((assign) => assign())
  return {}
}

async function readAssignment(context: ConsoleContext, cursor: Cursor): Promise<Assignment> {
  if (cursor.skip('NAMES')) return readNames(context.session, cursor)
  if (cursor.skip('CHARACTER', 'SET') || cursor.skip('CHARSET')) return readCharacterSet(context, cursor)
  if (cursor.token?.kind === 'user-variable') return readUserVariable(context, cursor)
  let scope: VariableScope | undefined
  let name: string
  if (cursor.token?.kind === 'system-variable') {
    const token = cursor.next()
    scope = token.scope
    name = token.text
  } else {
    const word = cursor.skipOne('GLOBAL', 'SESSION', 'LOCAL', 'PERSIST', 'PERSIST_ONLY')?.toLowerCase()
    scope = word === 'local' ? 'session' : (word as VariableScope | undefined)
    if (cursor.skip('TRANSACTION')) return readTransaction(context, cursor, scope)
    if (word === undefined && cursor.skipOne('ROLE', 'RESOURCE', 'DEFAULT') !== undefined) {
      throw serverError('ER_NOT_SUPPORTED_YET', 'SET ROLE')
    }
    name = cursor.name()
  }
  if (cursor.token?.word === '.') throw unknownComponent(cursor, name)
  readEquals(cursor)
  const value = cursor.skip('DEFAULT') ? undefined : await readValue(context, cursor)
  requirePrivilege(context.session, scope, name)
  if (scope === 'persist' || scope === 'persist_only') throw serverError('ER_NOT_SUPPORTED_YET', 'SET PERSIST')
  // What cannot be set is refused before the first value is kept.
  if (typeof value === 'number') throw serverError('ER_WRONG_TYPE_FOR_VAR', name.toLowerCase())
  const accept = scope === 'global' ? acceptGlobal : acceptSession
  accept(name, value === undefined ? context.door.settings.get(name) : value)
  return () => assignSystemVariable(context, scope, name, value)
}

/** Variables of components have a dot in their names. There are no components. */
function unknownComponent(cursor: Cursor, component: string): Error {
  cursor.next()
  return serverError('ER_UNKNOWN_SYSTEM_VARIABLE', `${component}.${cursor.name()}`)
}

function assignSystemVariable(
  { door, session }: ConsoleContext,
  scope: VariableScope | undefined,
  name: string,
  value: SettingValue | undefined,
): readonly Warning[] {
  if (scope === 'global') {
    if (value !== undefined) return door.settings.setGlobal(name, value)
    door.settings.resetGlobal(name)
    return []
  }
  let warnings: readonly Warning[] = []
  if (value === undefined) session.settings.resetOne(name)
  else warnings = session.settings.set(name, value)
  if (name.toLowerCase() === 'autocommit') session.autocommit = session.settings.get('autocommit')
  if (/^(?:last_insert_id|identity)$/i.test(name)) session.lastInsertId = session.settings.get('last_insert_id')
  return warnings
}

/** Throws: 1193 for an unknown variable, 1238 for one that nobody can set, 1227. */
function requirePrivilege({ account }: Session, scope: VariableScope | undefined, name: string): void {
  const row = settingRow(name)
  if (row === undefined) throw serverError('ER_UNKNOWN_SYSTEM_VARIABLE', name)
  const isGlobal = scope !== undefined && scope !== 'session'
  if (!row.dynamic && scope !== 'persist_only') return
  if (!isGlobal && !restricted.has(name.toLowerCase())) return
  if (account.privileges.has('SYSTEM_VARIABLES_ADMIN') || account.privileges.has('SUPER')) return
  throw serverError(
    'ER_SPECIFIC_ACCESS_DENIED_ERROR',
    isGlobal ? 'SUPER or SYSTEM_VARIABLES_ADMIN' : 'SUPER, SYSTEM_VARIABLES_ADMIN or SESSION_VARIABLES_ADMIN',
  )
}

/** What a session may not change for itself alone. */
const restricted: ReadonlySet<string> = new Set([
  ...['binlog_format', 'binlog_row_image', 'character_set_database', 'character_set_filesystem', 'gtid_next'],
  ...['max_error_count', 'pseudo_thread_id', 'sql_log_bin', 'sql_log_off', 'sql_require_primary_key'],
])

async function readUserVariable(context: ConsoleContext, cursor: Cursor): Promise<Assignment> {
  const name = cursor.next().text.toLowerCase()
  readEquals(cursor)
  const value = await readExpression(context, cursor)
  return () => {
    context.session.userVariables ??= new Map()
    context.session.userVariables.set(name, value)
    return []
  }
}

function readEquals(cursor: Cursor): void {
  if (cursor.skipOne('=', ':=') === undefined) throw cursor.error()
}

/** A bare word is a text: SET sql_mode = ANSI, SET autocommit = ON. */
async function readValue(context: ConsoleContext, cursor: Cursor): Promise<SettingValue> {
  const { token } = cursor
  const [, second] = cursor.rest
  const isAlone = second === undefined || second.word === ','
  if (isAlone && (token?.kind === 'word' || token?.kind === 'name') && !/^(?:TRUE|FALSE|NULL)$/.test(token.word)) {
    return cursor.next().text
  }
  const value = await readExpression(context, cursor)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return value instanceof Date ? value.toISOString() : value
}

/** Literals are read here; everything else is for SELECT to compute. */
async function readExpression(context: ConsoleContext, cursor: Cursor): Promise<Value> {
  const expression = takeExpression(cursor)
  if (expression.length === 0) throw cursor.error()
  const [first] = expression
  if (expression.length === 1 && first !== undefined) {
    const literal = literalOf(first)
    if (literal !== undefined) return literal
    if (first.kind === 'system-variable') return exact(surroundingsOf(context).systemVariable(first))
  }
  const { rows } = await select(context, cursor.sql, [...lex('SELECT'), ...expression])
  for await (const row of rows) return row[0] ?? null
  return null
}

/** Whole numbers are bigint here: a number is one with a fraction. */
function exact(value: Value): Value {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value
}

function literalOf({ kind, text, word }: Token): Value | undefined {
  if (kind === 'text') return text
  if (kind === 'number') return /^\d+$/.test(text) && BigInt(text) <= largestUnsigned ? BigInt(text) : Number(text)
  return { TRUE: true, FALSE: false, NULL: null }[word]
}

/** What is larger is a decimal number. */
const largestUnsigned = 18_446_744_073_709_551_615n

/** Up to the comma that begins the next assignment. */
function takeExpression(cursor: Cursor): Token[] {
  const expression: Token[] = []
  for (let depth = 0; !cursor.isAtEnd; ) {
    const { word } = cursor.token as Token
    if (word === ',' && depth === 0) break
    if (word === '(') depth++
    if (word === ')') depth--
    expression.push(cursor.next())
  }
  return expression
}

const clientVariables = ['character_set_client', 'character_set_results', 'character_set_connection'] as const

function readNames({ settings }: Session, cursor: Cursor): Assignment {
  const name = cursor.skip('DEFAULT') ? 'utf8mb4' : cursor.nameOrText()
  const known = characterSet(name)
  const collation = cursor.skip('COLLATE') ? cursor.nameOrText().toLowerCase() : known.defaultCollation
  if (!known.collations.some((one) => one.name === collation)) {
    if (!characterSets.some((other) => other.collations.some((one) => one.name === collation))) {
      throw serverError('ER_UNKNOWN_COLLATION', collation)
    }
    throw serverError('ER_COLLATION_CHARSET_MISMATCH', collation, known.name)
  }
  return () => [
    ...aliasWarning(name),
    ...clientVariables.flatMap((variable) => settings.set(variable, known.name)),
    ...settings.set('collation_connection', collation),
  ]
}

/** The connection keeps the character set of the database. */
function readCharacterSet({ session, door }: ConsoleContext, cursor: Cursor): Assignment {
  const { settings } = session
  const given = cursor.skip('DEFAULT') ? 'utf8mb4' : cursor.nameOrText()
  const { name } = characterSet(given)
  return () => [
    ...aliasWarning(given),
    ...settings.set('character_set_client', name),
    ...settings.set('character_set_results', name),
    ...settings.set('character_set_connection', door.settings.get('character_set_database')),
    ...settings.set('collation_connection', door.settings.get('collation_database')),
  ]
}

function aliasWarning(name: string): readonly Warning[] {
  if (name.toLowerCase() !== 'utf8') return []
  const { code, message } = serverError('ER_DEPRECATED_UTF8_ALIAS')
  return [{ level: 'Warning', code, message }]
}

function characterSet(name: string) {
  const lower = name.toLowerCase()
  const found = characterSets.find((set) => set.name === (lower === 'utf8' ? 'utf8mb3' : lower))
  if (found === undefined) throw serverError('ER_UNKNOWN_CHARACTER_SET', name)
  return found
}

/** Without a scope only the next transaction is meant, and transactions change nothing here. */
function readTransaction(context: ConsoleContext, cursor: Cursor, scope: VariableScope | undefined): Assignment {
  const assignments: Assignment[] = []
  requirePrivilege(context.session, scope, 'transaction_isolation')
  do {
    if (cursor.skip('READ', 'ONLY')) assignments.push(() => assign('transaction_read_only', true))
    else if (cursor.skip('READ', 'WRITE')) assignments.push(() => assign('transaction_read_only', false))
    else {
      cursor.expect('ISOLATION', 'LEVEL')
      const level = levels.find((words) => cursor.skip(...words.split('-')))
      if (level === undefined) throw cursor.error()
      assignments.push(() => assign('transaction_isolation', level))
    }
  } while (cursor.skip(','))
  const assign = (name: string, value: SettingValue) =>
    scope === undefined ? [] : assignSystemVariable(context, scope, name, value)
  return () => assignments.flatMap((one) => one())
}

const levels = ['READ-UNCOMMITTED', 'READ-COMMITTED', 'REPEATABLE-READ', 'SERIALIZABLE']
