/**
 * The server's side of one login, from greeting to verdict, and of one COM_CHANGE_USER.
 *
 * Bytes in, effects out: `step` takes one input and changes the state, `take` hands out what is to be done. The machine
 * does no I/O, reads no clock and draws no randomness, so that (policy, stranger, inputs) determine every byte it sends.
 *
 * - A pending decision is a state: while the account, the secret or the admission is being decided, a packet is a
 *   violation. Drivers hold bytes back as long as `wantsPacket` is false.
 * - `#refuse` is the only maker of ERR, and it ends the machine. `#accept` is the only maker of OK.
 * - An account that does not exist is played to the end with a decoy, and then refused like a wrong password.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { Account } from '../accounts/account.ts'
import type { Channel, ServerDialogue, Verdict } from '../auth/plugin.ts'
import type { ServerErrorSymbol } from '../errors/codes.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { MalformedPacket, MysqlError } from '../errors/errors.ts'
import { encodeAuthMoreData } from '../packets/auth-more-data.ts'
import { capability, has } from '../packets/capabilities.ts'
import { encodeErr } from '../packets/err.ts'
import {
  type Asked,
  encodeQuestion,
  encodeRelayed,
  firstExchange,
  followUp,
  fullExchange,
  holding,
  isOwnCredential,
  type Surroundings,
} from './exchanges.ts'
import type { Login } from './login.ts'
import { type BackendOk, encodeLoginOk, ownOk } from './login-ok.ts'
import type { PhaseName } from './phases.ts'
import { publicError } from './public-error.ts'
import { greetingOf, readChangeUser, readFirst, readOverTls, type Said } from './said-login.ts'
import {
  type Attempt,
  type Candidate,
  type HoldingProof,
  type LoginPolicy,
  type Proof,
  phaseOf,
  type RelayedPacket,
  type ServerEffect,
  type ServerInput,
  type ServerState,
  type Stranger,
} from './server-states.ts'

type AwaitBackend = ServerState & { readonly at: 'await-backend' }

/** More rounds than any plugin needs; a dialogue that goes on longer is broken. */
const maxRounds = 16

export class ServerHandshake {
  readonly #policy: LoginPolicy
  readonly #stranger: Stranger
  #channel: Channel
  #state: ServerState = { at: 'await-start' }
  #effects: ServerEffect[] = []
  /** The id that the next packet, of either side, must carry. */
  #sequenceId = 0
  /** The greeting's nonce until a proof was computed over it. */
  #greetingNonce: Uint8Array
  /** COM_CHANGE_USER instead of a first login. */
  readonly again: boolean
  /** The client's capabilities as far as it has said; decide the form of an ERR. */
  #capabilities: number = capability.PROTOCOL_41

  private constructor(policy: LoginPolicy, stranger: Stranger, nonce: Uint8Array, again: boolean) {
    this.#policy = policy
    this.#stranger = stranger
    this.#channel = stranger.channel
    this.#greetingNonce = nonce
    this.again = again
  }

  /**
   * Starts a login: the greeting is the first effect.
   *
   * Units: `nonce` is 20 bytes, each in 0x01-0x7f and not `$`.
   * After: `await-login`.
   */
  static greet(policy: LoginPolicy, stranger: Stranger, nonce: Uint8Array): ServerHandshake {
    const machine = new ServerHandshake(policy, stranger, nonce, false)
    machine.#send(greetingOf(policy, stranger, nonce))
    machine.#state = { at: 'await-login' }
    return machine
  }

  /**
   * Starts the new login of a COM_CHANGE_USER. `previous` is the login that the connection came in with; `greetingNonce`
   * serves only clients without CLIENT_PLUGIN_AUTH, which cannot be told another one.
   *
   * After: `await-account`, or `refused` when the packet does not decode.
   */
  static changeUser(
    policy: LoginPolicy,
    stranger: Stranger,
    previous: Login,
    greetingNonce: Uint8Array,
    packet: { readonly payload: Uint8Array; readonly sequenceId: number },
  ): ServerHandshake {
    const machine = new ServerHandshake(policy, stranger, greetingNonce, true)
    machine.#capabilities = previous.capabilities
    machine.#sequenceId = (packet.sequenceId + 1) & 0xff
    machine.#state = machine.#guarded(() => machine.#onSaid(readChangeUser(packet.payload, previous)))
    return machine
  }

