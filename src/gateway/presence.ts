/** What the process list and the counters of the door know of a session, and its time limit while it is idle. */
import type { Login as LoginFacts } from '../machine/login.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Door } from '../server/door.ts'
import type { Admitted } from '../server/login.ts'
import type { Connection } from '../transport/connection.ts'
import { commandWord } from './command-words.ts'

export class Presence {
  readonly #door: Door
  readonly #connection: Connection
  readonly #record: ConnectionRecord
  #admitted: Admitted

  constructor(door: Door, connection: Connection, record: ConnectionRecord, admitted: Admitted) {
    this.#door = door
    this.#connection = connection
    this.#record = record
    this.#admitted = admitted
  }

  /** What the client proved to be. */
  get account(): Admitted['account'] {
    return this.#admitted.account
  }

  /** A session begins, and with COM_CHANGE_USER another one. */
  enter({ user, database }: LoginFacts, admitted: Admitted): void {
    const { account } = admitted
    if (admitted !== this.#admitted) this.#release()
    this.#admitted = admitted
    this.#record.user = user
    this.#record.accountName = `${account.user}@${account.host}`
    this.#record.database = database
    this.beIdle(0)
  }

  beIdle(statusFlags: number): void {
    if (this.#connection.closing) return
    this.#record.command = 'Sleep'
    this.#record.state = (statusFlags & serverStatus.IN_TRANS) === 0 ? '' : 'in transaction'
    this.#record.sinceMs = this.#door.now()
    this.#door.idleDeadlines(this.#door.settings.get('wait_timeout')).add(this.#connection)
  }

  work(byte: number): void {
    this.#connection.deadlineList?.remove(this.#connection)
    this.#record.command = commandWord(byte)
    if (this.#record.state === waiting) this.#record.state = ''
    this.#record.sinceMs = this.#door.now()
  }

  /** The client does not take what it is sent. */
  stall(): void {
    if (this.#connection.closing) return
    this.#door.idleDeadlines(this.#door.settings.get('net_write_timeout')).add(this.#connection)
  }

  /** It takes it again. */
  flow(isIdle: boolean): void {
    if (this.#connection.closing) return
    this.#connection.deadlineList?.remove(this.#connection)
    if (isIdle) this.#door.idleDeadlines(this.#door.settings.get('wait_timeout')).add(this.#connection)
  }

  /** A command waits for a link. */
  wait(): void {
    this.#connection.deadlineList?.remove(this.#connection)
    this.#record.state = waiting
    this.#record.sinceMs = this.#door.now()
  }

  /** `aborted`: without a goodbye. */
  leave(aborted: boolean): void {
    this.#release()
    if (aborted) this.#door.registry.status.Aborted_clients++
    this.#door.registry.remove(this.#record)
    this.#record.leave()
  }

  #release(): void {
    if (this.#admitted.counted) this.#door.userConnections.release(this.#admitted.account)
  }
}

const waiting = 'waiting for a backend connection'
