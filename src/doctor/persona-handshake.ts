/**
 * A login as one client of the field would do it, from greeting to verdict, with that client's packets and defects. The same rules
 * as in `machine/client-handshake.ts`: bytes in, effects out.
 *
 * It never does for its user what that user has not allowed: where the real client would hand a password, or a key request that
 * anybody could answer, to whoever listens, the login ends as `withheld`.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { Channel, ClientDialogue, ClientPlugin, Question } from '../auth/plugin.ts'
import { clientPlugins } from '../auth/plugins.ts'
import { ChannelRefused, MysqlError } from '../errors/errors.ts'
import { provesCertificate } from '../machine/certificate-proof.ts'
import { decodeAuthMoreData } from '../packets/auth-more-data.ts'
import { decodeAuthNextFactor } from '../packets/auth-next-factor.ts'
import { decodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeErr, type Err } from '../packets/err.ts'
import { decodeHandshakeV10, type HandshakeV10 } from '../packets/handshake-v10.ts'
import { decodeOk } from '../packets/ok.ts'
import type { Persona, PersonaAsked } from './persona.ts'
import { encodePersonaLogin, encodePersonaSslRequest } from './persona-handshake-packets.ts'
import { startProof } from './persona-handshake-proof.ts'

export interface PersonaLogin {
  readonly persona: Persona
  readonly asked: PersonaAsked
  /** Of the three factors: UTF-8, without NUL. */
  readonly passwords: readonly Uint8Array[]
  /** Whether the client's user opted in to the server's key, by whatever option it has for that. */
  readonly mayRequestPublicKey: boolean
  readonly serverPublicKey: string | undefined
  /** Nobody can stand between: what the client does by itself may be done. */
  readonly local: boolean
  /** Unix socket or TCP. */
  readonly channel: Exclude<Channel, 'tls'>
  random(length: number): Uint8Array
}

/** What TLS told of the server. */
export interface PersonaPeer {
  /** SHA-256 of the certificate. */
  readonly fingerprint: Uint8Array
  /** Why no authority vouches for it, in OpenSSL's words; `undefined` where one does, for this name. */
  readonly distrust: string | undefined
}

export type PersonaState =
  | { readonly at: 'await-greeting' }
  | { readonly at: 'await-tls'; readonly greeting: HandshakeV10 }
  | { readonly at: 'await-verdict'; readonly exchange: Exchange }
  | { readonly at: 'in' }
  /** By the server; `says` is what the client makes of it. */
  | { readonly at: 'refused'; readonly error: Err; readonly says: string }
  /** By the client itself. */
  | { readonly at: 'left'; readonly says: string }
  /** By us. */
  | { readonly at: 'withheld'; readonly why: string }

export type PersonaEffect =
  /** May hold a secret: frame it at once. */
  { readonly do: 'send'; readonly payload: Uint8Array; readonly sequenceId: number } | { readonly do: 'start-tls' }

interface Exchange {
  readonly greeting: HandshakeV10
  readonly plugin: string
  readonly dialogue: ClientDialogue | undefined
  readonly passwordHash: (() => Uint8Array) | undefined
  readonly factor: number
  readonly switches: number
  readonly rounds: number
}

const mostRounds = 16
const mostSwitches = 8
const none = new Uint8Array(0)

/** Ends a login from inside a transition. */
class Leave extends Error {
  readonly state: PersonaState

  constructor(state: PersonaState) {
    super(state.at)
    this.state = state
  }
}

export class PersonaHandshake {
  readonly #login: PersonaLogin
  #channel: Channel
  #peer: PersonaPeer | undefined = undefined
  #state: PersonaState = { at: 'await-greeting' }
  #effects: PersonaEffect[] = []
  #sequenceId = 0

  constructor(login: PersonaLogin) {
    this.#login = login
    this.#channel = login.channel
  }

  get state(): PersonaState {
    return this.#state
  }

