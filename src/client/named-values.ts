/** The value of an option given as text, read as what the option takes. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../errors/errors.ts'
import type { NamedSetting } from './named-options.ts'

/** How a file that an option names is read. */
export type ReadFile = (path: string) => Buffer

/** Every property throws `ConfigurationError` when the value is not of its kind; the message says who gave it. */
export class GivenValue {
  readonly #setting: NamedSetting
  readonly #readFile: ReadFile

  constructor(setting: NamedSetting, readFile: ReadFile = readFileSync) {
    this.#setting = setting
    this.#readFile = readFile
  }

  /** No message repeats it. */
  get text(): string {
    const { value } = this.#setting
    if (value === undefined) throw this.#error('needs a value')
    return value
  }

  /** As MySQL reads them: 1, ON, TRUE and 0, OFF, FALSE in any case. */
  get flag(): boolean {
    const { value = '1' } = this.#setting
    if (/^(?:1|on|true)$/i.test(value)) return true
    if (/^(?:0|off|false)$/i.test(value)) return false
    throw this.#error(`is on or off, not '${value}'`)
  }

  integer(min: number, max: number): number {
    const number = /^\d{1,15}$/.test(this.text) ? Number(this.text) : Number.NaN
    if (number >= min && number <= max) return number
    throw this.#error(`is a number from ${min} to ${max}, not '${this.text}'`)
  }

  /** An integer that may end in K, M or G. */
  bytes(min: number, max: number): number {
    const [, digits, suffix] = /^(\d{1,15})([kmg]?)$/i.exec(this.text) ?? []
    const number = Number(digits) * 1024 ** ' kmg'.indexOf((suffix || ' ').toLowerCase())
    if (number >= min && number <= max) return number
    throw this.#error(`is a number of bytes from ${min} to ${max}, such as 64M, not '${this.text}'`)
  }

  /** In any case; the result is written as in `choices`. */
  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice {
    return this.#choice(this.text, choices)
  }

  /** Separated by commas; at least one. */
  list(): string[]
  list<const Choice extends string>(choices: readonly Choice[]): Choice[]
  list(choices?: readonly string[]): string[] {
    const names = this.text.split(',').map((name) => name.trim())
    if (names.includes('')) throw this.#error('is a list of names with commas between them')
    return choices === undefined ? names : names.map((name) => this.#choice(name, choices))
  }

  /** 64 hex digits, colons between bytes allowed. */
  get sha256(): string {
    if (!/^[0-9a-f]{64}$/i.test(this.text.replaceAll(':', ''))) {
      throw this.#error("is the SHA-256 of the server's certificate: 64 hex digits")
    }
    return this.text
  }

  /** Content of the file that the value names. */
  get file(): Buffer {
    return this.#read(this.text)
  }

  /** Contents of the files in the directory that the value names, as `openssl rehash` leaves them. */
  hashedFiles(names: RegExp): Buffer[] {
    const directory = this.text
    let entries: string[]
    try {
      entries = readdirSync(directory)
    } catch (error) {
      throw this.#error(`: cannot read the directory '${directory}' (${(error as NodeJS.ErrnoException).code})`)
    }
    const hashed = entries.filter((name) => names.test(name)).sort()
    if (hashed.length === 0)
      throw this.#error(`: nothing in '${directory}' is named by a hash; run openssl rehash on it`)
    return hashed.map((name) => this.#read(join(directory, name)))
  }

  refuse(why: string): never {
    throw this.#error(why)
  }

  #read(path: string): Buffer {
    try {
      return this.#readFile(path)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      throw this.#error(`: cannot read '${path}' (${code})`)
    }
  }

  #choice<const Choice extends string>(given: string, choices: readonly Choice[]): Choice {
    const choice = choices.find((name) => name.toLowerCase() === given.toLowerCase())
    if (choice === undefined) throw this.#error(`is one of ${choices.join(', ')}, not '${given}'`)
    return choice
  }

  #error(what: string): ConfigurationError {
    const { name, origin } = this.#setting
    return new ConfigurationError(`${origin}: ${name}${what.startsWith(':') ? '' : ' '}${what}`)
  }
}
