/** Runs a statement whose results are wanted whole. */
import { clientError, type MysqlError } from '../errors/errors.ts'
import type { ColumnDefinition } from '../packets/column-definition.ts'
import type { Ok } from '../packets/ok.ts'
import { Answer, type AnswerTaker, type Dialect } from './answer.ts'
import type { Reply, Task } from './conversation.ts'
import { type LocalInfile, refuseFile, sendFile } from './local-infile.ts'
import type { Result, Row, RowOptions } from './result.ts'
import { binaryRowDecoder, type RowDecoder, textRowDecoder } from './rows/row-decoder.ts'

export interface CollectOptions extends RowOptions {
  readonly localInfile?: LocalInfile
}

export type Format = 'text' | 'binary'

/** What of a session an answer can change. */
export type Heard = (ok: Ok) => void

/** Makes the task of one statement; its result is the first of the chain. */
export function collect<R = Row>(
  requests: readonly Uint8Array[],
  dialect: Dialect,
  format: Format,
  options: CollectOptions,
  heard: Heard,
): Task<Result<R>, Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Result<R>>()
  const collector = new Collector<R>(format, options, heard, resolve, reject)
  return { command: new Answer(requests, dialect, collector), done: promise }
}

class Collector<R> implements AnswerTaker {
  readonly #format: Format
  readonly #options: CollectOptions
  readonly #heard: Heard
  readonly #resolve: (result: Result<R>) => void
  readonly #reject: (error: unknown) => void
  readonly #results: { result: Omit<Result<R>, 'next'> }[] = []
  #columns: readonly ColumnDefinition[] = []
  #rows: R[] = []
  #decode: RowDecoder = () => []
  /** A file that was not supplied fails the statement, whatever the server makes of it. */
  #refused: MysqlError | undefined = undefined

  constructor(
    format: Format,
    options: CollectOptions,
    heard: Heard,
    resolve: (result: Result<R>) => void,
    reject: (error: unknown) => void,
  ) {
    this.#format = format
    this.#options = options
    this.#heard = heard
    this.#resolve = resolve
    this.#reject = reject
  }

  onColumns(columns: readonly ColumnDefinition[]): void {
    this.#columns = columns
    this.#decode = (this.#format === 'text' ? textRowDecoder : binaryRowDecoder)(columns, this.#options)
  }

  onRow(bytes: Uint8Array, start: number, end: number): void {
    this.#rows.push(this.#decode(bytes, start, end) as R)
  }

  onResult(ok: Ok, more: boolean): void {
    this.#heard(ok)
    this.#results.push({ result: { columns: this.#columns, rows: this.#rows, ...summaryOf(ok) } })
    this.#columns = []
    this.#rows = []
    if (more) return
    if (this.#refused !== undefined) return this.#reject(this.#refused)
    this.#resolve(
      this.#results.reduceRight<Result<R> | undefined>(
        (next, { result }) => ({ ...result, next }),
        undefined,
      ) as Result<R>,
    )
  }

  onError(error: MysqlError): void {
    this.#reject(this.#refused ?? error)
  }

  onLost(error: MysqlError): void {
    this.#reject(error)
  }

  onLocalInfile(name: string, reply: Reply, wanted: () => boolean): void {
    const { localInfile } = this.#options
    if (localInfile !== undefined) return sendFile(localInfile, name, reply, wanted, (error) => (this.#refused = error))
    this.#refused = clientError('CR_LOAD_DATA_LOCAL_INFILE_REJECTED')
    refuseFile(reply)
  }
}

/** The part of an OK that a caller sees. */
export function summaryOf(ok: Ok) {
  const { affectedRows, lastInsertId, warnings, statusFlags } = ok
  const info = Buffer.from(ok.info.buffer, ok.info.byteOffset, ok.info.length).toString('utf8')
  return { affectedRows, lastInsertId, warnings, statusFlags, info, sessionChanges: ok.sessionChanges ?? [] }
}
