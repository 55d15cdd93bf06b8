/** The whole way from what was seen to what is told: proofs tested, findings looked for, the report made. */
import { findIn } from '../findings/index.ts'
import type { Observation } from '../observation.ts'
import type { ConnectionReport } from './connection-report.ts'
import { reportOf } from './report.ts'
import { testProofs } from './tested-proofs.ts'

export interface ExplainOptions {
  /** Tests the answers: costs up to some thousand hashes a login. */
  readonly password?: Uint8Array | undefined
  /** Adds the bytes of each packet, secrets blanked. */
  readonly hex?: boolean
}

export function explainedReport(seen: Observation, { password, hex = false }: ExplainOptions = {}): ConnectionReport {
  const tested = password === undefined ? undefined : testProofs(seen, password)
  const known = { proofs: tested?.proofs ?? [], passwordGiven: password !== undefined }
  const found = findIn(seen, tested?.complete === false ? { ...known, incomplete: true } : known)
  return reportOf(seen, { found, proofs: tested?.said ?? [], hex })
}
