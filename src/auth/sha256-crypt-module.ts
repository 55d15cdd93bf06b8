/**
 * The WebAssembly module that iterates SHA-256 for sha256-crypt-kernel.ts: one generator, for one crypt at a time (32-bit
 * words) or for four side by side (128-bit vectors, one crypt in each lane).
 *
 * Each round of the crypt hashes one of only eight different messages, and in each of them only the previous digest
 * changes. The host lays the eight out once, padded and as big-endian words already in order; a round inserts eight words
 * and compresses. No step depends on the value of a secret, only on the lengths of password and salt.
 */
import { type Code, call, doWhile, i32, i32Type, i32x4, local, setLocal, v128Type, wasmModule } from './wasm-emitter.ts'

export type Lanes = 1 | 4

/**
 * Addresses in the module's memory, in bytes. Word `w` of lane `l` of anything that has lanes is at
 * `4 * (w * lanes + l)` from its start.
 */
export const layout = {
  /** 64 round constants; without lanes. */
  constants: 0,
  /** The initial hash value: 8 words. */
  initial: 256,
  /** The digest of the round before: 8 words. The host sets the first and reads the last. */
  digest: 384,
  /** Eight entries of `entrySize`, one for each message: see `entry`. */
  table: 512,
  entrySize: 64,
  /** For each message `maxBlocks` words of ones (or zeros, once the lane's own message has ended). */
  masks: 1024,
  /** For each message room for `maxBlocks` blocks of 16 words. */
  messages: 4096,
  end: 4096 + 8 * 9 * 64 * 4,
}

/** 32 digest + 20 salt + twice 256 password + 9 bytes of padding end in the ninth block. */
export const maxBlocks = 9

/** What is said of a message, by offset in its entry: all 32-bit. */
export const entry = {
  /** Blocks of the longest lane. */
  blocks: 0,
  messageAddress: 4,
  maskAddress: 8,
  /** 8 bytes for each lane: address of the word in which the digest starts, and the bits by which it starts late. */
  lanes: 16,
}

/** Which of the eight messages a round hashes: the sum of what applies to it. */
export const messageBits = {
  /** Odd rounds begin with the password and end with the digest; even ones the other way round. */
  odd: 1,
  /** With the salt: not in each third round. */
  salt: 2,
  /** With the password once more: not in each seventh round. */
  passwordAgain: 4,
}

/** The bytes of the module. It exports `memory` and `iterate(rounds)`, `rounds` >= 1. */
export function sha256CryptModule(lanes: Lanes): Uint8Array<ArrayBuffer> {
  const words = lanes === 1 ? scalarWords : vectorWords
  // Two functions: V8 replaces its baseline code only between calls, so that one long loop would stay slow for its first crypt.
  return wasmModule(1, [
    { parameters: [i32Type, i32Type], locals: Array<typeof words.type>(26).fill(words.type), body: compress(words) },
    { name: 'iterate', parameters: [i32Type], locals: Array<typeof i32Type>(9).fill(i32Type), body: iterate(lanes) },
  ])
}

function iterate(lanes: Lanes): Code {
  const [rounds, i, row, block, mask, left, start, late, before, word] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  const one = i32.const(1)
  const zero = i32.const(0)
  const laneWord = (index: number, lane: number) => 4 * (index * lanes + lane)
  const message = i32.add(
    i32.and(local(i), i32.const(messageBits.odd)),
    i32.add(
      i32.multiply(i32.notEqual(i32.remainder(local(i), i32.const(3)), zero), i32.const(messageBits.salt)),
      i32.multiply(i32.notEqual(i32.remainder(local(i), i32.const(7)), zero), i32.const(messageBits.passwordAgain)),
    ),
  )
  // The part of the last word that spills into the next; two shifts, because a shift by 32 would be one by 0.
  const spill = i32.shiftLeft(i32.shiftLeft(local(before), i32.subtract(i32.const(31), local(late))), one)
  const ownBits = i32.shiftRight(i32.const(-1), local(late))

  const insertDigest = (lane: number): Code => [
    setLocal(start, i32.load(local(row), entry.lanes + 8 * lane)),
    setLocal(late, i32.load(local(row), entry.lanes + 8 * lane + 4)),
    setLocal(word, i32.load(zero, layout.digest + laneWord(0, lane))),
    i32.store(
      local(start),
      0,
      i32.or(
        i32.and(i32.load(local(start), 0), i32.xor(ownBits, i32.const(-1))),
        i32.shiftRight(local(word), local(late)),
      ),
    ),
    [1, 2, 3, 4, 5, 6, 7].map((index) => [
      setLocal(before, local(word)),
      setLocal(word, i32.load(zero, layout.digest + laneWord(index, lane))),
      i32.store(local(start), laneWord(index, 0), i32.or(spill, i32.shiftRight(local(word), local(late)))),
    ]),
    setLocal(before, local(word)),
    i32.store(local(start), laneWord(8, 0), i32.or(spill, i32.and(i32.load(local(start), laneWord(8, 0)), ownBits))),
  ]
  const resetDigest = range(8 * lanes).map((index) =>
    i32.store(zero, layout.digest + 4 * index, i32.load(zero, layout.initial + 4 * index)),
  )

  return doWhile(
    [
      setLocal(row, i32.add(i32.const(layout.table), i32.multiply(message, i32.const(layout.entrySize)))),
      range(lanes).map(insertDigest),
      resetDigest,
      setLocal(left, i32.load(local(row), entry.blocks)),
      setLocal(block, i32.load(local(row), entry.messageAddress)),
      setLocal(mask, i32.load(local(row), entry.maskAddress)),
      doWhile(
        [
          call(0, local(block), local(mask)),
          setLocal(block, i32.add(local(block), i32.const(64 * lanes))),
          setLocal(mask, i32.add(local(mask), i32.const(4 * lanes))),
          setLocal(left, i32.subtract(local(left), one)),
        ],
        local(left),
      ),
      setLocal(i, i32.add(local(i), one)),
    ],
    i32.lessThan(local(i), local(rounds)),
  )
}

