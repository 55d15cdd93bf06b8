/**
 * The five tests that every packet gets from one fixture: decode, encode, mirror, every truncation, and that nothing
 * decoded is a view of the payload.
 */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { describe, it } from 'node:test'
import { MalformedPacket } from '../../src/errors/errors.ts'

export interface CodecFixture<Packet> {
  readonly packet: Packet
  /** Built by `bytes.ts`. */
  readonly payload: Uint8Array
  readonly encode: (packet: Packet) => Uint8Array
  readonly decode: (payload: Uint8Array) => Packet
  /** Lengths at which the payload still decodes, because its layout says so; all others must not. */
  readonly alsoLegalAt?: (length: number) => boolean
}

export function testCodec<Packet>(name: string, fixture: CodecFixture<Packet>): void {
  const { packet, payload, encode, decode, alsoLegalAt = () => false } = fixture
  describe(name, () => {
    it('decodes', () => assert.deepEqual(decode(payload), packet))

    it('encodes', () => assert.deepEqual(encode(packet), payload))

    it('mirrors', () => {
      assert.deepEqual(encode(decode(payload)), payload)
      assert.deepEqual(decode(encode(packet)), packet)
    })

    it('refuses every truncation', () => {
      for (let length = 0; length < payload.length; length++) {
        const cut = payload.slice(0, length)
        if (alsoLegalAt(length)) assert.doesNotThrow(() => decode(cut), `${length} bytes`)
        else assert.throws(() => decode(cut), MalformedPacket, `${length} bytes`)
      }
    })

    it('keeps no view of the payload', () => {
      const received = Buffer.from(payload)
      const decoded = decode(received)
      received.fill(0xee)
      assert.deepEqual(decoded, packet)
    })
  })
}
