/**
 * What plugin dialogues share: a server half that needs no packet, the rule for "no password", what becomes of a digest that a
 * proof gives away, and a client half's complaint about a server that says more than the plugin provides for.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import { ProtocolViolation } from '../errors/errors.ts'
import type { ServerDialogue, Verdict } from './plugin.ts'
import { wipe } from './primitives.ts'

/** A server half that has decided without sending anything. */
// biome-ignore lint/correctness/useYield: a dialogue without a packet is still a dialogue
export function* decided(verdict: Verdict): ServerDialogue {
  return verdict
}

export function deny(reason: DenyReason): Verdict {
  return { verdict: 'deny', reason }
}

/** Whether an answer says "no password": nothing at all, or the single NUL of libmysqlclient. */
export function isEmptyAnswer(answer: Uint8Array): boolean {
  return answer.length === 0 || (answer.length === 1 && answer[0] === 0)
}

/** Judges an answer without a password: right only for an account whose current credential is "no password". */
export function judgeEmptyAnswer(authStrings: readonly string[], recover = false): Verdict {
  if (authStrings[0] !== '') return deny('no-password')
  return { verdict: 'accept', credential: 0, ...(recover && { recovered: new Uint8Array(0) }) }
}

/** Hands on a digest that was taken out of a proof, if it is asked for. After: `digest` is wiped. */
export function recovered(digest: Uint8Array, wanted: boolean | undefined): { readonly recovered?: Uint8Array } {
  // A copy: the memory of the original is shared with whatever else is in Node's pool, and would keep all of that alive.
  const own = wanted === true ? { recovered: Uint8Array.from(digest) } : {}
  wipe(digest)
  return own
}

/** The error of a client half for AuthMoreData other than `expected`; it names the length, never the content. */
export function unexpectedData(plugin: string, data: Uint8Array, ...expected: readonly string[]): ProtocolViolation {
  return new ProtocolViolation('CR_MALFORMED_PACKET', {
    phase: `verdict (${plugin})`,
    expected: ['Ok', 'Err', ...expected],
    got: `AuthMoreData of ${data.length} bytes`,
  })
}
