/**
 * What becomes of a password on its way through files, URLs, shells and keyboards: each row says what is given in its place, and,
 * where there is a way back, how to get from what was given to what was meant.
 */
import { equal } from './primitives.ts'

export interface PasswordVariant {
  readonly slug: string
  /** Of its own: wipe it. */
  readonly bytes: Uint8Array
}

/** What is known besides the password, and may be put in its place. */
export interface BesidesPassword {
  readonly user?: string
  /** The credential as the server keeps it. */
  readonly stored?: string | undefined
}

/** The password first, if it is known, then what may be given instead; the same bytes only once. */
export function passwordVariants(password: Uint8Array | undefined, besides: BesidesPassword): PasswordVariant[] {
  const all: PasswordVariant[] = []
  const add = (slug: string, bytes: Uint8Array | undefined) => {
    if (bytes === undefined || all.some((known) => equal(known.bytes, bytes))) return
    all.push({ slug, bytes: Uint8Array.from(bytes) })
  }
  if (password !== undefined) {
    add('right', password)
    for (const { slug, spoil } of rows) add(slug, password.length === 0 ? undefined : spoil(password))
  }
  add('empty', new Uint8Array(0))
  add('user-name', Buffer.from(besides.user ?? ''))
  add('stored-credential', Buffer.from(besides.stored ?? '', 'latin1'))
  return all
}

/** What may have been meant where this was given, the likeliest first; what was given is not among them. */
export function mendedPasswords(given: Uint8Array): PasswordVariant[] {
  const all: PasswordVariant[] = []
  for (const { slug, spoil, mend } of rows) {
    const bytes = given.length === 0 ? undefined : mend?.(given)
    if (bytes === undefined || bytes.length === 0 || equal(bytes, given)) continue
    // Only what leads to what was given: a way back may be taken where the way there was another.
    const again = spoil(bytes)
    if (again === undefined || !equal(again, given) || all.some((known) => equal(known.bytes, bytes))) continue
    all.push({ slug, bytes: Uint8Array.from(bytes) })
  }
  return all
}

/** Bytes: what columns, forms and replication have room for. */
export const cutLengths = [8, 16, 32, 40, 64, 80, 128, 255, 256, 1000] as const

/** Where a comment of an option file begins, or the next part of a URL, or what a shell reads as its own. */
export const cutCharacters = new Map([
  ['#', 'number-sign'],
  ['?', 'question-mark'],
  ['/', 'slash'],
  ['@', 'at-sign'],
  [':', 'colon'],
  ['$', 'dollar-sign'],
  ['!', 'exclamation-mark'],
  ['&', 'ampersand'],
  [';', 'semicolon'],
  [' ', 'space'],
  ['"', 'double-quote'],
  ["'", 'single-quote'],
  ['`', 'backtick'],
  ['\\', 'backslash'],
  ['%', 'percent-sign'],
])

interface Row {
  readonly slug: string
  /** `undefined`, or the same bytes: it does nothing to this password. */
  readonly spoil: (password: Uint8Array) => Uint8Array | undefined
  readonly mend?: (given: Uint8Array) => Uint8Array | undefined
}

