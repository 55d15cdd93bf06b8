/**
 * What the doctor can find, one file each in `findings/`. A finding never guesses: it states its proof, or says "possible".
 */
import type { NearProof } from '../auth/near-proof.ts'
import type { Observation } from './observation.ts'
import type { Probe } from './probe.ts'

export interface Finding {
  /** A slug that never changes once it is published. */
  readonly id: string
  /** In one line, what is wrong. */
  readonly title: string
  /** `decisive`: it decides a login. `risk`: it will, elsewhere or later. `note`: worth knowing. */
  readonly severity: 'decisive' | 'risk' | 'note'
  /** Which versions of what; where known, the one in which it is mended. */
  readonly affects: string
  readonly remedy: { readonly client?: string; readonly server?: string }
  /** Where it is described: a manual page, an issue. */
  readonly reference: string
  /** Looks at one login. */
  readonly onLogin?: (seen: Observation, known: Known) => Evidence | undefined
  /** Looks at what the examination of a server brought to light. */
  readonly onProbe?: (probe: Probe) => Evidence | undefined
}

export interface Evidence {
  /** Proven by what is quoted; otherwise possible. */
  readonly certain: boolean
  /** What was seen, for people. Lengths, names, times; never a secret. */
  readonly lines: readonly string[]
}

/** What is known besides the packets. */
export interface Known {
  /** Why a proof failed, as far as it can be told: one for each exchange that was tried. */
  readonly proofs: readonly NearProof[]
  /** An exchange that the server judged could not be tested, or nothing explains its answer. */
  readonly incomplete?: true
  /** Whether a password was given to test proofs with. */
  readonly passwordGiven: boolean
}

/** A finding that applies. */
export interface Found {
  readonly finding: Finding
  readonly evidence: Evidence
}
