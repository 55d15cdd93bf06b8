import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigurationError } from '../../errors/errors.ts'
import { fieldType } from '../../packets/column-definition.ts'
import { decodeComStmtExecute, encodeComStmtExecute } from '../../packets/com-stmt-execute.ts'
import { parameterOf } from './parameters.ts'

const plain = (type: number, value: unknown) => ({ type, unsigned: false, name: '', value })

describe('parameterOf', () => {
  const date = new Date('2026-01-02T03:04:05.006Z')
  const cases: [string, unknown, ReturnType<typeof plain>][] = [
    ['null', null, plain(fieldType.NULL, null)],
    ['true', true, plain(fieldType.TINY, 1)],
    ['false', false, plain(fieldType.TINY, 0)],
    ['an integer', -42, plain(fieldType.LONGLONG, -42)],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, plain(fieldType.LONGLONG, Number.MAX_SAFE_INTEGER)],
    ['an integer that is not safe', 2 ** 53, plain(fieldType.DOUBLE, 2 ** 53)],
    ['a fraction', 0.1, plain(fieldType.DOUBLE, 0.1)],
    ['minus zero', -0, plain(fieldType.DOUBLE, -0)],
    ['the smallest bigint', -(2n ** 63n), plain(fieldType.LONGLONG, -(2n ** 63n))],
    ['a bigint of 63 bits', 2n ** 63n - 1n, plain(fieldType.LONGLONG, 2n ** 63n - 1n)],
    ['a bigint of 64 bits', 2n ** 64n - 1n, { ...plain(fieldType.LONGLONG, 2n ** 64n - 1n), unsigned: true }],
    ['text', 'größe', plain(fieldType.VAR_STRING, 'größe')],
    ['bytes', Uint8Array.of(0, 255), plain(fieldType.BLOB, Uint8Array.of(0, 255))],
    ['a Buffer', Buffer.of(1), plain(fieldType.BLOB, Buffer.of(1))],
    ['a vector', Float32Array.of(1, -2.5), plain(fieldType.BLOB, Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0))],
    ['a Date, in UTC', date, plain(fieldType.DATETIME, '2026-01-02T03:04:05.006')],
    ['an object, as JSON', { a: [1, null] }, plain(fieldType.VAR_STRING, '{"a":[1,null]}')],
    ['an object without a prototype', Object.create(null), plain(fieldType.VAR_STRING, '{}')],
    ['an array, as JSON', ['ü', date], plain(fieldType.VAR_STRING, '["ü","2026-01-02T03:04:05.006Z"]')],
  ]
  for (const [what, value, expected] of cases) {
    it(`takes ${what}`, () => assert.deepEqual(parameterOf(value, 0), expected))
  }

  const cycle: unknown[] = []
  cycle.push(cycle)
  const refused: [string, unknown][] = [
    ['undefined', undefined],
    ['a symbol', Symbol('secret')],
    ['a function', () => 'secret'],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint above 64 bits', 2n ** 64n],
    ['a bigint below 64 bits', -(2n ** 63n) - 1n],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Date after the year 9999', new Date(Date.UTC(10_000, 0))],
    ['a Date before the year 0', new Date(-1e14)],
    ['a Map', new Map([['secret', 1]])],
    ['other views of memory', new Uint16Array(2)],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['an object of a class', new (class Secret {})()],
    ['a cycle', cycle],
    ['an object with a bigint', { secret: 1n }],
    ['an object that is nothing in JSON', { toJSON: () => undefined }],
  ]
  for (const [what, value] of refused) {
    it(`refuses ${what}, naming the position alone`, () => {
      assert.throws(
        () => parameterOf(value, 2),
        (error) =>
          error instanceof ConfigurationError &&
          error.message.startsWith('parameter 3 is ') &&
          error.cause === undefined &&
          !/secret/i.test(error.message),
      )
    })
  }

  it('makes what COM_STMT_EXECUTE carries without loss', () => {
    const value = fc.oneof(
      fc.constant(null),
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array(),
      fc.date({
        min: new Date('0000-01-01T00:00:00Z'),
        max: new Date('9999-12-31T23:59:59.999Z'),
        noInvalidDate: true,
      }),
    )
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const execute = { statementId: 1, flags: 0, parameters: values.map(parameterOf), typesFollow: true }
        const remembered = { count: values.length, types: [], longData: new Set<number>() }
        const { parameters } = decodeComStmtExecute(encodeComStmtExecute(execute, 0), 0, remembered)
        for (const [i, sent] of values.entries()) assert.deepEqual(received(sent, parameters[i]?.value), sent)
      }),
    )
  })
})

/** Turns what the server has back into what the caller had. */
function received(sent: unknown, value: unknown): unknown {
  if (typeof sent === 'number' && typeof value === 'bigint') return Number(value)
  if (typeof sent === 'string') return new TextDecoder('utf-8', { ignoreBOM: true }).decode(value as Uint8Array)
  if (sent instanceof Date) return new Date(`${(value as string).replace(' ', 'T')}Z`)
  return value
}
