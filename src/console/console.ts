/**
 * The console: SQL over the live door. It answers the statements of a session that nobody else answers.
 */
import { plugins } from '../auth/plugins.ts'
import { ConfigurationError, serverError } from '../errors/errors.ts'
import type { GatewayView } from '../gateway/view.ts'
import type { Door } from '../server/door.ts'
import type { OnQuery, RowsResult, Session, SingleResult, Value } from '../server/query.ts'
import { isAccountStatement } from './account-sql/recognise.ts'
import type { ConsoleContext } from './context.ts'
import { SelectEngine } from './select/engine.ts'
import { Cursor } from './sql/cursor.ts'
import { lex, sourceOf, splitStatements, syntaxError, type Token } from './sql/lexer.ts'
import { accountStatement } from './statements/account.ts'
import { statements } from './statements/index.ts'
import { gatewayTables, virtualTables } from './tables/index.ts'

/** Far more than any tool sends; each token of it takes memory, and nobody writes bulk data to a console. */
const longestStatement = 1 << 18

export interface ConsoleOptions {
  /**
   * Turns a password, never empty, into the stored credential of a plugin. May be slow. Left out: the door does it, off
   * the event loop.
   */
  readonly hashPassword?: (plugin: string, password: string) => Promise<string>
  /** Whose backends, pools, pairs and rules are tables too. */
  readonly gateway?: GatewayView
}

export interface Console {
  readonly onQuery: OnQuery
  /** Ends the process in which SELECTs run; the next SELECT would start another. */
  close(): void
}

/**
 * Makes the console of a door: of the one that answers its statements. What it shows and changes is the door which that one administers.
 *
 *     FrontDoor.open({ handler: (door) => createConsole(door).onQuery, redact: redactPasswords, ... })
 */
export function createConsole(door: Door, options: ConsoleOptions = {}): Console {
  const engine = new SelectEngine()
  const { gateway } = options
  const tables = gateway === undefined ? virtualTables : gatewayTables
  const foundRows = new WeakMap<Session, number>()
  const hashPassword = options.hashPassword ?? ((plugin, password) => storeByPlugin(door, plugin, password))

  const answer = async (sql: string, tokens: readonly Token[], session: Session, parameters: readonly Value[]) => {
    const context: ConsoleContext = {
      ...{ door: door.administers, home: door, gateway, session, engine, tables, parameters, hashPassword },
      foundRows: foundRows.get(session) ?? 0,
    }
    const { elsewhere } = door.administers
    if (elsewhere !== undefined) await elsewhere.catchUp()
    const result = await run(context, sql, tokens)
    if (elsewhere !== undefined) await elsewhere.settled()
    const rows = 'rows' in result ? (result as RowsResult).rows : undefined
    if (Array.isArray(rows)) foundRows.set(session, rows.length)
    return result
  }

  async function* answerAll(
    sql: string,
    all: readonly (readonly Token[])[],
    session: Session,
    parameters: readonly Value[],
  ): AsyncGenerator<SingleResult> {
    let at = 0
    for (const tokens of all) {
      const count = tokens.filter(({ kind }) => kind === 'placeholder').length
      yield await answer(sql, tokens, session, parameters.slice(at, at + count))
      at += count
    }
  }

  return {
    onQuery: async (sql, session, parameters) => {
      if (sql.length > longestStatement) {
        throw serverError('ER_UNKNOWN_ERROR', `The console reads statements of at most ${longestStatement} characters`)
      }
      const ansiQuotes = session.settings.get('sql_mode').includes('ANSI_QUOTES')
      const all = splitStatements(lex(sql, ansiQuotes))
      const [first, second] = all
      if (first === undefined) {
        // As in MySQL, nothing but a comment is a statement that does nothing.
        if (/#|--|\/\*/.test(sql)) return {}
        throw serverError('ER_EMPTY_QUERY')
      }
      if (second === undefined) return answer(sql, first, session, parameters)
      if (!session.multiStatements) throw syntaxError(sql, second[0])
      return { results: answerAll(sql, all, session, parameters) }
    },
    close: () => engine.close(),
  }
}

async function run(context: ConsoleContext, sql: string, tokens: readonly Token[]): Promise<SingleResult> {
  const { session } = context
  const text = sourceOf(sql, tokens)
  if (isAccountStatement(text)) return accountStatement(context, text)
  const cursor = new Cursor(sql, tokens)
  const found = statements.find(([words]) => cursor.skip(...words))
  if (found === undefined) throw cursor.error()
  if (session.mustChangePassword) throw serverError('ER_MUST_CHANGE_PASSWORD')
  if (!asksForDiagnostics(tokens)) session.warnings = []
  const [, answer] = found
  const result = await answer(context, cursor)
  if (readsCount(tokens)) session.warnings = []
  return result
}

/** SHOW WARNINGS and its like are about the statement before. */
function asksForDiagnostics(tokens: readonly Token[]): boolean {
  const [first, second] = tokens
  return (first?.word === 'SHOW' && /^(?:WARNINGS|ERRORS|COUNT)$/.test(second?.word ?? '')) || readsCount(tokens)
}

/** SELECT @@warning_count is about the statement before, and makes the next SHOW WARNINGS be about itself. */
function readsCount(tokens: readonly Token[]): boolean {
  return tokens.some(({ kind, text }) => kind === 'system-variable' && /^(?:warning|error)_count$/i.test(text))
}

/** SHA-256 crypts take milliseconds and are made off the event loop; everything else is a hash or two. */
async function storeByPlugin(door: Door, name: string, password: string): Promise<string> {
  const plugin = plugins.get(name)
  if (plugin === undefined) throw new ConfigurationError(`there is no plugin ${name}`)
  const salt = door.nonces.next(20)
  const rounds = door.settings.get('caching_sha2_password_digest_rounds')
  const bytes = Buffer.from(password)
  switch (name) {
    case 'caching_sha2_password':
    case 'mysql_clear_password':
    case 'dialog':
      return door.secrets.hashPassword('caching_sha2_password', bytes, salt, rounds)
    case 'sha256_password':
      return door.secrets.hashPassword('sha256_password', bytes, salt, rounds)
    default:
      return plugin.store(bytes, salt, rounds)
  }
}