  get state(): ServerState {
    return this.#state
  }

  /** A COM_CHANGE_USER begins in the phase that it interrupts. */
  get phase(): PhaseName {
    const { at } = this.#state
    return at === 'await-start' && this.again ? 'ready' : phaseOf[at]
  }

  get channel(): Channel {
    return this.#channel
  }

  /** The id that the next packet, of either side, must carry. */
  get sequenceId(): number {
    return this.#sequenceId
  }

  /** Whether a packet may be given to `step` now. */
  get wantsPacket(): boolean {
    const { at } = this.#state
    return (
      at === 'await-login' ||
      at === 'await-login-over-tls' ||
      at === 'await-switch-answer' ||
      at === 'await-auth-answer' ||
      at === 'await-relayed-answer'
    )
  }

  get #surroundings(): Surroundings {
    return {
      channel: this.#channel,
      policy: this.#policy,
      again: this.again,
      greetingNonce: this.#greetingNonce,
    }
  }

  /** Takes one input and moves the state. Never throws: what the peer did wrong ends in `refused`. */
  step(input: ServerInput): void {
    if (this.#state.at === 'ready' || this.#state.at === 'refused') return
    this.#state = this.#guarded(() => this.#next(this.#state, input))
  }

  /** Hands out the effects since the last call, in order. */
  take(): ServerEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #next(state: ServerState, input: ServerInput): ServerState {
    switch (input.is) {
      case 'packet':
        return this.#onPacket(state, input.payload, input.sequenceId)
      case 'tls-established':
        if (state.at !== 'await-tls') return this.#outOfTurn('TLS')
        this.#channel = 'tls'
        return { at: 'await-login-over-tls', request: state.request }
      case 'tls-failed':
        return this.#refuse('tls-failed', { detail: input.detail })
      case 'account':
        if (state.at !== 'await-account') return this.#outOfTurn('account')
        return this.#onAccount(state.login, state.answer, input.candidate, input.nonces)
      case 'secret-checked':
        if (state.at !== 'await-secret-check') return this.#outOfTurn('secret')
        return this.#onProof(state.attempt, input.proof)
      case 'admitted':
        if (state.at !== 'await-admission' || !state.proof.holds || state.attempt.candidate.decoy) {
          return this.#outOfTurn('admitted')
        }
        return this.#onAdmitted(state.attempt, state.proof, input.statusFlags)
      case 'relay': {
        if (state.at !== 'await-account') return this.#outOfTurn(input.is)
        const { login } = state
        return this.#openBackend({ login, account: input.account })
      }
      case 'backend-asks':
        return state.at === 'await-backend'
          ? this.#relay(state, input.packet, input.answered)
          : this.#outOfTurn(input.is)
      case 'backend-wants-password':
        return state.at === 'await-backend' ? this.#askPassword(state) : this.#outOfTurn(input.is)
      case 'backend-ready':
        return state.at === 'await-backend' ? this.#onBackendReady(state, input.ok) : this.#outOfTurn(input.is)
      case 'denied':
      case 'abort':
        // The header of a packet that is too large was read, and counts: the client takes no answer with another id.
        if (input.reason === 'packet-too-large') this.#sequenceId = (this.#sequenceId + 1) & 0xff
        return this.#refuse(input.reason, input)
      case 'deadline':
        return this.#refuse('login-timeout', {})
      case 'ended':
        return this.#refuse('client-gone', {})
    }
  }

  #onPacket(state: ServerState, payload: Uint8Array, sequenceId: number): ServerState {
    if (sequenceId !== this.#sequenceId) {
      return this.#refuse('out-of-order', { detail: `sequence id ${sequenceId} instead of ${this.#sequenceId}` })
    }
    this.#sequenceId = (sequenceId + 1) & 0xff
    switch (state.at) {
      case 'await-login':
        return this.#onSaid(readFirst(payload, this.#policy))
      case 'await-login-over-tls':
        return this.#onSaid(readOverTls(payload, state.request, this.#policy))
      case 'await-switch-answer':
        return this.#startDialogue(state.attempt, payload)
      case 'await-auth-answer':
        if (state.round >= maxRounds) return this.#refuse('malformed-packet', { detail: 'the exchange does not end' })
        return this.#onTurn(state.attempt, state.dialogue, state.round + 1, state.dialogue.next(payload))
      case 'await-relayed-answer': {
        const { login, account } = state
        this.#effects.push({ do: 'relay-answer', answer: payload.slice() })
        return { at: 'await-backend', login, account }
      }
      default:
        return this.#refuse('malformed-packet', { detail: `a packet in phase ${phaseOf[state.at]}` })
    }
  }

  #onSaid(said: Said): ServerState {
    switch (said.is) {
      case 'tls-request':
        this.#effects.push({ do: 'start-tls' })
        return { at: 'await-tls', request: said.request }
      case 'pre-4.1':
        this.#capabilities = 0
        return this.#refuse(said.reason, said)
      case 'nonsense':
        return this.#refuse(said.reason, said)
      case 'login': {
        const { judged, answer } = said
        if ('refused' in judged) return this.#refuse(judged.refused, judged)
        const { login } = judged
        this.#effects.push({ do: 'find-account', login })
        return { at: 'await-account', login, answer }
      }
    }
  }

  #onAccount(login: Login, answer: Uint8Array, candidate: Candidate, nonces: Uint8Array): ServerState {
    const exchange = firstExchange(login, candidate, nonces, this.#surroundings)
    if (exchange.by === 'nothing') return this.#refuse(exchange.reason, { ...exchange, values: [exchange.plugin] })
    return exchange.by === 'first-answer' ? this.#startDialogue(exchange.attempt, answer) : this.#askProof(exchange)
  }

  #askProof(asked: Asked): ServerState {
    this.#send(encodeQuestion(asked))
    return { at: 'await-switch-answer', attempt: asked.attempt }
  }

  #startDialogue(asked: Attempt, answer: Uint8Array): ServerState {
    const { plugin, nonce, authStrings, candidate } = asked
    const dialogue = plugin.server({
      answer,
      nonce,
      channel: this.#channel,
      authStrings,
      fastDigests: isOwnCredential(asked) ? candidate.fastDigests : [],
      publicKey: this.#policy.publicKey,
      recover: this.#policy.hasBackend,
    })
    const usedPassword = asked.usedPassword || answer.length > 1 || (answer.length === 1 && answer[0] !== 0)
    return this.#onTurn({ ...asked, usedPassword }, dialogue, 1, dialogue.next())
  }

  #onTurn(
    attempt: Attempt,
    dialogue: ServerDialogue,
    round: number,
    turn: IteratorResult<Uint8Array, Verdict>,
  ): ServerState {
    if (!turn.done) {
      this.#send(encodeAuthMoreData({ data: turn.value }))
      return { at: 'await-auth-answer', attempt, dialogue, round }
    }
    const verdict = turn.value
    switch (verdict.verdict) {
      case 'accept':
        return this.#onProof(attempt, holding(verdict, attempt.plugin))
      case 'deny':
        return this.#onProof(attempt, { holds: false, reason: verdict.reason, detail: undefined })
      case 'check-secret':
        this.#effects.push({ do: 'check-secret', attempt, secret: verdict.secret, form: verdict.form })
        return { at: 'await-secret-check', attempt }
    }
  }

  #onProof(attempt: Attempt, proof: Proof): ServerState {
    const next = followUp(attempt, proof, this.#surroundings)
    // A backend may still want the password itself, and the client be asked for it.
    if (proof.holds && ('by' in next || !this.#policy.hasBackend)) this.#sayLast(proof)
    if ('by' in next) return this.#askProof(next)
    this.#effects.push({ do: 'admit', attempt, proof: next })
    return { at: 'await-admission', attempt, proof: next }
  }

  #onAdmitted(attempt: Attempt, proof: HoldingProof, statusFlags: number): ServerState {
    const { login, candidate, plugin } = attempt
    const { account } = candidate
    if (this.#policy.hasBackend) return this.#openBackend({ login, account, own: { attempt, proof } })
    return this.#accept(login, account, plugin.name, ownOk(login, statusFlags))
  }

  #openBackend(session: Omit<AwaitBackend, 'at'>): ServerState {
    this.#effects.push({ do: 'open-backend', ...session })
    return { at: 'await-backend', ...session }
  }

  #relay({ login, account }: AwaitBackend, packet: RelayedPacket, answered: boolean): ServerState {
    this.#send(encodeRelayed(packet))
    return { at: answered ? 'await-relayed-answer' : 'await-backend', login, account }
  }

  #askPassword({ own }: AwaitBackend): ServerState {
    const dialogue = own && fullExchange(own.attempt, this.#surroundings)
    if (own === undefined || dialogue === undefined) return this.#outOfTurn('a wish for the password')
    return this.#onTurn(own.attempt, dialogue, 1, dialogue.next())
  }

  #onBackendReady({ login, account, own }: AwaitBackend, ok: BackendOk): ServerState {
    if (own !== undefined) this.#sayLast(own.proof)
    return this.#accept(login, account, own?.attempt.plugin.name ?? '', ok)
  }

  /** The one maker of OK. */
  #accept(login: Login, account: Account, pluginName: string, ok: BackendOk): ServerState {
    this.#send(encodeLoginOk(ok, login))
    return { at: 'ready', login, account, pluginName }
  }

  #sayLast({ last }: HoldingProof): void {
    if (last !== undefined) this.#send(encodeAuthMoreData({ data: last }))
  }

  #outOfTurn(what: string): ServerState {
    return this.#refuse('verifier-failed', { detail: `${what} in state ${this.#state.at}` })
  }

  /**
   * Refuses: writes the public error and ends the machine in one act, and stops a running dialogue so that its
   * `finally` can wipe secrets. Inside the TLS handshake nothing is written: it would be neither TLS nor MySQL.
   */
  #refuse(
    reason: DenyReason,
    what: {
      readonly error?: MysqlError
      readonly symbol?: ServerErrorSymbol
      readonly values?: readonly string[]
      readonly detail?: string
    },
  ): ServerState {
    const during = this.phase
    const state = this.#state
    if (state.at === 'await-auth-answer') state.dialogue.return({ verdict: 'deny', reason })
    if (state.at === 'await-backend' && state.own !== undefined) this.#sayLast(state.own.proof)
    else if (state.at === 'await-admission' && state.proof.holds && this.#policy.hasBackend) this.#sayLast(state.proof)
    const error = what.error ?? publicError(reason, state, this.#stranger.host, what.symbol, what.values)
    if (error !== undefined && (state.at !== 'await-tls' || reason === 'plaintext-before-tls')) {
      const sqlState = has(this.#capabilities, capability.PROTOCOL_41) ? error.sqlState : undefined
      this.#send(encodeErr({ code: error.code, sqlState, message: error.message }))
    }
    this.#effects.push({ do: 'close' })
    return { at: 'refused', error, reason, during, detail: what.detail }
  }

  /** Runs one transition; a violation of the protocol becomes `refused` here and nowhere else. */
  #guarded(transition: () => ServerState): ServerState {
    try {
      return transition()
    } catch (cause) {
      if (cause instanceof MalformedPacket) {
        const symbol = this.again ? 'ER_UNKNOWN_COM_ERROR' : undefined
        return this.#refuse('malformed-packet', { ...(symbol && { symbol }), detail: cause.message })
      }
      if (cause instanceof MysqlError) return this.#refuse('malformed-packet', { detail: cause.message })
      // A defect of ours or of a plugin: fail closed, and keep the text out of the wire.
      return this.#refuse('verifier-failed', {
        detail: cause instanceof Error ? cause.message : 'a throw that is no Error',
      })
    }
  }

  #send(payload: Uint8Array): void {
    this.#effects.push({ do: 'send', payload, sequenceId: this.#sequenceId })
    this.#sequenceId = (this.#sequenceId + 1) & 0xff
  }
}
