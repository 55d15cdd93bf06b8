/**
 * A cheap look at whether an SQLite file in WAL mode was written: the counter of transactions in its wal-index, which
 * every process that has the file open shares. Reading it takes a quarter of the time of PRAGMA data_version, and a login
 * cannot do without one of them. It only ever says "certainly not": what did change, SQLite is asked.
 *
 * Spec: https://sqlite.org/walformat.html#the_wal_index_header
 */
import { closeSync, openSync, readSync } from 'node:fs'

/** Of iChange in the header. Units: bytes. */
const counterOffset = 8

export class WalIndex {
  readonly #file: number | undefined
  readonly #counter = Buffer.alloc(4)
  #seen: number | undefined = undefined

  /** `path` is that of the database, which must be open and have been read: the index lives as long as a connection. */
  constructor(path: string) {
    try {
      this.#file = openSync(`${path}-shm`, 'r')
    } catch {
      // Without it every look has to ask SQLite.
      this.#file = undefined
    }
  }

  /** Whether a transaction may have been committed since the last call, by whichever connection. */
  mayHaveChanged(): boolean {
    if (this.#file === undefined || readSync(this.#file, this.#counter, 0, 4, counterOffset) !== 4) return true
    const counter = this.#counter.readUInt32LE(0)
    const changed = counter !== this.#seen
    this.#seen = counter
    return changed
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
  }
}
