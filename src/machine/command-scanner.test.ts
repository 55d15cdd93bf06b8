import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, int, text, zeros } from '../../test/support/bytes.ts'
import { command } from '../packets/commands.ts'
import { CommandScanner, headOfLarge, largestWhole } from './command-scanner.ts'

const MAX = 0xffffff

/** A frame built by hand. */
function frame(payload: Uint8Array, sequenceId = 0): Uint8Array {
  return bytes(int(payload.length, 3), [sequenceId], payload)
}

function query(sql: string): Uint8Array {
  return bytes([3], text(sql))
}

type Decision = 'forward' | 'take' | 'wait'

/** A scanner whose sink remembers everything, and decides by the command byte. */
function watched(decide: (command: number) => Decision = () => 'forward', options = {}) {
  const seen: { command: number; length: number; body: Uint8Array; whole: boolean }[] = []
  const taken: Uint8Array[] = []
  const forwarded: Uint8Array[] = []
  const scanner = new CommandScanner(
    {
      onCommand({ command, length, body, whole, sequenceId }) {
        assert.equal(sequenceId, 0)
        seen.push({ command, length, body: Uint8Array.from(body), whole })
        return decide(command)
      },
      onTaken: (payload, sequenceId) => {
        assert.equal(sequenceId, 0)
        taken.push(payload)
      },
      forward: (piece) => forwarded.push(piece),
    },
    options,
  )
  return { scanner, seen, taken, forwarded, stream: () => new Uint8Array(Buffer.concat(forwarded)) }
}

function pushCut(scanner: CommandScanner, stream: Uint8Array, lengths: readonly number[]): void {
  let at = 0
  for (const length of [...lengths, stream.length]) {
    const chunk = stream.slice(at, at + length)
    at += length
    if (chunk.length > 0) scanner.push(chunk)
  }
}

