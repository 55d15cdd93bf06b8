import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EventStream, type StreamEvent } from './event-stream.ts'

const text =
  '\ufeff: hello\n\nevent: now\ndata: {"a":1}\n\nid: 7\ndata:one\r\ndata: two\r\n\r\nevent: empty\n\nevent:second\rdata: 3\r\rdata: é🙂: x\ndata\n\n'
const events: StreamEvent[] = [
  { event: 'now', data: '{"a":1}' },
  { event: 'message', data: 'one\ntwo' },
  { event: 'second', data: '3' },
  { event: 'message', data: 'é🙂: x\n' },
]

describe('EventStream', () => {
  it('reads events with every end of line, and leaves out comments, other fields and events without data', () => {
    assert.deepEqual(new EventStream().push(text), events)
  })

  it('reads the same wherever the stream is cut in two, and character by character', () => {
    for (let i = 0; i <= text.length; i++) {
      const stream = new EventStream()
      assert.deepEqual([...stream.push(text.slice(0, i)), ...stream.push(text.slice(i))], events, `cut at ${i}`)
    }
    const stream = new EventStream()
    assert.deepEqual(
      text.split('').flatMap((unit) => stream.push(unit)),
      events,
    )
  })

  it('says nothing of an event whose end has not come', () => {
    assert.deepEqual(new EventStream().push('event: now\ndata: {}\n'), [])
  })

  it('refuses a line, and an event of many lines, of more than eight million characters', () => {
    const chunk = 'x'.repeat(1 << 20)
    const line = new EventStream()
    const fill = (stream: EventStream, piece: string) => {
      for (let i = 0; i < 9; i++) stream.push(piece)
    }
    assert.throws(() => fill(line, chunk), /holds an event of more than 8388608 characters/)
    assert.throws(() => fill(new EventStream(), `data: ${chunk}\n`), { symbol: 'SALTGATE_DASHBOARD' })
  })

  it('counts each event for itself', () => {
    const stream = new EventStream()
    const event = `data: ${'x'.repeat(1 << 20)}\n\n`
    for (let i = 0; i < 20; i++) assert.equal(stream.push(event).length, 1)
  })
})
