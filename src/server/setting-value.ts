/**
 * Values of system variables: what SET accepts for a row, with MySQL's errors and warnings, and what the configuration
 * accepts for it.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/set-variable.html
 */
import { ConfigurationError, MysqlError, type ServerError, serverError } from '../errors/errors.ts'
import type { IntegerRow, SetRow, SettingRow, SettingValue } from './setting-row.ts'

export interface SettingWarning {
  readonly level: 'Warning'
  readonly code: number
  readonly message: string
}

export interface Accepted {
  readonly value: SettingValue
  readonly warning: SettingWarning | undefined
}

/**
 * Judges the value of a SET statement. ON, OFF and names come as text, TRUE and FALSE as boolean or number.
 *
 * Throws: `ServerError` 1231 for a value that the variable cannot have, 1232 for a type that it cannot have.
 */
export function acceptValue(name: string, row: SettingRow, value: SettingValue): Accepted {
  const wrongValue = () => serverError('ER_WRONG_VALUE_FOR_VAR', name, value === null ? 'NULL' : String(value))
  if (value === null) {
    if (row.type === 'string' && row.nullable) return { value: null, warning: undefined }
    throw row.type === 'integer' ? serverError('ER_WRONG_TYPE_FOR_VAR', name) : wrongValue()
  }
  const given = typeof value === 'boolean' ? Number(value) : value
  switch (row.type) {
    case 'integer':
      return acceptInteger(name, row, given)
    case 'boolean':
      return plain(acceptChoice(name, ['OFF', 'ON'], given, wrongValue) === 'ON')
    case 'enum':
      return plain(acceptChoice(name, row.values, given, wrongValue))
    case 'set':
      return plain(acceptSet(name, row, given, wrongValue))
    case 'string':
      if (typeof given !== 'string') throw serverError('ER_WRONG_TYPE_FOR_VAR', name)
      return plain(row.accept === undefined ? given : row.accept(given))
  }
}

/**
 * Judges a value from the configuration or the command line, where everything may be text: numbers with a suffix such
 * as `64M`, booleans as ON, TRUE or 1.
 *
 * Throws: `ConfigurationError` that says what is allowed.
 */
export function acceptStartupValue(name: string, row: SettingRow, value: SettingValue): Accepted {
  try {
    return acceptValue(name, row, typeof value === 'string' ? fromText(row, value) : value)
  } catch (error) {
    if (!(error instanceof MysqlError)) throw error
    throw new ConfigurationError(`${name} cannot be '${value}': it takes ${allowed(row)}`)
  }
}

/** As SHOW VARIABLES writes a value. */
export function shownValue(value: SettingValue): string {
  if (typeof value === 'boolean') return value ? 'ON' : 'OFF'
  return value === null ? '' : String(value)
}

function acceptInteger(name: string, row: IntegerRow, given: number | bigint | string): Accepted {
  if (typeof given === 'string' || (typeof given === 'number' && !Number.isInteger(given))) {
    throw serverError('ER_WRONG_TYPE_FOR_VAR', name)
  }
  const wanted = BigInt(given)
  const bounded = wanted < row.min ? BigInt(row.min) : wanted > row.max ? BigInt(row.max) : wanted
  const kept = bounded - (bounded % BigInt(row.block))
  if (row.strict && kept !== wanted) throw serverError('ER_WRONG_VALUE_FOR_VAR', name, String(given))
  return {
    value: typeof row.default === 'bigint' ? kept : Number(kept),
    warning: kept === wanted ? undefined : warningOf(serverError('ER_TRUNCATED_WRONG_VALUE', name, String(given))),
  }
}

function acceptChoice(
  name: string,
  values: readonly string[],
  given: number | bigint | string,
  wrongValue: () => ServerError,
): string {
  if (typeof given === 'number' && !Number.isInteger(given)) throw serverError('ER_WRONG_TYPE_FOR_VAR', name)
  const found =
    typeof given === 'string'
      ? values.find((known) => known.toUpperCase() === given.toUpperCase())
      : values[Number(given)]
  if (found === undefined) throw wrongValue()
  return found
}

function acceptSet(name: string, row: SetRow, given: number | bigint | string, wrongValue: () => ServerError): string {
  if (typeof given !== 'string') {
    if (Number(given) !== 0) throw wrongValue()
    return ''
  }
  const chosen = new Set<string>()
  for (const word of given.split(',').map((part) => part.trim())) {
    if (word === '') continue
    const known = row.values.find((member) => member.toUpperCase() === word.toUpperCase())
    if (known === undefined) throw serverError('ER_WRONG_VALUE_FOR_VAR', name, word)
    for (const member of (row.expands[known] ?? known).split(',')) chosen.add(member)
  }
  return row.values.filter((member) => chosen.has(member)).join(',')
}

function fromText(row: SettingRow, text: string): SettingValue {
  if (row.type === 'boolean' && /^(true|false|0|1)$/i.test(text)) return /^(true|1)$/i.test(text)
  const number = /^([+-]?\d{1,20})([KMGTPE]?)$/i.exec(text.trim())
  if (row.type !== 'integer' || number === null) return text
  const power = ' KMGTPE'.indexOf(number[2]?.toUpperCase() || ' ')
  return BigInt(number[1] ?? '0') * 1024n ** BigInt(power)
}

function allowed(row: SettingRow): string {
  switch (row.type) {
    case 'integer':
      return `a whole number from ${row.min} to ${row.max}`
    case 'boolean':
      return 'ON or OFF'
    case 'enum':
      return `one of ${row.values.join(', ')}`
    case 'set':
      return `a list of ${row.values.join(', ')}`
    case 'string':
      return row.takes
  }
}

function plain(value: SettingValue): Accepted {
  return { value, warning: undefined }
}

function warningOf(error: ServerError): SettingWarning {
  return { level: 'Warning', code: error.code, message: error.message }
}
