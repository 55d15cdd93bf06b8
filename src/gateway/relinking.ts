/**
 * Gets a session that goes on another connection to a backend: in transaction mode it has one only while it needs one. To log in once more
 * takes the proof once more. Of that a digest is kept for the time of the session; a password in clear never is.
 */
import { FullAuthenticationWanted } from '../auth/from-digest.ts'
import { sha1, sha256, wipe } from '../auth/primitives.ts'
import { ClientError, MysqlError, receivedError } from '../errors/errors.ts'
import type { Signer } from '../machine/server-states.ts'
import { denialOf, noBackend } from './backend-errors.ts'
import type { Backend } from './backends.ts'
import { type Claim, noPassword, ownCredential, wishOf } from './claim.ts'
import type { Link } from './link.ts'
import { isPoolFull } from './pool.ts'
import type { Route } from './rules.ts'
import type { SessionState } from './session-state.ts'

export class Relinking {
  readonly #claim: Claim
  readonly #route: Route
  readonly #signer: Signer | undefined

  /** `signer` and `plugin` are those of the client's own proof; after: nothing of `signer` is held, but copies of it may be. */
  constructor(claim: Claim, route: Route, signer: Signer | undefined, plugin: string) {
    this.#claim = claim
    this.#route = route
    this.#signer = ownCredential(claim.rule) === undefined ? keptProof(signer, plugin) : noPassword
  }

  /** `false`: a session keeps the connection that it has. */
  get isPossible(): boolean {
    return this.#signer !== undefined
  }

  /** At the end of the session. */
  wipe(): void {
    if (this.#signer !== undefined) wipe(this.#signer.bytes)
  }

  /**
   * A link in the state of the session: to the backend that it had before, if that one is up and fits; without a promise where one lies ready.
   *
   * Throws, or rejects with: what the client is to be told.
   */
  link(state: SessionState, before: Backend | undefined): Link | Promise<Link> {
    const { backends } = this.#claim.gateway
    const same = before && backends.choose({ ...this.#route, backend: before.name })
    const backend = same ?? backends.choose(this.#route)
    if (backend === undefined) throw noBackend()
    const link = this.#acquire(backend, state)
    return link instanceof Promise ? link.catch((error) => this.#afterFailure(error, backend, state, 1)) : link
  }

  #acquire(backend: Backend, state: SessionState): Link | Promise<Link> {
    const { kind, bytes } = this.#signer ?? noPassword
    // A login that is under way when the session ends has to end with the right proof: a wrong one counts against this host.
    const copy = bytes.slice()
    const link = this.#claim.gateway.pool.acquire(wishOf(this.#claim, backend, { kind, bytes: copy }, state))
    return link instanceof Promise ? link.finally(() => wipe(copy)) : link
  }

  /** One that lay idle may have been lost without a word; another backend may be up where this one is not. */
  async #afterFailure(error: unknown, backend: Backend, state: SessionState, tries: number): Promise<Link> {
    const { login, record, rule, gateway } = this.#claim
    if (isPoolFull(error)) throw tooMany()
    if (error instanceof FullAuthenticationWanted) throw coldBackend()
    backend.onFailure(error)
    const provenBy = ownCredential(rule) === undefined ? 'its proof' : 'gateway'
    const outcome = denialOf(error, { provenBy, login, host: record.host })
    if (error instanceof MysqlError && error.code === unknownDatabase) state.database = undefined
    if (outcome.blame !== 'backend' || tries === mostTries) throw outcome.error
    const except = error instanceof ClientError && tries === 1 ? undefined : new Set([backend])
    const next = gateway.backends.choose(this.#route, except)
    if (next === undefined) throw outcome.error
    try {
      return await this.#acquire(next, state)
    } catch (again) {
      return await this.#afterFailure(again, next, state, tries + 1)
    }
  }
}

/** `undefined`: what is left of it would be the password itself. */
function keptProof(signer: Signer | undefined, plugin: string): Signer | undefined {
  if (signer === undefined || signer.bytes.length === 0) return noPassword
  if (signer.kind !== 'password') return { kind: signer.kind, bytes: signer.bytes.slice() }
  if (plugin === 'caching_sha2_password') return { kind: 'sha256', bytes: sha256(signer.bytes) }
  if (plugin === 'mysql_native_password') return { kind: 'sha1', bytes: sha1(signer.bytes) }
  return undefined
}

function tooMany(): MysqlError {
  return receivedError(
    1040,
    undefined,
    'Too many connections: none to a backend became free in time. The statement was not run; the session goes on',
  )
}

function coldBackend(): MysqlError {
  return receivedError(
    2003,
    'HY000',
    'The backend wants the password once more, which only a new login can give. The statement was not run',
  )
}

const mostTries = 3
const unknownDatabase = 1049
