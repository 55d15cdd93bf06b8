/**
 * MySQL's stored credentials that are SHA-256 crypts: how they are written in `authentication_string`, and how a password
 * becomes one. Raw bytes 0x01-0x7f of salt stand in these strings as characters of the same number.
 *
 * | written by | format | characters |
 * |---|---|---|
 * | caching_sha2_password | `$A$`, thousands of rounds as 3 hex digits, `$`, 20 of salt, 43 of hash | 70 |
 * | sha256_password | `$5$`, 20 of salt, `$`, 43 of hash; always 5000 rounds | 67 |
 *
 * MySQL writes no `$5$rounds=N$`, and mysqld never made a salt with `$` in it. It would end the salt there, so that such
 * a string is no credential here. MySQL 9.7 can also write PBKDF2 (`$B$`), which is another algorithm.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/caching-sha2-pluggable-authentication.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { type CryptInput, cryptDigests, maxPasswordLength, saltLength } from './sha256-crypt-kernel.ts'

/** Rounds of every sha256_password credential. */
export const sha256PasswordRounds = 5000

/**
 * The most rounds that a stored credential may ask for. The format reaches 4,095,000, which is most of a second of
 * processor time for each attempt of anyone who knows the user name; this is a fifth of a second.
 */
export const maxStoredRounds = 1_000_000

export interface StoredCrypt {
  readonly rounds: number
  /** 20 bytes in 0x01-0x7f without `$`. */
  readonly salt: Uint8Array
  /** 43 characters of crypt's base 64. */
  readonly hash: string
}

/** Reads either format; `undefined` for anything else, the empty string included. */
export function parseStoredCrypt(authString: string): StoredCrypt | undefined {
  if (/^\$A\$[\dA-Fa-f]{3}\$/.test(authString) && authString.length === 70) {
    return storedCrypt(
      1000 * Number.parseInt(authString.slice(3, 6), 16),
      authString.slice(7, 27),
      authString.slice(27),
    )
  }
  if (authString.startsWith('$5$') && authString.length === 67 && authString[23] === '$') {
    return storedCrypt(sha256PasswordRounds, authString.slice(3, 23), authString.slice(24))
  }
  return undefined
}

/**
 * Writes the format of caching_sha2_password.
 *
 * Throws: `ConfigurationError` when `rounds` is not a multiple of 1000 up to `maxStoredRounds`, or the salt is unfit.
 */
export function formatCachingSha2({ rounds, salt, hash }: StoredCrypt): string {
  if (rounds % 1000 !== 0 || rounds < 1000 || rounds > maxStoredRounds) {
    throw new ConfigurationError(
      `${rounds} rounds cannot be stored: caching_sha2_password keeps thousands, from 1000 to ${maxStoredRounds}`,
    )
  }
  return `$A$${(rounds / 1000).toString(16).toUpperCase().padStart(3, '0')}$${saltText(salt)}${hash}`
}

/**
 * Writes the format of sha256_password.
 *
 * Throws: `ConfigurationError` when the salt is unfit, or `rounds` is not the 5000 that the format stands for.
 */
export function formatSha256Password({ rounds, salt, hash }: StoredCrypt): string {
  if (rounds !== sha256PasswordRounds) {
    throw new ConfigurationError(`${rounds} rounds cannot be stored: sha256_password has ${sha256PasswordRounds}`)
  }
  return `$5$${saltText(salt)}$${hash}`
}

/**
 * Computes the hash of one password; 43 characters of crypt's base 64.
 *
 * Blocks for about 0.2 µs a round: where logins wait, use `accounts/secret-checker.ts`.
 * Throws: `ConfigurationError` when the password has more than 256 bytes.
 */
export function sha256Crypt(password: Uint8Array, salt: Uint8Array, rounds: number): string {
  return sha256Crypts([{ password, salt }], rounds)[0] as string
}

/** The same for up to `batchSize` passwords at once; three or four cost less together than three alone. */
export function sha256Crypts(inputs: readonly CryptInput[], rounds: number): string[] {
  if (inputs.some(({ password }) => password.length > maxPasswordLength)) {
    throw new ConfigurationError(`a password has at most ${maxPasswordLength} bytes`)
  }
  return cryptDigests(inputs, rounds).map(cryptBase64)
}

function storedCrypt(rounds: number, salt: string, hash: string): StoredCrypt | undefined {
  const bytes = Uint8Array.from(salt, (character) => Math.min(character.charCodeAt(0), 0xff))
  // The last of the 43 characters stands for 4 bits: a hash never ends in another one.
  const wellFormed =
    isSalt(bytes) && /^[./\dA-Za-z]{42}[./\dA-D]$/.test(hash) && rounds > 0 && rounds <= maxStoredRounds
  return wellFormed ? { rounds, salt: bytes, hash } : undefined
}

function saltText(salt: Uint8Array): string {
  if (!isSalt(salt)) {
    throw new ConfigurationError(`the salt of a stored credential is ${saltLength} bytes in 0x01-0x7f without "$"`)
  }
  return String.fromCharCode(...salt)
}

function isSalt(salt: Uint8Array): boolean {
  return salt.length === saltLength && salt.every((byte) => byte > 0 && byte < 0x80 && byte !== dollar)
}

const dollar = 0x24

/** Base 64 with crypt's alphabet, least significant bits first, of the digest's bytes in crypt's own order. */
function cryptBase64(digest: Uint8Array): string {
  let text = ''
  for (let group = 0; group < 10; group++) {
    // Three bytes that lie ten apart; each group begins 21 further on, around the first 30 bytes.
    const [high, middle, low] = [0, 10, 20].map((distance) => digest[(group * 21 + distance) % 30] ?? 0) as Triple
    text += characters((high << 16) | (middle << 8) | low, 4)
  }
  return text + characters(((digest[31] ?? 0) << 8) | (digest[30] ?? 0), 3)
}

type Triple = [number, number, number]

function characters(bits: number, count: number): string {
  return Array.from({ length: count }, (_, index) => alphabet[(bits >> (6 * index)) & 63]).join('')
}

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
