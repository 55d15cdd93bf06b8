/**
 * Cuts what is typed or read into statements and commands of the client, where the mysql client would. It knows quotes, comments
 * and delimiters, and nothing else of SQL. Statements are not changed: comments stay, since they may be hints.
 *
 * Bytes of a file may come as Latin-1: all that matters here is ASCII, which UTF-8 never uses for anything else.
 */
import { ConfigurationError } from '../../errors/errors.ts'
import { type ClientCommand, commandByLetter, commandByName } from './client-commands.ts'

/** `line` is where it begins, counted from 1. */
export type Piece =
  | { readonly is: 'statement'; readonly sql: string; readonly vertical: boolean; readonly line: number }
  | { readonly is: 'command'; readonly command: ClientCommand; readonly argument: string; readonly line: number }
  | { readonly is: 'mistake'; readonly why: string; readonly line: number }

/** What an unfinished statement waits for; '' when none was begun. */
export type WaitingFor = '' | ';' | "'" | '"' | '`' | '/*'

export class StatementSplitter {
  #delimiter = ';'
  #marks = marks(';')
  /** False while the server has NO_BACKSLASH_ESCAPES. */
  backslashEscapes = true
  /** What came behind the last line break and was not looked at. */
  #rest = ''
  #atLineStart = true
  #line = 1
  #inside: '' | "'" | '"' | '`' | '/*' | '--' = ''
  #sql = ''
  #startLine = 1

  get delimiter(): string {
    return this.#delimiter
  }

  /** Throws: `ConfigurationError` for one that the mysql client does not take. */
  set delimiter(delimiter: string) {
    const why = delimiterMistake(delimiter)
    if (why !== undefined) throw new ConfigurationError(why)
    this.#delimiter = delimiter
    this.#marks = marks(delimiter)
  }

  /**
   * Takes more text; cut anywhere. Everything is looked at once its line is complete; of a very long line, what is certain.
   * Throws: `ConfigurationError` when a statement is too long to be kept.
   */
  *feed(text: string): Generator<Piece> {
    const all = this.#rest + text
    let from = 0
    for (let end = all.indexOf('\n', from) + 1; end > 0; end = all.indexOf('\n', from) + 1) {
      yield* this.#lineOf(all.slice(from, end))
      from = end
    }
    this.#rest = all.slice(from)
    if (this.#rest.length > LONG_LINE) {
      const certain = this.#rest.length - LOOK_AHEAD
      const line = this.#rest
      this.#rest = ''
      const seen = yield* this.#scan(line, 0, certain)
      this.#rest = line.slice(seen)
      this.#atLineStart = false
    }
  }