/** FIPS 180-4, 6.2.2, unrolled: instead of moving the eight variables in each step, their names move. */
function compress(words: Words): Code {
  const [block, mask, schedule, variables, scratch] = [0, 1, 2, 18, 26]
  const w = (t: number) => schedule + (t % 16)
  const { add, and, xor } = words
  const wordSize = words.type === v128Type ? 16 : 4
  const digestWord = (index: number) => words.load(i32.const(0), layout.digest + wordSize * index)

  const step = (t: number): Code => {
    const [a, b, c, d, e, f, g, h] = range(8).map((index) => variables + ((index - t + 64) % 8)) as Eight
    // maj(a, b, c) = ((a ^ b) & (b ^ c)) ^ b, and the next step's b ^ c is this step's a ^ b.
    const [aXorB, bXorC] = t % 2 === 0 ? [scratch, scratch + 1] : [scratch + 1, scratch]
    return [
      t === 0 ? setLocal(bXorC, xor(local(b), local(c))) : [],
      t < 16
        ? []
        : setLocal(
            w(t),
            add(
              add(local(w(t)), words.sigma(w(t + 1), 7, 18, 3)),
              add(local(w(t + 9)), words.sigma(w(t + 14), 17, 19, 10)),
            ),
          ),
      setLocal(
        h,
        add(
          add(add(local(h), add(local(w(t)), words.constant(t))), words.rotations(e, 6, 11, 25)),
          xor(and(xor(local(f), local(g)), local(e)), local(g)),
        ),
      ),
      setLocal(d, add(local(d), local(h))),
      setLocal(aXorB, xor(local(a), local(b))),
      setLocal(h, add(add(local(h), words.rotations(a, 2, 13, 22)), xor(and(local(aXorB), local(bXorC)), local(b)))),
    ]
  }

  return [
    range(16).map((t) => setLocal(w(t), words.load(local(block), wordSize * t))),
    range(8).map((index) => setLocal(variables + index, digestWord(index))),
    range(64).map(step),
    range(8).map((index) =>
      words.store(
        i32.const(0),
        layout.digest + wordSize * index,
        add(digestWord(index), and(local(variables + index), words.load(local(mask), 0))),
      ),
    ),
  ]
}

type Eight = [number, number, number, number, number, number, number, number]

/** What the compression needs of a word, whether it is one word or four. `x` is the index of a local. */
interface Words {
  readonly type: typeof i32Type | typeof v128Type
  load(address: Code, offset: number): Code
  store(address: Code, offset: number, value: Code): Code
  add(x: Code, y: Code): Code
  and(x: Code, y: Code): Code
  xor(x: Code, y: Code): Code
  constant(t: number): Code
  /** x rotated right by each of three distances, combined. */
  rotations(x: number, first: number, second: number, third: number): Code
  /** x rotated right by two distances and shifted right by the third, combined. */
  sigma(x: number, first: number, second: number, shift: number): Code
}

const scalarWords: Words = withRotations({
  ...i32,
  type: i32Type,
  constant: (t) => i32.const(roundConstants[t] ?? 0),
  rotate: (x, bits) => i32.rotateRight(local(x), i32.const(bits)),
})

const vectorWords: Words = withRotations({
  ...i32x4,
  type: v128Type,
  // From memory: vector immediates made the loop 4 % slower.
  constant: (t) => i32x4.loadSplat(i32.const(0), layout.constants + 4 * t),
  rotate: (x, bits) =>
    i32x4.or(i32x4.shiftRight(local(x), i32.const(bits)), i32x4.shiftLeft(local(x), i32.const(32 - bits))),
})

function withRotations(
  words: Omit<Words, 'rotations' | 'sigma'> & {
    rotate(x: number, bits: number): Code
    shiftRight(x: Code, bits: Code): Code
  },
): Words {
  const { rotate, shiftRight, xor } = words
  return {
    ...words,
    rotations: (x, first, second, third) => xor(xor(rotate(x, first), rotate(x, second)), rotate(x, third)),
    sigma: (x, first, second, shift) =>
      xor(xor(rotate(x, first), rotate(x, second)), shiftRight(local(x), i32.const(shift))),
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index)
}

/** FIPS 180-4, 5.3.3. */
export const initialHash: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]

/** FIPS 180-4, 4.2.2. */
export const roundConstants: readonly number[] = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]
