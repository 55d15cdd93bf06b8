/**
 * A connection that is in: statements, prepared statements, streams of rows, and what else the protocol offers. Commands run in
 * the order in which they are called; a second one waits for the first.
 */
import { ConfigurationError, clientError, type MysqlError } from '../errors/errors.ts'
import type { LoggedIn } from '../machine/client-states.ts'
import { encodeComQuery } from '../packets/com-query.ts'
import { command } from '../packets/commands.ts'
import type { Ok } from '../packets/ok.ts'
import { compressionFor } from '../transport/compression.ts'
import type { Answer, Dialect } from './answer.ts'
import { cancel, untilAborted, whileWanted } from './cancel.ts'
import { changeOfUser } from './change-of-user.ts'
import { type CollectOptions, collect, type Format, type Heard } from './collect.ts'
import { type Command, Conversation, type Task } from './conversation.ts'
import type { Entered } from './login.ts'
import type { ConnectOptions } from './options.ts'
import { parametersOf, type QueryAttributes } from './query-attributes.ts'
import type { Result, Row } from './result.ts'
import { ResultEvents, type StreamSource } from './result-events.ts'
import { RowStream } from './row-stream.ts'
import { parameterOf } from './rows/parameters.ts'
import { promptOf, secretsOf } from './secrets.ts'
import { SessionState } from './session-state.ts'
import { type Identity, identityOf, type Settings } from './settings.ts'
import { Execution, prepare, type Statement, StatementCache } from './statement.ts'

export interface Abortable {
  /** Gives up: what runs is killed on the server, and the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
}

/** `localInfile` supplies a file that the server asks for; left out: it gets none, and the statement fails. */
export interface QueryOptions extends CollectOptions, Abortable {
  /** MySQL 8.0.25 or later. */
  readonly attributes?: QueryAttributes
}

/** Whom to become. What is left out is as it was when the connection was made, but `database`: that is none then. */
export interface NewUser
  extends Pick<ConnectOptions, 'user' | 'password' | 'password2' | 'password3' | 'openidToken' | 'database'>,
    Abortable {}

/**
 * A statement that its owner prepared, and closes. MySQL derives the type of a `?` that stands for itself (`SELECT ?`) from its first
 * value and converts later ones: for values of another kind, prepare it once more. `execute` with a text does so by itself.
 */
export interface PreparedStatement extends AsyncDisposable {
  readonly parameterCount: number
  execute<R = Row>(values?: readonly unknown[], options?: QueryOptions): Promise<Result<R>>
  stream<R = Row>(values?: readonly unknown[], options?: QueryOptions): RowStream<R>
  close(): void
}

export class Connection implements AsyncDisposable {
  /** What the server says of the session as it goes on. */
  readonly session: SessionState
  /** How the bytes travel. */
  readonly channel: Entered['channel']
  /** What TLS negotiated; `undefined` without it. */
  readonly tls: { readonly protocol: string; readonly cipher: string } | undefined
  /** Settles at the end of the connection: with what ended it, or `undefined` after `close()`. Never rejects. */
  readonly closed: Promise<MysqlError | undefined>
  readonly #settings: Settings
  readonly #conversation: Conversation
  readonly #statements: StatementCache
  readonly #again: (as: Identity) => Promise<Connection>
  #loggedIn: LoggedIn
  #identity: Identity
  #closing = false

  /** Made by `connect()`. `again` makes another connection like it, which can kill what this one runs. */
  constructor(settings: Settings, identity: Identity, entered: Entered, again: (as: Identity) => Promise<Connection>) {
    const { wire, loggedIn, channel, tls } = entered
    this.#settings = settings
    this.#identity = identity
    this.#loggedIn = loggedIn
    this.#again = again
    this.channel = channel
    this.tls = tls
    this.session = new SessionState(identity, loggedIn.ok)
    const end = Promise.withResolvers<MysqlError | undefined>()
    this.closed = end.promise
    const { capabilities } = loggedIn
    wire.reader.limit = settings.maxAllowedPacket
    const compression = compressionFor({ capabilities, zstdLevel: settings.login.zstdLevel })
    this.#conversation = new Conversation(wire, compression, end.resolve)
    this.#statements = new StatementCache(this.#conversation)
  }

  /** The server's number for this connection: `KILL` takes it. */
  get connectionId(): number {
    return this.#loggedIn.greeting.connectionId
  }

  get serverVersion(): string {
    return this.#loggedIn.greeting.serverVersion
  }