  /** No more text comes: what stands without a delimiter is a statement, too. */
  *end(): Generator<Piece> {
    const line = this.#rest
    this.#rest = ''
    yield* this.#lineOf(line)
    if (this.#sql !== '') yield this.#statement(false)
    this.clear()
  }

  /** Forgets the statement that was begun. */
  clear(): void {
    this.#sql = ''
    this.#inside = ''
    this.#rest = ''
  }

  get waitingFor(): WaitingFor {
    if (this.#inside !== '' && this.#inside !== '--') return this.#inside
    return this.#sql === '' ? '' : ';'
  }

  /** @param line with its line break, unless it is the last */
  *#lineOf(line: string): Generator<Piece> {
    let from = 0
    if (this.#atLineStart && this.#sql === '' && this.#inside === '') {
      const named = namedCommand(line, this.delimiter)
      if (named !== undefined) {
        from = named.end
        yield* this.#command(named.command, named.argument)
      }
    }
    yield* this.#scan(line, from, line.length)
    this.#atLineStart = true
    if (line.endsWith('\n')) this.#line++
  }

  /** Looks at `text` up to `limit`; what stands behind only helps to decide. Returns where it stopped. */
  *#scan(text: string, from: number, limit: number): Generator<Piece, number> {
    let at = from
    while (at < limit) {
      if (this.#inside !== '') {
        at = this.#skip(text, at, limit)
        continue
      }
      this.#marks.lastIndex = at
      const found = this.#marks.exec(text)
      if (found === null || found.index >= limit) {
        this.#take(text.slice(at, limit))
        return limit
      }
      const [mark] = found
      this.#take(text.slice(at, found.index))
      at = found.index + mark.length
      if (mark === this.delimiter) {
        yield this.#statement(false)
      } else if (mark === '\\') {
        at = yield* this.#letter(text, at)
      } else if (mark === '--' && text.charAt(at) > ' ') {
        // 1--2 subtracts.
        this.#take(mark)
      } else if (mark === '/*' && /^(!|M!)/.test(text.slice(at, at + 2))) {
        // To the server, and hence to us, what follows is code.
        this.#take(mark)
      } else if (mark === '#' || mark === '--') {
        this.#inside = '--'
        if (this.#sql !== '') this.#take(mark)
      } else {
        this.#inside = mark as "'" | '"' | '`' | '/*'
        this.#take(mark)
      }
    }
    return at
  }

  /** Goes on inside of quotes or a comment; returns where it came to. */
  #skip(text: string, at: number, limit: number): number {
    const inside = this.#inside as keyof typeof ends
    const escapes = this.backslashEscapes && (inside === "'" || inside === '"')
    const search = ends[inside]
    search.lastIndex = at
    let end = limit
    for (let found = search.exec(text); found !== null && found.index < limit; found = search.exec(text)) {
      if (found[0] === '\\') {
        if (!escapes) continue
        search.lastIndex = found.index + 2
        end = Math.max(end, search.lastIndex)
        continue
      }
      this.#inside = ''
      end = search.lastIndex
      break
    }
    end = Math.min(end, text.length)
    if (inside !== '--' || this.#sql !== '') this.#take(text.slice(at, end))
    return end
  }

  /** A backslash outside of quotes; `at` is behind it. Returns where it came to. */
  *#letter(text: string, at: number): Generator<Piece, number> {
    const letter = text.charAt(at)
    const command = commandByLetter(letter)
    if (command === undefined) {
      yield { is: 'mistake', why: `Unknown command '\\${letter.trim()}'.`, line: this.#line }
      return at + letter.length
    }
    if (command.argument === undefined) {
      yield* this.#command(command, '')
      return at + 1
    }
    const { argument, end } = argumentOf(text, at + 1, command, this.delimiter)
    yield* this.#command(command, argument)
    return end
  }

  /** What concerns the statement is done here; the rest is somebody else's. */
  *#command(command: ClientCommand, argument: string): Generator<Piece> {
    const line = this.#line
    if (command.name === 'go' || command.name === 'ego') {
      yield this.#statement(command.name === 'ego')
    } else if (command.name === 'clear') {
      this.#sql = ''
    } else if (command.name === 'print') {
      yield { is: 'command', command, argument: this.#sql, line }
    } else if (command.name === 'delimiter') {
      const [delimiter = ''] = argument.split(/[ \t]/)
      const why = delimiterMistake(delimiter)
      if (why === undefined) this.delimiter = delimiter
      else yield { is: 'mistake', why, line }
    } else {
      yield { is: 'command', command, argument, line }
    }
  }

  #statement(vertical: boolean): Piece {
    const line = this.#sql === '' ? this.#line : this.#startLine
    const sql = trimmed(this.#sql)
    this.#sql = ''
    return { is: 'statement', sql, vertical, line }
  }

  #take(text: string): void {
    if (this.#sql === '') {
      const begun = text.replace(/^[ \t\r\n\v\f]+/, '')
      if (begun === '') return
      this.#startLine = this.#line
      this.#sql = begun
    } else this.#sql += text
    if (this.#sql.length > MAX_STATEMENT) {
      throw new ConfigurationError(
        `the statement of line ${this.#startLine} is longer than ${MAX_STATEMENT} characters`,
      )
    }
  }
}

function namedCommand(
  line: string,
  delimiter: string,
): { readonly command: ClientCommand; readonly argument: string; readonly end: number } | undefined {
  const [before = '', word = ''] = /^[ \t]*([a-z]+|\?)(?![\w$.(])/i.exec(line) ?? []
  const command = commandByName(word)
  if (command === undefined) return undefined
  const { argument, end } = argumentOf(line, before.length, command, delimiter)
  if (command.argument === undefined && argument !== '') return undefined
  // Terminated by hand, it is a statement: HELP 'x'\G.
  return /\\[gG]/.test(argument) ? undefined : { command, argument, end }
}

/** The rest of the line, at most to the delimiter; `end` is behind that. */
function argumentOf(
  line: string,
  at: number,
  { name }: ClientCommand,
  delimiter: string,
): { readonly argument: string; readonly end: number } {
  const found = name === 'delimiter' ? -1 : line.indexOf(delimiter, at)
  const end = found < 0 ? line.length - Number(line.endsWith('\n')) : found
  return { argument: trimmed(line.slice(at, end)), end: found < 0 ? end : end + delimiter.length }
}

function delimiterMistake(delimiter: string): string | undefined {
  if (delimiter === '') return "DELIMITER must be followed by a 'delimiter' character or string"
  if (delimiter.includes('\\')) return 'DELIMITER cannot contain a backslash character'
  if (delimiter.length > MAX_DELIMITER) return `DELIMITER has more than ${MAX_DELIMITER} characters`
  return undefined
}

/** Without the white space of ASCII around it; the one of Unicode may be half a letter when bytes come as Latin-1. */
function trimmed(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && white.includes(text.charAt(from))) from++
  while (to > from && white.includes(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

const white = ' \t\r\n\v\f'

/** Where something begins. */
function marks(delimiter: string): RegExp {
  return new RegExp(`${delimiter.replace(/[^\w\s]/gu, '\\$&')}|['"\`#\\\\]|--|/\\*`, 'g')
}

/** Where it ends, or what has to be stepped over. */
const ends = { "'": /['\\]/g, '"': /["\\]/g, '`': /`/g, '/*': /\*\//g, '--': /\n/g } as const

const MAX_DELIMITER = 16

/** Characters: from here on a line is looked at before its end has come. */
const LONG_LINE = 1024 * 1024

/** Characters that decide at most what stands in front of them. */
const LOOK_AHEAD = 2 * MAX_DELIMITER

/** Characters. V8 keeps no string of twice as many. */
const MAX_STATEMENT = 256 * 1024 * 1024
