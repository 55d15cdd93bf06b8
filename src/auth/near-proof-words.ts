/** Near proofs in words: what each deviation says of the client. */
import type { NearProof } from './near-proof.ts'
import { cutCharacters, cutLengths } from './password-variants.ts'

/** One clause, `the client hashed 21 bytes of the 20-byte nonce (the NUL behind it too)`; holds no secret. */
export function sayNearProof({ nonce, password, algorithm, masks }: NearProof): string {
  const said = [
    algorithm === 'right' ? undefined : (words.algorithm[algorithm] ?? `computed it by ${algorithm}`),
    nonce === 'right' ? undefined : `${masks ? 'masked the password with' : 'hashed'} ${words.nonce[nonce] ?? nonce}`,
    password === 'right' ? undefined : (words.password[password] ?? `gave the password as ${password}`),
  ].filter((part) => part !== undefined)
  if (said.length === 0) return 'the client proved the right password'
  const last = said.pop()
  return `the client ${said.length === 0 ? last : `${said.join(', ')} and ${last}`}`
}

const algorithm = {
  mysql_native_password: 'computed the scramble of mysql_native_password',
  caching_sha2_password: 'computed the scramble of caching_sha2_password',
  mysql_old_password: 'computed the scramble of mysql_old_password, from before MySQL 4.1',
  reversed: 'mixed nonce and digest in the wrong order',
  'mysql_native_password-reversed': 'computed the scramble of mysql_native_password, in the wrong order',
  'caching_sha2_password-reversed': 'computed the scramble of caching_sha2_password, in the wrong order',
  'empty-hashed': 'computed a scramble of no password instead of sending nothing',
  'nul-behind': 'sent a NUL behind the scramble',
  'cut-at-nul': 'sent the scramble only up to its first NUL, as if it were text',
  clear: 'sent the password in clear where that was not asked for',
  'without-nul': 'left out the NUL behind the password',
  masked: 'masked the password as for RSA, though it was to be sent in clear',
  unmasked: 'did not mask the password inside RSA with the nonce',
  'masked-once': 'masked only as many bytes of the password as the nonce has',
  'key-request': "asked for the server's RSA key where a password in clear was expected",
}

const nonce = {
  '21-bytes': '21 bytes of the 20-byte nonce (the NUL behind it too)',
  '8-bytes': 'only the first 8 bytes of the nonce',
  '19-bytes': 'only the first 19 bytes of the nonce',
  'without-trailing-nuls': 'the nonce without the NULs at its end',
  'until-nul': 'the nonce only up to its first NUL',
  ascii: 'the nonce as ASCII text, which its high bytes are not',
  'utf8-replaced': 'the nonce as UTF-8 text, which its high bytes are not',
  'utf8-encoded': 'the nonce with its high bytes turned into UTF-8',
  zeros: 'zeros instead of the nonce',
  none: 'no nonce at all',
  ...stale('greeting', 'the greeting'),
  ...stale('switch', 'another auth switch'),
  ...stale('change-user', 'another change of user'),
}

const cutAt = Object.fromEntries(
  cutLengths.map((length) => [`cut-at-${length}`, `used only the first ${length} bytes of the password`]),
)
const cutBefore = Object.fromEntries(
  Array.from(cutCharacters.values(), (name) => [
    `cut-before-${name}`,
    `cut the password before its first ${name.replace('-', ' ')}`,
  ]),
)

const password = {
  'trailing-newline': 'has a newline behind the password',
  'trailing-crlf': 'has a carriage return and a newline behind the password',
  'trailing-space': 'has a space behind the password',
  'leading-space': 'has a space before the password',
  trimmed: 'removed the blanks around the password',
  'percent-decoded': 'percent-decoded the password',
  'percent-encoded': 'percent-encoded the password',
  latin1: 'sent the password in latin-1 instead of UTF-8',
  cp1252: 'sent the password in windows-1252 instead of UTF-8',
  mojibake: 'encoded the password in UTF-8 twice',
  'question-marks': 'put question marks in the place of what is not ASCII in the password',
  'swapped-case': 'swapped the case of the password (Caps Lock)',
  'first-letter-case': "swapped the case of the password's first letter",
  'upper-case': 'wrote the password in upper case',
  'lower-case': 'wrote the password in lower case',
  'double-quoted': 'has the password in double quotes',
  'single-quoted': 'has the password in single quotes',
  unquoted: 'removed the quotes that belong to the password',
  'space-for-plus': 'took each "+" of the password for a space',
  'plus-for-space': 'wrote "+" for each space of the password',
  unescaped: 'took the backslashes of the password for escapes',
  escaped: 'doubled the backslashes of the password',
  nfc: 'composed the accents of the password (Unicode NFC)',
  nfd: 'decomposed the accents of the password (Unicode NFD)',
  'as-number': 'took the password for a number',
  ...cutAt,
  ...cutBefore,
  'without-last': 'left out the last byte of the password',
  'without-first': 'left out the first byte of the password',
  twice: 'has the password twice',
  'with-nul': 'counted the NUL behind the password as part of it',
  empty: 'gave no password',
  'user-name': 'gave the user name as the password',
  'stored-credential': 'gave the stored hash as the password',
}

/** What is said of each slug; the words for a nonce are the object of "hashed", or of "masked the password with". */
export const words: Readonly<Record<'nonce' | 'password' | 'algorithm', Readonly<Record<string, string>>>> = {
  nonce,
  password,
  algorithm,
}

function stale(of: string, whose: string): Record<string, string> {
  const instead = `the nonce of ${whose} instead of the one that it was last given`
  return { [`${of}-nonce`]: instead, [`${of}-nonce-21-bytes`]: `${instead}, and the NUL behind it too` }
}
