/** Whose turn it is in a relayed login: carries the backend's questions to the client, and its answers back. */
import type { Channel, Question } from '../auth/plugin.ts'
import { wrongAnswer } from '../auth/wrong-answer.ts'
import type { Signer } from '../machine/server-states.ts'
import type { LoginSide } from '../server/passage.ts'
import type { Relayed } from './backend-login.ts'
import { RelayedPlugins, RelayedQuestion } from './relay.ts'

/** What the gateway's own RSA key is good for. */
export interface OwnKey {
  /** PEM. */
  readonly publicKey: string | undefined
  /** What was sealed with it; empty when it was sealed with another. */
  unseal(sealed: Uint8Array): Promise<Uint8Array>
}

export class RelayTurn implements Relayed {
  readonly plugins: RelayedPlugins
  readonly signer: Signer = { kind: 'password', bytes: new Uint8Array(0) }
  readonly #to: LoginSide
  readonly #key: OwnKey
  #answered: ((answer: Uint8Array) => void) | undefined = undefined
  #abandoned = false
  #turn: Promise<unknown> = Promise.resolve()
  /** Whom the packet at hand is from, and whether it is the first of it. */
  #asks = { plugin: '', first: true }

  constructor(clientChannel: Channel, to: LoginSide, key: OwnKey) {
    this.plugins = new RelayedPlugins(clientChannel)
    this.#to = to
    this.#key = key
  }

  readonly prompt = (question: Question): Promise<Uint8Array> => {
    if (!(question instanceof RelayedQuestion)) return Promise.reject(new TypeError('a question that is not relayed'))
    const { wish } = question
    switch (wish.is) {
      case 'answer': {
        const { packet } = wish
        this.#asks =
          packet.kind === 'more-data' ? { ...this.#asks, first: false } : { plugin: packet.plugin, first: true }
        if (this.#abandoned) return Promise.resolve(this.#nobody)
        const { promise, resolve } = Promise.withResolvers<Uint8Array>()
        this.#answered = resolve
        this.#turn = promise
        this.#to.ask(packet, true)
        return promise
      }
      case 'nothing':
        if (!this.#abandoned) this.#to.ask(wish.packet, false)
        return Promise.resolve(new Uint8Array(0))
      case 'key':
        return Promise.resolve(Buffer.from(this.#key.publicKey ?? '', 'latin1'))
      case 'opened':
        return this.#key.unseal(wish.sealed)
    }
  }

  /** Resolves when the client owes no answer: while it is on its way, an error would carry the wrong sequence id. */
  get settled(): Promise<unknown> {
    return this.#turn
  }

  onAnswer(answer: Uint8Array): void {
    const answered = this.#answered
    this.#answered = undefined
    answered?.(answer)
  }

  /** The client is gone: the backend gets an answer all the same, for a login broken off counts against this host there. */
  abandon(): void {
    this.#abandoned = true
    this.onAnswer(this.#nobody)
  }

  get #nobody(): Uint8Array {
    return wrongAnswer(this.#asks.plugin, this.#asks.first)
  }
}
