/**
 * The terminal: its other screen, drawn line by line where something changed, and always given back as it was. Knows nothing of what is
 * drawn.
 */
import type { Readable, Writable } from 'node:stream'
import type { Size } from './frame.ts'

/** `process.stdin` and `process.stdout`, or what a test has instead. */
export interface Terminal {
  readonly input: Readable & { setRawMode?(raw: boolean): unknown }
  readonly output: Writable & { readonly columns?: number; readonly rows?: number }
}

export class Screen {
  readonly #terminal: Terminal
  #shown: readonly string[] = []
  #open = false
  /** The terminal has not taken yet what was written last: what is drawn meanwhile is left out. */
  #full = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.output.on('drain', () => {
      this.#full = false
    })
  }

  get size(): Size {
    const { columns, rows } = this.#terminal.output
    // A terminal that does not say how large it is (a serial line) says 0.
    return { columns: Math.min(columns || 80, 500), rows: Math.min(rows || 24, 300) }
  }

  /** After: keys come one by one. Harmless when it is open: it then takes back what somebody else did to the terminal. */
  open(): void {
    const { input, output } = this.#terminal
    // A terminal that a shell has changed meanwhile is only set again when its mode is seen to change.
    input.setRawMode?.(false)
    input.setRawMode?.(true)
    input.resume()
    output.write(enter)
    this.#open = true
    this.forget()
  }

  /** The next picture is drawn as a whole. */
  forget(): void {
    this.#shown = []
  }

  draw(lines: readonly string[]): void {
    if (!this.#open || this.#full) return
    const whole = this.#shown.length !== lines.length
    const changes = lines.flatMap((line, i) =>
      whole || line !== this.#shown[i] ? [`\x1b[${i + 1};1H${line}\x1b[0m\x1b[K`] : [],
    )
    this.#shown = lines
    if (changes.length > 0) this.#full = !this.#terminal.output.write((whole ? '\x1b[2J' : '') + changes.join(''))
  }

  /** Harmless when it is closed. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    const { input, output } = this.#terminal
    output.write(leave)
    input.setRawMode?.(false)
    input.pause()
  }
}

/** The other screen, no cursor, and no line that goes on in the next one. */
const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J'
const leave = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l'
