/** The shell's session over a connection of the client, which it can replace by another. */
import { createReadStream } from 'node:fs'
import { connect } from '../../client/connect.ts'
import type { Connection } from '../../client/connection.ts'
import type { ConnectOptions } from '../../client/options.ts'
import type { SqlValue } from '../../client/result.ts'
import type { ResultEvent as ClientEvent } from '../../client/result-events.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { Abortable, ResultEvent, Session, SessionFacts } from './session.ts'

export interface SessionOptions {
  readonly connect: ConnectOptions
  /** Run after each login. */
  readonly initCommands: readonly string[]
  /** Whether LOAD DATA LOCAL INFILE may send a file that the statement itself names. */
  readonly localInfile: boolean
}

export class ConnectedSession implements Session {
  readonly #options: SessionOptions
  #connect: ConnectOptions
  #connection: Connection

  private constructor(options: SessionOptions, connection: Connection) {
    this.#options = options
    this.#connect = options.connect
    this.#connection = connection
  }

  /** Logs in. Rejects as `connect`, and with the error of an initial command that fails. */
  static async open(options: SessionOptions): Promise<ConnectedSession> {
    const session = new ConnectedSession(options, await connect(options.connect))
    await session.#begin()
    return session
  }

  async *query(sql: string | Uint8Array, { signal }: Abortable): AsyncIterable<ResultEvent> {
    const events = this.#connection.events<readonly SqlValue[]>(sql, {
      rowsAs: 'array',
      signal,
      ...(this.#options.localInfile && { localInfile: (name: string) => namedFile(name, sql) }),
    })
    for await (const event of events) yield shown(event)
  }

  async useDatabase(name: string, { signal }: Abortable): Promise<void> {
    await this.#connection.query(`USE \`${name.replaceAll('`', '``')}\``, { signal })
  }

  async reset({ signal }: Abortable): Promise<void> {
    await this.#connection.resetConnection({ signal })
  }

  async reconnect(to: { readonly database?: string; readonly host?: string }, { signal }: Abortable): Promise<void> {
    const database = to.database ?? this.#connection.session.database
    const { socketPath: _, ...overTcp } = this.#connect
    const before = to.host === undefined ? this.#connect : { ...overTcp, host: to.host }
    const next = { ...before, ...(database !== undefined && { database }) }
    const connection = await connect({ ...next, signal })
    this.#connection.destroy()
    this.#connect = next
    this.#connection = connection
    await this.#begin()
  }

  describe(): SessionFacts {
    const { host = 'localhost', port = 3306, socketPath } = this.#connect
    const { open, connectionId, session, serverVersion, tls } = this.#connection
    return {
      connected: open,
      connectionId,
      user: session.user,
      database: session.database,
      serverVersion,
      address: socketPath === undefined ? { host, port } : { socketPath },
      tls: tls && { version: tls.protocol, cipher: tls.cipher },
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #begin(): Promise<void> {
    for (const command of this.#options.initCommands) await this.#connection.query(command)
  }
}

function shown(event: ClientEvent<readonly SqlValue[]>): ResultEvent {
  return event.is === 'end' ? { is: 'done', ...event.end } : event
}

/** A server may ask for any file at any time; only one that the person wrote into this very statement is sent. */
function namedFile(name: string, sql: string | Uint8Array): AsyncIterable<Uint8Array> {
  if (!Buffer.from(sql).includes(name)) throw new ConfigurationError(`the statement does not name the file ${name}`)
  return createReadStream(name)
}
