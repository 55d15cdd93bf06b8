/**
 * The way back from a password packet that was refused: what may have been meant, for whoever keeps only a slow hash of the password
 * and can try a few.
 */
import { deviations, type NearProof } from './near-proof.ts'
import { readingsOf, type SecretSurroundings } from './near-proof-readings.ts'
import { mendedPasswords } from './password-variants.ts'
import { equal, wipe } from './primitives.ts'

export interface Repair {
  /** What the client did, if the password is this one. */
  readonly near: NearProof
  /** Of its own, without NUL. Wipe it. */
  readonly password: Uint8Array
}

/** The likeliest first; not what was given itself, if it was well-formed, for that is refused already. */
export function repairsOf(received: Uint8Array, around: SecretSurroundings): Repair[] {
  const repairs: Repair[] = []
  const add = (near: NearProof, password: Uint8Array) => {
    if (isPlausible(password) && !repairs.some((known) => equal(known.password, password)))
      repairs.push({ near, password })
    else wipe(password)
  }
  const readings = [...readingsOf(received, around)]
  const [first] = readings
  const mended = first !== undefined && isPlausible(first.text) ? mendedPasswords(first.text) : []
  // Other readings before other passwords: a wrong reading that happens to be text has many of those, and only so many are tried.
  for (const { text, ...reading } of readings) {
    if (deviations({ ...reading, password: 'right' }) > 0) add({ ...reading, password: 'right' }, text)
    else wipe(text)
  }
  if (first !== undefined) {
    const { text: _, ...reading } = first
    for (const { slug, bytes } of mended) add({ ...reading, password: slug }, bytes)
  }
  return repairs
}

/** What no password was asked for, or none that needs to be tried: told from what was received alone. */
export function plainMistake(received: Uint8Array, around: SecretSurroundings): NearProof | undefined {
  if (around.form === 'clear' && received.length === 1 && (received[0] === 1 || received[0] === 2)) {
    return { nonce: 'right', password: 'right', algorithm: 'key-request' }
  }
  const [first] = readingsOf(received, around)
  if (first === undefined) return undefined
  const { text, ...reading } = first
  const is = (other: string | undefined) => other !== undefined && other !== '' && equal(text, Buffer.from(other))
  const password = is(around.user) ? 'user-name' : is(around.stored) ? 'stored-credential' : undefined
  wipe(text)
  return password && { ...reading, password }
}

/** What the wrong mask makes of a text is mostly no text. */
function isPlausible(text: Uint8Array): boolean {
  return text.length > 0 && text.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d)
}
