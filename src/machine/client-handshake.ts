/**
 * The client's side of one login, from greeting to verdict, and of one COM_CHANGE_USER. The mirror of
 * `server-handshake.ts`: same table, same plugins, same rules about purity.
 *
 * - A plugin is asked for a proof only after `judgeClientChannel` allowed it on this channel, anew on each auth switch and for
 *   each factor. Nothing is known of the server until then but what anybody on the wire could have said.
 * - Where the server's certificate is to be proven by the password, OK alone is no success: the proof in it must hold.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import { type Channel, isSecure } from '../auth/plugin.ts'
import {
  ConfigurationError,
  clientError,
  MalformedPacket,
  MysqlError,
  ProtocolViolation,
  receivedError,
} from '../errors/errors.ts'
import { decodeAuthMoreData } from '../packets/auth-more-data.ts'
import { decodeAuthNextFactor } from '../packets/auth-next-factor.ts'
import { decodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import { encodeComChangeUser } from '../packets/com-change-user.ts'
import { decodeErr } from '../packets/err.ts'
import { encodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { decodeHandshakeV10, type HandshakeV10 } from '../packets/handshake-v10.ts'
import { decodeOk } from '../packets/ok.ts'
import { encodeSslRequest } from '../packets/ssl-request.ts'
import { provesCertificate } from './certificate-proof.ts'
import { firstProof, greetingNonceLength, isQuestion, nextProof, type Towards, type Turn } from './client-proof.ts'
import type {
  ClientEffect,
  ClientInput,
  ClientOptions,
  ClientState,
  Exchange,
  LoggedIn,
  Peer,
} from './client-states.ts'
import type { LoginStep } from './login-steps.ts'
import { legal, type PacketKind, type PhaseName, phases } from './phases.ts'

/** More rounds than any plugin needs, and more switches than any account has alternatives. */
const maxRounds = 16
const maxSwitches = 8

const phaseOf: Readonly<Record<ClientState['at'], PhaseName>> = {
  'await-greeting': 'greeting',
  'await-tls': 'tls',
  'await-verdict': 'verdict',
  'await-answer': 'question',
  ready: 'ready',
  failed: 'refused',
}

export class ClientHandshake {
  readonly #options: ClientOptions
  #channel: Channel
  #peer: Peer | undefined = undefined
  /** Of the connection whose user changes. */
  #provenBefore: Peer | undefined = undefined
  #state: ClientState = { at: 'await-greeting' }
  #effects: ClientEffect[] = []
  #sequenceId = 0

  constructor(options: ClientOptions, channel: Channel) {
    this.#options = options
    this.#channel = channel
  }

  /**
   * Starts the new login of a COM_CHANGE_USER on a connection that `before` describes; the command is the first effect.
   *
   * After: `await-verdict`, or `failed` when an option does not fit the command.
   */
  static changeUser(options: ClientOptions, channel: Channel, before: LoggedIn): ClientHandshake {
    const machine = new ClientHandshake(options, channel)
    machine.#peer = before.peer?.byPassword ? { ...before.peer, trust: 'by-password' } : before.peer
    // MariaDB proves its certificate in the OK of a login alone. So the new user's plugin is judged as on an unproven channel, and
    // the connection stays as proven as it was.
    machine.#provenBefore = before.peer
    machine.#guarded(() => machine.#changeUser(before))
    return machine
  }

  get state(): ClientState {
    return this.#state
  }

