/**
 * The gateway's part of the benchmark: queries, large results, logins and memory of Saltgate between a client and MySQL, beside
 * nothing, a bare Node pipe, HAProxy and MySQL Router.
 */
import type { Peer } from '../../test/peers/install.ts'
import { type CaseResult, type Figures, mediansOf, type PartResult } from '../report.ts'
import { startBackend } from './backend.ts'
import { type Case, cases, type GatewayScale, topics, warmUp } from './cases.ts'
import { type Contestant, type ContestantName, contestantNames, type Surroundings, start } from './contestants.ts'
import { installProxies } from './install-proxies.ts'

/**
 * Measures the cases and contestants among `only`, which names either; all where it names none. `report` is told of each result when it
 * is there, `say` of each contestant that could not be had.
 *
 * @param program loginstorm, compiled
 */
export async function measureGateway(
  program: string,
  peers: readonly Peer[],
  scale: GatewayScale,
  only: readonly string[] | undefined,
  report: (result: CaseResult) => void,
  say: (line: string) => void,
): Promise<PartResult> {
  const names = chosen(contestantNames, only)
  const wanted = cases.filter(({ topic }) => chosen(topics, only).includes(topic))
  const proxies = await installProxies(peers, say)
  const versions = new Map<ContestantName, string>()
  const missing = new Set<string>()
  const results: CaseResult[] = []

  const backend = await startBackend(peers, scale.pairs)
  try {
    const around = { backend, proxies, connections: scale.pairs + 500 }
    for (const tls of [false, true]) {
      const group = wanted.filter((one) => one.tls === tls && !one.freshProcess)
      await inTurns(group, { ...around, tls })
    }
    for (const one of wanted.filter(({ freshProcess }) => freshProcess)) await fresh(one, { ...around, tls: one.tls })
  } finally {
    await backend.server.stop()
  }
  return { results, versions: [...versions].map(([name, version]) => `${name}: ${version}`), rounds: scale.rounds }

  /** All contestants are up, and take turns. */
  async function inTurns(group: readonly Case[], around: Surroundings): Promise<void> {
    const contestants: Contestant[] = []
    try {
      for (const name of names.filter((name) => group.some(({ among }) => among.includes(name)))) {
        const contestant = await startOne(name, around)
        if (!contestant) continue
        contestants.push(contestant)
        await warmUp(contestant, around.tls, scale, program)
      }
      for (const one of group) {
        const runs: Runs = new Map()
        const able = contestants.filter(({ name }) => one.among.includes(name))
        for (let round = 0; round < scale.rounds; round++) {
          for (const contestant of able) keep(runs, contestant.name, await one.run(contestant, scale, program))
        }
        conclude(one, runs)
      }
    } finally {
      await Promise.all(contestants.map((contestant) => contestant.stop()))
    }
  }

  /** One contestant at a time, in a process that has done nothing before. */
  async function fresh(one: Case, around: Surroundings): Promise<void> {
    const runs: Runs = new Map()
    for (let round = 0; round < scale.rounds; round++) {
      for (const name of names.filter((name) => one.among.includes(name))) {
        const contestant = await startOne(name, around)
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

  async function startOne(name: ContestantName, around: Surroundings): Promise<Contestant | undefined> {
    try {
      const contestant = await start(name, around)
      versions.set(name, contestant.version)
      return contestant
    } catch (error) {
      const { message } = error as Error
      if (!missing.has(name)) say(message)
      missing.add(name)
      return undefined
    }
  }

  function conclude({ name, compare, goals, atMost }: Case, runs: Runs): void {
    const value = mediansOf(runs.get('saltgate') ?? [])[compare]
    const notes: string[] = []
    if (atMost !== undefined && value !== undefined) {
      const verdict = value <= atMost ? 'met' : 'not met'
      notes.push(`goal: ${compare} at most ${atMost}. It is ${value.toFixed(1)}: ${verdict}`)
    }
    const result = { name, compare, goals, runs, notes }
    results.push(result)
    report(result)
  }
}

type Runs = Map<ContestantName, Figures[]>

function keep(runs: Runs, name: ContestantName, figures: Figures): void {
  runs.set(name, [...(runs.get(name) ?? []), figures])
}

/** Those of `all` that `only` names; all where it names none of them. */
function chosen<Name extends string>(all: readonly Name[], only: readonly string[] | undefined): readonly Name[] {
  const named = all.filter((name) => only?.includes(name))
  return named.length > 0 ? named : all
}
