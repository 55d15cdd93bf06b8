/** The bytes of a capture that are at hand: chunks of any size come in, records are read where they lie. */

const EMPTY = new Uint8Array(0)
const MIN_CAPACITY = 65_536

export class Input {
  bytes: Uint8Array = EMPTY
  /** Of `bytes`, all of it. */
  view: DataView = new DataView(EMPTY.buffer)
  /** What is unread lies between `start` and `end`; whoever reads moves `start`. */
  start = 0
  end = 0
  /** Offset of `bytes[0]` in the capture. */
  #base = 0
  /** Holds the end of one chunk together with the next; used again and again. */
  #own = EMPTY

  /** Offset of what is read next. */
  get offset(): number {
    return this.#base + this.start
  }

  get available(): number {
    return this.end - this.start
  }

  /** `chunk` is read where it lies, until `settle`. After: earlier views of `bytes` are void. */
  append(chunk: Uint8Array): void {
    const left = this.available
    if (left === 0) {
      this.#base += this.start
      // Not a Buffer: with one class of bytes alone the hot path stays fast.
      this.#use(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), 0, chunk.length)
      return
    }
    if (this.end + chunk.length > this.#own.length) this.#keep(chunk.length)
    this.#own.set(chunk, this.end)
    this.end += chunk.length
  }

  /** After: what is unread is in bytes of our own, and the chunk may be used for something else. */
  settle(): void {
    if (this.bytes !== this.#own) this.#keep(0)
  }

  #keep(more: number): void {
    const unread = this.bytes.subarray(this.start, this.end)
    const needed = 2 * (unread.length + more)
    // At most half full after the move, so that single bytes do not move a long record each time.
    if (this.#own.length < needed) this.#own = new Uint8Array(Math.max(MIN_CAPACITY, needed))
    this.#own.set(unread)
    this.#base += this.start
    this.#use(this.#own, 0, unread.length)
  }

  #use(bytes: Uint8Array, start: number, end: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.start = start
    this.end = end
  }
}
