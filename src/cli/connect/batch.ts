/** Runs what comes from a pipe, a file or -e: nobody is asked, and the first error ends it. */
import { Interpreter, type InterpreterOptions } from './interpreter.ts'

export interface BatchOptions extends Omit<InterpreterOptions, 'interactive'> {
  /** UTF-8, or whatever the server is to get. */
  readonly input: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly signal?: AbortSignal
}

/** Gives the exit status: 0, or 1 when something failed that `force` did not forgive. */
export async function runBatch({ input, signal, ...options }: BatchOptions): Promise<0 | 1> {
  const interpreter = new Interpreter({ ...options, interactive: false })
  const abortable = { signal: signal ?? new AbortController().signal }
  const outcome = await interpreter.runAll(input, interpreter.splitter, abortable)
  return outcome === 'failed' ? 1 : 0
}
