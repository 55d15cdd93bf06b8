/**
 * The results of a statement as they come: columns, rows in batches, and the end of each result. The server is read only as fast
 * as the loop that takes them: memory does not grow with the number of rows.
 */
import { clientError, type MysqlError } from '../errors/errors.ts'
import type { ColumnDefinition } from '../packets/column-definition.ts'
import type { Ok } from '../packets/ok.ts'
import { Answer, type AnswerTaker, type Dialect } from './answer.ts'
import { type CollectOptions, type Format, type Heard, summaryOf } from './collect.ts'
import type { Reply } from './conversation.ts'
import { refuseFile, sendFile } from './local-infile.ts'
import type { Result } from './result.ts'
import { binaryRowDecoder, type RowDecoder, textRowDecoder } from './rows/row-decoder.ts'

/** What the server says at the end of a result. */
export type ResultEnd = Omit<Result<never>, 'columns' | 'rows' | 'next'>

/** `columns` comes first, and only of a result that has rows; `end` closes each result. */
export type ResultEvent<R> =
  | { readonly is: 'columns'; readonly columns: readonly ColumnDefinition[] }
  | { readonly is: 'rows'; readonly rows: readonly R[] }
  | { readonly is: 'end'; readonly end: ResultEnd }

/** What a stream needs of its connection. */
export interface StreamSource {
  readonly format: Format
  readonly options: CollectOptions
  /** Called once, when the first event is asked for; submits the command whose answer `answer` makes. `done` is its end. */
  start(
    answer: (requests: readonly Uint8Array[], dialect: Dialect, heard: Heard) => Answer,
    done: Promise<void>,
  ): Promise<void>
  /** The reader takes rows again. */
  resume(): void
  /** Takes the statement back; `false` when it has begun. */
  withdraw(): boolean
  /** Ends the statement on the server. */
  kill(): void
}

/** Rows, or bytes of them, that may wait for the reader before the server has to. */
const mostWaiting = 1024
const mostWaitingBytes = 1 << 20

/** Milliseconds for the rest of a result that nobody wants, before the statement is killed. */
const drainMs = 100

/** One pass, begun by the first step. */
export class ResultEvents<R> implements AsyncIterableIterator<ResultEvent<R>>, AnswerTaker {
  readonly #source: StreamSource
  #answer: Answer | undefined = undefined
  #decode: RowDecoder = () => []
  #heard: Heard = () => {}
  #events: ResultEvent<R>[] = []
  /** The batch at the end of `#events`, while it may grow. */
  #rows: R[] | undefined = undefined
  #waiting = 0
  /** Of the rows that came since the reader took some. */
  #bytes = 0
  #state: 'new' | 'running' | 'left' | 'ended' = 'new'
  #failure: { readonly error: unknown } | undefined = undefined
  /** A file that was not supplied fails the statement, whatever the server makes of it. */
  #refused: MysqlError | undefined = undefined
  #waiter: PromiseWithResolvers<void> | undefined = undefined
  readonly #task = Promise.withResolvers<void>()

  constructor(source: StreamSource) {
    this.#source = source
    this.#task.promise.catch(() => {})
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<ResultEvent<R>>> {
    if (this.#state === 'new') this.#start()
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return { done: false, value: this.#taken(event) }
      if (this.#state !== 'running') return this.#finished()
      this.#waiter ??= Promise.withResolvers<void>()
      await this.#waiter.promise
    }
  }

  /** Leaves the loop: what is still to come is thrown away, or killed when it is much. After: the connection is free. */
  async return(): Promise<IteratorResult<ResultEvent<R>>> {
    if (this.#state === 'running') {
      this.#state = 'left'
      this.#events = []
      if (this.#source.withdraw()) this.#task.resolve()
      this.#answer?.abandoned()
      this.#source.resume()
      const timer = setTimeout(() => this.#source.kill(), drainMs)
      await this.#task.promise.catch(() => {})
      clearTimeout(timer)
    }
    this.#state = 'ended'
    this.#wake()
    return { done: true, value: undefined }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  onColumns(columns: readonly ColumnDefinition[]): void {
    const { format, options } = this.#source
    this.#decode = (format === 'text' ? textRowDecoder : binaryRowDecoder)(columns, options)
    this.#emit({ is: 'columns', columns })
  }

  onRow(bytes: Uint8Array, start: number, end: number): void {
    if (this.#rows === undefined) {
      this.#rows = []
      const rows = this.#rows
      this.#events.push({ is: 'rows', rows })
      this.#wake()
    }
    this.#rows.push(this.#decode(bytes, start, end) as R)
    this.#waiting++
    this.#bytes += end - start
    if (this.#full && this.#answer !== undefined) this.#answer.paused = true
  }

  onResult(ok: Ok, more: boolean): void {
    this.#heard(ok)
    this.#emit({ is: 'end', end: summaryOf(ok) })
    if (!more) this.#answered(this.#refused)
  }

  onError(error: MysqlError): void {
    this.#answered(this.#refused ?? error)
  }

  onLost(error: MysqlError): void {
    this.#answered(error)
  }

  onLocalInfile(name: string, reply: Reply, wanted: () => boolean): void {
    const { localInfile } = this.#source.options
    if (localInfile !== undefined) {
      return sendFile(localInfile, name, reply, wanted, (error) => {
        this.#refused = error
      })
    }
    this.#refused = clientError('CR_LOAD_DATA_LOCAL_INFILE_REJECTED')
    refuseFile(reply)
  }

  #start(): void {
    this.#state = 'running'
    this.#source
      .start((requests, dialect, heard) => {
        this.#heard = heard
        this.#answer = new Answer(requests, dialect, this)
        return this.#answer
      }, this.#task.promise)
      // What ends it before, or beside, the answer: values that do not fit, a signal.
      .catch((error: unknown) => this.#finish(error))
  }

  #emit(event: ResultEvent<R>): void {
    this.#rows = undefined
    if (this.#state !== 'running') return
    this.#events.push(event)
    this.#wake()
  }

  #taken(event: ResultEvent<R>): ResultEvent<R> {
    if (event.is !== 'rows') return event
    if (event.rows === this.#rows) this.#rows = undefined
    this.#waiting -= event.rows.length
    this.#bytes = 0
    if (this.#answer?.paused === true && !this.#full) {
      this.#answer.paused = false
      this.#source.resume()
    }
    return event
  }

  get #full(): boolean {
    return this.#waiting >= mostWaiting || this.#bytes >= mostWaitingBytes
  }

  /** The server has said all. */
  #answered(error: MysqlError | undefined): void {
    if (error === undefined) this.#task.resolve()
    else this.#task.reject(error)
    this.#finish(error)
  }

  /** The reader gets no more. */
  #finish(error: unknown): void {
    if (this.#state !== 'running') return
    this.#state = 'ended'
    if (error !== undefined) this.#failure = { error }
    this.#wake()
  }

  /** The error is told once; after it the stream is at its end. */
  #finished(): IteratorResult<ResultEvent<R>> {
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure.error
    return { done: true, value: undefined }
  }

  #wake(): void {
    this.#waiter?.resolve()
    this.#waiter = undefined
  }
}
