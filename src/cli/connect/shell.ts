/** The prompt: reads what a person types, a line at a time, and has it carried out. */
import { createInterface, type Interface } from 'node:readline'
import { Completion } from './completion.ts'
import { History } from './history.ts'
import { Interpreter, type InterpreterOptions } from './interpreter.ts'
import { continuationPrompt, promptText, usualPrompt } from './prompt.ts'
import type { SessionFacts } from './session.ts'
import type { Piece } from './statement-splitter.ts'
import { visibleText } from './visible-text.ts'

export interface ShellOptions extends Omit<InterpreterOptions, 'interactive'> {
  readonly input: NodeJS.ReadableStream
  /** Left out: nothing is kept from one session to the next. */
  readonly historyFile?: string
  /** Default `usualPrompt`; see `promptText`. */
  readonly prompt?: string
}

/** Resolves when the user has left: Ctrl-D or `quit`. The session stays open. */
export async function runShell(options: ShellOptions): Promise<void> {
  const { session, input, output } = options
  const history = new History(options.historyFile)
  const completion = new Completion()
  const interpreter = new Interpreter({ ...options, interactive: true })
  const { splitter } = interpreter
  const readline = createInterface({
    ...{ input, output },
    terminal: options.terminal ?? true,
    completer: (line: string) => completion.complete(line),
    history: [...history.entries],
    historySize: 1000,
  })
  // Lines are no entries, statements are.
  let recalled: string[] = []
  const keepHistory = () => void recalled.splice(0, recalled.length, ...history.entries)
  readline.on('history', (list) => {
    recalled = list
    keepHistory()
  })
  let closed = false
  readline.on('close', () => {
    closed = true
  })
  const interruption = new Interruption(readline, () => {
    splitter.clear()
    typed = ''
    output.write('^C\n')
    prompt()
  })

  let typed = ''
  let statements = 1
  const prompt = () => {
    if (closed) return
    const { waitingFor } = splitter
    const text =
      waitingFor === ''
        ? promptText(interpreter.prompt ?? options.prompt ?? usualPrompt, session.describe(), statements)
        : continuationPrompt(waitingFor)
    readline.setPrompt(text)
    readline.prompt()
  }

  const run = async (piece: Piece): Promise<boolean> => {
    const database = session.describe().database
    if (piece.is === 'statement') statements++
    const outcome = await interruption.during((signal) => interpreter.run(piece, {}, { signal }))
    if (outcome === 'leave') return false
    if (session.describe().database !== database) {
      await interruption.during((signal) => completion.learn(session, { signal }))
    }
    return true
  }

  // Before the first wait: what is typed ahead is not lost.
  const lines = readline[Symbol.asyncIterator]()
  await interpreter.print(welcome(session.describe()))
  await interruption.during((signal) => completion.learn(session, { signal }))
  try {
    prompt()
    for await (const entry of lines) {
      // Of a recalled entry, Node 24 and later part the lines by CR.
      const line = entry.replaceAll('\r', '\n')
      interpreter.log(`${readline.getPrompt()}${line}\n`)
      typed += `${line}\n`
      for (const piece of splitter.feed(`${line}\n`)) if (!(await run(piece))) return
      if (splitter.waitingFor === '') {
        history.add(typed)
        keepHistory()
        typed = ''
      }
      prompt()
    }
    output.write('\n')
  } finally {
    await interpreter.print('Bye\n')
    readline.close()
    await interpreter.close()
  }
}

/** Ctrl-C: ends what runs, or else what is being typed. */
class Interruption {
  #running: AbortController | undefined
  /** Twice is for a server that does not hear: the shell is left. */
  readonly #left = Promise.withResolvers<'leave'>()

  /** @param onIdle called after what was typed is gone */
  constructor(readline: Interface, onIdle: () => void) {
    readline.on('SIGINT', () => {
      if (this.#running?.signal.aborted) this.#left.resolve('leave')
      else if (this.#running !== undefined) this.#running.abort()
      else {
        readline.write(null, { ctrl: true, name: 'e' })
        readline.write(null, { ctrl: true, name: 'u' })
        onIdle()
      }
    })
  }

  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | 'leave'> {
    const running = new AbortController()
    this.#running = running
    try {
      return await Promise.race([work(running.signal), this.#left.promise])
    } finally {
      this.#running = undefined
    }
  }
}

function welcome({ user, serverVersion, connectionId }: SessionFacts): string {
  return visibleText(
    `Connected to ${serverVersion} as ${user}, connection ${connectionId}. Statements end with ; or \\g; \\h helps, \\q leaves.\n\n`,
  )
}
