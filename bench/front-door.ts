/**
 * The server's part of the benchmark: logins, memory and resistance of Saltgate beside a bare Node server, MariaDB and MySQL.
 */
import type { Peer } from '../test/peers/install.ts'
import { type Case, cases, type Scale } from './cases.ts'
import { type Contestant, type ContestantName, contestantNames, start } from './contestants.ts'
import type { CaseResult, Figures, PartResult } from './report.ts'

/**
 * Measures the contestants among `only` (all when left out); `report` is told of each result when it is there.
 *
 * @param program loginstorm, compiled
 */
export async function measureFrontDoor(
  program: string,
  peers: readonly Peer[],
  scale: Scale,
  only: readonly string[] | undefined,
  report: (result: CaseResult) => void,
): Promise<PartResult> {
  const names = contestantNames.filter((name) => only?.includes(name) ?? true)
  const versions = new Map<ContestantName, string>()
  const results: CaseResult[] = []

  const shared = await startAll()
  try {
    // A server that was started a moment ago is not what is compared: V8 compiles for some ten thousand logins.
    for (const contestant of shared)
      await cases[0]?.run(contestant, { ...scale, durationS: 2 * scale.durationS }, program)
    for (const one of cases.filter((one) => !one.freshProcess)) await measure(one, shared)
  } finally {
    await Promise.all(shared.map((contestant) => contestant.stop()))
  }
  for (const one of cases.filter((one) => one.freshProcess)) await measureFresh(one)
  return { results, versions: [...versions].map(([name, version]) => `${name}: ${version}`), rounds: scale.rounds }

  async function startAll(): Promise<Contestant[]> {
    const started = await Promise.all(names.map((name) => startOne(name, scale.freshUsers)))
    return started.filter((contestant) => contestant !== undefined)
  }

  async function startOne(name: ContestantName, freshUsers: number): Promise<Contestant | undefined> {
    const contestant = await start(name, peers, freshUsers)
    if (contestant) versions.set(name, contestant.version)
    return contestant
  }

  /** All contestants are up, and take turns. */
  async function measure(one: Case, contestants: readonly Contestant[]): Promise<void> {
    const runs: Runs = new Map()
    for (let round = 0; round < scale.rounds; round++) {
      for (const contestant of contestants) keep(runs, contestant.name, await one.run(contestant, scale, program))
    }
    conclude(one, runs)
  }

  /** One contestant at a time, in a process that has done nothing before. */
  async function measureFresh(one: Case): Promise<void> {
    const runs: Runs = new Map()
    for (let round = 0; round < scale.rounds; round++) {
      for (const name of names) {
        const contestant = await startOne(name, 0)
        if (!contestant) continue
        try {
          keep(runs, name, await one.run(contestant, scale, program))
        } finally {
          await contestant.stop()
        }
      }
    }
    conclude(one, runs)
  }

  function conclude({ name, compare }: Case, runs: Runs): void {
    const result = { name, compare, runs }
    results.push(result)
    report(result)
  }
}

type Runs = Map<ContestantName, Figures[]>

function keep(runs: Runs, name: ContestantName, figures: Figures | undefined): void {
  if (figures) runs.set(name, [...(runs.get(name) ?? []), figures])
}
