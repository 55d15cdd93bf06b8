/**
 * What a password packet may have been meant to say: the packet of full authentication, in clear or opened with the RSA key, read
 * as clients write it that got the mask or the NUL wrong.
 */

import type { NearProof, OtherNonce } from './near-proof.ts'
import { nonceVariants } from './near-proof-nonces.ts'
import { wipe, xor } from './primitives.ts'

export interface SecretSurroundings {
  /** `clear`: as on the wire; `opened`: what was inside RSA, (password + NUL) XOR nonce. */
  readonly form: 'clear' | 'opened'
  /** Without it nothing is unmasked. */
  readonly nonce?: Uint8Array
  readonly otherNonces?: readonly OtherNonce[]
  readonly user?: string
  /** The credential as the server keeps it. */
  readonly stored?: string | undefined
}

export interface Reading extends Omit<NearProof, 'password'> {
  /** Bytes of their own, without NUL. Wipe them. */
  readonly text: Uint8Array
}

/** The right reading first. */
export function* readingsOf(received: Uint8Array, around: SecretSurroundings): Generator<Reading> {
  const { form, nonce = new Uint8Array(0), otherNonces = [] } = around
  const masks =
    nonce.length === 0 ? [] : [...nonceVariants({ nonce, otherNonces })].filter(({ bytes }) => bytes.some(Boolean))
  if (form === 'clear') {
    const whole = withoutNul(Uint8Array.from(received))
    yield { nonce: 'right', algorithm: whole.length < received.length ? 'right' : 'without-nul', text: whole }
    for (const { slug, bytes } of masks)
      yield* terminated(xor(received, bytes), { nonce: slug, algorithm: 'masked', masks: true })
    return
  }
  for (const { slug, bytes } of masks) {
    const text = xor(received, bytes)
    if (text.at(-1) === 0) yield { nonce: slug, algorithm: 'right', masks: true, text: withoutNul(text) }
    else yield { nonce: slug, algorithm: 'without-nul', masks: true, text }
  }
  yield* terminated(Uint8Array.from(received), { nonce: 'right', algorithm: 'unmasked', masks: true })
  if (nonce.length === 0 || received.length <= nonce.length) return
  const once = Uint8Array.from(received)
  once.set(xor(once.subarray(0, nonce.length), nonce))
  yield* terminated(once, { nonce: 'right', algorithm: 'masked-once', masks: true })
}

/** Only what ends in a NUL: anything can be read in anything else. */
function* terminated(text: Uint8Array, reading: Omit<Reading, 'text'>): Generator<Reading> {
  if (text.at(-1) === 0) yield { ...reading, text: withoutNul(text) }
  else wipe(text)
}

function withoutNul(text: Uint8Array): Uint8Array {
  return text.subarray(0, text.at(-1) === 0 ? -1 : undefined)
}
