/**
 * Where nonces and salts come from: the system's generator, drawn in pools because one call for 20 bytes costs more than
 * the rest of a greeting.
 *
 * The bytes are 0x01-0x7f without `$` (0x24), like those of MySQL: a nonce may be read as a C string, and `$` separates
 * the fields of a stored credential. Other random bytes are thrown away, so that the 126 values stay equally likely.
 */
import { randomFillSync } from 'node:crypto'
import { ConfigurationError } from '../errors/errors.ts'

export class NonceSource {
  readonly #fill: (pool: Uint8Array) => unknown
  readonly #pool = new Uint8Array(4096)
  #used = this.#pool.length

  /** `fill` overwrites its argument with random bytes or throws; the default is `crypto.randomFillSync`. */
  constructor(fill: (pool: Uint8Array) => unknown = randomFillSync) {
    this.#fill = fill
  }

  /**
   * A nonce that nobody got before, as a copy of its own; `length` in bytes.
   *
   * Throws: what the source of randomness throws; `ConfigurationError` when that delivers nothing usable. There is no
   * fallback: a connection without a nonce must not go on.
   */
  next(length = 20): Uint8Array {
    const nonce = new Uint8Array(length)
    let refills = 0
    for (let filled = 0; filled < length; ) {
      if (this.#used === this.#pool.length) {
        if (++refills > 2) throw new ConfigurationError('the source of randomness delivers no usable bytes')
        this.#fill(this.#pool)
        this.#used = 0
      }
      const byte = (this.#pool[this.#used] as number) & 0x7f
      this.#pool[this.#used++] = 0
      if (byte !== 0 && byte !== 0x24) nonce[filled++] = byte
    }
    return nonce
  }
}