  /** The plugin that let it in. */
  get pluginName(): string {
    return this.#loggedIn.pluginName
  }

  /** How far the server is proven; `undefined` without TLS. */
  get peer(): LoggedIn['peer'] {
    return this.#loggedIn.peer
  }

  /** What both sides can do. */
  get capabilities(): number {
    return this.#loggedIn.capabilities
  }

  /** Whether it can still be used. */
  get open(): boolean {
    return !this.#closing && this.#conversation.lost === undefined
  }

  /** No command is running or waiting. */
  get idle(): boolean {
    return this.#conversation.idle
  }

  /**
   * Runs a statement by the text protocol, and gives all of its results.
   *
   * Throws: `ServerError` for what the server refuses; `ClientError` or `ProtocolViolation` when the connection is lost by it.
   */
  async query<R = Row>(sql: string, options: QueryOptions = {}): Promise<Result<R>> {
    const request = this.#comQuery(sql, options)
    return await this.#run(collect<R>([request], this.#dialect, 'text', options, this.#hear), options)
  }

  /**
   * Runs a prepared statement with values for its `?`; a text is prepared once per connection.
   *
   * Throws: as `query`; `ConfigurationError` for a value that MySQL has no type for, or a wrong number of them.
   */
  async execute<R = Row>(sql: string, values: readonly unknown[] = [], options: QueryOptions = {}): Promise<Result<R>> {
    const execution = this.#executionOf(sql, values, options)
    const { command: answer, done } = collect<R>([], this.#dialect, 'binary', options, this.#hear)
    return await this.#run({ command: execution(answer), done }, options)
  }

  /** Prepares a statement that the caller keeps, and closes. */
  async prepare(sql: string, options: Abortable = {}): Promise<PreparedStatement> {
    const task = prepare(sql, this.#dialect)
    const statement = await this.#run(task, options).catch((error: unknown) => {
      // The caller gave up, and the server may still have prepared it.
      task.done.then(
        (unused) => unused.close(this.#conversation),
        () => {},
      )
      throw error
    })
    let open = true
    const close = () => {
      if (open) statement.close(this.#conversation)
      open = false
    }
    return {
      parameterCount: statement.parameterCount,
      execute: async (values = [], how = {}) => await this.#execute(statement, values, how),
      stream: (values = [], how = {}) =>
        new RowStream(this.#source('binary', how, (answer) => answer([this.#requestOf(statement, values, how)]))),
      close,
      [Symbol.asyncDispose]: async () => close(),
    }
  }

  /**
   * Gives rows as they come, in memory that does not grow with their number: the server waits when the reader does. Whoever
   * leaves the loop early ends the statement. With `values` it is a prepared statement, by the binary protocol.
   */
  stream<R = Row>(sql: string, values?: readonly unknown[], options: QueryOptions = {}): RowStream<R> {
    if (values === undefined) {
      return new RowStream(this.#source('text', options, (answer) => answer([this.#comQuery(sql, options)])))
    }
    return new RowStream(
      this.#source('binary', options, (answer) => this.#executionOf(sql, values, options)(answer([]))),
    )
  }

  /** The same with everything that the server says, result by result; `sql` may be bytes that are no UTF-8, such as a dump's. */
  events<R = Row>(sql: string | Uint8Array, options: QueryOptions = {}): ResultEvents<R> {
    return new ResultEvents<R>(this.#source('text', options, (answer) => answer([this.#comQuery(sql, options)])))
  }

  /** Asks whether the server is there. */
  async ping(options: Abortable = {}): Promise<void> {
    await this.#simple(command.PING, options)
  }

  /** Ends transactions, temporary tables, user variables and prepared statements, and keeps user and database (COM_RESET_CONNECTION). */
  async resetConnection(options: Abortable = {}): Promise<void> {
    // Before the next command begins: it may be an execution of what the server has just forgotten.
    await this.#simple(command.RESET_CONNECTION, options, (ok) => {
      this.#statements.forget()
      this.session.variables.clear()
      this.#hear(ok)
    })
  }

  /**
   * Logs in again as someone else on the same connection (COM_CHANGE_USER); the session begins anew. Its turn is that of the call,
   * or, of passwords that have to be asked for, when they are there.
   *
   * Throws: as `connect`. After a refusal the server decides whether the connection lives on.
   */
  async changeUser(to: NewUser = {}): Promise<void> {
    const { database: _, ...before } = this.#settings.options
    const identity = identityOf({ ...before, ...to })
    const given = secretsOf(identity, this.#settings)
    const secrets = given instanceof Promise ? await whileWanted(given, to.signal) : given
    this.#checkOpen()
    const standing = {
      before: () => this.#loggedIn,
      channel: this.channel,
      conversation: this.#conversation,
      prompt: promptOf(this.#settings.options),
      entered: (loggedIn: LoggedIn) => {
        this.#loggedIn = loggedIn
        this.#identity = identity
        this.#statements.forget()
        this.session.begin(identity, loggedIn.ok)
      },
    }
    await this.#run(changeOfUser(this.#settings, identity, secrets, standing), to)
  }

  /** Lets running and waiting commands end, says goodbye (COM_QUIT), and closes. */
  async close(): Promise<void> {
    this.#closing = true
    this.#conversation.leave()
    await this.closed
  }

  /** Closes at once; what is running is lost. */
  destroy(): void {
    this.#closing = true
    this.#conversation.break(clientError('CR_SERVER_LOST', 'because its owner closed the connection'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #dialect(): Dialect {
    const { capabilities, mariadbCapabilities } = this.#loggedIn
    return { capabilities, mariadbCapabilities }
  }

  readonly #hear = (ok: Ok): void => this.session.hear(ok)

  #comQuery(sql: string | Uint8Array, { attributes }: QueryOptions): Uint8Array {
    const query = typeof sql === 'string' ? Buffer.from(sql, 'utf8') : sql
    if (!(query instanceof Uint8Array)) throw new ConfigurationError(`a statement is text, not a ${typeof sql}`)
    return encodeComQuery({ query, attributes: parametersOf(attributes, this.capabilities) }, this.capabilities)
  }

  #requestOf(statement: Statement, values: readonly unknown[], { attributes }: QueryOptions): Uint8Array {
    return statement.execution(values.map(parameterOf), parametersOf(attributes, this.capabilities))
  }

  /** The values are taken now, the statement when its turn has come. */
  #executionOf(sql: string, values: readonly unknown[], { attributes }: QueryOptions): (answer: Answer) => Execution {
    if (typeof sql !== 'string') throw new ConfigurationError(`a statement is text, not a ${typeof sql}`)
    const parameters = values.map(parameterOf)
    const named = parametersOf(attributes, this.capabilities)
    return (answer) => new Execution(this.#statements, sql, this.#dialect, parameters, named, answer)
  }

  async #execute<R>(statement: Statement, values: readonly unknown[], options: QueryOptions): Promise<Result<R>> {
    const request = this.#requestOf(statement, values, options)
    return await this.#run(collect<R>([request], this.#dialect, 'binary', options, this.#hear), options)
  }

  /** `commandOf` is called when the first row is asked for; the answer that it asks for is the stream's. */
  #source(
    format: Format,
    options: QueryOptions,
    commandOf: (answer: (requests: readonly Uint8Array[]) => Answer) => Command,
  ): StreamSource {
    let task: Task<void> | undefined
    return {
      format,
      options,
      start: async (answer, done) => {
        const command = commandOf((requests) => answer(requests, this.#dialect, this.#hear))
        task = { command, done }
        await this.#run(task, options)
      },
      resume: () => this.#conversation.resume(),
      withdraw: () => task !== undefined && this.#conversation.withdraw(task.command),
      kill: () => {
        if (task !== undefined) void cancel(task, this.#conversation, this.#kill)
      },
    }
  }

  async #simple(byte: number, options: Abortable, heard: Heard = this.#hear): Promise<void> {
    await this.#run(collect([Uint8Array.of(byte)], this.#dialect, 'text', {}, heard), options)
  }

  async #run<T>(task: Task<T>, { signal }: Abortable): Promise<T> {
    // A task that fails before anybody waits for it is no unhandled rejection: it is awaited below, or never began.
    task.done.catch(() => {})
    this.#checkOpen()
    signal?.throwIfAborted()
    this.#conversation.submit(task.command)
    return signal === undefined ? await task.done : await untilAborted(task, signal, this.#conversation, this.#kill)
  }

  /** Ends the running statement, by another connection. */
  readonly #kill = async (): Promise<void> => {
    const other = await this.#again(this.#identity)
    try {
      await other.query(`KILL QUERY ${this.connectionId}`)
    } finally {
      await other.close()
    }
  }

  #checkOpen(): void {
    const { lost } = this.#conversation
    if (this.#closing || lost !== undefined) {
      const gone = clientError('CR_SERVER_GONE_ERROR')
      gone.cause = lost
      throw gone
    }
  }
}
