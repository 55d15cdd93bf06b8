/**
 * Accounts for users that do not exist, so that a stranger cannot tell a wrong name from a wrong password: the login of an
 * unknown user plays the whole exchange against a decoy and fails at its end.
 *
 * A decoy is a keyed hash of user and host: it has the same plugin and the same credential at every attempt, in every
 * process that shares the secret, and after a restart (mysqld's decoys change there). Over many names the plugins are
 * spread like those of the real accounts, and a change in that spread changes as few decoys as possible.
 */
import { createHmac } from 'node:crypto'
import { formatCachingSha2, formatSha256Password, sha256PasswordRounds } from '../auth/sha256-crypt.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { Account } from './account.ts'
import { defaults } from './defaults.ts'

/** What decoys imitate. Pass the same object until it changes: another one forgets the decoys that are kept. */
export interface DecoyModel {
  /** Plugin -> how many real accounts have it. Plugins that ask for no proof have no decoys and are passed over. */
  readonly plugins: ReadonlyMap<string, number>
  /** caching_sha2_password_digest_rounds, so that refusing costs the work that a wrong password costs. */
  readonly rounds: number
}

export class Decoys {
  readonly #secret: Uint8Array
  readonly #limit: number
  /**
   * Two generations instead of one list in order of use: deleting from a Map and adding to it at each login costs more than
   * the login's own look-up.
   */
  #recent = new Map<string, Account>()
  #older = new Map<string, Account>()
  #model: DecoyModel | undefined

  /**
   * Units: `secret` is 32 bytes, random, kept with the accounts; `limit` is how many decoys are kept.
   *
   * Throws: `ConfigurationError` for a secret of another length.
   */
  constructor(secret: Uint8Array, limit = 10_000) {
    if (secret.length !== 32) throw new ConfigurationError(`the decoy secret has ${secret.length} bytes instead of 32`)
    this.#secret = Uint8Array.from(secret)
    this.#limit = limit
  }

  /** The decoy of a user from a client host (name or address). It never has an empty password, and no password is its. */
  account(user: string, host: string, model: DecoyModel): Account {
    if (model !== this.#model) {
      this.#recent.clear()
      this.#older.clear()
      this.#model = model
    }
    const key = `${user}\0${host}`
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const decoy = this.#older.get(key) ?? this.#make(user, key, model)
    // No account has a longer name, so it need not cost the same; and what strangers can make us keep stays small.
    if (user.length > 32) return decoy
    if (this.#recent.size >= this.#limit / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(key, decoy)
    return decoy
  }

  #make(user: string, key: string, model: DecoyModel): Account {
    const plugin = this.#draw(key, model.plugins)
    const authString = this.#credential(key, plugin, model.rounds)
    return { ...defaults, user, plugin, authString, passwordLifetimeDays: 0 }
  }

  /**
   * Weighted rendezvous hashing: each plugin arrives after an exponentially distributed time whose rate is its weight, and
   * the first one wins. A name changes its plugin only when the winner's share shrinks or another's grows.
   */
  #draw(key: string, plugins: ReadonlyMap<string, number>): string {
    let first = 'caching_sha2_password'
    let earliest = Number.POSITIVE_INFINITY
    for (const [plugin, weight] of plugins) {
      if (!imitated.has(plugin) || weight <= 0) continue
      const uniform = (this.#derive(`plugin ${plugin}`, key).readUIntBE(0, 6) + 0.5) / 2 ** 48
      const arrival = -Math.log(uniform) / weight
      if (arrival < earliest) {
        earliest = arrival
        first = plugin
      }
    }
    return first
  }

  #credential(key: string, plugin: string, rounds: number): string {
    const hash = this.#derive('hash', key)
    if (plugin === 'mysql_native_password') return `*${hash.toString('hex', 0, 20).toUpperCase()}`
    const crypt = { salt: this.#derive('salt', key).subarray(0, 20).map(saltByte), hash: cryptText(hash) }
    return plugin === 'sha256_password'
      ? formatSha256Password({ ...crypt, rounds: sha256PasswordRounds })
      : formatCachingSha2({ ...crypt, rounds })
  }

  #derive(purpose: string, key: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${purpose}\0${key}`).digest()
  }
}

/** The plugins that prove by a scramble or by the password, and so can fail like a real account. */
const imitated: ReadonlySet<string> = new Set([
  'caching_sha2_password',
  'sha256_password',
  'mysql_native_password',
  'mysql_clear_password',
])

/** 0x01-0x7f without `$`. */
function saltByte(byte: number): number {
  const value = 1 + (byte % 126)
  return value < 0x24 ? value : value + 1
}

/** 43 characters of crypt's base64; the last one carries four bits. */
function cryptText(hash: Buffer): string {
  const text = hash.toString('base64url').replaceAll('-', '.').replaceAll('_', '/')
  return text.slice(0, 42) + './0123456789ABCD'.charAt((hash[31] as number) & 15)
}
