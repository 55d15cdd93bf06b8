/**
 * The client's side of one login, from greeting to verdict. The mirror of `server-handshake.ts`: same table, same
 * plugins, same rules about purity.
 *
 * A plugin is asked for a proof only after `judgeClientChannel` allowed it on this channel, anew on each auth switch. Errors
 * that come before TLS was established are the word of anybody on the wire: the caller sees the phase in the state trail.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { AuthPlugin, Channel, ClientDialogue } from '../auth/plugin.ts'
import { ChannelRefused, clientError, MysqlError, ProtocolViolation, ServerError } from '../errors/errors.ts'
import { decodeAuthMoreData } from '../packets/auth-more-data.ts'
import { decodeAuthNextFactor } from '../packets/auth-next-factor.ts'
import { decodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeErr } from '../packets/err.ts'
import { encodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { decodeHandshakeV10, type HandshakeV10 } from '../packets/handshake-v10.ts'
import { decodeOk } from '../packets/ok.ts'
import { encodeSslRequest } from '../packets/ssl-request.ts'
import { judgeClientChannel } from './channel-policy.ts'
import type { ClientEffect, ClientInput, ClientOptions, ClientState } from './client-states.ts'
import { legal, type PacketKind, type PhaseName, phases } from './phases.ts'

const maxRounds = 16
const maxSwitches = 4

const phaseOf: Readonly<Record<ClientState['at'], PhaseName>> = {
  'await-greeting': 'greeting',
  'await-tls': 'tls',
  'await-verdict': 'verdict',
  ready: 'ready',
  failed: 'refused',
}

export class ClientHandshake {
  readonly #options: ClientOptions
  #channel: Channel
  #state: ClientState = { at: 'await-greeting' }
  #effects: ClientEffect[] = []
  #sequenceId = 0

  constructor(options: ClientOptions, channel: Channel) {
    this.#options = options
    this.#channel = channel
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

  /** Takes one input and moves the state. Never throws: every failure ends in `failed`. */
  step(input: ClientInput): void {
    if (this.#state.at === 'ready' || this.#state.at === 'failed') return
    try {
      this.#state = this.#next(this.#state, input)
    } catch (cause) {
      this.#state = this.#fail(
        cause instanceof MysqlError ? cause : clientError('CR_AUTH_PLUGIN_ERR', 'unknown', 'the plugin failed'),
      )
    }
  }

  take(): ClientEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
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
        if (state.at === 'await-verdict') return this.#onVerdict(state, input.payload)
        throw this.#unexpected(`a packet in state ${state.at}`)
      case 'tls-established':
        if (state.at !== 'await-tls') throw this.#unexpected('TLS')
        this.#channel = 'tls'
        return this.#respond(state.greeting)
      case 'tls-failed':
        return this.#fail(input.error)
      case 'deadline':
      case 'ended':
        return this.#fail(clientError('CR_SERVER_LOST'))
    }
  }

  #onGreeting(payload: Uint8Array): ClientState {
    if (payload[0] === 0xff) return this.#onErr(payload)
    const greeting = decodeHandshakeV10(payload)
    const offered = has(greeting.capabilities, capability.SSL)
    if (this.#channel === 'plaintext' && this.#options.tls === 'required' && !offered) {
      throw clientError('CR_SSL_CONNECTION_ERROR', 'TLS is required, but the server does not offer it')
    }
    if (this.#channel !== 'plaintext' || this.#options.tls === 'never' || !offered) return this.#respond(greeting)
    this.#send(
      encodeSslRequest({
        capabilities: (this.#capabilities(greeting) | capability.SSL) >>> 0,
        maxPacketSize: this.#options.maxPacketSize,
        collationId: this.#options.collationId,
        mariadbCapabilities: 0,
      }),
    )
    this.#effects.push({ do: 'start-tls' })
    return { at: 'await-tls', greeting }
  }

  #respond(greeting: HandshakeV10): ClientState {
    const options = this.#options
    let capabilities = this.#capabilities(greeting)
    if (this.#channel === 'tls') capabilities = (capabilities | capability.SSL) >>> 0
    // Without CLIENT_PLUGIN_AUTH on both sides it is mysql_native_password, unsaid.
    const namesPlugin = has(capabilities, capability.PLUGIN_AUTH)
    const named = (namesPlugin ? greeting.authPluginName : undefined) ?? 'mysql_native_password'
    const plugin = options.plugins.get(named) ?? options.plugins.get(options.defaultPlugin)
    if (plugin === undefined) throw clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', named, 'not known here')
    // A plugin that this channel forbids gets no proof yet; the server will have to switch, and is judged again then.
    const allowed = judgeClientChannel(plugin, this.#channel, options)
    const started = allowed.allowed && plugin.name === named ? this.#start(plugin, greeting.authPluginData) : undefined
    this.#send(
      encodeHandshakeResponse41({
        capabilities,
        maxPacketSize: options.maxPacketSize,
        collationId: options.collationId,
        mariadbCapabilities: 0,
        user: utf8.encode(options.user),
        authAnswer: started?.answer ?? new Uint8Array(0),
        database: options.database === undefined ? undefined : utf8.encode(options.database),
        authPluginName: namesPlugin ? plugin.name : undefined,
        connectAttributes: has(capabilities, capability.CONNECT_ATTRS) ? options.connectAttributes : undefined,
        zstdLevel: has(capabilities, capability.ZSTD_COMPRESSION_ALGORITHM) ? options.zstdLevel : undefined,
      }),
    )
    const dialogue = started?.dialogue
    return { at: 'await-verdict', greeting, capabilities, pluginName: plugin.name, dialogue, switches: 0, rounds: 0 }
  }

  #onVerdict(state: Extract<ClientState, { at: 'await-verdict' }>, payload: Uint8Array): ClientState {
    const kind = verdictKind(payload)
    if (kind === undefined || !legal('verdict', kind))
      throw this.#unexpected(`a packet that begins with ${payload[0] ?? 'nothing'}`)
    switch (kind) {
      case 'Ok': {
        state.dialogue?.return()
        const { greeting, capabilities, pluginName } = state
        return { at: 'ready', greeting, capabilities, pluginName, ok: decodeOk(payload, capabilities) }
      }
      case 'AuthSwitchRequest':
        return this.#onSwitch(state, payload)
      case 'AuthMoreData': {
        if (state.dialogue === undefined || state.rounds >= maxRounds) throw this.#unexpected('AuthMoreData')
        const turn = state.dialogue.next(decodeAuthMoreData(payload).data)
        if (turn.done) throw this.#unexpected('AuthMoreData')
        // An empty turn of a client dialogue means "nothing to say yet": caching_sha2_password after 0x03.
        if (turn.value.length > 0) this.#send(turn.value)
        return { ...state, rounds: state.rounds + 1 }
      }
      case 'Err':
        state.dialogue?.return()
        return this.#onErr(payload)
      case 'AuthNextFactor': {
        const { authPluginName } = decodeAuthNextFactor(payload)
        throw clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', authPluginName, 'the account asks for a second factor')
      }
      default:
        throw this.#unexpected(kind)
    }
  }

  #onSwitch(state: Extract<ClientState, { at: 'await-verdict' }>, payload: Uint8Array): ClientState {
    state.dialogue?.return()
    if (state.switches >= maxSwitches) throw this.#unexpected('one AuthSwitchRequest too many')
    const request = decodeAuthSwitchRequest(payload)
    if (request.authPluginName === undefined)
      throw new ChannelRefused('mysql_old_password', 'the server asks for a proof from before 4.1')
    const plugin = this.#options.plugins.get(request.authPluginName)
    if (plugin === undefined) throw clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', request.authPluginName, 'not known here')
    const allowed = judgeClientChannel(plugin, this.#channel, this.#options)
    if (!allowed.allowed) throw new ChannelRefused(plugin.name, allowed.why)
    const { dialogue, answer } = this.#start(plugin, request.authPluginData)
    this.#send(answer)
    return { ...state, pluginName: plugin.name, dialogue, switches: state.switches + 1, rounds: 0 }
  }

  /** Servers send the nonce with a trailing NUL; what is hashed is exactly `nonceLength` bytes. */
  #start(plugin: AuthPlugin, data: Uint8Array): { readonly dialogue: ClientDialogue; readonly answer: Uint8Array } {
    if (data.length < plugin.nonceLength) {
      throw new ProtocolViolation('CR_SERVER_HANDSHAKE_ERR', {
        phase: this.phase,
        expected: [`${plugin.nonceLength} bytes of nonce`],
        got: `${data.length}`,
      })
    }
    const dialogue = plugin.client({
      password: this.#options.password,
      nonce: data.slice(0, plugin.nonceLength),
      channel: this.#channel,
      mayRequestPublicKey: this.#options.mayRequestPublicKey,
      ...(this.#options.serverPublicKey !== undefined && { serverPublicKey: this.#options.serverPublicKey }),
    })
    const first = dialogue.next()
    return { dialogue, answer: first.done ? new Uint8Array(0) : first.value }
  }

  #capabilities(greeting: HandshakeV10): number {
    let wanted = this.#options.capabilities
    if (this.#options.database !== undefined) wanted |= capability.CONNECT_WITH_DB
    if (this.#options.connectAttributes !== undefined) wanted |= capability.CONNECT_ATTRS
    return (wanted & greeting.capabilities & ~capability.SSL) >>> 0
  }

  #onErr(payload: Uint8Array): ClientState {
    const err = decodeErr(payload)
    return this.#fail(new ServerError('', err.code, err.sqlState ?? 'HY000', err.message))
  }

  #fail(error: MysqlError): ClientState {
    if (this.#state.at === 'await-verdict') this.#state.dialogue?.return()
    this.#effects.push({ do: 'close' })
    return { at: 'failed', error }
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

const utf8 = new TextEncoder()
