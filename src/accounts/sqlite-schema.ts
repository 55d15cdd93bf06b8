/**
 * The account file: how a file is recognised as ours, made when it is new, and refused when it is anything else.
 */
import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import { dbColumns, globalGrantColumns, userColumns } from './columns.ts'

/**
 * Opens an account file; makes it, and its directory, when there is none. Only the owner may read either.
 *
 * Throws: `ConfigurationError` when the file cannot be opened, is not an account file, is damaged, or was written by a
 * newer version. It is not changed then.
 */
export function openAccountFile(path: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    db = new DatabaseSync(path)
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    if (readPragma(db, 'page_count') === 0) create(db)
    recognise(db, path)
    modernise(db)
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
    if (readPragma(db, 'journal_mode') !== 'wal') db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    return db
  } catch (error) {
    db?.close()
    throw error instanceof MysqlError ? error : cannotOpen(path, error)
  }
}

/** Whether another process held the file for longer than we wait. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY
}

/** One transaction, so that a file is either empty or complete, also when two processes make it at once. */
function create(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  if (db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) db.exec(schema)
  db.exec('COMMIT')
}

function recognise(db: DatabaseSync, path: string): void {
  if (readPragma(db, 'application_id') !== APPLICATION_ID) {
    throw new ConfigurationError(`${path} is a database, but not an account file of Saltgate: choose another file name`)
  }
  if (![1, FORMAT_VERSION].includes(readPragma(db, 'user_version') as number)) {
    throw new ConfigurationError(`${path} was written by a newer version of Saltgate: use that version or a newer one`)
  }
  const found = readPragma(db, 'quick_check')
  if (found !== 'ok') throw damaged(path)
}

/** Brings a file of an older version up to date, once, also when two processes open it at once. */
function modernise(db: DatabaseSync): void {
  if (readPragma(db, 'user_version') !== 1) return
  db.exec('BEGIN IMMEDIATE')
  if (readPragma(db, 'user_version') === 1) db.exec(upgrade)
  db.exec('COMMIT')
}

function readPragma(db: DatabaseSync, name: string): unknown {
  return Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
}

function cannotOpen(path: string, error: unknown): ConfigurationError {
  const code = primaryCode(error)
  if (code === SQLITE_NOTADB) {
    return new ConfigurationError(`${path} is not an account file of Saltgate: choose another file name`, {
      cause: error,
    })
  }
  if (code === SQLITE_CORRUPT) return damaged(path, error)
  const why = error instanceof Error ? error.message : String(error)
  return new ConfigurationError(`the account file ${path} cannot be opened (${why}): check path and permissions`, {
    cause: error,
  })
}

function damaged(path: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`the account file ${path} is damaged: move it away and restore a backup`, { cause })
}

/** An extended result code holds the primary one in its low byte. */
function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : undefined
}

function table(name: string, columns: ReadonlyMap<string, string>, ...more: readonly string[]): string {
  const definitions = [...columns].map(([column, definition]) => `${column} ${definition}`)
  return `CREATE TABLE ${name} (${[...definitions, ...more].join(', ')}) STRICT;`
}

/** `SALT` in ASCII. */
const APPLICATION_ID = 0x53414c54
const FORMAT_VERSION = 2
const BUSY_TIMEOUT_MS = 250
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/**
 * Triggers number the credentials, so that every writer does it, also a hand with the sqlite3 tool. The number comes from
 * one counter for the whole file: an account that is dropped and made again never has a number that it had before.
 */
const nextVersion = `
  UPDATE credential_versions SET last = last + 1;
  UPDATE user SET credential_version = (SELECT last FROM credential_versions) WHERE rowid = NEW.rowid;`

/** All credentials that are members of User_attributes. */
const furtherCredentials = (row: 'OLD' | 'NEW') =>
  `iif(json_valid(ifnull(${row}.User_attributes, '{}')), json_extract(ifnull(${row}.User_attributes, '{}'),
    '$.additional_password', '$.multi_factor_authentication', '$.auth_or'), ${row}.User_attributes)`

const credentialChanged = `
CREATE TRIGGER credential_changed AFTER UPDATE OF Host, User, plugin, authentication_string, User_attributes ON user
WHEN OLD.Host IS NOT NEW.Host OR OLD.User IS NOT NEW.User OR OLD.plugin IS NOT NEW.plugin
  OR OLD.authentication_string IS NOT NEW.authentication_string
  OR ${furtherCredentials('OLD')} IS NOT ${furtherCredentials('NEW')}
BEGIN ${nextVersion} END;`

const schema = `
${table('user', userColumns, 'credential_version INTEGER NOT NULL DEFAULT 0', 'PRIMARY KEY (Host, User)')}
${table('db', dbColumns, 'PRIMARY KEY (Host, User, Db)')}
${table('global_grants', globalGrantColumns, 'PRIMARY KEY (USER, HOST, PRIV)')}
CREATE TABLE credential_versions (last INTEGER NOT NULL) STRICT;
INSERT INTO credential_versions VALUES (0);
CREATE TRIGGER account_added AFTER INSERT ON user BEGIN ${nextVersion} END;
${credentialChanged}
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT_VERSION};`

/** Version 1 did not number the credentials of factors and alternatives. */
const upgrade = `
DROP TRIGGER IF EXISTS credential_changed;
${credentialChanged}
PRAGMA user_version = ${FORMAT_VERSION};`
