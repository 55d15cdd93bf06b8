/**
 * The dashboard's part of the benchmark: what it costs a door that somebody looks at it, in CPU per login and in memory, and what the page
 * costs a browser.
 */
import type { Peer } from '../../test/peers/install.ts'
import type { CaseResult, Figures, PartResult } from '../report.ts'
import { type Case, cases, type DashboardScale, keepIdle, memory, warmUp } from './cases.ts'
import { type BenchDoor, openDoor, type WayName, wayNames } from './doors.ts'
import { measurePage, pageNeeds } from './page.ts'

/**
 * Measures the ways among `only` (all when left out); `report` is told of each result when it is there, `say` of what could not be measured.
 *
 * @param program loginstorm, compiled
 */
export async function measureDashboard(
  program: string,
  peers: readonly Peer[],
  scale: DashboardScale,
  only: readonly string[] | undefined,
  report: (result: CaseResult) => void,
  say: (line: string) => void,
): Promise<PartResult> {
  const names = wayNames.filter((name) => only?.includes(name) ?? true)
  const results: CaseResult[] = []
  const keep = (result: CaseResult) => {
    results.push(result)
    report(result)
  }
  for (const group of [cases.filter(({ beside }) => !beside), cases.filter(({ beside }) => beside)]) {
    for (const result of await inTurns(group, names, scale, program)) keep(result)
  }
  keep(await fresh(memory, names, scale, program))
  const needs = await pageNeeds(peers)
  if ('missing' in needs) say(`the page is left out: ${needs.missing}`)
  else keep(await measurePage(needs.argv[0] ?? '', scale, program))
  const browser = 'missing' in needs ? [] : [`chromium: ${needs.version}`]
  return { results, versions: [`Node: ${process.version}`, ...browser], rounds: scale.openings * scale.rounds }
}

/**
 * All doors are open, and take turns: forth in one round and back in the next, so that none is always behind the same other. After some
 * rounds all are opened anew: two processes of one program are never quite alike, and that is not what is compared.
 */
async function inTurns(
  group: readonly Case[],
  names: readonly WayName[],
  scale: DashboardScale,
  program: string,
): Promise<CaseResult[]> {
  const measured = group.map((one) => ({ one, runs: new Map<WayName, Figures[]>() }))
  for (let opening = 0; opening < scale.openings; opening++) {
    await using end = new AsyncDisposableStack()
    const doors: BenchDoor[] = []
    for (const name of names) {
      const door = await openDoor(name)
      end.defer(() => door.stop())
      doors.push(door)
      if (group.some(({ beside }) => beside)) end.defer(await keepIdle(door, scale.held, program))
      await warmUp(door, scale, program)
    }
    for (const { one, runs } of measured) {
      for (let round = 0; round < scale.rounds; round++) {
        for (const door of round % 2 === 0 ? doors : doors.toReversed())
          add(runs, door.name, await one.run(door, scale, program))
      }
    }
  }
  return measured.map(({ one, runs }) => resultOf(one, runs, scale))
}

/** One door at a time, in a process that has done nothing before. */
async function fresh(
  one: Case,
  names: readonly WayName[],
  scale: DashboardScale,
  program: string,
): Promise<CaseResult> {
  const runs: Runs = new Map()
  for (const name of names) {
    const door = await openDoor(name)
    try {
      add(runs, name, await one.run(door, scale, program))
    } finally {
      await door.stop()
    }
  }
  return resultOf(one, runs, scale)
}

type Runs = Map<WayName, Figures[]>

function add(runs: Runs, name: WayName, figures: Figures): void {
  runs.set(name, [...(runs.get(name) ?? []), figures])
}

function resultOf({ name, compare, atMost, beside }: Case, runs: Runs, { held }: DashboardScale): CaseResult {
  return {
    ...{ name: beside ? `${name}: ${held.toLocaleString('en')}` : name, compare, runs, floor: wayNames[0] },
    ...(atMost !== undefined && { goals: [{ of: 'three look', than: wayNames[0], atMost }] }),
  }
}
