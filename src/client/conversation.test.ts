/** Rows by the short way, from the reader straight to whoever decodes them: what must not go that way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text } from '../../test/support/bytes.ts'
import { MalformedPacket, type MysqlError } from '../errors/errors.ts'
import type { Connection as Wire } from '../transport/connection.ts'
import { Answer } from './answer.ts'
import { Conversation } from './conversation.ts'

/** A column count, one column, and the OK that ends the rows, with CLIENT_DEPRECATE_EOF. */
const header = bytes([1])
const column = bytes([3], text('def'), [0, 0, 0, 1], text('a'), [0, 12, 63, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0])
const row = bytes([1], text('1'))
const endOfRows = bytes([0xfe, 0, 0, 2, 0, 0, 0])

describe('Conversation.takeInPlace', () => {
  it('takes rows, from within the bytes around them, and nothing before or behind them', () => {
    const { conversation, taken, at } = answering()
    assert.equal(at(header, 1), false)
    conversation.onPacket(header, 1, 1)
    assert.equal(at(column, 2), false)
    conversation.onPacket(column, 2, 1)
    assert.equal(at(row, 3), true)
    assert.equal(at(row, 4), true)
    assert.equal(at(endOfRows, 5), false)
    conversation.onPacket(endOfRows, 5, 1)
    assert.equal(conversation.idle, true)
    assert.deepEqual(taken, [text('1'), text('1')])
    assert.equal(at(row, 6), false)
  })

  it('leaves errors, empty packets and packets out of order to where they are judged', () => {
    const { conversation, at, lost } = answering()
    conversation.onPacket(header, 1, 1)
    conversation.onPacket(column, 2, 1)
    assert.equal(at(bytes([0xff, 0x10, 0x04]), 3), false)
    assert.equal(at(bytes([]), 3), false)
    assert.equal(at(row, 4), false)
    conversation.onPacket(row, 4, 1)
    assert.equal(lost()?.symbol, 'CR_MALFORMED_PACKET')
  })

  it('counts sequence ids as they wrap', () => {
    const { conversation, at } = answering()
    conversation.onPacket(header, 1, 1)
    conversation.onPacket(column, 2, 1)
    for (let id = 3; id < 600; id++) assert.equal(at(row, id & 0xff), true)
  })

  it('waits while the reader of the rows is behind', () => {
    const { conversation, answer, at } = answering()
    conversation.onPacket(header, 1, 1)
    conversation.onPacket(column, 2, 1)
    answer.paused = true
    assert.equal(at(row, 3), false)
    answer.paused = false
    assert.equal(at(row, 3), true)
  })

  it('ends the connection at a row that does not decode', () => {
    const { conversation, at, lost } = answering(() => {
      throw new MalformedPacket({ packet: 'TextRow', field: 'value', offset: 0, needed: 1, available: 0 })
    })
    conversation.onPacket(header, 1, 1)
    conversation.onPacket(column, 2, 1)
    at(row, 3)
    assert.equal(lost()?.symbol, 'CR_MALFORMED_PACKET')
    assert.equal(conversation.lost, lost())
  })
})

/** A conversation whose one command awaits its answer, over no socket. */
function answering(onRow?: () => void) {
  const taken: Uint8Array[] = []
  let lost: MysqlError | undefined
  const answer = new Answer(
    [bytes([3])],
    { capabilities: 1 << 24, mariadbCapabilities: 0 },
    {
      onColumns() {},
      onRow(from, start, end) {
        onRow?.()
        // Without the length before the value.
        taken.push(Uint8Array.from(from.subarray(start + 1, end)))
      },
      onResult() {},
      onError() {},
      onLost: (error) => (lost = error),
      onLocalInfile() {},
    },
  )
  const wire = { send() {}, flush() {}, destroy() {} } as unknown as Wire
  const conversation = new Conversation(wire, undefined, () => {})
  conversation.submit(answer)
  const at = (payload: Uint8Array, sequenceId: number) => {
    const around = bytes([0xff, 0xff], payload, [0xff])
    return conversation.takeInPlace(around, 2, 2 + payload.length, sequenceId)
  }
  return { conversation, answer, taken, at, lost: () => lost }
}
