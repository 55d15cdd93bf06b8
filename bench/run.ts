/**
 * `npm run bench [-- --quick] [--json] [--report FILE] [--only NAME,NAME]`: logins, memory and resistance of Saltgate beside
 * a bare Node server, MariaDB and MySQL. Under ten minutes; with `--quick` under ninety seconds.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { installPeers } from '../test/peers/install.ts'
import { type Case, cases, type Figures, type Scale } from './cases.ts'
import { type Contestant, type ContestantName, contestantNames, start } from './contestants.ts'
import { buildLoginstorm } from './loginstorm.ts'
import { type CaseResult, document, mediansOf, ratio, table } from './report.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    report: { type: 'string' },
    only: { type: 'string' },
  },
})

const scale: Scale = flags.quick
  ? { rounds: 1, warmupS: 0.3, durationS: 0.7, freshUsers: 300, held: 1000, strangers: 2000 }
  : { rounds: 3, warmupS: 0.7, durationS: 2, freshUsers: 2000, held: 5000, strangers: 9000 }

const names = contestantNames.filter((name) => !flags.only || flags.only.split(',').includes(name))
const say = (line: string) => (flags.json ? process.stderr : process.stdout).write(`${line}\n`)

const program = await buildLoginstorm().catch((error: Error) => {
  console.error(error.message)
  process.exit(2)
})
const peers = await installPeers(say)
for (const peer of peers) {
  if ('missing' in peer && names.some((name) => name === peer.name)) say(`${peer.name} MISSING: ${peer.missing}`)
}

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

if (flags.report) {
  const list = [...versions].map(([name, version]) => `${name}: ${version}`)
  await writeFile(flags.report, document(results, list, scale.rounds))
}

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
  report(one, runs)
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
  report(one, runs)
}

type Runs = Map<ContestantName, Figures[]>

function keep(runs: Runs, name: ContestantName, figures: Figures | undefined): void {
  if (figures) runs.set(name, [...(runs.get(name) ?? []), figures])
}

function report(one: Case, runs: Runs): void {
  const medians = new Map([...runs].map(([name, figures]) => [name, mediansOf(figures)]))
  const result: CaseResult = { name: one.name, compare: one.compare, medians }
  results.push(result)
  if (!flags.json) {
    console.log(`\n${table(result)}`)
    return
  }
  for (const [name, figures] of medians) {
    console.log(JSON.stringify({ case: one.name, contestant: name, ...figures, ofFloor: ratio(result, name, 'floor') }))
  }
}
