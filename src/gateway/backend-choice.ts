/** Which of several backends the next session goes to. */
import type { BackendOptions } from './backend.ts'
import { claimsNewerView, type GroupView } from './health-group-replication.ts'
import type { Route } from './rules.ts'

/** What of a backend counts. */
export interface Candidate {
  readonly name: string
  readonly options: BackendOptions
  readonly state: 'unknown' | 'up' | 'down'
  readonly role: 'primary' | 'replica' | 'unknown'
  readonly view: GroupView | undefined
  readonly doubted: boolean
  readonly connections: number
  /** Grows with each choice. */
  readonly chosen: number
}

/** The one that `Backends.choose` describes. */
export function bestOf<T extends Candidate>(all: readonly T[], route: Route, except?: ReadonlySet<T>): T | undefined {
  const fitting = all.filter((one) => fits(one, route) && !except?.has(one))
  // Of two that claim to be the primary of one group, the one with the newer view of it is: the other has not heard yet.
  const [first, ...others] =
    route.role === 'primary'
      ? fitting.filter((one) => !fitting.some((other) => claimsNewerView(other.view, one.view)))
      : fitting
  let best = first
  for (const other of others) if (best !== undefined && isBetter(other, best)) best = other
  return best
}

function fits(candidate: Candidate, { backend: name, role }: Route): boolean {
  return (
    candidate.state === 'up' &&
    (name === undefined || name === candidate.name) &&
    (role === undefined || role === candidate.role)
  )
}

function isBetter(one: Candidate, other: Candidate): boolean {
  const difference = rank(one) - rank(other) || load(one) - load(other) || one.chosen - other.chosen
  return difference < 0
}

function rank(candidate: Candidate): number {
  if (candidate.doubted) return 3
  if (candidate.options.weight === 0) return 2
  const { maxConnections = 0 } = candidate.options
  return maxConnections > 0 && candidate.connections >= maxConnections ? 1 : 0
}

/** With the connection that would be opened: so the first one already goes by weight. */
function load({ connections, options: { weight = 1 } }: Candidate): number {
  return (connections + 1) / (weight || 1)
}
