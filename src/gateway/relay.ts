/**
 * A relayed login: the backend's questions go to the client as they are, and its answers back. The gateway computes no proof; it takes part in
 * one thing only. Full authentication sends the password in clear where the channel is secure, and sealed by the server's RSA key where it
 * is not. When one leg is secure and the other is not, no client could give what the backend asks for; then the gateway opens what the client
 * sealed, or seals what it said.
 *
 * Whoever answers as the backend that the rule names gets the client's proof over a nonce of their choice (T49). Nobody else does, and no
 * password goes in clear where either leg is not secure; but against a false backend there is one defence: TLS with a verified name.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
import { cachingSha2Rules, fastAuthSuccess, fullAuthentication } from '../auth/caching-sha2-password.ts'
import { type ExchangeRules, sendPassword } from '../auth/password-exchange.ts'
import {
  type Channel,
  type ClientDialogue,
  type ClientLogin,
  type ClientPlugin,
  isSecure,
  type Question,
} from '../auth/plugin.ts'
import { clientPlugins } from '../auth/plugins.ts'
import { wipe, xor } from '../auth/primitives.ts'
import { sha256Rules } from '../auth/sha256-password.ts'
import { type ClientError, clientError } from '../errors/errors.ts'
import type { RelayedPacket } from '../machine/server-states.ts'

/** What a dialogue wants of the client. */
export type Wish =
  /** Tell it, and wait for what it says. */
  | { readonly is: 'answer'; readonly packet: RelayedPacket }
  /** Tell it; nothing comes back. */
  | { readonly is: 'nothing'; readonly packet: RelayedPacket }
  /** Open what it sealed with the gateway's own key. */
  | { readonly is: 'opened'; readonly sealed: Uint8Array }
  /** The gateway's own public key. */
  | { readonly is: 'key' }

/** A wish in the form in which the client's machine passes it on. */
export class RelayedQuestion implements Question {
  readonly ask = ''
  readonly echo = false
  readonly wish: Wish

  constructor(wish: Wish) {
    this.wish = wish
  }
}

/** A plugin that no account has: naming it makes every server say which one it wants, with a nonce of its own. */
export const relayOpener = 'saltgate_relay'

/** Every plugin there is, each asking the client. */
export class RelayedPlugins extends Map<string, ClientPlugin> {
  readonly #clientChannel: Channel

  constructor(clientChannel: Channel) {
    super()
    this.#clientChannel = clientChannel
  }

  override get(name: string): ClientPlugin {
    return relayedPlugin(name, this.#clientChannel)
  }

  override has(): boolean {
    return true
  }
}

function relayedPlugin(name: string, clientChannel: Channel): ClientPlugin {
  const known = clientPlugins.get(name)
  // Of what is not known here it is not known either whether it may cross a plaintext channel.
  const secrets = name === relayOpener ? 'never-sent' : (known?.secrets ?? 'sent-in-clear')
  return {
    name,
    nonceLength: 0,
    secrets,
    ...(known?.speaksBare === true && { speaksBare: true }),
    client: (login) => {
      if (secrets === 'sent-in-clear' && !isSecure(clientChannel)) throw insecure(name)
      const differs = ({ clearOn }: ExchangeRules) => clearOn.has(clientChannel) !== clearOn.has(login.channel)
      if (name === 'caching_sha2_password') return relayCachingSha2(login, clientChannel, differs(cachingSha2Rules))
      if (name === 'sha256_password' && differs(sha256Rules)) return bridgeSha256(login, clientChannel)
      return relayAsItIs(name, login)
    },
  }
}

function* relayAsItIs(plugin: string, { nonce, factor }: ClientLogin): ClientDialogue {
  let answer: Uint8Array = yield answered(opening(plugin, nonce, factor))
  for (;;) {
    const data: Uint8Array = yield answer
    answer = yield answered({ kind: 'more-data', data: data.slice() })
  }
}

function* relayCachingSha2(login: ClientLogin, clientChannel: Channel, bridged: boolean): ClientDialogue {
  const plugin = 'caching_sha2_password'
  let data: Uint8Array = yield (yield answered(opening(plugin, login.nonce, login.factor))) as Uint8Array
  if (data.length === 1 && data[0] === fastAuthSuccess) {
    yield new RelayedQuestion({ is: 'nothing', packet: { kind: 'more-data', data: data.slice() } })
    // The empty turn sends nothing: OK follows.
    yield nothing
    return
  }
  if (data.length === 1 && data[0] === fullAuthentication && bridged) {
    const first: Uint8Array = yield answered({ kind: 'more-data', data: data.slice() })
    return yield* bridge(plugin, login, clientChannel, first, cachingSha2Rules)
  }
  for (;;) data = yield (yield answered({ kind: 'more-data', data: data.slice() })) as Uint8Array
}

function* bridgeSha256(login: ClientLogin, clientChannel: Channel): ClientDialogue {
  const first: Uint8Array = yield answered(opening('sha256_password', login.nonce, login.factor))
  return yield* bridge('sha256_password', login, clientChannel, first, sha256Rules)
}

/** `first` is what the client says where a password is wanted: in clear on a secure leg, and on a plaintext one a wish for the key, or a seal. */
function* bridge(
  plugin: string,
  login: ClientLogin,
  clientChannel: Channel,
  first: Uint8Array,
  rules: ExchangeRules,
): ClientDialogue {
  const nonce = login.nonce.subarray(0, 20)
  // "No password" is said in the same way everywhere.
  if (first.length <= 1 && first[0] !== rules.keyRequest) {
    yield first
    return
  }
  if (rules.clearOn.has(clientChannel)) {
    const password = first.subarray(0, first.length - 1)
    try {
      yield* sendPassword(plugin, { ...login, password, nonce }, rules)
    } finally {
      wipe(first)
    }
    return
  }
  let sealed = first
  if (first.length === 1 && first[0] === rules.keyRequest) {
    const key: Uint8Array = yield new RelayedQuestion({ is: 'key' })
    sealed = yield answered({ kind: 'more-data', data: key })
  }
  const masked: Uint8Array = yield new RelayedQuestion({ is: 'opened', sealed })
  const clear = masked.length === 0 ? Uint8Array.of(0) : xor(masked, nonce)
  try {
    yield clear
    yield nothing
  } finally {
    wipe(masked, clear)
  }
}

function opening(plugin: string, data: Uint8Array, factor = 1): RelayedPacket {
  return { kind: factor > 1 ? 'next-factor' : 'auth-switch', plugin, data: data.slice() }
}

function answered(packet: RelayedPacket): RelayedQuestion {
  return new RelayedQuestion({ is: 'answer', packet })
}

function insecure(plugin: string): ClientError {
  return clientError('CR_AUTH_PLUGIN_ERR', plugin, 'the client would have to send its password in clear')
}

const nothing = new Uint8Array(0)
