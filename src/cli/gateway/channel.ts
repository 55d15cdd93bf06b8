/** Questions and answers between two processes, over the channel that `fork` makes. */
import { ConfigurationError } from '../../errors/errors.ts'

/** A child process, or, for the child itself, `process`. */
export interface Peer {
  readonly connected: boolean
  send?(message: object, done: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

type Message =
  | { readonly is: 'question'; readonly id: number; readonly content: unknown }
  | { readonly is: 'answer'; readonly id: number; readonly content: unknown }
  | { readonly is: 'failure'; readonly id: number; readonly why: string; readonly byConfiguration: boolean }

interface Open {
  resolve(content: unknown): void
  reject(error: Error): void
}

export class Channel<Question, PeersQuestion> {
  readonly #peer: Peer
  readonly #open = new Map<number, Open>()
  #lastId = 0

  /** `answer` may throw, or reject: the peer gets the message of the error, and a `ConfigurationError` as one. */
  constructor(peer: Peer, answer: (question: PeersQuestion) => unknown) {
    this.#peer = peer
    peer.on('message', (message) => void this.#onMessage(message as Message, answer))
    peer.on('disconnect', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the process has ended'))
    })
  }

  /** Rejects with what the peer threw, and when there is no answer within `limitMs`, or ever. */
  ask<Answer>(content: Question, limitMs?: number): Promise<Answer> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.#open.set(id, { resolve: resolve as Open['resolve'], reject })
    const late = () => reject(new Error('the process does not answer'))
    const limit = limitMs === undefined ? undefined : setTimeout(late, limitMs)
    this.#send({ is: 'question', id, content }).catch(reject)
    return promise.finally(() => {
      clearTimeout(limit)
      this.#open.delete(id)
    })
  }

  async #onMessage(message: Message, answer: (question: PeersQuestion) => unknown): Promise<void> {
    const { is, id } = message
    if (is === 'answer') this.#open.get(id)?.resolve(message.content)
    else if (is === 'failure') {
      const { why, byConfiguration } = message
      this.#open.get(id)?.reject(byConfiguration ? new ConfigurationError(why) : new Error(why))
    } else {
      const reply: Message = await Promise.resolve(message.content as PeersQuestion)
        .then(answer)
        .then(
          (content) => ({ is: 'answer', id, content }),
          (error: unknown) => {
            const why = error instanceof Error ? error.message : String(error)
            return { is: 'failure', id, why, byConfiguration: error instanceof ConfigurationError }
          },
        )
      // Who asked may be gone by now.
      await this.#send(reply).catch(() => {})
    }
  }

  #send(message: Message): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#peer.connected) return reject(new Error('the process has ended'))
      this.#peer.send?.(message, (error) => (error === null ? resolve() : reject(error)))
    })
  }
}
