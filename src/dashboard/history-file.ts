/**
 * The file in which the history survives a restart: one row for each minute and one for each hour, and how often each account was used.
 * Every process that writes has rows of its own, which reading adds up: so nothing is overwritten, and a minute in which the process was
 * restarted is whole. What was committed survives kill -9; a power failure may cost the latest minutes, never the file.
 */
import { randomInt } from 'node:crypto'
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import type { AccountUsed } from '../registry/account-use.ts'
import type { Sample } from './contract.ts'
import { together } from './sample-sum.ts'

/** A minute or an hour, and what was measured of it. */
export interface Stretch {
  /** Its beginning, ms since 1970; the sample's own is that of the measuring. */
  readonly atMs: number
  readonly sample: Sample
}

/** Where reading goes on. */
export type Place = readonly [atMs: number, run: number]

export class HistoryFile {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #hourMs: number
  readonly #statements: Statements
  /** Whose rows these are: of this process, as long as its clock goes forward. */
  #run = newRun()
  #lastMs = Number.NEGATIVE_INFINITY
  /** The hour under way, of this run. */
  #hour: Stretch | undefined
  #sinceMs: number | undefined
  /** Since when logins of accounts are counted. */
  readonly useSinceMs: number

  /**
   * Opens the file, or makes it. Only the owner may read it. Units: `minuteMs` is the length of what counts as a minute; an hour has 60.
   *
   * Throws: `ConfigurationError` that says what to do, when the file cannot be opened, is none of ours, is damaged or too new. It is not
   * changed then.
   */
  static open(path: string, minuteMs: number, nowMs: number): HistoryFile {
    let db: DatabaseSync | undefined
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      closeSync(openSync(path, 'a', 0o600))
      db = new DatabaseSync(path)
      db.exec(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`)
      if (readPragma(db, 'page_count') === 0) create(db, nowMs)
      recognise(db, path)
      if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
      if (readPragma(db, 'journal_mode') !== 'wal') db.exec('PRAGMA journal_mode = WAL')
      // Only a checkpoint waits for the disk; the smaller, the shorter.
      db.exec(
        `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA busy_timeout = ${WRITE_TIMEOUT_MS}`,
      )
      return new HistoryFile(db, path, minuteMs)
    } catch (error) {
      db?.close()
      throw readable(error, path)
    }
  }

  private constructor(db: DatabaseSync, path: string, minuteMs: number) {
    this.#db = db
    this.#path = path
    this.#hourMs = 60 * minuteMs
    this.#statements = prepare(db)
    this.useSinceMs = Number(db.prepare('SELECT sinceMs FROM account_use_counted').get()?.sinceMs)
    this.#sinceMs = this.#oldest()
  }

  /** The beginning of what is in it, ms since 1970; `undefined`: nothing is. */
  get sinceMs(): number | undefined {
    return this.#sinceMs
  }

  /**
   * Keeps minutes that are over, and gives up a few of those that are older than 30 days. All or nothing is written.
   *
   * Throws: `ConfigurationError` that says what to do.
   */
  write(minutes: readonly Stretch[], nowMs: number): void {
    let [run, lastMs, hour] = [this.#run, this.#lastMs, this.#hour]
    this.#transact(() => {
      for (const { atMs, sample } of minutes) {
        // The clock went back, to minutes that have been written.
        if (atMs <= lastMs) [run, hour] = [newRun(), undefined]
        lastMs = atMs
        const hourMs = Math.floor(atMs / this.#hourMs) * this.#hourMs
        hour = { atMs: hourMs, sample: hour?.atMs === hourMs ? together(hour.sample, sample) : sample }
        this.#statements.minutes.put.run(atMs, run, packed(atMs, sample))
        this.#statements.hours.put.run(hourMs, run, packed(hourMs, hour.sample))
      }
      for (const { drop } of [this.#statements.minutes, this.#statements.hours]) drop.run(nowMs - KEPT_MS)
    })
    this.#run = run
    this.#lastMs = lastMs
    this.#hour = hour
    this.#sinceMs = this.#oldest()
  }

  /**
   * Some of the minutes or hours that begin before `untilMs`, oldest first, and where to go on; `undefined`: that was all. `after` is the
   * place where reading went on last, or the first moment wanted.
   *
   * Throws: `ConfigurationError` that says what to do.
   */
  read(length: 'minutes' | 'hours', after: Place, untilMs: number): { stretches: readonly Stretch[]; next?: Place } {
    try {
      const rows = this.#statements[length].read.all(...after, untilMs)
      const stretches = rows.map(({ atMs, sample }) => unpacked(Number(atMs), String(sample)))
      const last = rows.at(-1)
      if (last === undefined || rows.length < ROWS_AT_A_TIME) return { stretches }
      return { stretches, next: [Number(last.atMs), Number(last.run)] }
    } catch (error) {
      throw readable(error, this.#path)
    }
  }

  uses(): readonly (readonly [account: string, used: AccountUsed])[] {
    return this.#statements.use.all.all().map((row) => [String(row.account), usedOf(row)])
  }

  /**
   * Adds to the use of accounts.
   *
   * Throws: `ConfigurationError` that says what to do; nothing is added then.
   */
  addUses(uses: readonly (readonly [account: string, more: AccountUsed])[]): void {
    this.#transact(() => {
      for (const [account, { logins, failures, lastLoginMs, lastFailureMs }] of uses)
        this.#statements.use.add.run(account, logins, failures, lastLoginMs ?? null, lastFailureMs ?? null)
    })
  }

  /** Throws: `ConfigurationError` that says what to do; nothing is forgotten then. */
  forgetUses(accounts: readonly string[]): void {
    this.#transact(() => {
      for (const account of accounts) this.#statements.use.forget.run(account)
    })
  }

  close(): void {
    this.#db.close()
  }

  #oldest(): number | undefined {
    const rows = this.#statements.oldest.all()
    const began = rows.map(({ atMs, sample }) => unpacked(Number(atMs), String(sample)).sample.atMs)
    return began.length === 0 ? undefined : Math.min(...began)
  }

  #transact(change: () => void): void {
    try {
      this.#db.exec('BEGIN IMMEDIATE')
      change()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw readable(error, this.#path)
    }
  }
}

/** As JSON without names: 43,200 of them are kept. Averages are rounded to six digits. */
function packed(atMs: number, { atMs: sinceMs, spanMs, lanes, ...rest }: Sample): string {
  const { peaks, admitted, refused, reasons, times } = rest
  const averages = lanes.map((average) => Number(average.toPrecision(6)))
  return JSON.stringify([sinceMs - atMs, Math.round(spanMs), averages, peaks, admitted, refused, reasons, times])
}

function unpacked(atMs: number, text: string): Stretch {
  const [sinceMs, spanMs, lanes, peaks, admitted, refused, reasons, times] = JSON.parse(text)
  return { atMs, sample: { atMs: atMs + sinceMs, spanMs, lanes, peaks, admitted, refused, reasons, times } }
}

function usedOf(row: Record<string, unknown>): AccountUsed {
  const time = (value: unknown) => (value === null ? undefined : Number(value))
  return {
    logins: Number(row.logins),
    failures: Number(row.failures),
    lastLoginMs: time(row.lastLoginMs),
    lastFailureMs: time(row.lastFailureMs),
  }
}

function newRun(): number {
  return randomInt(2 ** 47)
}

type Statements = ReturnType<typeof prepare>

function prepare(db: DatabaseSync) {
  return {
    minutes: prepareRows(db, 'minutes'),
    hours: prepareRows(db, 'hours'),
    oldest: db.prepare('SELECT atMs, sample FROM minutes WHERE atMs = (SELECT min(atMs) FROM minutes)'),
    use: {
      all: db.prepare('SELECT * FROM account_use'),
      add: db.prepare(`INSERT INTO account_use VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        logins = logins + excluded.logins, failures = failures + excluded.failures,
        lastLoginMs = max(ifnull(lastLoginMs, excluded.lastLoginMs), ifnull(excluded.lastLoginMs, lastLoginMs)),
        lastFailureMs = max(ifnull(lastFailureMs, excluded.lastFailureMs), ifnull(excluded.lastFailureMs, lastFailureMs))`),
      forget: db.prepare('DELETE FROM account_use WHERE account = ?'),
    },
  }
}

function prepareRows(
  db: DatabaseSync,
  table: 'minutes' | 'hours',
): Readonly<Record<'put' | 'read' | 'drop', StatementSync>> {
  return {
    put: db.prepare(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`),
    read: db.prepare(
      `SELECT * FROM ${table} WHERE (atMs, run) > (?, ?) AND atMs < ? ORDER BY atMs, run LIMIT ${ROWS_AT_A_TIME}`,
    ),
    drop: db.prepare(
      `DELETE FROM ${table} WHERE (atMs, run) IN
        (SELECT atMs, run FROM ${table} WHERE atMs < ? ORDER BY atMs LIMIT ${ROWS_AT_A_TIME})`,
    ),
  }
}

