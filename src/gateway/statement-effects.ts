/**
 * What a statement does to its session that no server tells of, found in its text. It errs on the side of the session: what only looks like
 * a lock in a string counts as one, and costs no more than a connection that is not shared.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/session-state-tracking.html
 */

export interface StatementEffects {
  /** Why nobody else may have the connection, until the session is reset. */
  readonly pin: string | undefined
  /** What a change of state is that the server reports without saying what has changed. */
  readonly change: string
  /** Whether all that it changes is reported by name. */
  readonly named: boolean
  /** Of SET NAMES: no server reports it. */
  readonly collation: string | undefined
  /** Leaves what only the next statement can ask for. */
  readonly leaves: boolean
}

/** Of what is no statement. */
export const noEffects: StatementEffects = {
  ...{ pin: undefined, change: 'session state', named: false, collation: undefined, leaves: false },
}

/** Of COM_INIT_DB: the database has a report of its own. */
export const namedEffects: StatementEffects = { ...noEffects, named: true }

/** Of a text that is too long to be read. */
export const unreadEffects: StatementEffects = { ...noEffects, pin: 'long statement' }

/** `several`: the text may hold more than one statement. */
export function effectsOf(text: string, several: boolean): StatementEffects {
  const statement = text.slice((opening.exec(text) as RegExpExecArray)[0].length).replace(ending, '')
  const alone = !(statement.includes(';') && (several || compound.test(statement)))
  const pin = pinAnywhere(statement) ?? pinByWord(statement, alone)
  const isSet = alone && set.test(statement)
  const setsUserVariable = isSet && userVariable.test(statement)
  const collation = isSet ? collate.exec(statement)?.[1] : undefined
  const isReported = !setsUserVariable && (collation !== undefined || !mentionsCollation.test(statement))
  return {
    pin,
    change: setsUserVariable ? 'user variable' : temporary.test(statement) ? 'temporary table' : 'session state',
    named: (isSet && isReported) || (alone && use.test(statement)),
    collation,
    leaves: asksLater.test(statement),
  }
}

function pinAnywhere(statement: string): string | undefined {
  if (!anywhere.test(statement)) return undefined
  return pins.find(([pattern]) => pattern.test(statement))?.[1]
}

function pinByWord(statement: string, alone: boolean): string | undefined {
  if (alone && !words.has(firstWord.exec(statement)?.[0].toLowerCase() ?? '')) return undefined
  return byWord.find(({ first, somewhere }) => (alone ? first : somewhere).test(statement))?.reason
}

const comment = '/\\*(?:[^*]|\\*(?!/))*\\*/'
const gap = `(?:\\s|${comment})+`

/** What stands in front of the first word, the bounds of an executable comment included. */
const opening = new RegExp(`^(?:[\\s(]|/\\*M?!\\d*|${comment}|--[ \\t][^\\n]*\\n?|#[^\\n]*\\n?)*`)
const ending = /[\s;]+$/
const firstWord = /^\w+/
const set = /^set\b/i
const use = /^use\b/i
const userVariable = /(?:^|[^@])@(?!@)/
const temporary = /^create\b[^(]{0,100}\btemporary\b/i
const collate = new RegExp(`^set${gap}names${gap}\\S+?${gap}collate${gap}["'\`]?(?!default\\b)(\\w+)`, 'i')
const mentionsCollation = /\bcollate\b/i
const asksLater = /\bsql_calc_found_rows\b|\blast_insert_id\b|\bnextval\b|\bnext\s+value\b/i
/** MariaDB's blocks outside of stored programs. */
const compound = /^(?:begin\s+not|if|case|loop|repeat|while|for|\w+\s*:)\b/i

const intoVariable = `\\binto(?:\\s|${comment}|--[^\\n]*\\n|#[^\\n]*\\n)*@`
const pins: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`:=|${intoVariable}`, 'i'), 'user variable'],
  [/\bget_lock\b/i, 'GET_LOCK()'],
  [/\bservice_get_(?:read|write)_locks\b/i, 'service lock'],
  [/\bsession_track_/i, 'session tracking changed'],
]
const anywhere = new RegExp(pins.map(([{ source }]) => source).join('|'), 'i')

const byWord = (
  [
    ['handler\\b', 'HANDLER'],
    ['xa\\b', 'XA'],
    ['call\\b', 'CALL'],
    ['(?:prepare|execute|deallocate)\\b', 'PREPARE'],
    [`lock${gap}instance\\b`, 'LOCK INSTANCE'],
    ['flush\\b', 'FLUSH'],
    ['backup\\b', 'BACKUP'],
    ['binlog\\b', 'BINLOG'],
    [`set${gap}role\\b`, 'SET ROLE'],
    [`set${gap}resource\\b`, 'SET RESOURCE GROUP'],
    [`set${gap}statement\\b`, 'SET STATEMENT'],
    [`set${gap}(?:character${gap}set|charset)\\b`, 'SET CHARACTER SET'],
    ['load\\b', 'LOAD DATA'],
    [`get${gap}(?:\\w+${gap})?diagnostics\\b`, 'GET DIAGNOSTICS'],
    [`begin${gap}not\\b`, 'compound statement'],
  ] as const
).map(([pattern, reason]) => ({
  reason,
  first: new RegExp(`^${pattern}`, 'i'),
  somewhere: new RegExp(`\\b${pattern}`, 'i'),
}))

const words = new Set(
  'handler xa call prepare execute deallocate lock flush backup binlog set load get begin'.split(' '),
)
