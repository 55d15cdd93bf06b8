import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, text } from '../../test/support/bytes.ts'
import { testCodec } from '../../test/support/codec-fixture.ts'
import { MalformedPacket } from '../errors/errors.ts'
import { decodeTextRow, encodeTextRow } from './text-row.ts'

const payload = bytes(block('1'), 'fb', block(''), block('x'.repeat(251)))

testCodec('TextRow', {
  packet: [text('1'), null, text(''), text('x'.repeat(251))],
  payload,
  encode: encodeTextRow,
  decode: (row) => decodeTextRow(row, 4),
})

describe('TextRow', () => {
  it('has exactly the announced columns', () => {
    assert.throws(() => decodeTextRow(payload, 3), MalformedPacket)
    assert.throws(() => decodeTextRow(payload, 5), MalformedPacket)
  })

  it('writes strings as UTF-8', () => {
    assert.deepEqual(encodeTextRow(['ü']), block('ü'))
  })
})
