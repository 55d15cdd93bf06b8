/**
 * Finds out, after the verdict, what a client did that could not prove its password, or that got in but needed full authentication
 * because its scramble was wrong: genuine MySQL is silent about the latter, and a proxy that knows the scramble only refuses it. This
 * half says of which logins and when; `near-proof-clauses.ts` finds out.
 *
 * Nobody outside learns of it: the clause goes to the history and the log. It costs nearly the same for a stranger's account as
 * for a real one, happens a few times a second at most, and never in the turn of a login.
 */
import { type Account, accountName } from '../accounts/account.ts'
import { CheckRefused } from '../accounts/secret-checker.ts'
import { verifyFastDigest } from '../auth/caching-sha2-password.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { isOwnCredential } from '../machine/exchanges.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import type { Door } from './door.ts'
import { clauseOf } from './near-proof-clauses.ts'
import { ShownProof } from './shown-proof.ts'

export class NearProofs {
  readonly #door: Door
  readonly #waiting: {
    readonly shown: ShownProof
    readonly ended: EndedHandshake
    readonly greetingNonce: Uint8Array
  }[] = []
  /** What was tried in this second. */
  readonly #tried = new Set<string>()
  #second = 0
  #next: NodeJS.Immediate | undefined = undefined
  #busy = false
  #closed = false

  constructor(door: Door) {
    this.#door = door
  }

  /** For a login that begins; `undefined`: nothing is to be kept of it. */
  follow(): ShownProof | undefined {
    return this.#door.settings.get('saltgate_near_proofs') === 0 ? undefined : new ShownProof()
  }

  /** Takes over what a login showed, once its end is counted. After: it is wiped, or will be. */
  consider(shown: ShownProof | undefined, ended: EndedHandshake, greetingNonce: Uint8Array): void {
    if (shown === undefined) return
    if (this.#closed || !this.#isOfInterest(shown, ended) || !this.#mayTry(shown)) return shown.wipe()
    this.#waiting.push({ shown, ended, greetingNonce })
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    if (this.#next !== undefined) clearImmediate(this.#next)
    for (const { shown } of this.#waiting.splice(0)) shown.wipe()
  }

  #isOfInterest(
    { attempt, realm, holds, answers, secretForm }: ShownProof,
    { outcome, reason }: EndedHandshake,
  ): boolean {
    const [first] = answers
    if (attempt === undefined || first === undefined) return false
    if (outcome === 'refused') {
      // Nothing, or the NUL that says the same, needs no explanation.
      return !holds && !notJudged.has(reason) && (first.length > 1 || secretForm !== undefined || answers.length > 1)
    }
    const { plugin, candidate, nonce } = attempt
    if (plugin.name !== 'caching_sha2_password' || answers.length === 1 || !isOwnCredential(attempt)) return false
    const digests = realm?.fastDigests.of(candidate.account) ?? []
    return digests.length > 0 && !digests.some((digest) => verifyFastDigest(first, nonce, digest))
  }

  /** So many a second, and one of each account. */
  #mayTry({ attempt }: ShownProof): boolean {
    const second = Math.floor(this.#door.now() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#tried.clear()
    }
    const key = attempt === undefined ? '' : keyOf(attempt.login.user, attempt.candidate.account)
    const limit = this.#door.settings.get('saltgate_near_proofs')
    if (this.#tried.size >= limit || this.#waiting.length >= queueLimit || this.#tried.has(key)) return false
    this.#tried.add(key)
    return true
  }

  /** One after the other, each in a turn of its own. */
  #schedule(): void {
    if (this.#busy || this.#next !== undefined || this.#waiting.length === 0) return
    this.#next = setImmediate(() => {
      this.#next = undefined
      this.#busy = true
      this.#explainFirst().finally(() => {
        this.#busy = false
        this.#schedule()
      })
    })
  }

  async #explainFirst(): Promise<void> {
    const first = this.#waiting.shift()
    if (first === undefined) return
    const { shown, ended, greetingNonce } = first
    try {
      const explained = await clauseOf(shown, ended.outcome, greetingNonce)
      if (explained !== undefined) this.#door.registry.explained(ended, explained.clause, explained.near)
    } catch (error) {
      // The worker has better things to do, or is gone.
      if (error instanceof CheckRefused) return
      this.#door.log.error({ err: error, connection: ended.record.id }, 'explaining a proof failed')
    } finally {
      shown.wipe()
    }
  }
}

/** Reasons that say nothing of the proof. */
const notJudged: ReadonlySet<DenyReason | undefined> = new Set([
  'verifier-overloaded',
  'verifier-failed',
  'insecure-channel',
])

function keyOf(user: string, chosen: Account): string {
  return `${user}\0${accountName(chosen)}`
}

/** Waiting at a time; what they hold may be passwords. */
const queueLimit = 16