/** One transaction, so that a file is either empty or complete, also when two processes make it at once. */
function create(db: DatabaseSync, nowMs: number): void {
  db.exec('BEGIN IMMEDIATE')
  if (db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) {
    db.exec(schema)
    db.prepare('INSERT INTO account_use_counted VALUES (?)').run(nowMs)
  }
  db.exec('COMMIT')
}

function recognise(db: DatabaseSync, path: string): void {
  if (readPragma(db, 'application_id') !== APPLICATION_ID) {
    throw new ConfigurationError(`${path} is a database, but no history of Saltgate: move it away`)
  }
  if (readPragma(db, 'user_version') !== FORMAT_VERSION) {
    throw new ConfigurationError(
      `the history ${path} was written by a newer version of Saltgate: use that version, or move the file away`,
    )
  }
  if (readPragma(db, 'quick_check') !== 'ok') throw damaged(path)
}

function readPragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}

function readable(error: unknown, path: string): ConfigurationError {
  if (error instanceof MysqlError) return error
  // An extended result code holds the primary one in its low byte.
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  if (code === SQLITE_CORRUPT || error instanceof SyntaxError) return damaged(path, error)
  const why = error instanceof Error ? error.message : String(error)
  const words =
    code === SQLITE_NOTADB
      ? `${path} is no history of Saltgate: move it away`
      : code === SQLITE_BUSY
        ? `the history ${path} is locked by another process: end that process, or copy the file for it`
        : code === SQLITE_FULL
          ? `no space is left for the history ${path}: make room`
          : `the history ${path} cannot be opened, read or written (${why}): check path, permissions and disk`
  return new ConfigurationError(words, { cause: error })
}

function damaged(path: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`the history ${path} is damaged: move it away, a new one is made at the next start`, {
    cause,
  })
}

/** `SALH` in ASCII. */
const APPLICATION_ID = 0x53414c48
const FORMAT_VERSION = 1
const OPEN_TIMEOUT_MS = 250
/** The event loop waits; who comes too late comes again. */
const WRITE_TIMEOUT_MS = 3
const CHECKPOINT_PAGES = 100
const ROWS_AT_A_TIME = 100
const KEPT_MS = 30 * 24 * 3600 * 1000
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

const schema = `
CREATE TABLE minutes (atMs INTEGER, run INTEGER, sample TEXT NOT NULL, PRIMARY KEY (atMs, run)) STRICT, WITHOUT ROWID;
CREATE TABLE hours (atMs INTEGER, run INTEGER, sample TEXT NOT NULL, PRIMARY KEY (atMs, run)) STRICT, WITHOUT ROWID;
CREATE TABLE account_use (account TEXT PRIMARY KEY, logins INTEGER NOT NULL, failures INTEGER NOT NULL,
  lastLoginMs INTEGER, lastFailureMs INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE account_use_counted (sinceMs INTEGER NOT NULL) STRICT;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};`
