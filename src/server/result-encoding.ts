/**
 * Text of results in the character set that the client asked for (character_set_results): the 8-bit ones, by tables that are
 * made from their decoders. Results of any other set travel as UTF-8, and their columns say so.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/charset-connection.html
 */
import { decodeText } from '../machine/collations.ts'

export interface ResultEncoding {
  /** The default collation of the character set: what a column of text is declared as. */
  readonly collationId: number
  /** A character that the set does not have becomes `?`. */
  encode(text: string): Uint8Array
}

/** `undefined`: UTF-8. `charset` is null with SET character_set_results = NULL, which asks for no conversion. */
export function resultEncoding(charset: string | null): ResultEncoding | undefined {
  const collationId = charset === null ? undefined : defaultCollations.get(charset)
  if (charset === null || collationId === undefined) return undefined
  let encoding = encodings.get(charset)
  if (encoding === undefined) {
    encoding = encodingBy(bytesByCharacter(charset), collationId)
    encodings.set(charset, encoding)
  }
  return encoding
}

function encodingBy(bytes: ReadonlyMap<string, number>, collationId: number): ResultEncoding {
  return { collationId, encode: (text) => Uint8Array.from(text, (character) => bytes.get(character) ?? questionMark) }
}

function bytesByCharacter(charset: string): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>()
  for (let byte = 0; byte <= 0xff; byte++) bytes.set(decodeText(Uint8Array.of(byte), charset), byte)
  bytes.delete('\ufffd')
  return bytes
}

const encodings = new Map<string, ResultEncoding>()
const questionMark = 0x3f
const defaultCollations: ReadonlyMap<string, number> = new Map([
  ['koi8r', 7],
  ['latin1', 8],
  ['latin2', 9],
  ['hebrew', 16],
  ['tis620', 18],
  ['koi8u', 22],
  ['greek', 25],
  ['cp1250', 26],
  ['latin5', 30],
  ['cp866', 36],
  ['macroman', 39],
  ['latin7', 41],
  ['cp1251', 51],
  ['cp1256', 57],
  ['cp1257', 59],
])
