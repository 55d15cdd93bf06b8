/**
 * The type of a column that is one literal, one variable or one fact about the session: known without its values, which
 * may be NULL, or not there.
 */
import type { Column } from '../../server/query.ts'
import { settingRow } from '../../server/settings.ts'
import type { Token } from '../sql/lexer.ts'
import { largestInteger } from './values.ts'

type ColumnType = Pick<Column, 'type' | 'unsigned' | 'length'>

/** `undefined` for everything else. */
export function knownType(column: readonly Token[]): ColumnType | undefined {
  const operand = withoutAlias(column)
  const [first] = operand
  if (first === undefined) return undefined
  if (operand.length > 1) return isEmptyCall(operand) ? functionTypes.get(first.word) : undefined
  switch (first.kind) {
    case 'number':
      if (!/^\d+$/.test(first.text)) return undefined
      return { type: 'LONGLONG', unsigned: BigInt(first.text) > largestInteger }
    case 'text':
      return { type: 'VAR_STRING' }
    case 'system-variable':
      return variableType(first.text)
    case 'word':
      if (first.word === 'NULL') return { type: 'NULL' }
      if (first.word === 'TRUE' || first.word === 'FALSE') return { type: 'LONGLONG' }
      return niladicTypes.has(first.word) ? functionTypes.get(first.word) : undefined
    default:
      return undefined
  }
}

function withoutAlias(column: readonly Token[]): readonly Token[] {
  if (column.at(-2)?.word === 'AS') return column.slice(0, -2)
  const last = column.at(-1)
  const before = column.at(-2)
  const isAlias = last?.kind === 'name' || last?.kind === 'word'
  const endsOperand = before !== undefined && (before.word === ')' || before.kind !== 'sign')
  return isAlias && endsOperand ? column.slice(0, -1) : column
}

/** NOW() and NOW(3). */
function isEmptyCall(operand: readonly Token[]): boolean {
  const [name, open, ...rest] = operand
  if (name?.kind !== 'word' || open?.word !== '(' || rest.at(-1)?.word !== ')') return false
  return rest.length === 1 || (rest.length === 2 && rest[0]?.kind === 'number')
}

function variableType(name: string): ColumnType | undefined {
  if (/^(?:warning|error)_count$/i.test(name)) return count
  const row = settingRow(name)
  if (row === undefined) return undefined
  if (row.type === 'integer') return { type: 'LONGLONG', unsigned: true }
  return { type: row.type === 'boolean' ? 'LONGLONG' : 'VAR_STRING' }
}

const dateTime: ColumnType = { type: 'DATETIME', length: 19 }
const date: ColumnType = { type: 'DATE' }
const time: ColumnType = { type: 'TIME' }
const count: ColumnType = { type: 'LONGLONG', unsigned: true }

const niladicTypes: ReadonlyMap<string, ColumnType> = new Map([
  ['CURRENT_TIMESTAMP', dateTime],
  ['LOCALTIME', dateTime],
  ['LOCALTIMESTAMP', dateTime],
  ['UTC_TIMESTAMP', dateTime],
  ['CURRENT_DATE', date],
  ['UTC_DATE', date],
  ['CURRENT_TIME', time],
  ['UTC_TIME', time],
])

const functionTypes: ReadonlyMap<string, ColumnType> = new Map([
  ...niladicTypes,
  ['NOW', dateTime],
  ['SYSDATE', dateTime],
  ['CURDATE', date],
  ['CURTIME', time],
  ['CONNECTION_ID', count],
  ['LAST_INSERT_ID', count],
])
