/**
 * The server's side of one login, from greeting to verdict, and of one COM_CHANGE_USER.
 *
 * Bytes in, effects out: `step` takes one input and changes the state, `take` hands out what is to be done. The machine
 * does no I/O, reads no clock and draws no randomness, so that (policy, stranger, inputs) determine every byte it sends.
 *
 * - A pending decision is a state: while the account, the secret or the admission is being decided, a packet is a
 *   violation. Drivers hold bytes back as long as `wantsPacket` is false.
 * - `#refuse` is the only maker of ERR, and it ends the machine. `#onAdmitted` is the only maker of OK.
 * - An account that does not exist is played to the end with a decoy, and then refused like a wrong password.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { Channel, ServerDialogue, Verdict } from '../auth/plugin.ts'
import type { ServerErrorSymbol } from '../errors/codes.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { MalformedPacket, MysqlError } from '../errors/errors.ts'
import { encodeAuthMoreData } from '../packets/auth-more-data.ts'
import { encodeAuthNextFactor } from '../packets/auth-next-factor.ts'
import { encodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeComChangeUser } from '../packets/com-change-user.ts'
import { encodeErr } from '../packets/err.ts'
import { decodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { encodeHandshakeV10 } from '../packets/handshake-v10.ts'
import { encodeOk } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'
import { decodeSslRequest, type SslRequest } from '../packets/ssl-request.ts'
import {
  type Asked,
  dataOf,
  firstExchange,
  followUp,
  isOwnCredential,
  type Surroundings,
  withNul,
} from './exchanges.ts'
import { type JudgedLogin, judgeLogin, type Login } from './login.ts'
import { changedSince, preludeOf } from './login-prelude.ts'
import type { PhaseName } from './phases.ts'
import { publicError } from './public-error.ts'
import {
  type Attempt,
  type Candidate,
  type LoginPolicy,
  type Proof,
  phaseOf,
  type ServerEffect,
  type ServerInput,
  type ServerState,
  type Stranger,
} from './server-states.ts'

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
  readonly #again: boolean
  /** The client's capabilities as far as it has said; decide the form of an ERR. */
  #capabilities: number = capability.PROTOCOL_41

  private constructor(policy: LoginPolicy, stranger: Stranger, nonce: Uint8Array, again: boolean) {
    this.#policy = policy
    this.#stranger = stranger
    this.#channel = stranger.channel
    this.#greetingNonce = nonce
    this.#again = again
  }

  /**
   * Starts a login: the greeting is the first effect.
   *
   * Units: `nonce` is 20 bytes, each in 0x01-0x7f and not `$`.
   * After: `await-login`.
   */
  static greet(policy: LoginPolicy, stranger: Stranger, nonce: Uint8Array): ServerHandshake {
    const machine = new ServerHandshake(policy, stranger, nonce, false)
    machine.#send(
      encodeHandshakeV10({
        serverVersion: policy.serverVersion,
        connectionId: stranger.connectionId,
        authPluginData: withNul(nonce),
        capabilities: policy.capabilities,
        collationId: policy.collationId & 0xff,
        statusFlags: serverStatus.AUTOCOMMIT,
        mariadbCapabilities: 0,
        authPluginName: policy.defaultPlugin.name,
      }),
    )
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
    machine.#state = machine.#guarded(() => machine.#onChangeUser(packet.payload, previous))
    return machine
  }

  get state(): ServerState {
    return this.#state
  }

  /** A COM_CHANGE_USER begins in the phase that it interrupts. */
  get phase(): PhaseName {
    const { at } = this.#state
    return at === 'await-start' && this.#again ? 'ready' : phaseOf[at]
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
      at === 'await-auth-answer'
    )
  }

  get #surroundings(): Surroundings {
    return {
      channel: this.#channel,
      policy: this.#policy,
      again: this.#again,
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
        if (state.at !== 'await-tls') return this.#refuse('verifier-failed', { detail: `TLS in state ${state.at}` })
        this.#channel = 'tls'
        return { at: 'await-login-over-tls', request: state.request }
      case 'tls-failed':
        return this.#refuse('tls-failed', { detail: input.detail })
      case 'account':
        if (state.at !== 'await-account')
          return this.#refuse('verifier-failed', { detail: `account in state ${state.at}` })
        return this.#onAccount(state.login, state.answer, input.candidate, input.nonces)
      case 'secret-checked':
        if (state.at !== 'await-secret-check') {
          return this.#refuse('verifier-failed', { detail: `secret in state ${state.at}` })
        }
        return this.#onProof(state.attempt, input.proof)
      case 'admitted':
        if (state.at !== 'await-admission' || !state.proof.holds || state.attempt.candidate.decoy) {
          return this.#refuse('verifier-failed', { detail: `admitted in state ${state.at}` })
        }
        return this.#onAdmitted(state.attempt, input.statusFlags)
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
        return this.#onLogin(payload)
      case 'await-login-over-tls':
        return this.#onLoginOverTls(payload, state.request)
      case 'await-switch-answer':
        return this.#startDialogue(state.attempt, payload)
      case 'await-auth-answer':
        if (state.round >= maxRounds) return this.#refuse('malformed-packet', { detail: 'the exchange does not end' })
        return this.#onTurn(state.attempt, state.dialogue, state.round + 1, state.dialogue.next(payload))
      default:
        return this.#refuse('malformed-packet', { detail: `a packet in phase ${phaseOf[state.at]}` })
    }
  }

  #onLogin(payload: Uint8Array): ServerState {
    const prelude = preludeOf(payload)
    if (prelude.form === 'pre-4.1') {
      this.#capabilities = 0
      // Measured on 9.7: a short one is a bad handshake, a long one an old client; neither gets an SQLSTATE.
      return this.#refuse(payload.length > 64 ? 'no-plugin-auth' : 'malformed-packet', {
        detail: 'a login from before 4.1',
      })
    }
    if (has(prelude.capabilities, capability.SSL) && has(this.#policy.capabilities, capability.SSL)) {
      const request = decodeSslRequest(payload)
      this.#effects.push({ do: 'start-tls' })
      return { at: 'await-tls', request }
    }
    return this.#onResponse(payload, prelude.capabilities)
  }

  #onLoginOverTls(payload: Uint8Array, request: SslRequest): ServerState {
    const detail = changedSince(request, payload)
    if (detail !== undefined) return this.#refuse('malformed-packet', { detail })
    return this.#onResponse(payload, request.capabilities)
  }

  #onResponse(payload: Uint8Array, capabilities: number): ServerState {
    const response = decodeHandshakeResponse41(payload)
    const login = judgeLogin({ ...response, capabilities: (capabilities & this.#policy.capabilities) >>> 0 })
    return this.#askAccount(login, response.authAnswer)
  }

  #onChangeUser(payload: Uint8Array, previous: Login): ServerState {
    const packet = decodeComChangeUser(payload, previous.capabilities)
    const { collationId, authPluginName } = packet
    const wantsPlugin = has(previous.capabilities, capability.PLUGIN_AUTH)
    if (collationId === undefined || (wantsPlugin && authPluginName === undefined)) {
      return this.#refuse('malformed-packet', {
        symbol: 'ER_UNKNOWN_COM_ERROR',
        detail: 'COM_CHANGE_USER lacks a field',
      })
    }
    const { capabilities, maxPacketSize, zstdLevel } = previous
    const login = judgeLogin({ ...packet, collationId, capabilities, maxPacketSize, zstdLevel })
    return this.#askAccount(login, packet.authAnswer)
  }

  #askAccount(judged: JudgedLogin, answer: Uint8Array): ServerState {
    if ('refused' in judged) return this.#refuse(judged.refused, judged)
    const { login } = judged
    this.#effects.push({ do: 'find-account', login })
    return { at: 'await-account', login, answer: answer.slice() }
  }

  #onAccount(login: Login, answer: Uint8Array, candidate: Candidate, nonces: Uint8Array): ServerState {
    const exchange = firstExchange(login, candidate, nonces, this.#surroundings)
    if (exchange.by === 'nothing') return this.#refuse(exchange.reason, { ...exchange, values: [exchange.plugin] })
    return exchange.by === 'first-answer' ? this.#startDialogue(exchange.attempt, answer) : this.#askProof(exchange)
  }

  #askProof({ by, attempt }: Asked): ServerState {
    const encode = by === 'next-factor' ? encodeAuthNextFactor : encodeAuthSwitchRequest
    this.#send(encode({ authPluginName: attempt.plugin.name, authPluginData: dataOf(attempt) }))
    return { at: 'await-switch-answer', attempt }
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
        if (verdict.last !== undefined) this.#send(encodeAuthMoreData({ data: verdict.last }))
        return this.#onProof(attempt, { holds: true, credential: verdict.credential })
      case 'deny':
        return this.#onProof(attempt, { holds: false, reason: verdict.reason, detail: undefined })
      case 'check-secret':
        this.#effects.push({ do: 'check-secret', attempt, secret: verdict.secret, form: verdict.form })
        return { at: 'await-secret-check', attempt }
    }
  }

  #onProof(attempt: Attempt, proof: Proof): ServerState {
    const next = followUp(attempt, proof, this.#surroundings)
    if ('by' in next) return this.#askProof(next)
    this.#effects.push({ do: 'admit', attempt, proof: next })
    return { at: 'await-admission', attempt, proof: next }
  }

  #onAdmitted(attempt: Attempt, statusFlags: number): ServerState {
    const { login, candidate, plugin } = attempt
    const tracked = login.database !== undefined && has(login.capabilities, capability.SESSION_TRACK)
    this.#send(
      encodeOk(
        {
          header: 0x00,
          affectedRows: 0n,
          lastInsertId: 0n,
          statusFlags: statusFlags | (tracked ? serverStatus.SESSION_STATE_CHANGED : 0),
          warnings: 0,
          info: new Uint8Array(0),
          sessionChanges: tracked ? [{ kind: 'schema', name: login.database ?? '' }] : undefined,
        },
        login.capabilities,
      ),
    )
    return { at: 'ready', login, account: candidate.account, pluginName: plugin.name }
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
        const symbol = this.#again ? 'ER_UNKNOWN_COM_ERROR' : undefined
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
