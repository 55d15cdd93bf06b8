/** Does what the pieces of a text ask for: statements go to the server, commands of the client are carried out here. */
import { isUtf8 } from 'node:buffer'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { MysqlError } from '../../errors/errors.ts'
import { serverStatus } from '../../packets/server-status.ts'
import { type ClientCommand, helpText } from './client-commands.ts'
import { errorLine, mistakeLine, type Place } from './footer.ts'
import { type PrintOptions, printStatement, printWarnings, type Write } from './print-statement.ts'
import type { Abortable, Session } from './session.ts'
import { type Piece, StatementSplitter } from './statement-splitter.ts'
import { statusText } from './status.ts'

export interface InterpreterOptions extends PrintOptions {
  readonly session: Session
  /** For results. */
  readonly output: NodeJS.WritableStream
  /** For errors and warnings of what went wrong. */
  readonly errors: NodeJS.WritableStream
  /** Whether a person types, who is told more, and may have files written (tee). */
  readonly interactive: boolean
  /** Whether warnings are shown after each statement. Default false. */
  readonly showWarnings?: boolean
  /** Whether what comes behind an error is run all the same (--force). A person always goes on. */
  readonly force?: boolean
}

/** `leave`: the user wants to go. */
export type Outcome = 'done' | 'failed' | 'leave'

type AnyPiece = Piece | (Omit<Extract<Piece, { is: 'statement' }>, 'sql'> & { readonly sql: Uint8Array })

export class Interpreter {
  readonly splitter = new StatementSplitter()
  /** What the user wants to see as prompt; undefined: the usual one. */
  prompt: string | undefined = undefined
  readonly #options: InterpreterOptions
  readonly #session: Session
  #showWarnings: boolean
  #tee: WriteStream | undefined
  #sandbox = false
  #openFiles = 0

  constructor(options: InterpreterOptions) {
    this.#options = options
    this.#session = options.session
    this.#showWarnings = options.showWarnings ?? false
  }

  /** Throws: what is no `MysqlError`. */
  async run(piece: AnyPiece, place: Place, abortable: Abortable): Promise<Outcome> {
    try {
      if (piece.is === 'mistake') return await this.#complain(piece.why, place)
      if (piece.is === 'statement') return await this.#statement(piece.sql, piece.vertical, place, abortable)
      return await this.#command(piece.command, piece.argument, place, abortable)
    } catch (error) {
      if (error instanceof MysqlError) return this.#fail(errorLine(error, place))
      if (abortable.signal.aborted) return this.#complain('the statement was ended', place)
      throw error
    }
  }

  /**
   * Runs a whole text to its end, or to the first mistake that is not forgiven: then it gives `failed`.
   *
   * @param chunks bytes; what is not UTF-8 reaches the server as it is
   */
  async runAll(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    splitter: StatementSplitter,
    abortable: Abortable,
    file?: string,
  ): Promise<Outcome> {
    const goesOn = async (pieces: Iterable<Piece>): Promise<Outcome> => {
      for (const piece of pieces) {
        const place = { line: piece.line, ...(file !== undefined && { file }) }
        const outcome = await this.run(fromBytes(piece), place, abortable)
        splitter.backslashEscapes = this.splitter.backslashEscapes
        if (outcome === 'leave') return 'leave'
        const isForgiven = this.#options.interactive || this.#options.force
        if (abortable.signal.aborted || (outcome === 'failed' && !isForgiven)) return 'failed'
      }
      return 'done'
    }
    let isFirst = true
    for await (const chunk of chunks) {
      const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
      const outcome = await goesOn(splitter.feed(isFirst ? text.replace(/^\xef\xbb\xbf/, '') : text))
      if (outcome !== 'done') return outcome
      isFirst = false
    }
    return goesOn(splitter.end())
  }

  /** Prints for the user, and into the file of tee. */
  async print(text: string | Uint8Array): Promise<void> {
    await this.#write(this.#options.output, text)
  }

  /** What was typed belongs into the file of tee, too. */
  log(typed: string): void {
    this.#tee?.write(typed)
  }

  /** After: the file of tee is complete. */
  async close(): Promise<void> {
    const tee = this.#tee
    this.#tee = undefined
    if (tee !== undefined) await new Promise<void>((resolve) => tee.end(resolve))
  }