  get phase(): PhaseName {
    return phaseOf[this.#state.at]
  }

  get channel(): Channel {
    return this.#channel
  }

  /** What TLS told of the server; `undefined` without TLS. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  /** Takes one input and moves the state. Never throws: every failure ends in `failed`. */
  step(input: ClientInput): void {
    if (this.#state.at === 'ready' || this.#state.at === 'failed') return
    this.#guarded(() => this.#next(this.#state, input))
  }

  take(): ClientEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  #guarded(transition: () => ClientState): void {
    try {
      this.#state = transition()
    } catch (cause) {
      const broken = () => clientError('CR_AUTH_PLUGIN_ERR', 'unknown', 'the plugin failed')
      const known = cause instanceof MalformedPacket ? this.#malformed(cause) : cause
      this.#state = this.#fail(known instanceof MysqlError ? known : broken())
    }
  }

  #next(state: ClientState, input: ClientInput): ClientState {
    switch (input.is) {
      case 'packet':
        if (input.sequenceId !== this.#sequenceId) {
          throw new ProtocolViolation('CR_MALFORMED_PACKET', {
            phase: this.phase,
            expected: [`sequence id ${this.#sequenceId}`],
            got: String(input.sequenceId),
          })
        }
        this.#sequenceId = (this.#sequenceId + 1) & 0xff
        if (state.at === 'await-greeting') return this.#onGreeting(input.payload)
        if (state.at === 'await-verdict') return this.#onVerdict(state.exchange, input.payload)
        throw this.#unexpected(`a packet in state ${state.at}`)
      case 'tls-established':
        if (state.at !== 'await-tls') throw this.#unexpected('TLS')
        this.#channel = 'tls'
        this.#peer = input.peer
        return this.#respond(state.greeting)
      case 'answer': {
        if (state.at !== 'await-answer') throw this.#unexpected('an answer')
        const { exchange } = state
        const turn = exchange.dialogue?.next(input.answer)
        // What was given is passed on as it is, even when it is empty.
        return this.#onTurn(exchange, turn, turn?.value === input.answer)
      }
      case 'abort':
        return this.#fail(input.error)
    }
  }

