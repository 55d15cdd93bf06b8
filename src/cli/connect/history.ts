/**
 * What was typed at the prompt, kept from one session to the next: one statement per entry, whatever its number of lines, and
 * none that speaks of a password.
 */
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'

export class History {
  /** The newest comes first. */
  readonly entries: string[]
  readonly #path: string | undefined
  #lines: number

  /**
   * Reads what is kept. A file that cannot be read or written is no reason not to work: the history is then of this session.
   *
   * @param path left out: nothing is kept
   */
  constructor(path?: string) {
    this.#path = path
    const lines = path === undefined ? [] : readLines(path)
    this.#lines = lines.length
    this.entries = lines.slice(-MAX_ENTRIES).map(unescaped).reverse()
  }

  add(entry: string): void {
    const text = entry.trim()
    if (text === '' || text === this.entries[0] || secret.test(text) || text.length > MAX_LENGTH) return
    this.entries.unshift(text)
    this.entries.length = Math.min(this.entries.length, MAX_ENTRIES)
    if (this.#path === undefined) return
    try {
      this.#lines = append(this.#path, escaped(text), this.#lines)
    } catch {
      // A full disk must not end a session.
    }
  }
}

/** Statements in which a password may stand. Rather one too many: nobody sees what is missing, but everybody what is kept. */
const secret = /identified|passw|secret|\b(create|alter)\b.*\buser\b|authentication_string|aes_(en|de)crypt/is

/** Gives the number of lines that the file has then. Others may have added to it: their entries stay. */
function append(path: string, line: string, lines: number): number {
  appendFileSync(path, `${line}\n`, { mode: 0o600 })
  if (lines < MAX_ENTRIES) return lines + 1
  const kept = readLines(path).slice(-MAX_ENTRIES)
  writeFileSync(path, `${kept.join('\n')}\n`, { mode: 0o600 })
  return kept.length
}

function readLines(path: string): string[] {
  try {
    const { mode, size } = statSync(path)
    if (size > MAX_FILE) return []
    if (mode & 0o077) chmodSync(path, 0o600)
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}

function escaped(text: string): string {
  return text.replace(/[\\\n]/g, (character) => (character === '\n' ? '\\n' : '\\\\'))
}

function unescaped(line: string): string {
  return line.replace(/\\([\\n])/g, (_, character) => (character === 'n' ? '\n' : '\\'))
}

const MAX_ENTRIES = 1000

/** Characters of an entry: what is longer was not typed. */
const MAX_LENGTH = 64 * 1024

/** Bytes. */
const MAX_FILE = 2 * MAX_ENTRIES * MAX_LENGTH
