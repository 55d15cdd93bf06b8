/** What a terminal in raw mode sends, as keys. */

export type Key =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'up' | 'down' | 'left' | 'right' | 'page-up' | 'page-down' | 'home' | 'end' }
  | { readonly is: 'enter' | 'escape' | 'backspace' | 'tab' | 'interrupt' | 'suspend' | 'redraw' }

const esc = '\x1b'
/** A sequence comes in one piece but for the slowest lines; an ESC that nothing follows is the key. */
const escapeMs = 60
/** Longer ones are none of a keyboard. */
const longestSequence = 32

export class Keyboard {
  readonly #onKey: (key: Key) => void
  #begun = ''
  #timer: NodeJS.Timeout | undefined

  constructor(onKey: (key: Key) => void) {
    this.#onKey = onKey
  }

  push(text: string): void {
    clearTimeout(this.#timer)
    let rest = this.#begun + text
    this.#begun = ''
    while (rest !== '') {
      const length = lengthOfKey(rest)
      if (length === undefined && rest.length <= longestSequence) {
        this.#begun = rest
        this.#timer = setTimeout(() => this.#giveUp(), escapeMs)
        return
      }
      const key = keyOf(rest.slice(0, length ?? 1))
      rest = rest.slice(length ?? 1)
      if (key !== undefined) this.#onKey(key)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#begun = ''
  }

  #giveUp(): void {
    const isEscape = this.#begun === esc
    this.#begun = ''
    if (isEscape) this.#onKey({ is: 'escape' })
  }
}

/** Of the first key of what was sent; `undefined`: it may go on. A character after an ESC is a key with Alt, which means nothing here. */
function lengthOfKey(text: string): number | undefined {
  if (!text.startsWith(esc)) return String.fromCodePoint(text.codePointAt(0) ?? 0).length
  const after = text.slice(1)
  if (after.startsWith(esc)) return 1
  const [sequence] = /^(?:\[[0-?]*[ -/]*[@-~]|O[@-~])/.exec(after) ?? []
  if (sequence !== undefined) return 1 + sequence.length
  return /^(?:\[[0-?]*[ -/]*|O)?$/.test(after) ? undefined : 2
}

function keyOf(sequence: string): Key | undefined {
  const named = sequences.get(sequence)
  if (named !== undefined) return { is: named }
  return /^\P{C}$/u.test(sequence) ? { is: 'text', text: sequence } : undefined
}

/** Those of xterm and what imitates it, in both modes of the cursor keys. */
const sequences = new Map<string, Exclude<Key['is'], 'text'>>([
  ...['\x1b[', '\x1bO'].flatMap((prefix): [string, Exclude<Key['is'], 'text'>][] => [
    [`${prefix}A`, 'up'],
    [`${prefix}B`, 'down'],
    [`${prefix}C`, 'right'],
    [`${prefix}D`, 'left'],
    [`${prefix}H`, 'home'],
    [`${prefix}F`, 'end'],
  ]),
  ['\x1b[1~', 'home'],
  ['\x1b[4~', 'end'],
  ['\x1b[7~', 'home'],
  ['\x1b[8~', 'end'],
  ['\x1b[5~', 'page-up'],
  ['\x1b[6~', 'page-down'],
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\t', 'tab'],
  ['\x1b', 'escape'],
  ['\x7f', 'backspace'],
  ['\b', 'backspace'],
  ['\x03', 'interrupt'],
  ['\x1a', 'suspend'],
  ['\x0c', 'redraw'],
])
