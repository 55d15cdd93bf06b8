/**
 * Accounts for users that do not exist, so that a stranger cannot tell a wrong name from a wrong password: the login of an
 * unknown user plays the whole exchange against a decoy and fails at its end.
 *
 * A decoy is a keyed hash of user and host: it has the same plugin and the same credential at every attempt, in every
 * process that shares the secret, and after a restart (mysqld's decoys change there). Over many names the plugins are
 * spread like those of the real accounts, and a change in that spread changes as few decoys as possible.
 */
import { createHmac, createPrivateKey, createPublicKey } from 'node:crypto'
import { plugins } from '../auth/plugins.ts'
import { refusals } from '../auth/refused-plugins.ts'
import { formatCachingSha2, formatSha256Password, sha256PasswordRounds } from '../auth/sha256-crypt.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { Account } from './account.ts'
import { defaults } from './defaults.ts'

/** What decoys imitate. Pass the same object until it changes: another one forgets the decoys that are kept. */
export interface DecoyModel {
  /**
   * As `AccountSource.pluginCounts`: plugin, or alternatives -> how many real accounts have it. Plugins that ask for no
   * proof have no decoys and are passed over.
   */
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
    const [first, ...others] = this.#draw(key, model.plugins)
      .split(' OR ')
      .filter(isImitated)
      .map((plugin) => ({ plugin, authString: this.#credential(key, plugin, model.rounds) }))
    return { ...defaults, user, ...first, alternatives: others, passwordLifetimeDays: 0 }
  }

  /**
   * Weighted rendezvous hashing: each plugin arrives after an exponentially distributed time whose rate is its weight, and
   * the first one wins. A name changes its plugin only when the winner's share shrinks or another's grows.
   */
  #draw(key: string, plugins: ReadonlyMap<string, number>): string {
    let first = 'caching_sha2_password'
    let earliest = Number.POSITIVE_INFINITY
    for (const [plugin, weight] of plugins) {
      if (weight <= 0 || !plugin.split(' OR ').some(isImitated)) continue
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
    const salt = this.#derive('salt', key).subarray(0, 20).map(saltByte)
    switch (plugin) {
      case 'mysql_native_password':
        return `*${hash.toString('hex', 0, 20).toUpperCase()}`
      case 'sha256_password':
        return formatSha256Password({ salt, hash: cryptText(hash), rounds: sha256PasswordRounds })
      case 'ed25519':
        return publicKey(hash)
      case 'parsec':
        return `P0:${Buffer.from(salt.subarray(0, 18)).toString('base64')}:${publicKey(hash)}`
      default:
        return formatCachingSha2({ salt, hash: cryptText(hash), rounds })
    }
  }

  #derive(purpose: string, key: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${purpose}\0${key}`).digest()
  }
}

/** Whether a plugin asks for a proof, and so can fail like a real account's. */
function isImitated(plugin: string): boolean {
  return plugins.has(plugin) && !refusals.has(plugin)
}

/** The public key of a seed, in base64 without padding: a point like any other, so that checking a proof takes as long. */
function publicKey(seed: Uint8Array): string {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = createPrivateKey({ key: Buffer.concat([head, seed]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return x.replaceAll('-', '+').replaceAll('_', '/')
}

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
