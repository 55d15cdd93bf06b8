/**
 * Finds and reads MySQL's option files: which ones, in which order, what they include, and which of them are not trusted.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/option-files.html
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ConfigurationError } from '../../errors/errors.ts'
import { optionLines } from './option-file-lines.ts'

/** What the command line says about option files; the names are those of MySQL's options. */
export interface OptionFileChoice {
  readonly defaultsFile?: string
  readonly defaultsExtraFile?: string
  readonly defaultsGroupSuffix?: string
  readonly noDefaults?: boolean
}

/** An option as a file gives it. */
export interface FileOption {
  readonly name: string
  readonly value: string | undefined
  /** In lower case. */
  readonly group: string
  /** File and line, for messages. */
  readonly origin: string
}

export interface FileOptions {
  /** In the order in which they were read: of several values the last counts. */
  readonly options: readonly FileOption[]
  readonly warnings: readonly string[]
}

/** What the environment decides. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

/** Groups that are read, in lower case; with a suffix, each of them with the suffix as well. */
const groups = ['client', 'client-server', 'client-mariadb', 'saltgate']

/** Those of the groups that belong to this program alone: there, an unknown option is a mistake. */
export function isOwnGroup(group: string): boolean {
  return group.startsWith('saltgate')
}

export function groupsRead({ defaultsGroupSuffix }: OptionFileChoice, { env }: Surroundings): ReadonlySet<string> {
  const suffix = defaultsGroupSuffix ?? env.MYSQL_GROUP_SUFFIX ?? ''
  return new Set([...groups, ...groups.map((group) => `${group}${suffix}`.toLowerCase())])
}

/**
 * Reads all option files that there are. A file that everybody may write to is passed over with a warning.
 *
 * Throws: `ConfigurationError` with file and line for a line that cannot be read, for a missing file that was asked for, and for
 * contradicting choices.
 */
export function readOptionFiles(choice: OptionFileChoice, around: Surroundings): FileOptions {
  const { defaultsFile, defaultsExtraFile, noDefaults } = choice
  if ([noDefaults || undefined, defaultsFile, defaultsExtraFile].filter((given) => given !== undefined).length > 1) {
    throw new ConfigurationError('give one of --no-defaults, --defaults-file and --defaults-extra-file')
  }
  const reader = new Reader(groupsRead(choice, around), around.home)
  if (noDefaults) return reader
  if (defaultsFile !== undefined) {
    reader.read(defaultsFile, 'required')
    return reader
  }
  for (const directory of ['/etc', '/etc/mysql', around.env.MYSQL_HOME]) {
    if (directory) reader.read(join(directory, 'my.cnf'), 'optional')
  }
  if (defaultsExtraFile !== undefined) reader.read(defaultsExtraFile, 'required')
  reader.read(join(around.home, '.my.cnf'), 'optional')
  return reader
}

class Reader implements FileOptions {
  readonly options: FileOption[] = []
  readonly warnings: string[] = []
  readonly #groups: ReadonlySet<string>
  readonly #home: string
  #filesLeft = mostFiles

  constructor(read: ReadonlySet<string>, home: string) {
    this.#groups = read
    this.#home = home
  }

  read(written: string, presence: 'required' | 'optional' | 'included', depth = 0): void {
    const file = resolve(written.replace(/^~(?=\/|$)/, this.#home))
    const content = this.#content(file, presence)
    if (content === undefined) return
    for (const line of optionLines(content, file, this.#groups)) {
      if (line.is !== 'option') this.#include(line, file, depth + 1)
      else {
        const { group, name, value } = line
        this.options.push({ group, name, value, origin: `${file} line ${line.line}` })
      }
    }
  }

  #include(
    { is, path, line }: { is: 'include' | 'includedir'; path: string; line: number },
    file: string,
    depth: number,
  ) {
    if (depth > deepest) {
      this.warnings.push(`${file} line ${line}: !${is} is ignored: more than ${deepest} files include each other`)
      return
    }
    if (is === 'include') {
      this.read(path, 'included', depth)
      return
    }
    const directory = resolve(path.replace(/^~(?=\/|$)/, this.#home))
    let names: string[]
    try {
      names = readdirSync(directory)
    } catch (error) {
      throw new ConfigurationError(`${file} line ${line}: cannot read the directory ${directory} (${codeOf(error)})`)
    }
    for (const name of names.filter((entry) => entry.endsWith('.cnf')).sort()) {
      this.read(join(directory, name), 'included', depth)
    }
  }

  /** `undefined` for a file that is not there or not trusted. */
  #content(file: string, presence: 'required' | 'optional' | 'included'): Buffer | undefined {
    if (this.#filesLeft-- === 0) throw new ConfigurationError(`more than ${mostFiles} option files include each other`)
    try {
      const stats = statSync(file)
      if (stats.isFile() && (stats.mode & 0o002) !== 0) {
        this.warnings.push(`the option file ${file} is ignored: everybody may write to it (chmod o-w)`)
        return undefined
      }
      if (stats.size > mostBytes)
        throw new ConfigurationError(`the option file ${file} holds more than ${mostBytes} bytes`)
      return readFileSync(file)
    } catch (error) {
      if (error instanceof ConfigurationError) throw error
      const code = codeOf(error)
      if (presence === 'required') throw new ConfigurationError(`cannot read the option file ${file} (${code})`)
      const absent = code === 'ENOENT' || code === 'ENOTDIR'
      if (presence === 'included' || !absent) this.warnings.push(`the option file ${file} is ignored (${code})`)
      return undefined
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

/** As MySQL's. */
const deepest = 10
const mostFiles = 1000
const mostBytes = 1 << 20
