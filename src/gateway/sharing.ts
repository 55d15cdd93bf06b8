/**
 * Transaction mode: a session has a backend connection only as long as it needs that very one, for a transaction or for something that cannot
 * be made again elsewhere (`pin`). Otherwise its client rests: it keeps the link, at no cost, until another client of the same key needs one.
 * The next command then waits for a link, and finds the session there as it was left.
 *
 * What is guaranteed: the default database, the system variables, and all that pins. What the last statement left (warnings, the last
 * insert id, FOUND_ROWS()) is kept for the next command, though not longer than `leftoversMs`, for a client that comes back much later would
 * keep others waiting for nothing; within a transaction it is as it would be without a gateway. ROW_COUNT(), and FOUND_ROWS() without
 * SQL_CALC_FOUND_ROWS, are right as long as nobody else needed the link.
 */
import type { MysqlError } from '../errors/errors.ts'
import type { AnswerEnd } from '../machine/answer-scanner.ts'
import { command } from '../packets/commands.ts'
import { encodeErr } from '../packets/err.ts'
import { okPacket } from './answers.ts'
import type { Backend } from './backends.ts'
import type { Link } from './link.ts'
import type { Holder, Pool } from './pool.ts'
import type { Presence } from './presence.ts'
import type { Relinking } from './relinking.ts'
import type { Seat } from './seat.ts'
import { SessionState } from './session-state.ts'

/** Of the pair, what its sharing asks for. */
export interface SharingPair {
  readonly capabilities: number
  /** Nothing is under way, and nothing that was sent is held back. */
  readonly isQuiet: boolean
  take(link: Link): void
  /** After: the pair has no link, and the pool has it. */
  giveBack(): void
  /** Asks again about a command that waits, or goes on behind one that was taken. */
  resume(): void
  answer(payload: Uint8Array): void
}

export class Sharing implements Holder {
  readonly state: SessionState
  readonly #pair: SharingPair
  readonly #seat: Seat
  readonly #presence: Presence
  readonly #relinking: Relinking
  readonly #pool: Pool
  #backend: Backend
  #rests = false
  #waits = false
  /** Why the command that waited gets no link. */
  #failure: MysqlError | undefined = undefined

  constructor(pair: SharingPair, seat: Seat, presence: Presence, relinking: Relinking, pool: Pool, link: Link) {
    const { database } = link
    this.#pair = pair
    this.#seat = seat
    this.#presence = presence
    this.#relinking = relinking
    this.#pool = pool
    this.#backend = link.backend
    this.state = new SessionState(
      pair.capabilities,
      typeof database === 'symbol' ? undefined : database,
      link.statusFlags,
    )
    if (!relinking.isPossible) this.state.keep('login cannot be repeated')
  }

  /** Whether COM_RESET_CONNECTION need not go to a backend: the link is given back instead, and with it all that the session had. */
  get resetsItself(): boolean {
    return this.state.isTracked && this.#relinking.isPossible
  }

  /** Nobody would notice if the link were another. */
  get isFree(): boolean {
    return this.#pair.isQuiet && this.state.pin === undefined
  }

  /** Sees to a link for a command: it is there, or comes later, or the command is to be taken. */
  obtain(byte: number): 'there' | 'wait' | 'take' {
    if (this.#seat.link !== undefined) return 'there'
    // There is nothing to close, and nobody waits for an answer.
    if (byte === command.STMT_CLOSE || byte === command.STMT_SEND_LONG_DATA) return 'take'
    if (this.#failure !== undefined) return 'take'
    if (this.#waits) return 'wait'
    try {
      const link = this.#relinking.link(this.state, this.#backend)
      if (link instanceof Promise) this.#await(link)
      else this.#take(link)
    } catch (error) {
      this.#failure = error as MysqlError
      return 'take'
    }
    return this.#waits ? 'wait' : 'there'
  }

  /** A command that was taken; returns whether it was meant for here. */
  onTaken(byte: number): boolean {
    const failure = this.#failure
    if (failure !== undefined) {
      this.#failure = undefined
      const { code, sqlState, message } = failure
      this.#pair.answer(encodeErr({ code, sqlState, message }))
    } else if (byte === command.STMT_CLOSE || byte === command.STMT_SEND_LONG_DATA) this.#pair.resume()
    else if (byte === command.RESET_CONNECTION) {
      this.#pair.giveBack()
      this.state.reset()
      this.#pair.answer(okPacket(this.#pair.capabilities))
    } else return false
    return true
  }

  /** A command is about to be forwarded. `alone`: nothing is outstanding. */
  onForward(byte: number, body: Uint8Array, whole: boolean, alone: boolean): void {
    this.wake()
    this.state.onCommand(byte, body, whole, alone)
  }

  onAnswered(end: AnswerEnd): void {
    this.state.onAnswered(end)
    // A last insert id stays for longer than one statement.
    const { link } = this.#seat
    if (link !== undefined && this.state.leaves) link.leftovers = true
  }

  /** The last answer is through: from here on others may have the link. */
  rest(): void {
    const { link } = this.#seat
    if (link === undefined || this.#rests || !this.isFree || !link.usable || link.awaitsKill) return
    this.describe(link)
    this.#rests = true
    this.#pool.rest(link, this, this.state.leaves ? leftoversMs : 0)
  }

  /** The link is needed again, or gone. */
  wake(): void {
    const { link } = this.#seat
    if (!this.#rests || link === undefined) return
    this.#rests = false
    this.#pool.wake(link)
  }

  giveUp(): Link | undefined {
    this.#rests = false
    const { link } = this.#seat
    if (link === undefined || !this.isFree || !link.usable || link.awaitsKill) return undefined
    this.describe(link)
    this.#seat.detach()
    return link
  }

  /** Tells the link what state it is in; returns whether that is known to the last. */
  describe(link: Link): boolean {
    const { pin, database, variables } = this.state
    if (pin !== undefined) return false
    link.database = database
    link.variables = variables
    return true
  }

  #await(link: Promise<Link>): void {
    this.#waits = true
    this.#presence.wait()
    link
      .then(
        (got) => this.#take(got),
        (error: MysqlError) => {
          this.#failure = error
        },
      )
      .then(() => {
        this.#waits = false
        this.#pair.resume()
      })
  }

  #take(link: Link): void {
    this.#backend = link.backend
    this.#pair.take(link)
  }
}

/** Units: ms. */
const leftoversMs = 200
