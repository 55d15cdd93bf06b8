/**
 * The words of SELECT: which are keywords and which can be names.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/keywords.html
 */

/** Passed on as keywords; every other word is a name. */
export const keywords: ReadonlySet<string> = new Set(
  (
    'ALL AND AS ASC BETWEEN BINARY BY CASE CAST COLLATE CROSS CURRENT DESC DISTINCT DISTINCTROW DIV ELSE END ESCAPE EXCEPT ' +
    'EXISTS FALSE FOLLOWING FOR FROM FULL GROUP HAVING IN INNER INTERSECT INTERVAL INTO IS JOIN LEFT LIKE LIMIT LOCK MOD ' +
    'NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PRECEDING RANGE RECURSIVE REGEXP RIGHT RLIKE ROLLUP ROW ' +
    'ROWS SELECT SEPARATOR STRAIGHT_JOIN THEN TRUE UNBOUNDED UNION USING WHEN WHERE WINDOW WITH XOR'
  ).split(' '),
)

/** Keywords that may stand before a parenthesis without being the name of a function. */
export const notFunctions: ReadonlySet<string> = new Set(
  [...keywords].filter((word) => !['LEFT', 'RIGHT', 'MOD'].includes(word)),
)

/** Hints between SELECT and the first column. */
export const modifiers: ReadonlySet<string> = new Set([
  ...['HIGH_PRIORITY', 'STRAIGHT_JOIN', 'SQL_SMALL_RESULT', 'SQL_BIG_RESULT', 'SQL_BUFFER_RESULT', 'SQL_CACHE'],
  ...['SQL_NO_CACHE', 'SQL_CALC_FOUND_ROWS'],
])

/** Functions that may be called without parentheses. */
export const niladic: ReadonlySet<string> = new Set([
  ...['CURRENT_USER', 'CURRENT_DATE', 'CURRENT_TIME', 'CURRENT_TIMESTAMP', 'LOCALTIME', 'LOCALTIMESTAMP', 'UTC_DATE'],
  ...['UTC_TIME', 'UTC_TIMESTAMP'],
])

/** Functions that may be told how many digits of a second to give. */
export const takesDigits =
  /^(?:now|current_timestamp|localtime|localtimestamp|sysdate|utc_timestamp|cur(?:rent_)?time|utc_time)$/

/** Functions of which the grammar says that they take nothing. */
export const noArguments =
  /^(?:user|session_user|system_user|current_user|database|schema|curdate|current_date|utc_date)$/

/** Functions over many rows. */
export const aggregates: ReadonlySet<string> = new Set(['avg', 'count', 'group_concat', 'max', 'min', 'sum'])

/** The units of INTERVAL. */
export const units = /^(?:MICROSECOND|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR)$/

/** The clause that a keyword begins, as errors name it. */
export const clauseNames: Readonly<Record<string, string>> = {
  ON: 'on clause',
  WHERE: 'where clause',
  HAVING: 'having clause',
  GROUP: 'group statement',
  ORDER: 'order clause',
  LIMIT: 'limit clause',
}

/** MySQL's spelling -> SQLite's. A division is never one of integers. */
export const spelledOtherwise: Readonly<Record<string, string>> = {
  '<=>': 'IS',
  '&&': 'AND',
  '||': 'OR',
  '!': 'NOT',
  '/': '* 1.0 /',
  DIV: '/',
  MOD: '%',
  RLIKE: 'REGEXP',
}

/** Types of CAST -> those of SQLite. */
export const castTypes: Readonly<Record<string, string>> = {
  SIGNED: 'INTEGER',
  UNSIGNED: 'INTEGER',
  DOUBLE: 'REAL',
  FLOAT: 'REAL',
  REAL: 'REAL',
  BINARY: 'BLOB',
  CHAR: 'TEXT',
  NCHAR: 'TEXT',
  DATE: 'TEXT',
  DATETIME: 'TEXT',
  TIME: 'TEXT',
  JSON: 'TEXT',
}

/** Other names of the same function. */
export const functionAliases: Readonly<Record<string, string>> = {
  position: 'locate',
  adddate: 'date_add',
  subdate: 'date_sub',
  log: 'ln',
}