  #onGreeting(payload: Uint8Array): ClientState {
    if (payload[0] === 0xff) return this.#onErr(payload)
    if (payload[0] !== 10) throw clientError('CR_VERSION_ERROR', payload[0] ?? 'none')
    const greeting = decodeHandshakeV10(payload)
    const tlsOffered = has(greeting.capabilities, capability.SSL)
    const { authPluginName: plugin, authPluginData: _, statusFlags: __, ...said } = greeting
    this.#tell({ is: 'greeting', ...said, plugin, tlsOffered, bytes: payload.length })
    const wanted = this.#options.tls === 'required' || (this.#options.tls === 'preferred' && !isSecure(this.#channel))
    if (wanted && !tlsOffered && this.#options.tls === 'required') {
      throw clientError('CR_SSL_CONNECTION_ERROR', 'TLS is required, but the server does not offer it')
    }
    if (!wanted || !tlsOffered) return this.#respond(greeting)
    this.#send(encodeSslRequest(this.#head(this.#capabilities(greeting, 'tls'), greeting)))
    this.#tell({ is: 'tls-requested' })
    this.#effects.push({ do: 'start-tls' })
    return { at: 'await-tls', greeting }
  }

  #respond(greeting: HandshakeV10): ClientState {
    const { user, database, connectAttributes, zstdLevel } = this.#options
    const capabilities = this.#capabilities(greeting, this.#channel)
    if (database !== undefined && !has(capabilities, capability.CONNECT_WITH_DB)) {
      throw new ConfigurationError('this server cannot take a database with the login')
    }
    const { answer, exchange } = firstProof(this.#towards, greeting, capabilities)
    const { plugin } = exchange
    this.#send(
      encodeHandshakeResponse41({
        ...this.#head(capabilities, greeting),
        user: Buffer.from(user, 'utf8'),
        authAnswer: answer,
        database: has(capabilities, capability.CONNECT_WITH_DB) ? Buffer.from(database ?? '', 'utf8') : undefined,
        authPluginName: has(capabilities, capability.PLUGIN_AUTH) ? plugin : undefined,
        connectAttributes: has(capabilities, capability.CONNECT_ATTRS) ? connectAttributes : undefined,
        zstdLevel: has(capabilities, capability.ZSTD_COMPRESSION_ALGORITHM) ? zstdLevel : undefined,
      }),
    )
    this.#tellLogin(capabilities, plugin, answer)
    return { at: 'await-verdict', exchange }
  }

  #changeUser({ greeting, capabilities }: LoggedIn): ClientState {
    const { user, database, collationId, connectAttributes } = this.#options
    const { answer, exchange } = firstProof(this.#towards, greeting, capabilities)
    const { plugin } = exchange
    const command = encodeComChangeUser(
      {
        user: Buffer.from(user, 'utf8'),
        authAnswer: answer,
        database: Buffer.from(database ?? '', 'utf8'),
        collationId,
        authPluginName: has(capabilities, capability.PLUGIN_AUTH) ? plugin : undefined,
        connectAttributes: has(capabilities, capability.CONNECT_ATTRS) ? connectAttributes : undefined,
      },
      capabilities,
    )
    this.#send(command)
    this.#tellLogin(capabilities, plugin, answer)
    return { at: 'await-verdict', exchange }
  }

  #onVerdict(exchange: Exchange, payload: Uint8Array): ClientState {
    const kind = this.#speaksBare(exchange, payload) ? 'bare' : verdictKind(payload)
    if (kind === 'bare') return this.#onData(exchange, payload)
    if (kind === undefined || !legal('verdict', kind)) {
      throw this.#unexpected(`a packet that begins with ${payload[0] ?? 'nothing'}`)
    }
    switch (kind) {
      case 'Ok':
        return this.#onOk(exchange, payload)
      case 'AuthSwitchRequest': {
        exchange.dialogue?.return()
        if (exchange.switches >= maxSwitches) throw this.#unexpected('one AuthSwitchRequest too many')
        const { authPluginName: plugin, authPluginData: data } = decodeAuthSwitchRequest(payload)
        this.#tell({ is: 'auth-switch', plugin, dataBytes: data.length })
        const begun = nextProof(this.#towards, { ...exchange, switches: exchange.switches + 1 }, plugin, data)
        return this.#onTurn(begun.exchange, begun.first, true)
      }
      case 'AuthNextFactor': {
        exchange.dialogue?.return()
        const factor = exchange.factor + 1
        if (factor > 3) throw this.#unexpected('a fourth factor')
        const { authPluginName: plugin, authPluginData: data } = decodeAuthNextFactor(payload)
        this.#tell({ is: 'next-factor', factor, plugin, dataBytes: data.length })
        const begun = nextProof(this.#towards, { ...exchange, factor }, plugin, data)
        return this.#onTurn(begun.exchange, begun.first, true)
      }
      case 'AuthMoreData':
        return this.#onData(exchange, decodeAuthMoreData(payload).data)
      case 'Err':
        exchange.dialogue?.return()
        return this.#onErr(payload)
      default:
        throw this.#unexpected(kind)
    }
  }

  #onData(exchange: Exchange, data: Uint8Array): ClientState {
    if (exchange.dialogue === undefined || exchange.rounds >= maxRounds) throw this.#unexpected('AuthMoreData')
    const meaning = this.#options.plugins.get(exchange.plugin)?.meaningOf?.(data)
    this.#tell({ is: 'server-data', plugin: exchange.plugin, bytes: data.length, meaning })
    return this.#onTurn({ ...exchange, rounds: exchange.rounds + 1 }, exchange.dialogue.next(data))
  }

  /** Whether a packet is the plugin's own without the 0x01 of AuthMoreData before it. */
  #speaksBare({ plugin, dialogue, capabilities }: Exchange, payload: Uint8Array): boolean {
    if (dialogue === undefined || this.#options.plugins.get(plugin)?.speaksBare !== true) return false
    const kind = verdictKind(payload)
    return (
      kind === undefined || (kind === 'AuthNextFactor' && !has(capabilities, capability.MULTI_FACTOR_AUTHENTICATION))
    )
  }

  /** `due`: the server waits for an answer even where it is empty. */
  #onTurn(exchange: Exchange, turn: Turn | undefined, due = false): ClientState {
    if (turn === undefined || turn.done) throw this.#unexpected('AuthMoreData')
    if (isQuestion(turn.value)) {
      this.#tell({ is: 'asked', plugin: exchange.plugin, question: turn.value.ask })
      this.#effects.push({ do: 'ask', question: turn.value })
      return { at: 'await-answer', exchange }
    }
    if (turn.value.length > 0 || due) {
      this.#send(turn.value)
      this.#tell({ is: 'answer-sent', plugin: exchange.plugin, bytes: turn.value.length })
    }
    return { at: 'await-verdict', exchange }
  }

  #onOk(exchange: Exchange, payload: Uint8Array): ClientState {
    const { greeting, capabilities, plugin: pluginName } = exchange
    const ok = decodeOk(payload, capabilities)
    const unproven = this.#peer?.trust === 'by-password' ? this.#peer : undefined
    const peer = this.#provenBefore ?? (unproven && this.#proven(unproven, exchange, ok.info)) ?? this.#peer
    exchange.dialogue?.return()
    this.#tell({ is: 'ok', certificateProven: unproven !== undefined && this.#provenBefore === undefined })
    const mariadbCapabilities = this.#options.mariadbCapabilities & greeting.mariadbCapabilities
    return { at: 'ready', greeting, capabilities, mariadbCapabilities, pluginName, ok, peer }
  }

  /** Throws unless the server proves by the password that the certificate is its own. */
  #proven(peer: Peer, { passwordHash, greeting }: Exchange, info: Uint8Array): Peer {
    const nonce = greeting.authPluginData.subarray(0, greetingNonceLength)
    if (passwordHash === undefined || !provesCertificate(info, passwordHash(), nonce, peer.fingerprint)) {
      const why = `${peer.distrust ?? 'the certificate is not trusted'}, and the server did not prove it by the password`
      throw clientError('CR_SSL_CONNECTION_ERROR', why)
    }
    return { ...peer, trust: 'identity', byPassword: true }
  }

  get #towards(): Towards {
    return { options: this.#options, channel: this.#channel, peer: this.#peer }
  }

  #capabilities(greeting: HandshakeV10, channel: Channel): number {
    const { capabilities, database, connectAttributes, attributesOnPlaintext, compressions } = this.#options
    let wanted = capabilities & ~(capability.SSL | capability.CONNECT_WITH_DB | capability.CONNECT_ATTRS)
    if (database !== undefined) wanted |= capability.CONNECT_WITH_DB
    if (connectAttributes !== undefined && (attributesOnPlaintext || isSecure(channel))) {
      wanted |= capability.CONNECT_ATTRS
    }
    wanted |= compressions?.find((flag) => has(greeting.capabilities, flag)) ?? 0
    const ssl = channel === 'tls' ? capability.SSL : 0
    return ((wanted & greeting.capabilities) | ssl) >>> 0
  }

  #head(capabilities: number, greeting: HandshakeV10) {
    const { maxPacketSize, collationId, mariadbCapabilities } = this.#options
    return {
      capabilities,
      maxPacketSize,
      collationId,
      mariadbCapabilities: mariadbCapabilities & greeting.mariadbCapabilities,
    }
  }

  #onErr(payload: Uint8Array): ClientState {
    const { code, sqlState, message } = decodeErr(payload)
    const error = receivedError(code, sqlState, message)
    this.#tell({ is: 'refused', code, sqlState: error.sqlState, message })
    return this.#fail(error)
  }

  #fail(error: MysqlError): ClientState {
    const state = this.#state
    if (state.at === 'await-verdict' || state.at === 'await-answer') state.exchange.dialogue?.return()
    error.phase ??= this.phase
    this.#effects.push({ do: 'close' })
    return { at: 'failed', error }
  }

  /** The codec names its packet where the protocol has a phase, and the server's number where a client has its own. */
  #malformed({ packet, expected, got }: MalformedPacket): ProtocolViolation {
    return new ProtocolViolation('CR_MALFORMED_PACKET', { phase: this.phase, expected, got: `${got} in ${packet}` })
  }

  #unexpected(got: string): ProtocolViolation {
    return new ProtocolViolation('CR_MALFORMED_PACKET', {
      phase: this.phase,
      expected: phases[this.phase].accepts,
      got,
    })
  }

  #send(payload: Uint8Array): void {
    this.#effects.push({ do: 'send', payload, sequenceId: this.#sequenceId })
    this.#sequenceId = (this.#sequenceId + 1) & 0xff
  }

  #tell(step: LoginStep): void {
    this.#effects.push({ do: 'tell', step })
  }

  #tellLogin(capabilities: number, plugin: string, answer: Uint8Array): void {
    const { user, database } = this.#options
    this.#tell({
      is: 'login-sent',
      user,
      database,
      capabilities,
      plugin,
      answerBytes: answer.length,
      channel: this.#channel,
    })
  }
}

/** The packets that a server may send between login and verdict, told apart by their first byte. */
function verdictKind(payload: Uint8Array): PacketKind | undefined {
  switch (payload[0]) {
    case 0x00:
      return 'Ok'
    case 0x01:
      return 'AuthMoreData'
    case 0x02:
      return 'AuthNextFactor'
    case 0xfe:
      return 'AuthSwitchRequest'
    case 0xff:
      return 'Err'
    default:
      return undefined
  }
}
