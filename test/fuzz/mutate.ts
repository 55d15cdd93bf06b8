/** Seeded damage to byte streams: everything that a fuzz case does follows from one number. */

/** Returns numbers in [0, below). */
export type Draw = (below: number) => number

/** Marsaglia's xorshift, 32 bits, behind a mixing step that tells neighbouring seeds apart. */
export function drawFrom(seed: number): Draw {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13) || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  for (let i = 0; i < 4; i++) next()
  return (below) => next() % below
}

/** Damages a stream in one to three ways; `others` is what it may be spliced with. */
export function mutate(draw: Draw, stream: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes = stream
  for (let times = 1 + draw(3); times > 0; times--) {
    const how = damages[draw(damages.length)] as Damage
    bytes = how(draw, bytes, others)
  }
  return bytes.subarray(0, 300_000)
}

type Damage = (draw: Draw, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array

const damages: readonly Damage[] = [
  flipBits,
  truncate,
  duplicate,
  splice,
  tamperWithLength,
  randomBytes,
  overwrite,
  swell,
]

function flipBits(draw: Draw, bytes: Uint8Array): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  for (let times = 1 + draw(8); times > 0 && bytes.length > 0; times--) {
    const at = draw(bytes.length)
    flipped[at] = (flipped[at] as number) ^ (1 << draw(8))
  }
  return flipped
}

function truncate(draw: Draw, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, draw(bytes.length + 1))
}

function duplicate(draw: Draw, bytes: Uint8Array): Uint8Array {
  const [from, at] = [draw(bytes.length + 1), draw(bytes.length + 1)]
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + draw(600)), bytes.subarray(at)])
}

function splice(draw: Draw, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const other = others[draw(others.length)] as Uint8Array
  return Buffer.concat([bytes.subarray(0, draw(bytes.length + 1)), other.subarray(draw(other.length + 1))])
}

/** Makes some frame longer, shorter or enormous, or gives it another sequence id. */
function tamperWithLength(draw: Draw, bytes: Uint8Array): Uint8Array {
  const tampered = Uint8Array.from(bytes)
  const headers: number[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    headers.push(at)
    at += 4 + ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16))
  }
  if (headers.length === 0) return tampered
  const at = (headers[draw(headers.length)] as number) + draw(4)
  tampered[at] = draw(3) === 0 ? 0xff : (tampered[at] as number) + 1 + draw(3) - 2
  return tampered
}

function randomBytes(draw: Draw, bytes: Uint8Array): Uint8Array {
  const noise = Uint8Array.from({ length: draw(400) }, () => draw(256))
  return draw(2) === 0 ? noise : Buffer.concat([bytes.subarray(0, draw(bytes.length + 1)), noise])
}

/** Announces up to 16 MiB, and delivers some of it. */
function swell(draw: Draw, bytes: Uint8Array): Uint8Array {
  if (draw(4) > 0) return bytes
  const header = Uint8Array.of(draw(256), draw(256), draw(4) === 0 ? draw(256) : draw(3), draw(4))
  return Buffer.concat([
    bytes.subarray(0, draw(bytes.length + 1)),
    header,
    new Uint8Array(draw(200_000)).fill(draw(256)),
  ])
}

/** Writes bytes that mean something in many places. */
function overwrite(draw: Draw, bytes: Uint8Array): Uint8Array {
  const written = Uint8Array.from(bytes)
  const meaningful = [0x00, 0x01, 0x02, 0x03, 0x04, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff]
  for (let times = 1 + draw(6); times > 0 && bytes.length > 0; times--) {
    written[draw(bytes.length)] = meaningful[draw(meaningful.length)] as number
  }
  return written
}
