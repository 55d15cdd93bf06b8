/**
 * What a caller may hand to `execute`, as parameters of the binary protocol: nothing is turned into SQL text, and what
 * would lose something on the way is refused.
 *
 * | JS value                                | parameter                                                          |
 * |-----------------------------------------|--------------------------------------------------------------------|
 * | null                                    | NULL                                                               |
 * | boolean                                 | TINY, 1 or 0                                                       |
 * | number, a safe integer                  | LONGLONG                                                           |
 * | number, any other; -0                   | DOUBLE                                                             |
 * | bigint                                  | LONGLONG, unsigned from 2^63 on                                    |
 * | string                                  | VAR_STRING, as UTF-8                                               |
 * | Uint8Array, Buffer                      | BLOB                                                               |
 * | Float32Array                            | BLOB of little-endian floats, as a VECTOR column takes them        |
 * | Date                                    | DATETIME in UTC, with milliseconds                                 |
 * | plain object, array                     | VAR_STRING: JSON text                                              |
 *
 * A `Date` is a moment and a DATETIME is not: it means the same to the server only where the session's time zone is UTC.
 * Whoever has another hands in text.
 */
import { ConfigurationError } from '../../errors/errors.ts'
import { fieldType } from '../../packets/column-definition.ts'
import type { Parameter } from '../../packets/parameters.ts'

/**
 * Turns the value at `index` of the caller's list, counted from 0, into a parameter.
 *
 * Throws: `ConfigurationError`, naming the position but never the value, for what has no parameter: undefined, symbols,
 * functions, numbers that are not finite, bigints above 64 bits, objects of other classes, what JSON cannot say.
 */
export function parameterOf(value: unknown, index: number): Parameter {
  switch (typeof value) {
    case 'boolean':
      return parameter(fieldType.TINY, value ? 1 : 0)
    case 'number':
      if (!Number.isFinite(value)) return refuse(index, 'a number that is not finite, which SQL does not have')
      if (Number.isSafeInteger(value) && !Object.is(value, -0)) return parameter(fieldType.LONGLONG, value)
      return parameter(fieldType.DOUBLE, value)
    case 'bigint':
      return bigintParameter(value, index)
    case 'string':
      return parameter(fieldType.VAR_STRING, value)
    case 'object':
      return value === null ? parameter(fieldType.NULL, null) : objectParameter(value, index)
    case 'undefined':
      return refuse(index, 'undefined; null means NULL')
    default:
      return refuse(index, `a ${typeof value}`)
  }
}

function bigintParameter(value: bigint, index: number): Parameter {
  if (value === BigInt.asIntN(64, value)) return parameter(fieldType.LONGLONG, value)
  if (value === BigInt.asUintN(64, value)) return parameter(fieldType.LONGLONG, value, true)
  return refuse(index, 'a bigint that does not fit in 64 bits')
}

function objectParameter(value: object, index: number): Parameter {
  if (value instanceof Uint8Array) return parameter(fieldType.BLOB, value)
  if (value instanceof Float32Array) return parameter(fieldType.BLOB, vectorBytes(value))
  if (value instanceof Date) return parameter(fieldType.DATETIME, dateTime(value, index))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return refuse(index, 'an object of a class that has no place in SQL')
  }
  return parameter(fieldType.VAR_STRING, json(value, index))
}

function vectorBytes(vector: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [i, float] of vector.entries()) view.setFloat32(i * 4, float, true)
  return new Uint8Array(view.buffer)
}

function dateTime(date: Date, index: number): string {
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) return refuse(index, 'a Date outside the years 0 to 9999')
  return date.toISOString().slice(0, -1)
}

function json(value: object, index: number): string {
  let text: unknown
  try {
    text = JSON.stringify(value)
  } catch {
    // A cycle or a bigint; the reason that JSON.stringify gives has names of properties in it.
    return refuse(index, 'an object that JSON cannot hold')
  }
  return typeof text === 'string' ? text : refuse(index, 'an object that JSON cannot hold')
}

function parameter(type: number, value: Parameter['value'], unsigned = false): Parameter {
  return { type, unsigned, name: '', value }
}

function refuse(index: number, what: string): never {
  throw new ConfigurationError(`parameter ${index + 1} is ${what}`)
}
