/**
 * One logged-in connection to a backend. At rest it is a conversation, in which the gateway's own commands run; lent to a client it is
 * a stream of bytes, and nothing of it is read here.
 */

import { collect } from '../client/collect.ts'
import { Conversation } from '../client/conversation.ts'
import type { Entered } from '../client/login.ts'
import type { Result, Row } from '../client/result.ts'
import { clientError, type MysqlError } from '../errors/errors.ts'
import type { LoggedIn } from '../machine/client-states.ts'
import { capability, has } from '../packets/capabilities.ts'
import { serverStatus } from '../packets/server-status.ts'
import { type CompressedStream, compressionFor } from '../transport/compression.ts'
import type { Connection as Wire } from '../transport/connection.ts'
import { DeadlineList } from '../transport/deadlines.ts'
import type { ByteSink } from '../transport/handlers.ts'
import type { Backend } from './backends.ts'
import { Batch } from './batch.ts'

/** What a session begins with. */
export interface SessionStart {
  readonly database: string | undefined
  /** `undefined`: what COM_RESET_CONNECTION leaves. */
  readonly collationId: number | undefined
  /** System variables, as SET takes them; left out, or '': none. */
  readonly variables?: string
}

/** Who uses a link: gets its bytes, and is told of its end. */
export interface LinkUser {
  onBackendBytes(chunk: Uint8Array): void
  onBackendLost(error: MysqlError | undefined): void
}

/** A command of the gateway's own takes no longer; the backend would not be fit for a client either. Units: ms. */
const commandMs = 5000

const answering = new DeadlineList<Wire>({ durationMs: commandMs, onExpired: (wire) => wire.destroy() })

export class Link implements ByteSink {
  readonly backend: Backend
  readonly wire: Wire
  readonly channel: Entered['channel']
  readonly createdMs = performance.now()
  /** What a later COM_CHANGE_USER needs of the login; of a link that will see none it is not kept. */
  loggedIn: LoggedIn | undefined
  /** The backend's number for it. */
  readonly connectionId: number
  readonly capabilities: number
  readonly mariadbCapabilities: number
  /** Whether the backend left a transaction open at the login: it has `autocommit` off, or an `init_connect`. */
  readonly statusFlags: number
  /** MariaDB does not know all collations by MySQL's numbers. */
  readonly isMysql: boolean
  /** Of the pool: who it is logged in as, and how. */
  readonly key: string
  /** When it was given back. */
  idleSinceMs = 0
  /** The default database; `unknown` after a session that may have changed it. */
  database: string | undefined | typeof unknown
  collationId: number | undefined
  /** System variables that the session has set, as SET takes them. */
  variables = ''
  /** The server tells what statements change. */
  tracks = false
  /** A session left what another could ask for: warnings, a last insert id. */
  leftovers = false
  /** A KILL QUERY is on its way to it: nobody else may have it, lest it meets their statement. */
  awaitsKill = false
  /** No client has run anything on it since its session began anew. */
  untouched = true
  readonly #compression: CompressedStream | undefined
  /** Made when the gateway itself has something to say: what is lent, which is most links most of the time, has none. */
  #conversation: Conversation | undefined = undefined
  readonly #onEnd: (link: Link) => void
  #user: LinkUser | undefined = undefined
  #ended = false

  /** `onEnd` is called once, when the socket is gone. */
  constructor(
    backend: Backend,
    entered: Entered,
    key: string,
    start: SessionStart,
    zstdLevel: number | undefined,
    onEnd: (link: Link) => void,
  ) {
    this.backend = backend
    this.wire = entered.wire
    this.channel = entered.channel
    const { loggedIn } = entered
    const { greeting, capabilities, mariadbCapabilities, ok } = loggedIn
    this.loggedIn = key === '' ? undefined : loggedIn
    this.connectionId = greeting.connectionId
    this.capabilities = capabilities
    this.mariadbCapabilities = mariadbCapabilities
    this.statusFlags = ok.statusFlags & (serverStatus.AUTOCOMMIT | serverStatus.IN_TRANS)
    this.isMysql = has(greeting.capabilities, capability.LONG_PASSWORD)
    this.key = key
    this.database = start.database
    this.collationId = start.collationId
    this.#onEnd = onEnd
    this.wire.reader.limit = largestOwnAnswer
    this.#compression = compressionFor({ capabilities, zstdLevel })
    if (this.#compression !== undefined) this.wire.compress(this.#compression)
  }

  get isCompressed(): boolean {
    return this.#compression !== undefined
  }

  get usable(): boolean {
    return !this.#ended && this.#conversation?.lost === undefined
  }

  /** Lends it out: from here on its bytes are the user's. */
  lend(user: LinkUser): void {
    this.#user = user
    this.#conversation = undefined
    this.wire.stream(this)
  }

  /** Takes it back, with nothing under way. */
  takeBack(): void {
    this.#user = undefined
    this.wire.frame(this.conversation, nothing)
  }

  /** Forwards bytes of a client. Returns whether the backend keeps up. */
  write(bytes: Uint8Array): boolean {
    return this.wire.write(bytes)
  }

  /** A command begins: compressed packets count anew. */
  beginCommand(): void {
    this.#compression?.restart()
  }

  /** Runs commands one after the other, all of them sent at once. Rejects with the first that fails. */
  async run(...requests: readonly Uint8Array[]): Promise<Result<Row>[]> {
    const { capabilities, mariadbCapabilities, conversation } = this
    answering.add(this.wire)
    try {
      const tasks = requests.map((request) =>
        collect<Row>([request], { capabilities, mariadbCapabilities }, 'text', {}, ignore),
      )
      for (const { done } of tasks) done.catch(ignore)
      conversation.submit(new Batch(tasks))
      const results: Result<Row>[] = []
      for (const { done } of tasks) results.push(await done)
      return results
    } finally {
      if (this.wire.deadlineList === answering) answering.remove(this.wire)
    }
  }

  /** At rest: where the gateway's own commands run. */
  get conversation(): Conversation {
    this.#conversation ??= new Conversation(this.wire, this.#compression, () => this.#end())
    return this.#conversation
  }

  /** Says goodbye. */
  close(): void {
    if (!this.#ended) this.conversation.leave()
  }

  /** Ends it at once, and with it what it runs. */
  destroy(): void {
    this.wire.destroy()
  }

  onBytes(chunk: Uint8Array): void {
    this.#user?.onBackendBytes(chunk)
  }

  onFramingError(error: MysqlError): void {
    this.#lose(error)
  }

  onEnded(): void {
    this.#lose(undefined)
  }

  onClosed(): void {
    this.#lose(undefined)
    this.#end()
  }

  /** Of one that is lent. */
  #lose(error: MysqlError | undefined): void {
    const user = this.#user
    this.#user = undefined
    this.wire.destroy()
    user?.onBackendLost(error ?? clientError('CR_SERVER_LOST', 'during query'))
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#onEnd(this)
  }
}

export const unknown = Symbol('unknown')

const nothing = new Uint8Array(0)

function ignore(): void {}

/** Answers to the gateway's own commands are a few bytes. Units: bytes. */
const largestOwnAnswer = 1 << 20