  take(): PersonaEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** Never throws. After an end nothing moves any more. */
  onPacket(payload: Uint8Array, sequenceId: number): void {
    const state = this.#state
    this.#guarded(() => {
      this.#sequenceId = (sequenceId + 1) & 0xff
      if (state.at === 'await-greeting') return this.#onGreeting(payload)
      if (state.at === 'await-verdict') return this.#onVerdict(state.exchange, payload)
      return state
    })
  }

  onSecure(peer: PersonaPeer): void {
    const state = this.#state
    this.#guarded(() => {
      if (state.at !== 'await-tls') return state
      this.#channel = 'tls'
      this.#peer = peer
      const { verifies } = this.#quirks
      // MariaDB's servers get the chance to prove their certificate by the password, in the OK.
      const maybeProven = !has(state.greeting.capabilities, capability.LONG_PASSWORD)
      if (verifies !== undefined && this.#distrust !== undefined && !maybeProven) leave(verifies(this.#distrust))
      return this.#respond(state.greeting)
    })
  }

  #guarded(transition: () => PersonaState): void {
    try {
      this.#state = transition()
    } catch (error) {
      if (error instanceof Leave) this.#state = error.state
      else if (error instanceof MysqlError) this.#state = { at: 'left', says: error.message }
      else throw error
    }
  }

  #onGreeting(payload: Uint8Array): PersonaState {
    if (payload[0] === 0xff) return this.#onErr(payload, 0)
    const greeting = decodeHandshakeV10(payload)
    if (!this.#login.asked.tls) return this.#respond(greeting)
    if (!has(greeting.capabilities, capability.SSL)) leave('the server does not offer TLS')
    this.#send(encodePersonaSslRequest(this.#login.persona, this.#login.asked, greeting))
    this.#effects.push({ do: 'start-tls' })
    return { at: 'await-tls', greeting }
  }

  #respond(greeting: HandshakeV10): PersonaState {
    const { persona, asked } = this.#login
    const first = persona.first(greeting, this.#channel)
    if (first === undefined) leave(persona.refuses(greeting.authPluginName ?? '', this.#channel))
    const name = first.plugin ?? 'mysql_native_password'
    const plugin = first.answer === 'computed' ? clientPlugins.get(name) : undefined
    // The nonce of a greeting has 20 bytes, and is none for a plugin that knows no nonce.
    const data = plugin === undefined || plugin.nonceLength === 0 ? none : greeting.authPluginData
    const begun = { greeting, plugin: name, factor: 1, switches: 0, rounds: 0 }
    const started =
      plugin === undefined || data.length < plugin.nonceLength
        ? undefined
        : this.#start(plugin, data, greeting, 'greeting', 1)
    this.#send(encodePersonaLogin(persona, asked, greeting, first.plugin, started?.first ?? none))
    const { dialogue, passwordHash } = started ?? {}
    return { at: 'await-verdict', exchange: { ...begun, dialogue, passwordHash } }
  }

  #onVerdict(exchange: Exchange, payload: Uint8Array): PersonaState {
    switch (payload[0]) {
      case 0x00: {
        exchange.dialogue?.return()
        this.#checkCertificate(exchange, payload)
        return { at: 'in' }
      }
      case 0xff:
        exchange.dialogue?.return()
        return this.#onErr(payload, exchange.greeting.connectionId)
      case 0xfe: {
        const { authPluginName, authPluginData } = decodeAuthSwitchRequest(payload)
        const { oneSwitch } = this.#quirks
        if (oneSwitch !== undefined && exchange.switches > 0) leave(oneSwitch)
        if (exchange.switches >= mostSwitches) leave('the server switches plugins without end')
        return this.#onPlugin({ ...exchange, switches: exchange.switches + 1 }, authPluginName, authPluginData)
      }
      case 0x02: {
        const { authPluginName, authPluginData } = decodeAuthNextFactor(payload)
        if (exchange.factor >= 3) leave('the server asks for a fourth factor')
        return this.#onPlugin({ ...exchange, factor: exchange.factor + 1 }, authPluginName, authPluginData)
      }
      case 0x01:
        return this.#onData(exchange, decodeAuthMoreData(payload).data)
      default:
        // MariaDB before 11 sends what its PAM asks as it is.
        if (clientPlugins.get(exchange.plugin)?.speaksBare) return this.#onData(exchange, payload)
        return leave(`the server sent a packet that begins with ${payload[0] ?? 'nothing'}`)
    }
  }

  #onPlugin(exchange: Exchange, name: string, data: Uint8Array): PersonaState {
    exchange.dialogue?.return()
    const { persona, asked } = this.#login
    const plugin = clientPlugins.get(name)
    if (plugin === undefined || !persona.knows(name, this.#channel, asked)) leave(persona.refuses(name, this.#channel))
    if (data.length < plugin.nonceLength) leave(`the server sent ${data.length} bytes of nonce for ${name}`)
    const { dialogue, passwordHash, first } = this.#start(plugin, data, exchange.greeting, 'switch', exchange.factor)
    this.#send(first)
    return { at: 'await-verdict', exchange: { ...exchange, plugin: name, dialogue, passwordHash, rounds: 0 } }
  }

  #onData(exchange: Exchange, data: Uint8Array): PersonaState {
    const { dialogue, plugin } = exchange
    if (dialogue === undefined || exchange.rounds >= mostRounds) leave('the server sent AuthMoreData out of turn')
    if (plugin === 'caching_sha2_password' && data.length === 1 && data[0] === fullAuthentication) {
      this.#refuseExposure(plugin)
    }
    const answer = this.#answer(plugin, () => dialogue.next(data))
    if (answer.length > 0) this.#send(answer)
    return { at: 'await-verdict', exchange: { ...exchange, rounds: exchange.rounds + 1 } }
  }

  #start(plugin: ClientPlugin, data: Uint8Array, greeting: HandshakeV10, by: 'greeting' | 'switch', factor: number) {
    const { mayRequestPublicKey, serverPublicKey, passwords, persona, random } = this.#login
    const { verifies } = this.#quirks
    if (verifies !== undefined && this.#distrust !== undefined && plugin.passwordHash === undefined) {
      leave(verifies(this.#distrust))
    }
    if (plugin.secrets === 'sent-in-clear') this.#refuseClear(plugin.name)
    if (plugin.name === 'sha256_password') this.#refuseExposure(plugin.name)
    const { dialogue, login } = startProof({
      plugin,
      quirks: this.#quirks,
      password: this.#encoded(passwords[factor - 1] ?? none),
      data,
      greetingNonce: greeting.authPluginData.subarray(0, 20),
      by,
      channel: this.#channel,
      mayRequestPublicKey: persona.publicKey(plugin.name) === 'ask' || mayRequestPublicKey,
      serverPublicKey,
      random,
    })
    const first = this.#answer(plugin.name, () => (dialogue.next as () => ReturnType<ClientDialogue['next']>)())
    const passwordHash = plugin.passwordHash && (() => plugin.passwordHash?.(login) ?? none)
    return { dialogue, first, passwordHash }
  }

  /** The next bytes of a dialogue; a client that has no permission to ask for the key says so here. */
  #answer(plugin: string, next: () => IteratorResult<Uint8Array | Question, void>): Uint8Array {
    const publicKey = this.#login.persona.publicKey(plugin)
    let turn: IteratorResult<Uint8Array | Question, void>
    try {
      turn = next()
    } catch (error) {
      if (error instanceof ChannelRefused && publicKey !== 'ask') leave(publicKey.orSays)
      throw error
    }
    if (turn.done === true) return leave('the server sent AuthMoreData out of turn')
    if (!(turn.value instanceof Uint8Array)) return withhold(`the server asks "${turn.value.ask}"`)
    return turn.value
  }

  /** Before a password crosses the wire in clear, or sealed with a key that came over it. */
  #refuseExposure(plugin: string): void {
    const { local, persona, mayRequestPublicKey, serverPublicKey } = this.#login
    if (this.#channel !== 'plaintext') return
    if (this.#quirks.clearOnPlaintext) return this.#refuseClear(plugin)
    const asks = persona.publicKey(plugin) === 'ask' && serverPublicKey === undefined && !mayRequestPublicKey
    if (asks && !local)
      withhold("it asks for the server's key, and anybody between could answer (--get-server-public-key permits it)")
  }

  #refuseClear(plugin: string): void {
    const { asked, local } = this.#login
    const proven = this.#channel === 'unix-socket' || (this.#channel === 'tls' && this.#peer?.distrust === undefined)
    if (asked.clearPassword && (local || proven)) return
    const remedy = local || proven ? ' (--enable-cleartext-plugin permits it)' : ', to a server that is not proven'
    withhold(`it sends the password in clear for ${plugin}${remedy}`)
  }

  #checkCertificate({ greeting, passwordHash }: Exchange, payload: Uint8Array): void {
    const { verifies } = this.#quirks
    const peer = this.#peer
    if (verifies === undefined || peer === undefined || this.#distrust === undefined) return
    const { persona, asked } = this.#login
    const { info } = decodeOk(payload, persona.capabilities(greeting, asked) & greeting.capabilities)
    const nonce = greeting.authPluginData.subarray(0, 20)
    if (provesCertificate(info, passwordHash?.() ?? none, nonce, peer.fingerprint)) return
    leave(verifies(this.#distrust))
  }

  /** Why the client would not believe the certificate: of its own machine it believes any. */
  get #distrust(): string | undefined {
    return this.#login.local ? undefined : this.#peer?.distrust
  }

  get #quirks() {
    return this.#login.persona.quirks ?? {}
  }

  #encoded(password: Uint8Array): Uint8Array {
    const { passwordEncoding } = this.#quirks
    if (passwordEncoding === undefined) return password
    const text = Buffer.from(password).toString('utf8')
    if (/[^\0-\xff]/.test(text)) leave(passwordEncoding.orSays)
    return Buffer.from(text, 'latin1')
  }

  #onErr(payload: Uint8Array, connectionId: number): PersonaState {
    const error = decodeErr(payload)
    return { at: 'refused', error, says: this.#login.persona.says({ ...error, connectionId }) }
  }

  #send(payload: Uint8Array): void {
    this.#effects.push({ do: 'send', payload, sequenceId: this.#sequenceId })
    this.#sequenceId = (this.#sequenceId + 1) & 0xff
  }
}

function leave(says: string): never {
  throw new Leave({ at: 'left', says })
}

function withhold(why: string): never {
  throw new Leave({ at: 'withheld', why })
}

const fullAuthentication = 0x04
