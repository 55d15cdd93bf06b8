/** Which bytes clients take for the nonce when they take the wrong ones. Each was seen in the field. */
import type { OtherNonce } from './near-proof.ts'

export interface NonceVariant {
  readonly slug: string
  readonly bytes: Uint8Array
}

/** The right nonce first, then by how often it is met. Of variants that are the same bytes only the first. */
export function* nonceVariants(given: {
  readonly nonce: Uint8Array
  readonly otherNonces: readonly OtherNonce[]
}): Generator<NonceVariant> {
  const seen = new Set<string>()
  for (const variant of allVariants(given.nonce, given.otherNonces)) {
    const key = Buffer.from(variant.bytes).toString('latin1')
    if (seen.has(key)) continue
    seen.add(key)
    yield variant
  }
}

function* allVariants(nonce: Uint8Array, others: readonly OtherNonce[]): Generator<NonceVariant> {
  yield { slug: 'right', bytes: nonce }
  yield { slug: '21-bytes', bytes: Uint8Array.of(...nonce, 0) }
  for (const { of, nonce: other } of others) {
    yield { slug: `${of}-nonce`, bytes: other }
    yield { slug: `${of}-nonce-21-bytes`, bytes: Uint8Array.of(...other, 0) }
  }
  yield { slug: '8-bytes', bytes: nonce.subarray(0, 8) }
  yield { slug: '19-bytes', bytes: nonce.subarray(0, 19) }
  yield { slug: 'without-trailing-nuls', bytes: nonce.subarray(0, nonce.findLastIndex((byte) => byte !== 0) + 1) }
  const nul = nonce.indexOf(0)
  if (nul >= 0) yield { slug: 'until-nul', bytes: nonce.subarray(0, nul) }
  // Decoded as text on the way: what is no ASCII comes out as something else.
  yield { slug: 'ascii', bytes: nonce.map((byte) => (byte < 0x80 ? byte : questionMark)) }
  yield { slug: 'ascii', bytes: nonce.map((byte) => byte & 0x7f) }
  yield { slug: 'utf8-replaced', bytes: Buffer.from(Buffer.from(nonce).toString('utf8')) }
  yield { slug: 'utf8-encoded', bytes: Buffer.from(Buffer.from(nonce).toString('latin1')) }
  yield { slug: 'zeros', bytes: new Uint8Array(nonce.length) }
  yield { slug: 'none', bytes: new Uint8Array(0) }
}

const questionMark = 0x3f
