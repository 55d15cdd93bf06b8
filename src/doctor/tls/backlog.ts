/** Bytes that wait for more: one buffer that grows with what came, never with what was announced. */
export class Backlog {
  #buffer: Uint8Array = EMPTY
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was kept, and `chunk` behind it; a view, valid until `keep`. */
  with(chunk: Uint8Array): Uint8Array {
    if (this.#length === 0) return chunk
    const length = this.#length + chunk.length
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * 2))
      grown.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#length)
    this.#length = length
    return this.#buffer.subarray(0, length)
  }

  /** Keeps the tail of what `with` returned. */
  keep(tail: Uint8Array): void {
    if (tail.length === 0) this.#buffer = EMPTY
    else if (tail.buffer !== this.#buffer.buffer) this.#buffer = new Uint8Array(tail)
    else if (this.#length !== tail.length) this.#buffer.copyWithin(0, this.#length - tail.length, this.#length)
    this.#length = tail.length
  }
}

const EMPTY = new Uint8Array(0)
