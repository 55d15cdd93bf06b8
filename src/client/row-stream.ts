/** The rows of a statement, one by one, as they come. */
import type { ColumnDefinition } from '../packets/column-definition.ts'
import { type ResultEnd, ResultEvents, type StreamSource } from './result-events.ts'

/**
 * One pass over the rows, begun by the first step. Several results (CALL) follow one another; `columns` are those of the row at
 * hand.
 */
export class RowStream<R> implements AsyncIterableIterator<R> {
  readonly #events: ResultEvents<R>
  #columns: readonly ColumnDefinition[] = []
  #end: ResultEnd | undefined = undefined
  #rows: readonly R[] = []
  #next = 0
  #advancing: Promise<boolean> | undefined = undefined

  constructor(source: StreamSource) {
    this.#events = new ResultEvents(source)
  }

  /** Of the result set that rows come from now; empty before the first row. */
  get columns(): readonly ColumnDefinition[] {
    return this.#columns
  }

  /** What the server said at the end of the last result; `undefined` before. */
  get end(): ResultEnd | undefined {
    return this.#end
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<R>> {
    // Most rows are there when they are asked for, and an async function would cost as much as one or two values of them.
    if (this.#next < this.#rows.length) return Promise.resolve({ done: false, value: this.#rows[this.#next++] as R })
    return this.#nextToCome()
  }

  /** Leaves the loop: what is still to come is thrown away, or killed when it is much. After: the connection is free. */
  async return(): Promise<IteratorResult<R>> {
    this.#rows = []
    await this.#events.return()
    return { done: true, value: undefined }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #nextToCome(): Promise<IteratorResult<R>> {
    while (this.#next >= this.#rows.length) {
      // Steps that overlap wait for the same event: none may replace rows that another has not taken.
      this.#advancing ??= this.#advance()
      if (!(await this.#advancing)) return { done: true, value: undefined }
    }
    return { done: false, value: this.#rows[this.#next++] as R }
  }

  /** Takes one event; `false` when there is none any more. */
  async #advance(): Promise<boolean> {
    try {
      const { done, value: event } = await this.#events.next()
      if (done) return false
      if (event.is === 'columns') this.#columns = event.columns
      else if (event.is === 'end') this.#end = event.end
      else {
        this.#rows = event.rows
        this.#next = 0
      }
      return true
    } finally {
      this.#advancing = undefined
    }
  }
}
