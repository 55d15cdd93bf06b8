/**
 * Values on their way to SQLite.
 */
import type { Value } from '../../server/query.ts'
import type { SqlValue } from './functions.ts'

/** SQLite's value of a value. */
export function sqlValue(value: Value): SqlValue {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (value instanceof Date) return value.toISOString().replace('T', ' ').replace('Z', '')
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'bigint' && value > largestInteger) return String(value)
  return value
}

/** Of 64 bits with a sign, which is what SQLite has. */
export const largestInteger = 2n ** 63n - 1n
