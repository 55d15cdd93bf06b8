/**
 * Character sets by collation id, as far as the connection phase needs them: which ones no client may use, and how
 * the names in a login become text.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/charset-charsets.html
 */
import { charsetOfCollation } from '../packets/character-sets.ts'
import { latin1 } from '../wire/reader.ts'

/** Character sets whose smallest character has two bytes or more: SET character_set_client refuses them, too. */
const refused = new Set(['ucs2', 'utf16', 'utf16le', 'utf32'])

/** MySQL's character sets that the WHATWG Encoding standard knows by another name. */
const encodings: Readonly<Record<string, string>> = {
  latin1: 'windows-1252',
  latin2: 'iso-8859-2',
  latin5: 'windows-1254',
  latin7: 'iso-8859-13',
  greek: 'iso-8859-7',
  hebrew: 'iso-8859-8',
  cp1250: 'windows-1250',
  cp1251: 'windows-1251',
  cp1256: 'windows-1256',
  cp1257: 'windows-1257',
  cp866: 'ibm866',
  koi8r: 'koi8-r',
  koi8u: 'koi8-u',
  macroman: 'macintosh',
  tis620: 'windows-874',
  big5: 'big5',
  gbk: 'gbk',
  gb2312: 'gbk',
  gb18030: 'gb18030',
  sjis: 'shift_jis',
  cp932: 'shift_jis',
  ujis: 'euc-jp',
  eucjpms: 'euc-jp',
  euckr: 'euc-kr',
}

/** The character set of a collation; an unassigned id means the server's default, as in mysqld. */
export function charsetOf(collationId: number): string {
  return charsetOfCollation(collationId) ?? 'utf8mb4'
}

export function refusedCharset(collationId: number): boolean {
  return refused.has(charsetOf(collationId))
}

/**
 * Decodes a user or database name in the character set that the client declared; `undefined` when the bytes are not
 * text in it. Nothing is folded, cut or replaced: two different byte strings never become one name.
 */
export function decodeName(bytes: Uint8Array, collationId: number): string | undefined {
  if (isAscii(bytes)) return latin1(bytes)
  const charset = charsetOf(collationId)
  const decoder = decoderOf(charset.startsWith('utf8') || charset === 'binary' ? 'utf-8' : encodings[charset])
  try {
    return decoder?.decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Decodes text of the command phase, such as a query, in a character set of MySQL; bytes that are not text in it become
 * U+FFFD.
 */
export function decodeText(bytes: Uint8Array, charset: string): string {
  if (isAscii(bytes) || charset.startsWith('utf8'))
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  try {
    return decoderOf(encodings[charset])?.decode(bytes) ?? Buffer.from(bytes).toString()
  } catch {
    return Buffer.from(bytes).toString()
  }
}

const decoders = new Map<string, TextDecoder>()

function decoderOf(encoding: string | undefined): TextDecoder | undefined {
  if (encoding === undefined) return undefined
  let decoder = decoders.get(encoding)
  if (decoder === undefined) {
    decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
    decoders.set(encoding, decoder)
  }
  return decoder
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false
  return true
}
