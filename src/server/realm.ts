/**
 * Accounts, and what is known of them beside: digests that were learned, wrong passwords that were counted, decoys for those that
 * do not exist. A door has one of its own; a gateway may have another for each place that accounts come from, and what was learned in one is
 * never believed in another.
 */
import type { Account } from '../accounts/account.ts'
import { type DecoyModel, Decoys } from '../accounts/decoy.ts'
import { FailedLogins } from '../accounts/failed-logins.ts'
import { CheckRefused, type SecretChecker } from '../accounts/secret-checker.ts'
import type { AccountSource } from '../accounts/source.ts'
import { xor } from '../auth/primitives.ts'
import { isOwnCredential } from '../machine/exchanges.ts'
import type { Attempt, Proof } from '../machine/server-states.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { sourceKey } from './addresses.ts'
import { FastDigests } from './fast-digests.ts'
import type { Settings } from './settings.ts'

/** Accounts whose password passed full authentication and is remembered for the fast one. */
const fastDigestLimit = 100_000

export interface RealmOptions {
  readonly accounts: AccountSource
  readonly settings: Settings
  readonly secrets: SecretChecker
  /** 32 bytes that keep decoys the same across restarts. */
  readonly decoySecret: Uint8Array
  /** Whether a password that is right is handed on, for a backend that wants it. */
  readonly handsOnPasswords: boolean
}

export class Realm {
  readonly accounts: AccountSource
  readonly secrets: SecretChecker
  readonly fastDigests = new FastDigests(fastDigestLimit)
  readonly failedLogins = new FailedLogins()
  readonly #settings: Settings
  readonly #decoys: Decoys
  readonly #handsOnPasswords: boolean
  #decoyModel: DecoyModel

  constructor({ accounts, settings, secrets, decoySecret, handsOnPasswords }: RealmOptions) {
    this.accounts = accounts
    this.secrets = secrets
    this.#settings = settings
    this.#decoys = new Decoys(decoySecret)
    this.#decoyModel = this.#modelOfDecoys()
    this.#handsOnPasswords = handsOnPasswords
    settings.onChange('caching_sha2_password_digest_rounds', () => {
      this.fastDigests.clear()
      this.#decoyModel = this.#modelOfDecoys()
    })
  }

  /** The account that stands in for one that does not exist. */
  decoy(user: string, host: string): Account {
    const plugins = this.accounts.pluginCounts?.() ?? this.#decoyModel.plugins
    if (plugins !== this.#decoyModel.plugins) this.#decoyModel = { ...this.#decoyModel, plugins }
    return this.#decoys.account(user, host, this.#decoyModel)
  }

  /** What fast authentication goes by. */
  digestsOf(account: Account): readonly Uint8Array[] {
    // A backend that has forgotten the password counts a digest as a wrong one; where that would block the account, the password is asked for.
    if (this.#handsOnPasswords && account.failedLoginAttempts > 0) return []
    return this.fastDigests.of(account)
  }

  /** Accounts are read again, and everything learned about them is forgotten. */
  refresh(): void {
    if ('refresh' in this.accounts && typeof this.accounts.refresh === 'function') this.accounts.refresh()
    this.fastDigests.clear()
    this.failedLogins.clear()
  }

  /**
   * Judges a password that the plugin obtained, off the event loop. What passed once can authenticate fast from then on.
   * Wipes `secret`.
   */
  async judgeSecret(
    attempt: Attempt,
    secret: Uint8Array,
    form: 'clear' | 'sealed',
    record: ConnectionRecord,
  ): Promise<Proof> {
    const { nonce } = attempt
    const source = record.address === undefined ? 'localhost' : sourceKey(record.address)
    try {
      if (!this.#handsOnPasswords) return await this.#judge(attempt, secret, form, source)
      const clear = form === 'clear' ? secret : await this.#unsealed(secret, nonce, source)
      const end = passwordEnd(clear, form)
      if (clear === undefined || end === undefined) return malformed(clear)
      const password = Uint8Array.from(clear.subarray(0, end))
      const proof = await this.#judge(attempt, clear.subarray(0, end + 1), 'clear', source)
      clear.fill(0)
      if (proof.holds) return { ...proof, signer: { kind: 'password', bytes: password } }
      password.fill(0)
      return proof
    } catch (error) {
      if (error instanceof CheckRefused) return { holds: false, reason: error.reason, detail: error.message }
      throw error
    }
  }

  async #judge(attempt: Attempt, secret: Uint8Array, form: 'clear' | 'sealed', source: string): Promise<Proof> {
    const { candidate, nonce, plugin, authStrings, factor } = attempt
    const { account } = candidate
    const own = this.accounts.checkPassword?.bind(this.accounts)
    if (own !== undefined && !candidate.decoy) {
      const clear = form === 'clear' ? secret : await this.#unsealed(secret, nonce, source)
      return await judgeBy((password) => own(account, password, factor), clear, form)
    }
    const checked = await this.secrets.check({ authStrings, secret, form, nonce, source })
    if (checked.outcome === 'mismatch') {
      const reason = authStrings[0] === '' ? 'password-not-empty' : 'secret-mismatch'
      return { holds: false, reason, detail: undefined }
    }
    if (checked.outcome === 'malformed') return { holds: false, reason: checked.reason, detail: checked.why }
    if (plugin.name === 'caching_sha2_password' && isOwnCredential(attempt) && !candidate.decoy) {
      this.fastDigests.learn(account, checked.credential, checked.fastDigest)
    }
    return { holds: true, credential: checked.credential }
  }

  /** The clear password, NUL included; `undefined` when it was sealed with another key. */
  async #unsealed(secret: Uint8Array, nonce: Uint8Array, source: string): Promise<Uint8Array | undefined> {
    const masked = await this.secrets.open(secret, source)
    if (masked === undefined || masked.length === 0) return undefined
    const clear = xor(masked, nonce)
    masked.fill(0)
    return clear
  }

  #modelOfDecoys(): DecoyModel {
    const counts = this.accounts.pluginCounts?.()
    return {
      plugins: counts ?? new Map([[this.#settings.get('default_authentication_plugin'), 1]]),
      rounds: this.#settings.get('caching_sha2_password_digest_rounds'),
    }
  }
}

/** Asks an account source that judges passwords by itself. After: `clear` is wiped. */
async function judgeBy(
  check: (password: Uint8Array) => boolean | Promise<boolean>,
  clear: Uint8Array | undefined,
  form: 'clear' | 'sealed',
): Promise<Proof> {
  const end = passwordEnd(clear, form)
  if (clear === undefined || end === undefined) return malformed(clear)
  try {
    const right = await check(clear.subarray(0, end))
    return right === true
      ? { holds: true, credential: 0 }
      : { holds: false, reason: 'secret-mismatch', detail: undefined }
  } finally {
    clear.fill(0)
  }
}

/** As in the built-in check: a clear password ends in its only NUL, a sealed one at the first. */
function passwordEnd(clear: Uint8Array | undefined, form: 'clear' | 'sealed'): number | undefined {
  const end = clear?.indexOf(0) ?? -1
  return clear === undefined || end === -1 || (form === 'clear' && end < clear.length - 1) ? undefined : end
}

/** After: `clear` is wiped. */
function malformed(clear: Uint8Array | undefined): Proof {
  clear?.fill(0)
  const detail = 'a password that does not end in a NUL, or was sealed with another key'
  return { holds: false, reason: 'secret-malformed', detail }
}