/** By how often it is met. */
const rows: readonly Row[] = [
  added('trailing-newline', '', '\n'),
  added('trailing-crlf', '', '\r\n'),
  added('trailing-space', '', ' '),
  added('leading-space', ' ', ''),
  inText('trimmed', (text) => text.trim()),
  inText('percent-decoded', percentDecoded, encodeURIComponent),
  inText('percent-encoded', encodeURIComponent, percentDecoded),
  inText('percent-encoded', percentEncodedStrictly, percentDecoded),
  inText('percent-encoded', percentEncodedInLowerCase, percentDecoded),
  { slug: 'latin1', spoil: (password) => encoded(password, latin1), mend: (given) => misread(given, latin1) },
  { slug: 'cp1252', spoil: (password) => encoded(password, cp1252), mend: (given) => misread(given, cp1252) },
  { slug: 'mojibake', spoil: (password) => misread(password, latin1), mend: (given) => encoded(given, latin1) },
  { slug: 'mojibake', spoil: (password) => misread(password, cp1252), mend: (given) => encoded(given, cp1252) },
  inText('question-marks', (text) => text.replaceAll(/\P{ASCII}/gu, '?')),
  inText('swapped-case', swapCase, swapCase),
  inText('first-letter-case', swapFirst, swapFirst),
  inText('upper-case', (text) => text.toUpperCase()),
  inText('lower-case', (text) => text.toLowerCase()),
  added('double-quoted', '"', '"'),
  added('single-quoted', "'", "'"),
  inText('unquoted', (text) => /^(["'])(.*)\1$/su.exec(text)?.[2]),
  inText(
    'space-for-plus',
    (text) => text.replaceAll('+', ' '),
    (text) => text.replaceAll(' ', '+'),
  ),
  inText(
    'plus-for-space',
    (text) => text.replaceAll(' ', '+'),
    (text) => text.replaceAll('+', ' '),
  ),
  inText('unescaped', (text) => text.replaceAll(/\\(.)/gsu, '$1')),
  inText(
    'escaped',
    (text) => text.replaceAll('\\', '\\\\'),
    (text) => text.replaceAll('\\\\', '\\'),
  ),
  inText(
    'nfc',
    (text) => text.normalize('NFC'),
    (text) => text.normalize('NFD'),
  ),
  inText(
    'nfd',
    (text) => text.normalize('NFD'),
    (text) => text.normalize('NFC'),
  ),
  inText('as-number', (text) => (/^[-+]?[\d.]+(e[-+]?\d+)?$/iu.test(text) ? String(Number(text)) : undefined)),
  ...cutLengths.map(cutAt),
  ...Array.from(cutCharacters, cutBefore),
  { slug: 'without-last', spoil: (password) => password.subarray(0, -1) },
  { slug: 'without-first', spoil: (password) => password.subarray(1) },
  { slug: 'twice', spoil: (password) => Uint8Array.of(...password, ...password), mend: half },
  { slug: 'with-nul', spoil: (password) => Uint8Array.of(...password, 0) },
]

function added(slug: string, before: string, behind: string): Row {
  return {
    slug,
    spoil: (password) => Uint8Array.of(...Buffer.from(before), ...password, ...Buffer.from(behind)),
    mend: (given) => {
      const text = Buffer.from(given).toString('latin1')
      const within = text.length > before.length + behind.length && text.startsWith(before) && text.endsWith(behind)
      return within ? given.subarray(before.length, given.length - behind.length) : undefined
    },
  }
}

function inText(slug: string, spoil: TextChange, mend?: TextChange): Row {
  return {
    slug,
    spoil: (password) => changed(password, spoil),
    ...(mend !== undefined && { mend: (given: Uint8Array) => changed(given, mend) }),
  }
}

type TextChange = (text: string) => string | undefined

/** What is no UTF-8 has no text to change. */
function changed(bytes: Uint8Array, change: TextChange): Uint8Array | undefined {
  const text = utf8Text(bytes)
  const result = text === undefined ? undefined : change(text)
  return result === undefined ? undefined : Buffer.from(result)
}

function utf8Text(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8')
  return equal(Buffer.from(text), bytes) ? text : undefined
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** RFC 3986: what encodeURIComponent leaves as it is, too. */
function percentEncodedStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function percentEncodedInLowerCase(text: string): string {
  return encodeURIComponent(text).replaceAll(/%../g, (hex) => hex.toLowerCase())
}

function swapCase(text: string): string {
  return text.replaceAll(/\p{L}/gu, (c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase()))
}

function swapFirst(text: string): string {
  return swapCase(text.slice(0, 1)) + text.slice(1)
}

function cutAt(length: number): Row {
  return {
    slug: `cut-at-${length}`,
    spoil: (password) => (password.length > length ? password.subarray(0, length) : undefined),
  }
}

function cutBefore([character, name]: [string, string]): Row {
  return {
    slug: `cut-before-${name}`,
    spoil: (password) => {
      const at = password.indexOf(character.charCodeAt(0))
      return at > 0 ? password.subarray(0, at) : undefined
    },
  }
}

function half(given: Uint8Array): Uint8Array | undefined {
  const middle = given.length / 2
  return Number.isInteger(middle) && equal(given.subarray(0, middle), given.subarray(middle))
    ? given.subarray(0, middle)
    : undefined
}

/** UTF-8 text in a character set of one byte each. */
function encoded(bytes: Uint8Array, charset: string): Uint8Array | undefined {
  const codes = Array.from(utf8Text(bytes) ?? '', (character) => charset.indexOf(character))
  return codes.length === 0 || codes.includes(-1) ? undefined : Uint8Array.from(codes)
}

/** The bytes taken for such a character set, and turned into UTF-8. */
function misread(bytes: Uint8Array, charset: string): Uint8Array {
  return Buffer.from(Array.from(bytes, (byte) => charset[byte] as string).join(''))
}

const latin1 = String.fromCharCode(...Array(256).keys())
const cp1252 = `${latin1.slice(0, 0x80)}€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009dž\u0178${latin1.slice(0xa0)}`
