/**
 * The statements of the console, by their first words.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/sql-statements.html
 */
import type { StatementHandler } from '../context.ts'
import { select } from '../select/select.ts'
import { lex } from '../sql/lexer.ts'
import { accept, begin, doStatement, endTransaction, flush, kill, lockTables, truncate, use } from './administration.ts'
import { define, insert, remove, unsupported, update } from './refused.ts'
import { set } from './set.ts'
import { show } from './show.ts'
import { describe } from './show-tables.ts'

/** Passes on the whole statement, the first word included. */
const selectStatement: StatementHandler = (context, cursor) => select(context, cursor.sql, cursor.tokens)

/** TABLE t is SELECT * FROM t. */
const tableStatement: StatementHandler = (context, cursor) =>
  select(context, cursor.sql, [...lex('SELECT * FROM'), ...cursor.rest])

/** Longer beginnings before those that they begin with. */
export const statements: readonly (readonly [words: readonly string[], answer: StatementHandler])[] = [
  [['SELECT'], selectStatement],
  [['WITH'], selectStatement],
  [['('], selectStatement],
  [['TABLE'], tableStatement],
  [['SHOW'], show],
  [['SET'], set],
  [['USE'], use],
  [['KILL'], kill],
  [['FLUSH'], flush],
  [['TRUNCATE'], truncate],
  [['DO'], doStatement],
  [['DESCRIBE'], describe],
  [['DESC'], describe],
  [['EXPLAIN'], describe],
  [['BEGIN'], begin],
  [['START', 'TRANSACTION'], begin],
  [['COMMIT'], endTransaction],
  [['ROLLBACK'], endTransaction],
  [['SAVEPOINT'], accept],
  [['RELEASE', 'SAVEPOINT'], accept],
  [['LOCK', 'TABLES'], lockTables],
  [['LOCK', 'TABLE'], lockTables],
  [['UNLOCK', 'TABLES'], accept],
  [['UNLOCK', 'TABLE'], accept],
  [['RESTART'], unsupported('RESTART', 'SHUTDOWN')],
  [['SHUTDOWN'], unsupported('SHUTDOWN', 'SHUTDOWN')],
  [['INSERT'], insert],
  [['REPLACE'], insert],
  [['UPDATE'], update],
  [['DELETE'], remove],
  [['CREATE'], define('CREATE')],
  [['ALTER'], define('ALTER')],
  [['DROP'], define('DROP')],
  ...(
    'ANALYZE BINLOG CACHE CALL CHANGE CHECK CHECKSUM CLONE DEALLOCATE EXECUTE GET HANDLER HELP IMPORT INSTALL LOAD ' +
    'OPTIMIZE PREPARE PURGE RENAME REPAIR RESET RESIGNAL SIGNAL START STOP UNINSTALL VALUES XA'
  )
    .split(' ')
    .map((word) => [[word], unsupported(word)] as const),
]
