import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, int, text, zeros } from '../../test/support/bytes.ts'
import { ProtocolViolation } from '../errors/errors.ts'
import { encodeFrame, type Frame, FrameReader, frameCount } from './framer.ts'

const MAX = 0xffffff

/** A frame built by hand. */
function frame(payload: Uint8Array, sequenceId: number): Uint8Array {
  return bytes(int(payload.length, 3), [sequenceId], payload)
}

function drain(reader: FrameReader): Frame[] {
  const frames: Frame[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) frames.push(next)
  return frames
}

describe('FrameReader', () => {
  it('gives the same packets however the stream is cut', () => {
    const packets = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 })
    fc.assert(
      fc.property(packets, cuts, (payloads, lengths) => {
        const stream = bytes(...payloads.map((payload, i) => frame(payload, i)))
        const reader = new FrameReader(300)
        const frames: Frame[] = []
        let at = 0
        for (const length of [...lengths, stream.length]) {
          reader.push(stream.slice(at, at + length))
          at += length
          frames.push(...drain(reader))
        }
        assert.deepEqual(
          frames,
          payloads.map((payload, i) => ({ payload, sequenceId: i, frames: 1 })),
        )
        assert.equal(reader.buffered, 0)
      }),
    )
  })

  it('gives the same packets when chunks are pushed ahead', () => {
    const stream = bytes(frame(text('one'), 0), frame(zeros(0), 1), frame(text('three'), 2))
    const reader = new FrameReader(100)
    for (const byte of stream) reader.push(Uint8Array.of(byte))
    assert.deepEqual(
      drain(reader).map(({ payload }) => payload),
      [text('one'), zeros(0), text('three')],
    )
  })

  it('does not overwrite a packet that it handed out', () => {
    const reader = new FrameReader(100)
    const stream = bytes(frame(text('first'), 0), frame(text('second'), 1))
    reader.push(stream.slice(0, 3))
    reader.push(stream.slice(3, 12))
    const first = reader.next()
    for (const byte of stream.slice(12)) reader.push(Uint8Array.of(byte))
    const second = reader.next()
    assert.deepEqual([first?.payload, second?.payload], [text('first'), text('second')])
  })

  it('does not copy a packet that came in one chunk', () => {
    const chunk = frame(text('whole'), 0)
    const reader = new FrameReader(100)
    reader.push(chunk)
    assert.equal(reader.next()?.payload.buffer, chunk.buffer)
  })

  it('copies a 64 KiB packet that comes byte by byte a few times, not once per byte', (t) => {
    const stream = frame(zeros(0x10000), 0)
    const copy = t.mock.method(Uint8Array.prototype, 'set')
    const reader = new FrameReader(0x10000)
    let frames = 0
    for (let i = 0; i < stream.length; i++) {
      reader.push(stream.subarray(i, i + 1))
      if (reader.next()) frames++
    }
    assert.equal(frames, 1)
    const copied = copy.mock.calls.reduce((sum, call) => sum + (call.arguments[0] as Uint8Array).length, 0)
    assert.ok(copied < 4 * stream.length, `${copied} bytes copied`)
  })

  it('lets go of a large chunk when only its tail is left', () => {
    const chunk = bytes(frame(zeros(60_000), 0), int(10, 3), [1], text('ab'))
    const reader = new FrameReader(0x10000)
    reader.push(chunk)
    assert.equal(reader.next()?.payload.length, 60_000)
    assert.equal(reader.next(), undefined)
    assert.equal(reader.buffered, 6)
    assert.notEqual(reader.takeLeftover().buffer, chunk.buffer)
  })

  it('refuses a packet above the limit from its header alone', () => {
    for (const [limit, length] of [
      [100, 101],
      [0x10000, 0x10001],
      [0x10000, MAX],
      [MAX - 1, MAX],
    ] as const) {
      const reader = new FrameReader(limit)
      reader.push(int(length, 3))
      assert.equal(reader.next(), undefined)
      reader.push(zeros(1))
      assert.throws(
        () => reader.next(),
        (error) => error instanceof ProtocolViolation && error.symbol === 'ER_NET_PACKET_TOO_LARGE',
      )
    }
  })

  it('takes a packet of exactly the limit, and obeys a limit that changes', () => {
    const reader = new FrameReader(3)
    reader.push(bytes(frame(text('abc'), 0), frame(text('abcd'), 1)))
    assert.deepEqual(reader.next()?.payload, text('abc'))
    reader.limit = 4
    assert.deepEqual(reader.next()?.payload, text('abcd'))
  })

  it('joins packets at the 16 MiB boundary', () => {
    for (const length of [MAX - 1, MAX, MAX + 1, 2 * MAX]) {
      const payload = new Uint8Array(length)
      payload.fill(1, 0, 10)
      payload.fill(2, length - 10)
      const stream = encodeFrame(payload, 254)
      const reader = new FrameReader(length)
      reader.push(stream.subarray(0, MAX))
      assert.equal(reader.next(), undefined)
      reader.push(stream.subarray(MAX))
      const joined = reader.next()
      assert.equal(joined?.sequenceId, 254)
      assert.equal(joined.frames, frameCount(length))
      assert.equal(Buffer.compare(joined.payload, payload), 0)
      assert.equal(reader.buffered, 0)
    }
  })

  it('refuses a chain that grows above the limit before its payload is there', () => {
    const reader = new FrameReader(MAX + 10)
    reader.push(bytes(int(MAX, 3), [0]))
    assert.equal(reader.next(), undefined)
    reader.push(zeros(MAX))
    reader.push(bytes(int(11, 3), [1]))
    assert.throws(() => reader.next(), { symbol: 'ER_NET_PACKET_TOO_LARGE' })
  })

  it('refuses a continuation with another sequence id', () => {
    const reader = new FrameReader(2 * MAX)
    reader.push(bytes(int(MAX, 3), [255]))
    reader.push(zeros(MAX))
    reader.push(bytes(int(0, 3), [1]))
    assert.throws(() => reader.next(), { symbol: 'ER_NET_PACKETS_OUT_OF_ORDER' })
  })

  it('gives the leftover behind a packet, headers and halves included', () => {
    const hello = bytes('16 03 01 02 00')
    const reader = new FrameReader(100)
    reader.push(bytes(frame(text('ssl'), 1), hello.subarray(0, 2)))
    assert.ok(reader.next())
    reader.push(hello.subarray(2))
    assert.deepEqual(reader.takeLeftover(), hello)
    assert.equal(reader.buffered, 0)
    assert.deepEqual(reader.takeLeftover(), zeros(0))
    reader.push(frame(text('next'), 2))
    assert.deepEqual(reader.next()?.payload, text('next'))
  })
})

