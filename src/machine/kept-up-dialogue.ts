/**
 * A client's half that does not break off. What is refused on this side, an unknown plugin, a channel that its secrets may not cross, a
 * key that may not be asked for, is answered wrong, and ends with its own error once the server has refused.
 */
import type { ClientDialogue, Question } from '../auth/plugin.ts'
import { wrongAnswer } from '../auth/wrong-answer.ts'
import { ClientError } from '../errors/errors.ts'

export function* keptUp(plugin: string, begin: () => ClientDialogue): ClientDialogue {
  let inner: ClientDialogue | undefined
  let refusal: ClientError | undefined
  let first = true
  let said: Uint8Array = new Uint8Array(0)
  const turn = (): Uint8Array | Question | undefined => {
    try {
      inner ??= begin()
      const { done, value } = inner.next(said)
      return done === true ? undefined : (value as Uint8Array | Question)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      refusal = error
      return wrongAnswer(plugin, first)
    }
  }
  try {
    for (;;) {
      const next = refusal === undefined ? turn() : wrongAnswer(plugin, false)
      if (next === undefined) return
      said = yield next
      first = false
    }
  } finally {
    inner?.return()
    raise(refusal)
  }
}

function raise(error: Error | undefined): void {
  if (error !== undefined) throw error
}
