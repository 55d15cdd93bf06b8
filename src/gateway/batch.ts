/** Several commands of the gateway's own, sent at once: one write and one wait, where each for itself would take as many as there are. */
import type { Answer } from '../client/answer.ts'
import type { Command, Reply, Task } from '../client/conversation.ts'
import type { MysqlError } from '../errors/errors.ts'

export class Batch implements Command {
  readonly paused = false
  readonly #tasks: readonly Task<unknown, Answer>[]
  #at = 0

  /** The tasks are settled as their answers come; none may be a file that the server wants. */
  constructor(tasks: readonly Task<unknown, Answer>[]) {
    this.#tasks = tasks
  }

  begin(): readonly Uint8Array[] {
    return this.#tasks.flatMap(({ command }) => command.begin())
  }

  onPacket(payload: Uint8Array, reply: Reply): boolean {
    if (this.#tasks[this.#at]?.command.onPacket(payload, reply) !== true) return false
    this.#at++
    if (this.#at === this.#tasks.length) return true
    reply.nextAnswer()
    return false
  }

  onLost(error: MysqlError): void {
    for (const { command } of this.#tasks.slice(this.#at)) command.onLost(error)
  }
}