describe('CommandScanner', () => {
  it('forwards a chunk of whole packets as the very same object, in one piece', () => {
    const { scanner, seen, forwarded } = watched()
    const chunk = bytes(frame(query('SELECT 1')), frame(bytes([0x0e])), frame(query('x')))
    scanner.push(chunk)
    assert.equal(forwarded.length, 1)
    assert.equal(forwarded[0], chunk)
    assert.deepEqual(
      seen.map(({ command }) => command),
      [3, 0x0e, 3],
    )
    assert.ok(scanner.idle)
  })

  it('shows a command only when all of it is there, and holds back no more than its bytes', () => {
    const { scanner, seen, forwarded } = watched()
    const first = frame(query('SELECT 1'))
    const second = frame(query('SELECT 2'))
    scanner.push(bytes(first, second.subarray(0, 6)))
    assert.equal(seen.length, 1)
    assert.deepEqual(forwarded.map(Buffer.from), [Buffer.from(first)])
    assert.equal(scanner.held, 6)
    assert.ok(!scanner.idle)
    scanner.push(second.subarray(6))
    assert.deepEqual(seen[1], { command: 3, length: 9, body: query('SELECT 2'), whole: true })
    assert.equal(scanner.held, 0)
  })

  it('gives the same commands and forwards the same bytes however the stream is cut', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 30 }),
      fc.integer({ min: largestWhole - 3, max: largestWhole + 200 }).map((length) => new Uint8Array(length).fill(7)),
    )
    const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 8 }), cuts, (payloads, lengths) => {
        const stream = bytes(...payloads.map((one) => frame(one)))
        const { scanner, seen, stream: forwarded } = watched()
        pushCut(scanner, stream, lengths)
        assert.deepEqual(
          seen,
          payloads.map((one) => {
            const whole = one.length <= largestWhole
            const body = whole ? one : one.subarray(0, headOfLarge)
            return { command: one[0] ?? 0, length: one.length, body, whole }
          }),
        )
        assert.deepEqual(forwarded(), stream)
        assert.ok(scanner.idle)
      }),
    )
  })

  it('takes and holds back the same commands however the stream is cut', () => {
    const payload = fc
      .tuple(fc.constantFrom(1, 2, 3), fc.uint8Array({ maxLength: 20 }))
      .map((parts) => bytes([parts[0]], parts[1]))
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 })
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 12 }), cuts, (payloads, lengths) => {
        const stream = bytes(...payloads.map((one) => frame(one)))
        // 1 is taken, 2 has to wait once, 3 is forwarded.
        let asked = 0
        const {
          scanner,
          seen,
          taken,
          stream: forwarded,
        } = watched((command) => {
          if (command === 2 && ++asked % 2 === 1) return 'wait'
          return command === 1 ? 'take' : 'forward'
        })
        pushCut(scanner, stream, lengths)
        for (let stops = 0; stops < 24; stops++) scanner.resume()
        assert.ok(scanner.idle)
        assert.deepEqual(
          taken,
          payloads.filter(([command]) => command === 1),
        )
        assert.deepEqual(forwarded(), bytes(...payloads.filter(([command]) => command !== 1).map((one) => frame(one))))
        assert.deepEqual(
          seen.map(({ command }) => command),
          payloads.flatMap(([command = 0]) => (command === 2 ? [2, 2] : [command])),
        )
      }),
    )
  })

  it('forwards what stands before a command that is taken, and looks at what stands behind it after resume', () => {
    const { scanner, taken, forwarded, seen } = watched((command) => (command === 0x11 ? 'take' : 'forward'))
    const [before, between, behind] = [frame(query('a')), frame(bytes([0x11], text('user'))), frame(query('b'))]
    scanner.push(bytes(before, between, behind))
    assert.deepEqual(taken, [bytes([0x11], text('user'))])
    assert.deepEqual(forwarded, [before])
    assert.equal(scanner.held, behind.length)
    assert.ok(!scanner.waiting)
    scanner.resume()
    assert.deepEqual(forwarded, [before, behind])
    assert.equal(seen.length, 3)
  })

  it('hands out what came behind a command that was taken, halves of packets included', () => {
    const { scanner, forwarded } = watched((command) => (command === 0x11 ? 'take' : 'forward'))
    scanner.push(bytes(frame(bytes([0x11])), [1, 2, 3, 4, 5]))
    scanner.push(bytes([6]))
    assert.deepEqual(scanner.takeLeftover(), bytes([1, 2, 3, 4, 5, 6]))
    assert.ok(scanner.idle)
    scanner.push(frame(query('next')))
    assert.deepEqual(forwarded, [frame(query('next'))])
  })

  it('hands out a command that waits with what came behind it', () => {
    const { scanner } = watched(() => 'wait')
    const first = frame(query('first'))
    scanner.push(first.subarray(0, 3))
    scanner.push(bytes(first.subarray(3), [9]))
    assert.ok(scanner.waiting)
    assert.deepEqual(scanner.takeLeftover(), bytes(first, [9]))
    assert.ok(!scanner.waiting && scanner.idle)
  })

  it('goes on when resume is called where a command is taken, however many there are', () => {
    let taken = 0
    const scanner: CommandScanner = new CommandScanner({
      onCommand: () => 'take',
      onTaken() {
        taken++
        scanner.resume()
      },
      forward: () => assert.fail('nothing was to be forwarded'),
    })
    scanner.push(Uint8Array.from({ length: 20_000 * 5 }, (_, i) => (i % 5 === 0 || i % 5 === 4 ? 1 : 0)))
    assert.equal(taken, 20_000)
  })

  it('takes a command that is larger than what it holds of others, up to the limit', () => {
    const large = new Uint8Array(200_000).fill(0x11)
    const { scanner, taken, seen } = watched(() => 'take', { takeLimit: 200_000 })
    pushCut(scanner, bytes(frame(large), [8]), [10, 100, 50_000])
    assert.deepEqual(taken, [large])
    assert.deepEqual(seen, [{ command: 0x11, length: 200_000, body: large.subarray(0, headOfLarge), whole: false }])
    assert.deepEqual(scanner.takeLeftover(), bytes([8]))
    const small = watched(() => 'take', { takeLimit: 199_999 }).scanner
    assert.throws(() => small.push(frame(large)), { symbol: 'ER_NET_PACKET_TOO_LARGE' })
    const unlimited = watched(() => 'take', { takeLimit: Number.POSITIVE_INFINITY }).scanner
    assert.throws(() => unlimited.push(bytes(int(MAX, 3), [0], zeros(100))), { symbol: 'ER_NET_PACKET_TOO_LARGE' })
  })

  it('refuses a command with another sequence id than 0', () => {
    const { scanner, forwarded } = watched()
    assert.throws(() => scanner.push(frame(query('x'), 1)), { symbol: 'ER_NET_PACKETS_OUT_OF_ORDER' })
    assert.equal(forwarded.length, 0)
  })

  it('takes an empty packet for COM_SLEEP, as the servers do', () => {
    const { scanner, seen } = watched()
    scanner.push(frame(zeros(0)))
    assert.deepEqual(seen, [{ command: 0, length: 0, body: zeros(0), whole: true }])
  })

  it('forwards the further frames of a command without looking into them', () => {
    for (const tail of [0, 1, 100]) {
      const { scanner, seen, stream: forwarded } = watched()
      const stream = bytes(frame(new Uint8Array(MAX).fill(3)), frame(zeros(tail), 1), frame(query('x')))
      pushCut(scanner, stream, [100, 70_000, MAX - 70_100, 2, 3, 1])
      assert.deepEqual(
        seen.map(({ length, whole }) => ({ length, whole })),
        [
          { length: MAX, whole: false },
          { length: 2, whole: true },
        ],
      )
      assert.equal(Buffer.compare(forwarded(), stream), 0)
      assert.ok(scanner.idle)
    }
  })

  it('is not idle within a command, nor between the frames of one', () => {
    const { scanner } = watched()
    const large = frame(new Uint8Array(largestWhole + 1).fill(3))
    scanner.push(large.subarray(0, -1))
    assert.equal(scanner.held, 0)
    assert.ok(!scanner.idle)
    scanner.push(large.subarray(-1))
    assert.ok(scanner.idle)
    scanner.push(frame(new Uint8Array(MAX).fill(3)))
    assert.ok(!scanner.idle)
    scanner.push(frame(zeros(0), 1))
    assert.ok(scanner.idle)
  })

  it('forwards the data of a file up to the empty packet, and then looks for commands again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 9 }), { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 }),
        (pieces, lengths) => {
          const data = bytes(...pieces.map((piece, i) => frame(piece, 2 + i)), frame(zeros(0), 2 + pieces.length))
          const stream = bytes(data, frame(query('next')))
          const { scanner, seen, stream: forwarded } = watched()
          scanner.dataMode(true)
          pushCut(scanner, stream, lengths)
          assert.deepEqual(forwarded(), stream)
          assert.deepEqual(
            seen.map(({ body }) => body),
            [query('next')],
          )
          assert.ok(!scanner.expectsData)
        },
      ),
    )
  })

  it('does not end a file at an empty frame that ends a full one', () => {
    const { scanner, seen } = watched()
    scanner.dataMode(true)
    scanner.push(bytes(frame(zeros(MAX), 2), frame(zeros(0), 3)))
    assert.ok(scanner.expectsData)
    scanner.push(bytes(frame(zeros(0), 4), frame(query('next'))))
    assert.ok(!scanner.expectsData)
    assert.equal(seen.length, 1)
  })

  it('forwards as data what waited as a command when the server asked for a file', () => {
    const { scanner, seen, stream: forwarded } = watched(() => 'wait')
    const data = bytes(frame(text('pretends')), frame(zeros(0), 3))
    scanner.push(data)
    assert.ok(scanner.waiting)
    scanner.dataMode(true)
    assert.ok(!scanner.waiting)
    assert.deepEqual(forwarded(), data)
    assert.equal(seen.length, 1)
  })

  it('holds at most what a small command takes, of all that nobody waits for', () => {
    const { scanner } = watched()
    const small = frame(new Uint8Array(largestWhole).fill(3))
    const large = frame(new Uint8Array(largestWhole + 1).fill(3))
    let most = 0
    for (const byte of bytes(small, large)) {
      scanner.push(Uint8Array.of(byte))
      most = Math.max(most, scanner.held)
    }
    assert.equal(most, largestWhole + 3)
  })

  it('does not keep a chunk alive for the few bytes that it holds of it', () => {
    const { scanner, forwarded } = watched()
    const large = frame(new Uint8Array(100_000).fill(3))
    // As it comes from a socket: a Buffer, whose slices are views.
    const chunk = Buffer.concat([large, frame(query('SELECT 1')).subarray(0, 5)])
    scanner.push(chunk)
    assert.equal(scanner.held, 5)
    chunk.fill(0xff, large.length)
    scanner.push(frame(query('SELECT 1')).subarray(5))
    assert.deepEqual(forwarded.at(-1), frame(query('SELECT 1')))
  })

  it('tells the sequence id of the answer to what was let through or taken last', () => {
    const { scanner } = watched((byte) => (byte === command.QUIT ? 'take' : 'forward'))
    assert.equal(scanner.nextSequenceId, 0)
    scanner.push(frame(query('x')))
    assert.equal(scanner.nextSequenceId, 1)
    scanner.push(frame(new Uint8Array(MAX).fill(3)))
    assert.equal(scanner.nextSequenceId, 2)
    scanner.push(frame(zeros(5), 1))
    assert.equal(scanner.nextSequenceId, 2)
    scanner.dataMode(true)
    scanner.push(bytes(frame(text('data'), 254), frame(zeros(0), 255)))
    assert.equal(scanner.nextSequenceId, 0)
    scanner.push(frame(bytes([command.QUIT])))
    assert.equal(scanner.nextSequenceId, 1)
    assert.ok(scanner.stopped && !scanner.waiting)
  })
})
