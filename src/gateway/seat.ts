/** A client's place at the backends: the link that it has at the moment, and what has to be known of it to send bytes on. */
import { command } from '../packets/commands.ts'
import type { Link, LinkUser } from './link.ts'
import { PacketNumbers } from './packet-numbers.ts'
import type { ClientPassage } from './passage.ts'

export class Seat {
  readonly #user: LinkUser
  readonly #passage: ClientPassage
  readonly #clientCompresses: boolean
  #link: Link | undefined = undefined
  /** Where the backend's answers are compressed and the client's are not. */
  #numbers: PacketNumbers | undefined = undefined
  /** A command was told to go on, and its bytes did not yet. */
  #unsent = false
  /** The link is good for nobody else, which no reset would change. */
  #spoiled = false
  /** The backend has said why it leaves. */
  farewell = false

  constructor(user: LinkUser, passage: ClientPassage, clientCompresses: boolean) {
    this.#user = user
    this.#passage = passage
    this.#clientCompresses = clientCompresses
  }

  get link(): Link | undefined {
    return this.#link
  }

  /** Whether a command was let through whose bytes were not. */
  get unsent(): boolean {
    return this.#unsent
  }

  take(link: Link): void {
    this.#link = link
    this.#passage.link = link
    this.#numbers = link.isCompressed && !this.#clientCompresses ? new PacketNumbers() : undefined
    this.#unsent = false
    link.lend(this.#user)
  }

  /** After: the link is the caller's. */
  detach(): void {
    this.#link = undefined
    this.#passage.link = undefined
    this.#spoiled = false
    this.farewell = false
  }

  /** `isClean`: nothing is under way on it; `isKnown`: and nothing on it has to be undone. */
  giveBack(isClean: boolean, isKnown: boolean): void {
    const link = this.#link
    if (link === undefined) return
    const isGood = isClean && !this.farewell && !this.#spoiled && !link.awaitsKill && link.usable
    this.detach()
    this.#passage.release(link, isGood, isKnown)
  }

  /**
   * A command is to be sent. Returns whether it may be: compressed packets count from 0 in each command, so that no two commands share one,
   * and none comes ahead of its turn.
   */
  begin(byte: number, unanswered: boolean): boolean {
    const link = this.#link
    if (link === undefined) return true
    if (link.isCompressed) {
      if (unanswered || this.#unsent) return false
      link.beginCommand()
      this.#unsent = true
    }
    if (byte !== command.PING) link.untouched = false
    if (byte === command.SET_OPTION) this.#spoiled = true
    return true
  }

  /** Returns whether the backend keeps up. */
  write(link: Link, bytes: Uint8Array): boolean {
    this.#unsent = false
    this.#numbers?.follow(bytes)
    return link.write(bytes)
  }

  /** Numbers the packets of an answer as the client counts them. */
  renumber(chunk: Uint8Array): void {
    this.#numbers?.renumber(chunk)
  }
}
