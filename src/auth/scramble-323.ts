/**
 * The scramble of mysql_old_password, from before MySQL 4.1. Only to tell that a client gave it: nobody is let in by it, for it can be
 * reversed.
 */

/** 8 bytes, from the password and the first 8 bytes of the nonce. */
export function scramble323(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  const [password1, password2] = hash323(password)
  const [nonce1, nonce2] = hash323(nonce.subarray(0, 8))
  let seed1 = ((password1 ^ nonce1) >>> 0) % modulus
  let seed2 = ((password2 ^ nonce2) >>> 0) % modulus
  const random = () => {
    seed1 = (seed1 * 3 + seed2) % modulus
    seed2 = (seed1 + seed2 + 33) % modulus
    return Math.floor((seed1 / modulus) * 31)
  }
  const scramble = Uint8Array.from({ length: 8 }, () => random() + 64)
  const extra = random()
  return scramble.map((byte) => byte ^ extra)
}

/** Two numbers of 31 bits. Blanks and tabs do not count. */
function hash323(text: Uint8Array): [number, number] {
  let first = 1_345_345_333
  let second = 0x1234_5671
  let sum = 7
  for (const byte of text) {
    if (byte === 0x20 || byte === 0x09) continue
    first ^= Math.imul((first & 63) + sum, byte) + (first << 8)
    second += (second << 8) ^ first
    sum += byte
  }
  return [first & 0x7fff_ffff, second & 0x7fff_ffff]
}

const modulus = 0x3fff_ffff
