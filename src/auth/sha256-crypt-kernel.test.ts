import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { batchSize, type CryptInput, cryptDigests, saltLength } from './sha256-crypt-kernel.ts'
import { layout, sha256CryptModule } from './sha256-crypt-module.ts'

/** The memories of all kernels that this process makes. */
const memories: { readonly buffer: ArrayBuffer }[] = []
const host = globalThis as unknown as {
  WebAssembly: { Instance: new (module: object) => { exports: { memory: { buffer: ArrayBuffer } } } }
}
host.WebAssembly.Instance = class extends host.WebAssembly.Instance {
  constructor(module: object) {
    super(module)
    memories.push(this.exports.memory)
  }
}

/** SHA-crypt straight from its specification, one createHash for each digest: slow, and shares no code with the kernel. */
function reference({ password, salt }: CryptInput, rounds: number): Buffer {
  const key = Buffer.from(password)
  const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const b = sha256(key, salt, key)
  const a = [key, Buffer.from(salt), Buffer.alloc(key.length, b)]
  for (let length = key.length; length > 0; length = Math.floor(length / 2)) a.push(length % 2 === 1 ? b : key)
  let digest = sha256(...a)
  const p = Buffer.alloc(key.length, sha256(Buffer.alloc(key.length * key.length, key)))
  const s = Buffer.alloc(salt.length, sha256(...Array<Uint8Array>(16 + digest.readUInt8(0)).fill(salt)))
  for (let round = 0; round < rounds; round++) {
    const parts: Buffer[] = [round % 2 === 1 ? p : digest]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(round % 2 === 1 ? digest : p)
    digest = sha256(...parts)
  }
  return digest
}

const input = (length: number): CryptInput => ({
  password: Uint8Array.from({ length }, (_, index) => (index * 89 + length * 7 + 1) & 0xff),
  salt: Uint8Array.from({ length: saltLength }, (_, index) => ((index * 31 + length) % 126) + 1),
})
const hex = (digests: readonly Uint8Array[]) => digests.map((digest) => Buffer.from(digest).toString('hex'))
const lengths = [...Array.from({ length: 72 }, (_, length) => length), 128, 255, 256]

describe('cryptDigests', () => {
  test('is SHA-crypt for every length around the block boundaries', () => {
    for (const length of lengths) {
      assert.deepEqual(hex(cryptDigests([input(length)], 100)), hex([reference(input(length), 100)]), `${length} bytes`)
    }
  })

  test('is SHA-crypt in four lanes of unequal lengths', () => {
    for (let first = 0; first < lengths.length; first++) {
      const inputs = [0, 1, 25, 50].map((distance) => input(lengths[(first + distance) % lengths.length] ?? 0))
      assert.deepEqual(hex(cryptDigests(inputs, 50)), hex(inputs.map((each) => reference(each, 50))), `from ${first}`)
    }
  })

  test('is SHA-crypt for any bytes, any number of lanes and any number of rounds', () => {
    const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max })
    const inputs = fc.array(fc.record({ password: bytes(0, 256), salt: bytes(20, 20) }), { maxLength: batchSize })
    fc.assert(
      fc.property(inputs, fc.integer({ min: 1, max: 90 }), (crypts, rounds) => {
        assert.deepEqual(hex(cryptDigests(crypts, rounds)), hex(crypts.map((crypt) => reference(crypt, rounds))))
      }),
      { numRuns: 60 },
    )
  })

  for (const rounds of [1, 7, 5000, 10_000]) {
    test(`is SHA-crypt after ${rounds} rounds, alone and in a batch`, () => {
      const inputs = [0, 10, 31, 256].map(input)
      const expected = hex(inputs.map((each) => reference(each, rounds)))
      assert.deepEqual(hex(cryptDigests(inputs, rounds)), expected)
      assert.deepEqual(hex(cryptDigests(inputs.slice(0, 3), rounds)), expected.slice(0, 3))
      assert.deepEqual(hex(inputs.flatMap((each) => cryptDigests([each], rounds))), expected)
    })
  }

  test('leaves its inputs as they were', () => {
    const { password, salt } = input(30)
    cryptDigests([{ password, salt }], 1)
    assert.deepEqual({ password, salt }, input(30))
  })

  test('refuses what its memory is not laid out for', () => {
    assert.throws(() => cryptDigests([input(257)], 1), RangeError)
    assert.throws(() => cryptDigests([{ ...input(1), salt: new Uint8Array(19) }], 1), RangeError)
    assert.throws(() => cryptDigests(Array<CryptInput>(5).fill(input(1)), 1), RangeError)
    for (const rounds of [0, -1, 1.5, Number.NaN, 2 ** 32])
      assert.throws(() => cryptDigests([input(1)], rounds), RangeError)
  })
})

describe('the memory of the kernel', () => {
  test('holds nothing of a password after a crypt', () => {
    cryptDigests([input(40)], 3)
    cryptDigests([input(40), input(0), input(256)], 3)
    assert.equal(memories.length, 2)
    for (const memory of memories) {
      assert.ok(new Uint8Array(memory.buffer, 0, layout.digest).some((byte) => byte !== 0))
      assert.ok(new Uint8Array(memory.buffer, layout.digest).every((byte) => byte === 0))
    }
  })
})

describe('sha256CryptModule', () => {
  test('writes the same module each time', () => {
    for (const lanes of [1, 4] as const) {
      const bytes = sha256CryptModule(lanes)
      assert.deepEqual(bytes, sha256CryptModule(lanes))
      assert.ok(bytes.length < 20_000, `${bytes.length} bytes`)
    }
  })
})
