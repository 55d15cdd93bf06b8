/**
 * A bounded queue that serves its sources in turn, so that one who asks a thousand times does not make the others wait
 * for it, nor fill the queue against them.
 */

export class FairQueue<T> {
  readonly #bound: number
  /** In the order in which the sources are served next; a source without items has no entry. */
  readonly #sources = new Map<string, T[]>()
  #size = 0

  constructor(bound: number) {
    this.#bound = bound
  }

  get size(): number {
    return this.#size
  }

  /**
   * Adds an item, and returns the one for which there is no room: in a full queue the newest of the source that has the
   * most, which may be the item itself.
   */
  push(source: string, item: T): T | undefined {
    let displaced: T | undefined
    if (this.#size >= this.#bound) {
      const greediest = this.#greediest()
      if (this.#waitingOf(greediest) <= this.#waitingOf(source) + 1) return item
      displaced = this.#sources.get(greediest)?.pop()
      this.#size--
    }
    const items = this.#sources.get(source)
    if (items === undefined) this.#sources.set(source, [item])
    else items.push(item)
    this.#size++
    return displaced
  }

  /** Takes the oldest item of the source whose turn it is. */
  next(): T | undefined {
    for (const [source, items] of this.#sources) {
      const item = items.shift()
      this.#sources.delete(source)
      if (items.length > 0) this.#sources.set(source, items)
      this.#size--
      return item
    }
    return undefined
  }

  #waitingOf(source: string): number {
    return this.#sources.get(source)?.length ?? 0
  }

  #greediest(): string {
    let greediest = ''
    let most = -1
    for (const [source, { length }] of this.#sources) {
      if (length > most) {
        greediest = source
        most = length
      }
    }
    return greediest
  }
}
