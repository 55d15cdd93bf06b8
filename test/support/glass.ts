/** A terminal of a test's own: takes what is written to it as a screen would, and types. */
import { PassThrough, Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import type { Terminal } from '../../src/cli/top/screen.ts'
import { until } from './door.ts'

export class Glass implements Terminal {
  readonly modes: boolean[] = []
  readonly input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => this.modes.push(raw) })
  readonly output: Writable & { columns: number; rows: number }
  /** Everything that was written. */
  written = ''
  /** It takes nothing more until it is called. */
  #release: (() => void) | undefined
  #stuck = false
  #lines: string[] = []

  constructor(columns = 80, rows = 24) {
    const write = (chunk: Buffer, _: unknown, done: () => void) => {
      this.#take(chunk.toString())
      if (this.#stuck) this.#release = done
      else done()
    }
    this.output = Object.assign(new Writable({ write, highWaterMark: 1 }), { columns, rows })
  }

  get text(): string {
    return this.#lines.join('\n')
  }

  /** The modes of the terminal that it is in are those of before. */
  get isRestored(): boolean {
    return this.written.endsWith('\x1b[?7h\x1b[?25h\x1b[?1049l') && this.modes.at(-1) === false
  }

  press(keys: string): void {
    this.input.write(keys)
  }

  resize(columns: number, rows: number): void {
    Object.assign(this.output, { columns, rows })
    this.output.emit('resize')
  }

  stick(): void {
    this.#stuck = true
  }

  loosen(): void {
    this.#stuck = false
    this.#release?.()
    this.#release = undefined
  }

  async shows(what: RegExp): Promise<void> {
    await until(() => what.test(this.text), `the terminal shows ${what}`).catch((error: Error) => {
      throw new Error(`${error.message}, but:\n${this.text}`)
    })
  }

  #take(text: string): void {
    this.written += text
    if (text.includes(`${esc}[2J`)) this.#lines = []
    for (const [, row, line = ''] of text.matchAll(drawnLine)) {
      this.#lines[Number(row) - 1] = stripVTControlCharacters(line)
    }
  }
}

const esc = '\x1b'
const drawnLine = new RegExp(`${esc}\\[(\\d+);1H(.*?)${esc}\\[K`, 'gs')
