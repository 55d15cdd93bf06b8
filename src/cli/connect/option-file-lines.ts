/**
 * The syntax of MySQL's option files, line by line, as MySQL's and MariaDB's own parsers read it: comments, groups, quotes,
 * escapes. Opens no file and knows no option.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/option-files.html
 */
import { ConfigurationError } from '../../errors/errors.ts'

export type OptionLine =
  | {
      readonly is: 'option'
      /** In lower case: groups are compared so. */
      readonly group: string
      readonly name: string
      /** `undefined`: no `=`. */
      readonly value: string | undefined
      readonly line: number
    }
  | { readonly is: 'include' | 'includedir'; readonly path: string; readonly line: number }

/**
 * Reads the content of a file that messages call `file`, and gives the options of these groups (in lower case). Values are UTF-8;
 * what other groups hold may be anything.
 *
 * Throws: `ConfigurationError` with file and line, never the line's text.
 */
export function* optionLines(
  content: Buffer,
  file: string,
  groups: ReadonlySet<string>,
): Generator<OptionLine, void, void> {
  const error = (line: number, what: string) => new ConfigurationError(`${file} line ${line}: ${what}`)
  const text = (latin1: string, line: number) => {
    try {
      return strictUtf8.decode(Buffer.from(latin1, 'latin1'))
    } catch {
      throw error(line, 'is not UTF-8')
    }
  }
  let group: string | undefined
  let number = 0
  for (const raw of content.toString('latin1').split('\n')) {
    const line = ++number
    const written = trimmed(raw)
    if (written.includes('\0')) throw error(line, 'holds a NUL byte')
    if (written === '' || written.startsWith('#') || written.startsWith(';')) continue
    if (written.startsWith('!')) {
      const [, directive, path] =
        /^![ \t\v\f\r]*(include(?:dir)?)(?:[ \t\v\f\r]+(.*))?$/.exec(withoutComment(written)) ?? []
      // Others are passed over, as MySQL does.
      if (directive === undefined) continue
      if (!path) throw error(line, `!${directive} needs a path`)
      yield { is: directive as 'include' | 'includedir', path: text(path, line), line }
    } else if (written.startsWith('[')) {
      const end = written.indexOf(']')
      if (end < 0) throw error(line, 'the name of a group ends in ]')
      // Blanks before the name belong to it, those behind do not.
      const name = trimmed(`[${written.slice(1, end)}`).slice(1)
      group = Buffer.from(name, 'latin1').toString('utf8').toLowerCase()
    } else {
      if (group === undefined) throw error(line, startsLate(written))
      const [name, value] = nameAndValue(withoutComment(written))
      if (groups.has(group)) yield { is: 'option', group, name, value: value && text(value, line), line }
    }
  }
}

/** A line without what stands behind a `#` that is not in quotes. In quotes, a backslash protects a quote. */
function withoutComment(line: string): string {
  let quote: string | undefined
  let escaped = false
  for (let at = 0; at < line.length; at++) {
    const sign = line[at]
    if ((sign === "'" || sign === '"') && !escaped) {
      if (quote === undefined) quote = sign
      else if (quote === sign) quote = undefined
    }
    if (quote === undefined && sign === '#') return trimmed(line.slice(0, at))
    escaped = quote !== undefined && sign === '\\' && !escaped
  }
  return line
}

function nameAndValue(line: string): [string, string | undefined] {
  const at = line.indexOf('=')
  if (at < 0) return [line, undefined]
  let value = trimmed(line.slice(at + 1))
  if (value.length > 1 && /^['"]/.test(value) && value.at(0) === value.at(-1)) value = value.slice(1, -1)
  return [trimmed(line.slice(0, at)), unescaped(value)]
}

/** A backslash before any other character stays, as in `C:\Programs`. */
function unescaped(value: string): string {
  return value.replace(/\\([btnrs"'\\])/g, (_, sign: string) => escapes[sign] ?? sign)
}

const escapes: Readonly<Record<string, string>> = { b: '\b', t: '\t', n: '\n', r: '\r', s: ' ' }

/**
 * Without blanks at both ends. MySQL counts the byte A0 among them, which cuts letters such as `à` in UTF-8 into halves: here it
 * stays.
 */
function trimmed(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start++
  while (start < end && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(sign: string | undefined): boolean {
  return sign === ' ' || sign === '\t' || sign === '\v' || sign === '\f' || sign === '\r'
}

function startsLate(written: string): string {
  if (written.startsWith(byteOrderMark)) {
    return 'the file begins with a byte order mark: save it as UTF-8 without one'
  }
  return 'an option stands before the first [group]'
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** In UTF-8, each byte as a character. */
const byteOrderMark = '\u00ef\u00bb\u00bf'
