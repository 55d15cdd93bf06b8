/** Asks a person at the terminal, without showing what is typed where it is a secret. */
import { openSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { ReadStream } from 'node:tty'
import { ConfigurationError } from '../../errors/errors.ts'

export interface Prompt {
  /** Rejects: `ConfigurationError` when the person types Ctrl-C or Ctrl-D. */
  ask(question: string, echo?: 'hidden' | 'shown'): Promise<string>
  close(): void
}

/**
 * Opens the terminal for one question or several: stdin, or the process's own terminal where stdin is something else, so that
 * `-p < dump.sql` can ask. Questions go to stderr.
 *
 * Throws: `ConfigurationError` when there is no terminal. `instead` says what else there is.
 */
export function openPrompt(instead: string): Prompt {
  const input = process.stdin.isTTY ? process.stdin : ownTerminal(instead)
  let shown = false
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (shown) process.stderr.write(chunk)
      done()
    },
  })
  const terminal = createInterface({ input, output, terminal: true, historySize: 0 })
  terminal.on('SIGINT', () => terminal.close())
  const lines = terminal[Symbol.asyncIterator]()
  return {
    async ask(question, echo = 'hidden') {
      process.stderr.write(question)
      shown = echo === 'shown'
      const { value } = await lines.next()
      if (!shown) process.stderr.write('\n')
      if (value === undefined) throw new ConfigurationError('no password was given')
      return value
    },
    close() {
      terminal.close()
      if (input !== process.stdin) input.destroy()
    },
  }
}

function ownTerminal(instead: string): ReadStream {
  try {
    return new ReadStream(openSync('/dev/tty', 'r'))
  } catch {
    throw new ConfigurationError(`there is no terminal to ask for the password: use ${instead}`)
  }
}
