/**
 * SHOW: which of its many forms is meant.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/show.html
 */
import { serverError } from '../../errors/errors.ts'
import type { SingleResult } from '../../server/query.ts'
import type { ConsoleContext, StatementHandler } from '../context.ts'
import type { Cursor } from '../sql/cursor.ts'
import { showList } from './show-result.ts'
import {
  showCharacterSet,
  showCollation,
  showCount,
  showDiagnostics,
  showEngine,
  showEngines,
  showPlugins,
  showPrivileges,
  showProcesslist,
  showReplication,
  showStatus,
  showVariables,
} from './show-server.ts'
import {
  showColumns,
  showCreateDatabase,
  showCreateTable,
  showDatabases,
  showIndex,
  showNoneOf,
  showOpenTables,
  showTableStatus,
  showTables,
} from './show-tables.ts'

export function show(context: ConsoleContext, cursor: Cursor): SingleResult | Promise<SingleResult> {
  cursor.skip('EXTENDED')
  for (const [words, answer] of forms) if (cursor.skip(...words.split(' '))) return answer(context, cursor)
  throw cursor.error()
}

/** Longer forms before those that they begin with. */
const forms: readonly (readonly [words: string, answer: StatementHandler])[] = [
  ['PROCESSLIST', (context, cursor) => showProcesslist(context, cursor, false)],
  ['FULL PROCESSLIST', (context, cursor) => showProcesslist(context, cursor, true)],
  ['GLOBAL STATUS', (context, cursor) => showStatus(context, cursor, 'global')],
  ['SESSION STATUS', (context, cursor) => showStatus(context, cursor, 'session')],
  ['LOCAL STATUS', (context, cursor) => showStatus(context, cursor, 'session')],
  ['STATUS', (context, cursor) => showStatus(context, cursor, 'session')],
  ['GLOBAL VARIABLES', (context, cursor) => showVariables(context, cursor, 'global')],
  ['SESSION VARIABLES', (context, cursor) => showVariables(context, cursor, 'session')],
  ['LOCAL VARIABLES', (context, cursor) => showVariables(context, cursor, 'session')],
  ['VARIABLES', (context, cursor) => showVariables(context, cursor, 'session')],
  ['WARNINGS', (context, cursor) => showDiagnostics(context, cursor, false)],
  ['ERRORS', (context, cursor) => showDiagnostics(context, cursor, true)],
  ['COUNT', showCount],
  ['PLUGINS', showPlugins],
  ['ENGINES', showEngines],
  ['STORAGE ENGINES', showEngines],
  ['ENGINE', showEngine],
  ['CHARACTER SET', showCharacterSet],
  ['CHARSET', showCharacterSet],
  ['COLLATION', showCollation],
  ['PRIVILEGES', showPrivileges],
  ['BINARY LOGS', (context, cursor) => showReplication(context, cursor, 'logs')],
  ['BINARY LOG STATUS', (context, cursor) => showReplication(context, cursor, 'status')],
  ['REPLICA STATUS', (context, cursor) => showReplication(context, cursor, 'status')],
  ['REPLICAS', (context, cursor) => showReplication(context, cursor, 'replicas')],
  ['DATABASES', showDatabases],
  ['SCHEMAS', showDatabases],
  ['FULL TABLES', (context, cursor) => showTables(context, cursor, true)],
  ['TABLES', (context, cursor) => showTables(context, cursor, false)],
  ['TABLE STATUS', showTableStatus],
  ['OPEN TABLES', showOpenTables],
  ['FULL COLUMNS', (context, cursor) => showColumns(context, cursor, true)],
  ['FULL FIELDS', (context, cursor) => showColumns(context, cursor, true)],
  ['COLUMNS', (context, cursor) => showColumns(context, cursor, false)],
  ['FIELDS', (context, cursor) => showColumns(context, cursor, false)],
  ['INDEX', showIndex],
  ['INDEXES', showIndex],
  ['KEYS', showIndex],
  ['CREATE TABLE', showCreateTable],
  ['CREATE VIEW', showCreateTable],
  ['CREATE DATABASE', showCreateDatabase],
  ['CREATE SCHEMA', showCreateDatabase],
  [
    'TRIGGERS',
    (context, cursor) =>
      showNoneOf(
        context,
        cursor,
        `Trigger varchar(64) | Event char(6) | Table varchar(64) | Statement longtext | Timing char(6) |
        Created timestamp(2) null | sql_mode char(520) | Definer varchar(288) | character_set_client varchar(64) |
        collation_connection varchar(64) | "Database Collation" varchar(64)`,
      ),
  ],
  [
    'EVENTS',
    (context, cursor) =>
      showNoneOf(
        context,
        cursor,
        `Db varchar(64) | Name varchar(64) | Definer varchar(288) | "Time zone" varchar(64) | Type varchar(9) |
        "Execute at" datetime null | "Interval value" varchar(256) null | "Interval field" char(18) null |
        Starts datetime null | Ends datetime null | Status varchar(21) | Originator int unsigned |
        character_set_client varchar(64) | collation_connection varchar(64) | "Database Collation" varchar(64)`,
      ),
  ],
  ['PROCEDURE STATUS', showRoutines],
  ['FUNCTION STATUS', showRoutines],
  [
    'PROFILES',
    (context, cursor) =>
      showList(context, cursor, { columns: 'Query_ID int unsigned | Duration double | Query varchar(300)', rows: [] }),
  ],
  ...['CREATE PROCEDURE', 'CREATE FUNCTION', 'CREATE TRIGGER', 'CREATE EVENT', 'PROFILE', 'LIBRARY STATUS'].map(
    (words) =>
      [
        words,
        () => {
          throw serverError('ER_NOT_SUPPORTED_YET', `SHOW ${words}`)
        },
      ] as const,
  ),
]

function showRoutines(context: ConsoleContext, cursor: Cursor): Promise<SingleResult> {
  return showList(context, cursor, {
    columns: `Db varchar(64) | Name varchar(64) | Type char(9) | Language varchar(64) | Definer varchar(288) |
      Modified timestamp | Created timestamp | Security_type char(7) | Comment text |
      character_set_client varchar(64) | collation_connection varchar(64) | "Database Collation" varchar(64)`,
    rows: [],
    likeColumn: 1,
  })
}