describe('FrameReader.takeInPlace', () => {
  /** Takes what it can where it lies, then the next packet as a view, and so on. */
  function drainInPlace(reader: FrameReader, most: number): Omit<Frame, 'frames'>[] {
    const packets: Omit<Frame, 'frames'>[] = []
    for (;;) {
      reader.takeInPlace((stream, start, end, sequenceId) => {
        packets.push({ payload: Uint8Array.from(stream.subarray(start, end)), sequenceId })
        return true
      }, most)
      const next = reader.next()
      if (next === undefined) return packets
      packets.push({ payload: next.payload, sequenceId: next.sequenceId })
    }
  }

  it('gives the same packets as next, however the stream is cut', () => {
    const packets = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 })
    fc.assert(
      fc.property(packets, cuts, fc.integer({ min: 0, max: 3 }), (payloads, lengths, most) => {
        const stream = bytes(...payloads.map((payload, i) => frame(payload, i)))
        const reader = new FrameReader(300)
        const taken: Omit<Frame, 'frames'>[] = []
        let at = 0
        for (const length of [...lengths, stream.length]) {
          reader.push(stream.slice(at, at + length))
          at += length
          taken.push(...drainInPlace(reader, most))
        }
        assert.deepEqual(
          taken,
          payloads.map((payload, sequenceId) => ({ payload, sequenceId })),
        )
        assert.equal(reader.buffered, 0)
      }),
    )
  })

  it('leaves a packet that is declined, and all behind it, to next', () => {
    const reader = new FrameReader(100)
    reader.push(bytes(frame(text('one'), 0), frame(text('two'), 1), frame(text('three'), 2)))
    let asked = 0
    assert.equal(
      reader.takeInPlace(() => ++asked === 1, 10),
      1,
    )
    assert.equal(asked, 2)
    assert.deepEqual(
      drain(reader).map(({ payload }) => payload),
      [text('two'), text('three')],
    )
  })

  it('hands out no more than it may', () => {
    const reader = new FrameReader(100)
    reader.push(bytes(frame(text('one'), 0), frame(text('two'), 1)))
    assert.equal(
      reader.takeInPlace(() => true, 1),
      1,
    )
    assert.deepEqual(reader.next()?.payload, text('two'))
  })

  it('leaves to next what is larger than the limit, and what goes on in another frame', () => {
    const never = () => assert.fail('it was handed out')
    const small = new FrameReader(4)
    small.push(frame(text('large'), 0))
    assert.equal(small.takeInPlace(never, 10), 0)
    assert.throws(() => small.next(), { symbol: 'ER_NET_PACKET_TOO_LARGE' })
    const large = new FrameReader(MAX + 10)
    large.push(bytes(frame(zeros(MAX), 0), frame(text('tail'), 1)))
    assert.equal(large.takeInPlace(never, 10), 0)
    assert.equal(large.next()?.payload.length, MAX + 4)
  })

  it('ends when the reader is emptied by whoever takes a packet', () => {
    const reader = new FrameReader(100)
    reader.push(bytes(frame(text('one'), 0), frame(text('two'), 1)))
    const take = () => {
      reader.takeLeftover()
      return true
    }
    assert.equal(reader.takeInPlace(take, 10), 1)
    assert.equal(reader.buffered, 0)
    reader.push(frame(text('three'), 2))
    assert.deepEqual(reader.next()?.payload, text('three'))
  })
})

describe('encodeFrame', () => {
  const frame = (payload: Uint8Array, sequenceId: number) => Uint8Array.from(encodeFrame(payload, sequenceId))

  it('puts the header before the payload', () => {
    assert.deepEqual(frame(text('abc'), 7), bytes('03 00 00 07', text('abc')))
    assert.deepEqual(frame(zeros(0), 255), bytes('00 00 00 ff'))
  })

  it('splits at 16 MiB - 1, ends a full frame with an empty one, and wraps the sequence id', () => {
    const short = frame(zeros(MAX - 1), 255)
    assert.deepEqual(short.slice(0, 4), bytes('fe ff ff ff'))
    assert.equal(short.length, MAX + 3)
    const full = frame(zeros(MAX), 255)
    assert.deepEqual(full.slice(0, 4), bytes('ff ff ff ff'))
    assert.deepEqual(full.slice(MAX + 4), bytes('00 00 00 00'))
    const over = frame(zeros(MAX + 1), 0)
    assert.deepEqual(over.slice(MAX + 4), bytes('01 00 00 01 00'))
  })
})

describe('frameCount', () => {
  it('counts the empty last frame', () => {
    assert.deepEqual([0, 1, MAX - 1, MAX, MAX + 1, 2 * MAX].map(frameCount), [1, 1, 1, 2, 2, 3])
  })
})
