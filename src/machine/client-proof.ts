/**
 * By which plugin a client proves its password, and whether it may: the first proof, which goes with the login, and each one
 * that the server asks for after it. No plugin starts before the policy has judged it on this channel.
 */
import type { Channel, ClientDialogue, ClientPlugin, Question } from '../auth/plugin.ts'
import { whyUnavailable } from '../auth/unavailable-plugins.ts'
import { ChannelRefused, clientError, ProtocolViolation } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import { judgeClientChannel } from './channel-policy.ts'
import type { ClientOptions, Exchange, Peer } from './client-states.ts'
import { keptUp } from './kept-up-dialogue.ts'

/** Where a proof is about to go. */
export interface Towards {
  readonly options: ClientOptions
  readonly channel: Channel
  readonly peer: Peer | undefined
}

export type Turn = IteratorResult<Uint8Array | Question, void>

/** Bytes; a greeting has no room for the nonces of 32. */
export const greetingNonceLength = 20

const native = 'mysql_native_password'

/**
 * The proof that goes with the login, for the plugin that the greeting names. A plugin that this channel forbids, or that has
 * to ask first, gives none yet: the server will have to switch, and it is judged again then.
 *
 * Throws: `ClientError` when `defaultPlugin` is not known.
 */
export function firstProof(
  to: Towards,
  greeting: HandshakeV10,
  capabilities: number,
): { readonly answer: Uint8Array; readonly exchange: Exchange } {
  const { plugins, defaultPlugin } = to.options
  if (defaultPlugin !== undefined) knownPlugin(to, defaultPlugin)
  // Without CLIENT_PLUGIN_AUTH on both sides it is mysql_native_password, unsaid.
  const named =
    defaultPlugin ?? (has(capabilities, capability.PLUGIN_AUTH) ? greeting.authPluginName : undefined) ?? native
  const plugin = plugins.get(named)
  const begun = { greeting, capabilities, plugin: plugin?.name ?? native, factor: 1, switches: 0, rounds: 0 }
  const nothing = {
    answer: new Uint8Array(0),
    exchange: { ...begun, dialogue: undefined, passwordHash: undefined },
  }
  if (plugin === undefined || plugin.nonceLength > greetingNonceLength || !judge(to, plugin).allowed) return nothing
  // A greeting's nonce is nothing that a plugin without one could read.
  const data = plugin.nonceLength === 0 ? new Uint8Array(0) : greeting.authPluginData
  const { dialogue, passwordHash, first } = start(to, plugin, data, 1)
  if (first.done || isQuestion(first.value)) {
    dialogue.return()
    return nothing
  }
  return { answer: first.value, exchange: { ...begun, dialogue, passwordHash } }
}

/**
 * Starts the plugin that the server asks for.
 *
 * Throws: `ClientError` for a plugin that is not known, `ChannelRefused` for one that this channel forbids, `ProtocolViolation` for a
 * nonce that is too short.
 */
export function nextProof(
  to: Towards,
  exchange: Exchange,
  name: string,
  data: Uint8Array,
): { readonly exchange: Exchange; readonly first: Turn } {
  const plugin = allowedPlugin(to, name)
  const { dialogue, passwordHash, first } = start(to, plugin, data, exchange.factor)
  return { exchange: { ...exchange, plugin: name, dialogue, passwordHash, rounds: 0 }, first }
}

export function isQuestion(said: Uint8Array | Question): said is Question {
  return !(said instanceof Uint8Array)
}

/** Servers send a nonce of 20 bytes with a trailing NUL; what is hashed is exactly `nonceLength` bytes. */
function start({ options, channel }: Towards, plugin: ClientPlugin, data: Uint8Array, factor: number) {
  if (data.length < plugin.nonceLength) {
    throw new ProtocolViolation('CR_SERVER_HANDSHAKE_ERR', {
      phase: 'verdict',
      expected: [`${plugin.nonceLength} bytes of nonce`],
      got: `${data.length}`,
    })
  }
  const { passwords, tokens, mayRequestPublicKey, serverPublicKey, random } = options
  const login = {
    password: tokens?.get(plugin.name) ?? passwords[factor - 1] ?? new Uint8Array(0),
    nonce: data.slice(0, plugin.nonceLength === 0 ? data.length : plugin.nonceLength),
    channel,
    factor,
    mayRequestPublicKey,
    clientNonce: random(32),
    ...(serverPublicKey !== undefined && { serverPublicKey }),
  }
  const begin = (): ClientDialogue => plugin.client(login)
  const dialogue = options.neverBreaksOff ? keptUp(plugin.name, begin) : begin()
  const hash = login.password.length === 0 ? undefined : plugin.passwordHash
  return {
    dialogue,
    passwordHash: hash && (() => hash.call(plugin, login)),
    // The type of `next` demands what a first call has not.
    first: (dialogue.next as () => Turn)(),
  }
}

/** One that is refused is a plugin too, where the login is not to be broken off. */
function allowedPlugin(to: Towards, name: string): ClientPlugin {
  try {
    const plugin = knownPlugin(to, name)
    const allowed = judge(to, plugin)
    if (allowed.allowed) return plugin
    throw new ChannelRefused(plugin.name, allowed.why)
  } catch (error) {
    if (to.options.neverBreaksOff !== true) throw error
    const client = (): ClientDialogue => {
      throw error
    }
    return { name, nonceLength: 0, secrets: 'never-sent', client }
  }
}

function knownPlugin({ options }: Towards, name: string): ClientPlugin {
  const plugin = options.plugins.get(name)
  if (plugin !== undefined) return plugin
  throw clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', name, whyUnavailable(name))
}

function judge({ options, channel, peer }: Towards, plugin: ClientPlugin): ReturnType<typeof judgeClientChannel> {
  return judgeClientChannel(plugin, channel, { allowClearPassword: options.allowClearPassword, peer })
}
