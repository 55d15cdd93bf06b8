/**
 * Prepared statements of one connection: each text is prepared once, the longest unused one goes when there are too many.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_stmt_prepare.html
 */
import { ConfigurationError, type MysqlError, receivedError, serverError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { fieldType } from '../packets/column-definition.ts'
import { encodeComStmtClose } from '../packets/com-stmt-close.ts'
import { encodeComStmtExecute, executeFlag } from '../packets/com-stmt-execute.ts'
import { decodeStmtPrepareOk, encodeComStmtPrepare } from '../packets/com-stmt-prepare.ts'
import { decodeErr } from '../packets/err.ts'
import type { Parameter } from '../packets/parameters.ts'
import type { Answer, Dialect } from './answer.ts'
import type { Command, Conversation, Reply, Task } from './conversation.ts'

/** A statement as the server knows it. */
export class Statement {
  readonly id: number
  readonly parameterCount: number
  readonly #dialect: Dialect
  /** By position; `undefined` while only NULL was given. */
  readonly #kinds: (Kind | undefined)[] = []

  constructor(id: number, parameterCount: number, dialect: Dialect) {
    this.id = id
    this.parameterCount = parameterCount
    this.#dialect = dialect
  }

  /**
   * Whether the server takes these values as they are. MySQL 9.7 derives the type of a `?` that stands for itself from its first
   * value, and converts later ones of another kind: text to the number 0.
   */
  suits(values: readonly Parameter[]): boolean {
    return values.every((value, i) => {
      const known = this.#kinds[i]
      const kind = kindOf(value)
      return known === undefined || kind === undefined || known === kind
    })
  }

  /** The command that runs it. Throws: `ConfigurationError` for another number of values than it has parameters. */
  execution(values: readonly Parameter[], attributes: readonly Parameter[]): Uint8Array {
    if (values.length !== this.parameterCount) {
      throw new ConfigurationError(
        `the statement has ${this.parameterCount} parameters, and ${values.length} values are given`,
      )
    }
    for (const [i, value] of values.entries()) this.#kinds[i] ??= kindOf(value)
    const parameters = [...values, ...attributes]
    const counted = has(this.#dialect.capabilities, capability.QUERY_ATTRIBUTES) && parameters.length > 0
    return encodeComStmtExecute(
      {
        statementId: this.id,
        flags: counted ? executeFlag.PARAMETER_COUNT_AVAILABLE : 0,
        parameters,
        typesFollow: parameters.length > 0,
      },
      this.#dialect.capabilities,
    )
  }

  /** Tells the server to forget it. */
  close(conversation: Conversation): void {
    if (conversation.lost !== undefined) return
    const requests = [encodeComStmtClose({ statementId: this.id })]
    conversation.submit({ begin: () => requests, silent: true, paused: false, onPacket: () => true, onLost: () => {} })
  }
}

/** What MySQL does not convert into each other without loss. */
type Kind = 'integer' | 'double' | 'time' | 'text'

function kindOf({ type }: Parameter): Kind | undefined {
  if (type === fieldType.NULL) return undefined
  if (type === fieldType.TINY || type === fieldType.LONGLONG) return 'integer'
  if (type === fieldType.DOUBLE) return 'double'
  return type === fieldType.DATETIME ? 'time' : 'text'
}

const mostStatements = 200

export class StatementCache {
  readonly #conversation: Conversation
  /** In order of use, the latest last. */
  readonly #statements = new Map<string, Statement>()

  constructor(conversation: Conversation) {
    this.#conversation = conversation
  }

  find(sql: string, values: readonly Parameter[]): Statement | undefined {
    const key = this.#keyOf(sql, values)
    const known = this.#statements.get(key)
    if (known !== undefined) this.#keep(key, known)
    return known
  }

  /** Keeps a statement that was not found. */
  keep(sql: string, values: readonly Parameter[], statement: Statement): void {
    this.#keep(this.#keyOf(sql, values), statement)
    if (this.#statements.size <= mostStatements) return
    const [oldest, least] = this.#statements.entries().next().value as [string, Statement]
    this.#statements.delete(oldest)
    least.close(this.#conversation)
  }

  /** The server has forgotten all of them. */
  forget(): void {
    this.#statements.clear()
  }

  /** A text is prepared once more for values that its first statement does not take. */
  #keyOf(sql: string, values: readonly Parameter[]): string {
    const first = this.#statements.get(sql)
    if (first === undefined || first.suits(values)) return sql
    return `${sql}\0${values.map((value) => kindOf(value) ?? '').join()}`
  }

  #keep(key: string, statement: Statement): void {
    this.#statements.delete(key)
    this.#statements.set(key, statement)
  }
}

/**
 * Runs a statement by its text: prepares it unless the connection knows it by then, and executes it with no other command in
 * between. What is known is asked when its turn has come: what runs before may make the server forget.
 */
export class Execution implements Command {
  readonly #statements: StatementCache
  readonly #sql: string
  readonly #dialect: Dialect
  readonly #values: readonly Parameter[]
  readonly #attributes: readonly Parameter[]
  readonly #answer: Answer
  #preparation: Preparation | undefined = undefined
  #unwanted = false

  /** `answer`, which asks nothing by itself, is told of all that comes. */
  constructor(
    statements: StatementCache,
    sql: string,
    dialect: Dialect,
    values: readonly Parameter[],
    attributes: readonly Parameter[],
    answer: Answer,
  ) {
    this.#statements = statements
    this.#sql = sql
    this.#dialect = dialect
    this.#values = values
    this.#attributes = attributes
    this.#answer = answer
  }

  get paused(): boolean {
    return this.#answer.paused
  }

  begin(): readonly Uint8Array[] {
    const known = this.#statements.find(this.#sql, this.#values)
    if (known !== undefined) return this.#execute(known)
    this.#preparation = new Preparation(
      this.#sql,
      this.#dialect,
      (statement) => this.#statements.keep(this.#sql, this.#values, statement),
      (error) => this.#answer.fail(error),
    )
    return this.#preparation.begin()
  }

  onPacket(payload: Uint8Array, reply: Reply): boolean {
    if (this.#preparation === undefined) return this.#answer.onPacket(payload, reply)
    if (!this.#preparation.onPacket(payload)) return false
    const { statement } = this.#preparation
    this.#preparation = undefined
    const requests = statement === undefined ? [] : this.#execute(statement)
    for (const request of requests) reply.request(request)
    return requests.length === 0
  }

  takeRow(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#preparation === undefined && this.#answer.takeRow(bytes, start, end)
  }

  abandoned(): void {
    this.#unwanted = true
    this.#answer.abandoned()
  }

  onLost(error: MysqlError): void {
    this.#answer.onLost(error)
  }

  #execute(statement: Statement): Uint8Array[] {
    try {
      if (this.#unwanted) throw serverError('ER_QUERY_INTERRUPTED')
      return [statement.execution(this.#values, this.#attributes)]
    } catch (error) {
      this.#answer.fail(error as MysqlError)
      return []
    }
  }
}

/** Makes the task that prepares a statement. */
export function prepare(sql: string, dialect: Dialect): Task<Statement> {
  const { promise, resolve, reject } = Promise.withResolvers<Statement>()
  return { command: new Preparation(sql, dialect, resolve, reject), done: promise }
}

/** OK, then the definitions of the parameters and of the columns, which the answer to each execution brings anew. */
class Preparation implements Command {
  readonly paused = false
  readonly #sql: string
  readonly #dialect: Dialect
  readonly #resolve: (statement: Statement) => void
  readonly #reject: (error: MysqlError) => void
  #statement: Statement | undefined = undefined
  /** Packets that are still to come. */
  #awaited = 0

  constructor(
    sql: string,
    dialect: Dialect,
    resolve: (statement: Statement) => void,
    reject: (error: MysqlError) => void,
  ) {
    this.#sql = sql
    this.#dialect = dialect
    this.#resolve = resolve
    this.#reject = reject
  }

  begin(): readonly Uint8Array[] {
    return [encodeComStmtPrepare({ query: Buffer.from(this.#sql, 'utf8') })]
  }

  /** What the server made of it; `undefined` until it is complete, and when it is refused. */
  get statement(): Statement | undefined {
    return this.#awaited === 0 ? this.#statement : undefined
  }

  onPacket(payload: Uint8Array): boolean {
    if (this.#statement === undefined) {
      if (payload[0] === 0xff) {
        const { code, sqlState, message } = decodeErr(payload)
        this.#reject(receivedError(code, sqlState, message))
        return true
      }
      const { capabilities } = this.#dialect
      const { statementId, parameterCount, columnCount } = decodeStmtPrepareOk(payload, capabilities)
      this.#statement = new Statement(statementId, parameterCount, this.#dialect)
      const ends = has(capabilities, capability.DEPRECATE_EOF) ? 0 : 1
      for (const count of [parameterCount, columnCount]) this.#awaited += count === 0 ? 0 : count + ends
    } else this.#awaited--
    if (this.#awaited > 0) return false
    this.#resolve(this.#statement)
    return true
  }

  onLost(error: MysqlError): void {
    this.#reject(error)
  }
}
