/** The answers of a persona: those of the plugin's own client half, changed where the client is known to do otherwise. */
import { scrambleCachingSha2Password } from '../auth/caching-sha2-password.ts'
import { sendPassword } from '../auth/password-exchange.ts'
import type { Channel, ClientDialogue, ClientLogin, ClientPlugin } from '../auth/plugin.ts'
import { sha1, sha256, wipe, xor } from '../auth/primitives.ts'
import type { PersonaQuirks } from './persona.ts'

/** What there is to prove, and over what. */
export interface PersonaProof {
  readonly plugin: ClientPlugin
  readonly quirks: PersonaQuirks
  readonly password: Uint8Array
  /** As the server sent it, with its NUL. */
  readonly data: Uint8Array
  /** 20 bytes. */
  readonly greetingNonce: Uint8Array
  readonly by: 'greeting' | 'switch'
  readonly channel: Channel
  readonly mayRequestPublicKey: boolean
  readonly serverPublicKey: string | undefined
  random(length: number): Uint8Array
}

/**
 * Starts a proof. `login` is what the plugin was told, of which its `passwordHash` wants to hear again.
 *
 * Units: `data` holds `plugin.nonceLength` bytes at least.
 */
export function startProof(proof: PersonaProof): { readonly dialogue: ClientDialogue; readonly login: ClientLogin } {
  const { plugin, quirks, data } = proof
  const login: ClientLogin = {
    password: proof.password,
    nonce: data.slice(0, plugin.nonceLength === 0 ? data.length : plugin.nonceLength),
    // On a secure channel the plugins send the password as it is.
    channel: quirks.clearOnPlaintext ? 'tls' : proof.channel,
    mayRequestPublicKey: proof.mayRequestPublicKey,
    clientNonce: proof.random(32),
    ...(proof.serverPublicKey !== undefined && { serverPublicKey: proof.serverPublicKey }),
  }
  const seals = quirks.sealsWithGreetingNonce && plugin.nonceLength === 20
  return { dialogue: answers(proof, seals ? { ...login, nonce: proof.greetingNonce } : login), login }
}

function* answers(proof: PersonaProof, login: ClientLogin): ClientDialogue {
  const { plugin, quirks } = proof
  const sealsNothing = proof.password.length === 0 && quirks.empty?.[plugin.name] === 'sealed'
  const dialogue = sealsNothing ? sendPassword(plugin.name, login, keyRequestOfSha256) : plugin.client(login)
  try {
    let turn = (dialogue.next as () => ReturnType<ClientDialogue['next']>)()
    let first = true
    while (turn.done !== true) {
      const said = turn.value
      if (!(said instanceof Uint8Array)) turn = dialogue.next(yield said)
      else turn = dialogue.next(yield first ? (firstAnswer(proof) ?? shortened(proof, said)) : shortened(proof, said))
      first = false
    }
  } finally {
    dialogue.return()
  }
}

/** The first answer where it is not the plugin's. */
function firstAnswer({ plugin, quirks, password, data, by }: PersonaProof): Uint8Array | undefined {
  const empty = password.length === 0 ? quirks.empty?.[plugin.name] : undefined
  if (empty === 'nothing') return new Uint8Array(0)
  if (empty === 'nul') return new Uint8Array(1)
  const hashesNothing = empty === 'hashed-after-switch' && by === 'switch'
  if (password.length === 0 && !hashesNothing) return undefined
  if (plugin.name === 'mysql_native_password') return hashesNothing ? native(password, data.subarray(0, 20)) : undefined
  if (plugin.name !== 'caching_sha2_password') return undefined
  const nonce = by === 'switch' ? nonceOf(data, quirks) : data.subarray(0, 20)
  if (quirks.nonceFirst || hashesNothing) return nonceFirst(password, nonce)
  return nonce.length === 20 ? undefined : scrambleCachingSha2Password(password, nonce)
}

function nonceOf(data: Uint8Array, { switchNonce }: PersonaQuirks): Uint8Array {
  switch (switchNonce) {
    case 'all':
      return data
    case 'all-but-the-last':
      return data.subarray(0, -1)
    case 'without-trailing-nul':
      return data.at(-1) === 0 ? data.subarray(0, -1) : data
    default:
      return data.subarray(0, 20)
  }
}

function nonceFirst(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  const once = sha256(password)
  const scramble = xor(once, sha256(nonce, sha256(once)))
  wipe(once)
  return scramble
}

/** mysql_native_password, of an empty password too. */
function native(password: Uint8Array, nonce: Uint8Array): Uint8Array {
  const once = sha1(password)
  const scramble = xor(once, sha1(nonce, sha1(once)))
  wipe(once)
  return scramble
}

/** A clear password without its NUL, where the client forgets it. A sealed one is longer, a key request shorter. */
function shortened({ plugin, quirks, password }: PersonaProof, answer: Uint8Array): Uint8Array {
  const forgets = quirks.withoutNul?.includes(plugin.name) && answer.length === password.length + 1
  return forgets && answer.at(-1) === 0 ? answer.subarray(0, -1) : answer
}

const keyRequestOfSha256 = { keyRequest: 0x01, clearOn: new Set<Channel>(['tls']) }
