/**
 * What to do about a login that was refused: what the doctor says of a proof that was explained, else what the table of reasons says. The
 * doctor's words are those of a finding that such a proof brings up, and nothing else does.
 */
import type { NearProof } from '../auth/near-proof.ts'
import { findings } from '../doctor/findings/index.ts'
import type { Observation } from '../doctor/observation.ts'
import { type DenyReason, denyReasons } from '../errors/deny-reasons.ts'

/** Of the client, where there is something to be done there. */
export function remedyOf(reason: DenyReason, near: NearProof | undefined): string {
  return (near && remedyOfProof(near)) ?? denyReasons[reason].remedy
}

function remedyOfProof(near: NearProof): string | undefined {
  const key = `${near.nonce} ${near.password} ${near.algorithm} ${near.masks ?? false}`
  if (!known.has(key)) {
    const brought = findings.find(({ onLogin }) => {
      const by = (proofs: readonly NearProof[]) => onLogin?.(refused, { proofs, passwordGiven: true })
      return by([near])?.certain === true && by([]) === undefined
    })
    known.set(key, brought?.remedy.client ?? brought?.remedy.server)
  }
  return known.get(key)
}

/** By what is wrong: as many as near proofs have words for. */
const known = new Map<string, string | undefined>()

/** A login of which nothing is known but that its proof was refused. */
const refused: Observation = {
  ...{ number: 1, startedMs: undefined, durationMs: 0, packets: [], exchanges: [], gaps: [] },
  ...{ client: { address: '', port: 0 }, server: { address: '', port: 0 } },
  ...{ greeting: undefined, sslRequest: undefined, login: undefined, tls: undefined, channel: 'plaintext' },
  outcome: 'refused',
  error: { code: 1045, sqlState: '28000', message: '' },
  end: { by: 'server', how: 'fin', atMs: 0 },
  ...{ foreign: undefined, stopped: undefined },
}