  async #statement(sql: string | Uint8Array, vertical: boolean, place: Place, abortable: Abortable): Promise<Outcome> {
    const options = this.#options
    if (sql.length === 0) return options.interactive ? this.#complain('No query specified\n', place) : 'done'
    await this.#comeBack(abortable)
    const format = vertical && options.format !== 'json' ? 'vertical' : options.format
    const write: Write = (text) => this.print(text)
    const results = await printStatement(this.#session, sql, { ...options, ...abortable, format }, write)
    const last = results.at(-1)
    if (last === undefined) return 'done'
    this.splitter.backslashEscapes = (last.statusFlags & serverStatus.NO_BACKSLASH_ESCAPES) === 0
    if (this.#showWarnings && last.warnings > 0) await printWarnings(this.#session, abortable, write)
    return 'done'
  }

  async #command(command: ClientCommand, argument: string, place: Place, abortable: Abortable): Promise<Outcome> {
    const say = (text: string) => (this.#options.interactive ? this.print(text) : undefined)
    switch (command.name) {
      case 'help':
      case '?':
        if (argument !== '') return this.#statement(`HELP '${unquoted(argument)}'`, true, place, abortable)
        await this.print(helpText())
        return 'done'
      case 'quit':
      case 'exit':
        return 'leave'
      case 'use': {
        const database = unquoted(argument)
        if (database === '') return this.#complain('USE must be followed by a database name', place)
        await this.#comeBack(abortable)
        await this.#session.useDatabase(database, abortable)
        await say('Database changed\n')
        return 'done'
      }
      case 'connect': {
        const [database, host] = argument.split(/[ \t]+/).filter((word) => word !== '')
        const to = {
          ...(database !== undefined && { database: unquoted(database) }),
          ...(host !== undefined && { host }),
        }
        await this.#session.reconnect(to, abortable)
        await say(this.#connected())
        return 'done'
      }
      case 'resetconnection':
        await this.#session.reset(abortable)
        return 'done'
      case 'source':
        return this.#source(unquoted(argument), place, abortable)
      case 'status':
        await this.print(
          await statusText(this.#session, this.splitter.delimiter, this.#tee?.path.toString() ?? '', abortable),
        )
        return 'done'
      case 'tee':
        return this.#teeTo(unquoted(argument), place)
      case 'notee':
        await this.close()
        await say('Outfile disabled.\n')
        return 'done'
      case 'print':
        if (argument !== '') await this.print(`--------------\n${argument}\n--------------\n\n`)
        return 'done'
      case 'prompt':
        this.prompt = argument === '' ? undefined : argument
        await say(argument === '' ? 'Returning to the default PROMPT\n' : `PROMPT set to '${argument}'\n`)
        return 'done'
      case 'warnings':
      case 'nowarning':
        this.#showWarnings = command.name === 'warnings'
        await say(`Show warnings ${this.#showWarnings ? 'enabled' : 'disabled'}.\n`)
        return 'done'
      case 'nopager':
        await say('PAGER set to stdout\n')
        return 'done'
      case 'sandbox':
        this.#sandbox = true
        return 'done'
      default:
        return this.#complain(`the command '${command.name}' is not offered: ${command.does}`, place)
    }
  }

  /** A connection that was lost is made anew before the next statement: of a person, who sees what went with it. */
  async #comeBack(abortable: Abortable): Promise<void> {
    if (!this.#options.interactive || this.#session.describe().connected) return
    await this.print('No connection. Trying to reconnect...\n')
    await this.#session.reconnect({}, abortable)
    await this.print(this.#connected())
  }

  #connected(): string {
    const { connectionId, database } = this.#session.describe()
    return `Connection id:    ${connectionId}\nCurrent database: ${database ?? '*** NONE ***'}\n\n`
  }

  async #source(path: string, place: Place, abortable: Abortable): Promise<Outcome> {
    if (path === '') return this.#complain('Usage: \\. <filename> | source <filename>', place)
    if (this.#sandbox) return this.#complain('source is not allowed in sandbox mode', place)
    if (this.#openFiles >= MAX_OPEN_FILES)
      return this.#complain(`source: more than ${MAX_OPEN_FILES} files in one another`, place)
    this.#openFiles++
    const splitter = new StatementSplitter()
    splitter.delimiter = this.splitter.delimiter
    splitter.backslashEscapes = this.splitter.backslashEscapes
    const file = createReadStream(path)
    try {
      return await this.runAll(file, splitter, abortable, path)
    } catch (error) {
      if (!isFileError(error)) throw error
      return await this.#complain(`Failed to open file '${path}': ${error.code}`, place)
    } finally {
      file.destroy()
      this.#openFiles--
    }
  }

  async #teeTo(path: string, place: Place): Promise<Outcome> {
    if (path === '') return this.#complain('TEE must be followed by a file name', place)
    // A dump that is piped or sourced comes from somebody else, and must not write where it likes.
    if (this.#sandbox || !this.#options.interactive || this.#openFiles > 0) {
      return this.#complain('tee is only done for a person at the prompt', place)
    }
    await this.close()
    const tee = createWriteStream(path, { flags: 'a', mode: 0o600 })
    const why = await new Promise<string | undefined>((resolve) => {
      tee.once('open', () => resolve(undefined)).once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
    if (why !== undefined) return this.#complain(`Error logging to file '${path}': ${why}`, place)
    tee.on('error', () => void this.close())
    this.#tee = tee
    await this.print(`Logging to file '${path}'\n`)
    return 'done'
  }

  #complain(why: string, place: Place): Promise<'failed'> {
    return this.#fail(mistakeLine(why, place))
  }

  async #fail(line: string): Promise<'failed'> {
    await this.#write(this.#options.errors, line)
    return 'failed'
  }

  async #write(stream: NodeJS.WritableStream, text: string | Uint8Array): Promise<void> {
    const streams: readonly NodeJS.WritableStream[] = this.#tee === undefined ? [stream] : [this.#tee, stream]
    for (const to of streams) {
      if (!to.writable || to.write(text)) continue
      await drained(to)
    }
  }
}

/** Resolves when more may be written, or never will be. */
function drained(stream: NodeJS.WritableStream): Promise<void> {
  const events = ['drain', 'close', 'error']
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done)
      resolve()
    }
    for (const event of events) stream.on(event, done)
  })
}

/** Turns what came as Latin-1 back: into text, or into bytes where it is none. */
function fromBytes(piece: Piece): AnyPiece {
  if (piece.is === 'mistake') return piece
  if (piece.is === 'command') return { ...piece, argument: Buffer.from(piece.argument, 'latin1').toString() }
  const bytes = Buffer.from(piece.sql, 'latin1')
  return isUtf8(bytes) ? { ...piece, sql: bytes.toString() } : { ...piece, sql: bytes }
}

/** A name may stand in quotes of any kind. */
function unquoted(name: string): string {
  const [, quote, inner] = /^(['"`])(.*)\1$/s.exec(name) ?? []
  return quote === undefined || inner === undefined ? name : inner.replaceAll(quote + quote, quote)
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'path' in error
}

const MAX_OPEN_FILES = 16
