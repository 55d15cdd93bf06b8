/** Authentication dialogues between real servers and clients, and what tests of plugins do with a dialogue. */
import { constants, privateDecrypt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AuthPlugin, ClientLogin, ClientPlugin, ServerProof, Verdict } from '../../src/auth/plugin.ts'

export interface CapturedDialogue {
  readonly name: string
  readonly server: string
  readonly plugin: string
  readonly accountPassword: string
  readonly retainedPassword?: string
  readonly clientPassword: string
  /** authentication_string of the account. */
  readonly stored: string
  /** Hex; of dialog the first question. */
  readonly nonce: string
  readonly turns: readonly ({ readonly client: string } | { readonly server: string })[]
  readonly end: 'OK' | number
}

const file: {
  readonly publicKeys: Readonly<Record<string, string>>
  readonly privateKeys: Readonly<Record<string, string>>
  readonly dialogues: readonly CapturedDialogue[]
} = JSON.parse(readFileSync(new URL('../vectors/auth/dialogues.json', import.meta.url), 'utf8'))

export const publicKey = file.publicKeys.my97 as string
export const privateKey = file.privateKeys.my97 as string

export function capturedDialogues(plugin: string): readonly CapturedDialogue[] {
  return file.dialogues.filter((dialogue) => dialogue.plugin === plugin)
}

export function publicKeyOf({ server }: CapturedDialogue): string | undefined {
  return file.publicKeys[server]
}

/** The payloads of one side, the server's key in full. */
export function turnsOf(dialogue: CapturedDialogue, side: 'client' | 'server'): Uint8Array[] {
  return dialogue.turns.flatMap((turn) => {
    const hex = (turn as Record<string, string>)[side]
    if (hex === undefined) return []
    return hex === 'public key' ? Buffer.from(publicKeyOf(dialogue) ?? '') : Buffer.from(hex, 'hex')
  })
}

/** Opens a sealed password; with its NUL. */
export function unseal(sealed: Uint8Array, nonce: Uint8Array, key: string): string {
  const masked = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, sealed)
  return masked.map((byte, i) => byte ^ (nonce[i % nonce.length] as number)).toString()
}

export function unsealFrom(dialogue: CapturedDialogue, sealed: Uint8Array): string {
  return unseal(sealed, Buffer.from(dialogue.nonce, 'hex'), file.privateKeys[dialogue.server] as string)
}

/** Plays the server half against given answers of a client; what it sent, and its verdict. */
export function judge(
  plugin: AuthPlugin,
  proof: Omit<ServerProof, 'answer'>,
  answers: readonly Uint8Array[],
): { readonly sent: Uint8Array[]; readonly verdict: Verdict } {
  const dialogue = plugin.server({ ...proof, answer: answers[0] ?? new Uint8Array(0) })
  const sent: Uint8Array[] = []
  let turn = dialogue.next()
  for (const answer of answers.slice(1)) {
    if (turn.done) break
    sent.push(turn.value)
    turn = dialogue.next(answer)
  }
  if (!turn.done) throw new Error('the server half waits for more answers')
  return { sent, verdict: turn.value }
}

/** A client half that has no question for a person. */
export function startClient(
  plugin: ClientPlugin,
  login: Omit<ClientLogin, 'clientNonce'>,
): Generator<Uint8Array, void, Uint8Array> {
  return plugin.client({ clientNonce, ...login }) as Generator<Uint8Array, void, Uint8Array>
}

/** Plays both halves of a plugin against each other. */
export function converse(
  plugin: AuthPlugin,
  login: Omit<ClientLogin, 'nonce' | 'clientNonce'>,
  proof: Omit<ServerProof, 'answer'>,
): { readonly answers: Uint8Array[]; readonly verdict: Verdict } {
  const client = startClient(plugin, { ...login, nonce: proof.nonce })
  // A copy, as the wire makes one: the client wipes its packets.
  const answers = [Uint8Array.from(client.next().value ?? [])]
  const server = plugin.server({ ...proof, answer: answers[0] as Uint8Array })
  for (let turn = server.next(); ; turn = server.next(answers.at(-1) as Uint8Array)) {
    if (turn.done) {
      client.return()
      return { answers, verdict: turn.value }
    }
    answers.push(Uint8Array.from(client.next(turn.value).value ?? []))
  }
}

/** Each copy of `bytes` with one bit flipped. */
export function bitFlips(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length * 8 }, (_, bit) =>
    bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
  )
}

/** Lengths of proofs to try: all around the right ones, and at the limits of wider fields. */
export const oddLengths: readonly number[] = [...Array(71).keys(), 255, 256, 65_535]

/** The client's own nonce, where a test has no other. */
export const clientNonce: Uint8Array = new Uint8Array(32).fill(0x63)

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
