/**
 * What one login showed of its proof: the exchange that decided, and what the client answered in it. Kept from the first answer until
 * the end of the login is counted; there may be a password in it.
 */
import { wipe } from '../auth/primitives.ts'
import type { Attempt, ServerState } from '../machine/server-states.ts'
import type { Realm } from './realm.ts'

export class ShownProof {
  /** Of the last exchange, in the order in which they came; copies, at most `longestAnswer` bytes each. */
  readonly answers: Uint8Array[] = []
  attempt: Attempt | undefined = undefined
  /** Whose accounts it was judged by. */
  realm: Realm | undefined = undefined
  holds = false
  /** How the last answer was taken for a password; `undefined`: it was not. */
  secretForm: 'clear' | 'sealed' | undefined = undefined

  /** The answer that came with the login. A copy: where it is a password, whoever checks it wipes it. */
  onFirstAnswer(state: ServerState): void {
    if (state.at === 'await-account') this.#keep(state.answer)
  }

  /** Before the machine sees the packet. */
  onPacket(state: ServerState, payload: Uint8Array): void {
    if (state.at === 'await-switch-answer') this.#begin(payload)
    else if (state.at === 'await-auth-answer') this.#keep(payload)
  }

  onVerdict(realm: Realm, attempt: Attempt, holds: boolean): void {
    this.realm = realm
    this.attempt = attempt
    this.holds = holds
  }

  wipe(): void {
    wipe(...this.answers)
    this.answers.length = 0
  }

  #begin(answer: Uint8Array): void {
    this.wipe()
    this.secretForm = undefined
    this.#keep(answer)
  }

  /** What is longer is neither a scramble nor a password that anything could be said of. */
  #keep(answer: Uint8Array): void {
    if (answer.length <= longestAnswer && this.answers.length < mostAnswers) this.answers.push(Uint8Array.from(answer))
  }
}

/** Bytes: what the longest RSA key seals. */
const longestAnswer = 2048

/** A scramble, a key request, a password. */
const mostAnswers = 3
