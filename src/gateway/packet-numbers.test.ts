import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bytes, int, zeros } from '../../test/support/bytes.ts'
import { PacketNumbers } from './packet-numbers.ts'

const frames = (lengths: readonly number[], idOf: (i: number) => number) =>
  bytes(...lengths.map((length, i) => bytes(int(length, 3), [idOf(i) & 0xff], zeros(length))))

/** In pieces of these lengths, and then the rest. */
function* cut(whole: Uint8Array, lengths: readonly number[]): Iterable<Uint8Array> {
  let at = 0
  for (const length of lengths) {
    yield whole.subarray(at, at + length)
    at += length
  }
  yield whole.subarray(at)
}

describe('PacketNumbers', () => {
  it('lets the ids of answers follow those of the command, however both are cut', () => {
    const lengths = fc.array(fc.nat(40), { minLength: 1, maxLength: 300 })
    const cuts = fc.array(fc.nat(9))
    fc.assert(
      fc.property(lengths, lengths, cuts, cuts, (up, down, cutUp, cutDown) => {
        const numbers = new PacketNumbers()
        for (const piece of cut(
          frames(up, (i) => i),
          cutUp,
        ))
          numbers.follow(piece)
        const answer = frames(down, (i) => 7 * i)
        for (const piece of cut(answer, cutDown)) numbers.renumber(piece)
        assert.deepEqual(
          answer,
          frames(down, (i) => up.length + i),
        )
      }),
    )
  })

  it('begins anew with the next command', () => {
    const numbers = new PacketNumbers()
    for (let i = 0; i < 2; i++) {
      numbers.follow(frames([5], () => 0))
      const answer = frames([1, 1], () => 99)
      numbers.renumber(answer)
      assert.deepEqual(
        answer,
        frames([1, 1], (at) => at + 1),
      )
    }
  })
})
