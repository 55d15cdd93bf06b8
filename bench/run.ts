/**
 * `npm run bench [-- --front-door | --clients | --trace | --gateway | --dashboard] [--quick] [--json] [--report FILE] [--only NAME,NAME]`:
 * the front door beside a bare Node server, MariaDB and MySQL, then the client beside a bare Node exchange, mysql2, mariadb and mysql,
 * then the reading of captures beside tshark, then the gateway beside a bare Node pipe, HAProxy and MySQL Router, then what it costs that
 * the dashboard is looked at. All parts take some 45 minutes; with `--quick` under seven. `--only` names contestants; for the gateway select,
 * bulk, login and memory too.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { installPeers } from '../test/peers/install.ts'
import { measureClients } from './clients/part.ts'
import { measureDashboard } from './dashboard/part.ts'
import { measureFrontDoor } from './front-door.ts'
import { measureGateway } from './gateway/part.ts'
import { buildLoginstorm } from './loginstorm.ts'
import { type CaseResult, document, mediansOf, type PartText, ratio, table } from './report.ts'
import { measureTrace } from './trace/part.ts'

const { values: flags } = parseArgs({
  options: {
    'front-door': { type: 'boolean', default: false },
    clients: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    gateway: { type: 'boolean', default: false },
    dashboard: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    report: { type: 'string' },
    only: { type: 'string' },
  },
})

const all = !flags['front-door'] && !flags.clients && !flags.trace && !flags.gateway && !flags.dashboard
const only = flags.only?.split(',')
const say = (line: string) => (flags.json ? process.stderr : process.stdout).write(`${line}\n`)

const frontDoorText: PartText = {
  title: 'The front door',
  option: '--front-door',
  explanation: `\`floor\` is a bare Node server that sends fixed bytes and checks nothing: no login in Node can cost less. Compare ratios
within one table, not figures between runs: CPU per login moves by 20 to 40 % with whatever else the machine does. CPU and
memory are those of the server's processes; memory is resident memory added per connection, without the kernel's buffers.`,
}

const clientsText: PartText = {
  title: 'The client',
  option: '--clients',
  explanation: `\`floor\` is the same exchange by hand over \`node:net\`, with a real scramble and next to no parsing: no client in Node can cost
less. Each client runs in a process of its own, connections one after the other; CPU is that of this process. Compare ratios
within one table, not figures between runs.

Rows are INT, BIGINT, VARCHAR(40) of 20 to 40 characters, DECIMAL(12,2), DATETIME, and a VARCHAR(40) of which a third is NULL.
What the clients make of them is not the same by default:

|          | BIGINT                    | DECIMAL | DATETIME                      |
| -------- | ------------------------- | ------- | ----------------------------- |
| saltgate | bigint                    | string  | string                        |
| mysql2   | number, rounded from 2^53 | string  | Date; string by \`dateStrings\` |
| mariadb  | bigint                    | string  | Date; string by \`dateStrings\` |
| mysql    | number, rounded from 2^53 | string  | Date; string by \`dateStrings\` |

A Date costs more than a string, so the comparison is with \`dateStrings\`, and the goals are those of it; "dates as they come"
is without. \`query\` gives the whole result by the text protocol, \`stream\` row by row (ours by \`for await\`, the others by
\`data\` events, which cost them less), \`execute\` the whole result by the binary protocol, which npm mysql does not have.
Where the rows per second are nearly the same, the server sends no more; CPU tells the clients apart.`,
}

const traceText: PartText = {
  title: 'The trace',
  option: '--trace',
  explanation: `A capture of many logins, each followed by a dozen queries with results of 20 rows. Saltgate writes a line of JSON per connection
(who, with what, how it ended), the report with steps and findings that \`saltgate trace --json\` prints, or what it prints without.
It looks at logins and commands, and passes over results. tshark decodes all
with \`-q -Y mysql\`, or writes five fields of each packet with \`-T fields\`. Times are those of whole processes, their start
included. tshark keeps what it has seen, so the largest capture is not for it.`,
}

const gatewayText: PartText = {
  title: 'The gateway',
  option: '--gateway',
  explanation: `One MySQL server, and between it and the clients: nothing (\`direct\`), a bare Node process that pipes each connection (\`floor\`: no
proxy in Node can cost less), HAProxy in TCP mode, MySQL Router in its ways, or Saltgate. CPU and memory are those of the process
between; memory is resident memory added per pair of connections, without the kernel's buffers. Compare ratios within one
table, not figures between runs.

Accounts are \`caching_sha2_password\`, known to the server from before. The floor, HAProxy and \`router-passthrough\` authenticate nobody: they pass
the login on, and TLS with it. \`router-terminating\` speaks TLS on both sides, or, in cases without TLS, on neither; so does
Saltgate. \`router-sharing\` hands logged-in connections of the server on. Wherever Router ends TLS, it asks each client for its password
(\`full\` counts these logins). It has a certificate with an RSA key of 2048 bits, as its bootstrap makes; Saltgate, and
\`router-sharing-ecdsa\`, one with ECDSA P-256.`,
}

const dashboardText: PartText = {
  title: 'The dashboard',
  option: '--dashboard',
  explanation: `Front doors that are looked at in different ways, each a \`saltgate serve\` of its own: without a dashboard; with one that nobody has
open; with three readers of its live stream, who read all or nothing of it; with one whose metrics are fetched every second; and one
that writes no line for a login (\`--log-level error\`), again without a dashboard. CPU is that of the door's process, 16 logins at a time.
Memory is the heap that is in use when everything dead is gone, from one process of each. Compare ratios within one table, not figures
between runs.

The page runs in Chromium without a window and without a graphics card, on the processors that the door and everybody who comes and goes
use too: by the clock it also waits for its turn, so what a frame costs is the CPU time of the main thread, from one commit to the next.
A frame comes every 16.7 ms where nothing is late.`,
}

const stormy = all || flags['front-door'] || flags.gateway || flags.dashboard
const program = stormy ? await loginstorm() : undefined
const peers = await installPeers(say)
for (const peer of peers) {
  if ('missing' in peer && ['mysqld', 'mariadbd'].includes(peer.name)) say(`${peer.name} MISSING: ${peer.missing}`)
}

const frontDoorScale = flags.quick
  ? { rounds: 1, warmupS: 0.3, durationS: 0.7, freshUsers: 300, held: 1000, strangers: 2000 }
  : { rounds: 3, warmupS: 0.7, durationS: 2, freshUsers: 2000, held: 5000, strangers: 9000 }
const clientScale = flags.quick
  ? { rounds: 1, cycles: 1500, rows: 100_000, warmupCycles: 3000, warmupReadings: 5 }
  : { rounds: 5, cycles: 2000, rows: 1_000_000, warmupCycles: 20_000, warmupReadings: 2 }
const traceScale = flags.quick
  ? { rounds: 1, sizes: [64], largest: 128 }
  : { rounds: 3, sizes: [64, 256], largest: 1024 }
const gatewayScale = flags.quick
  ? { rounds: 1, firstWarmupS: 0.5, warmupS: 0.2, durationS: 0.6, pairs: 1000 }
  : { rounds: 3, firstWarmupS: 1.5, warmupS: 0.5, durationS: 2, pairs: 5000 }
const dashboardScale = flags.quick
  ? { openings: 1, rounds: 1, firstWarmupS: 1, warmupS: 0.2, durationS: 0.6, held: 1000, pageS: 3 }
  : { openings: 3, rounds: 5, firstWarmupS: 3, warmupS: 0.3, durationS: 1.2, held: 5000, pageS: 4 }

const frontDoor =
  program === undefined || !(all || flags['front-door'])
    ? undefined
    : await measureFrontDoor(program, peers, frontDoorScale, only, print)
const clients = all || flags.clients ? await measureClients(peers, clientScale, only, print) : undefined
const trace = all || flags.trace ? await measureTrace(peers, traceScale, print) : undefined
const gateway =
  program === undefined || !(all || flags.gateway)
    ? undefined
    : await measureGateway(program, peers, gatewayScale, only, print, say)
const dashboard =
  program === undefined || !(all || flags.dashboard)
    ? undefined
    : await measureDashboard(program, peers, dashboardScale, only, print, say)

if (flags.report) {
  const before = await readFile(flags.report, 'utf8').catch(() => '')
  const parts = [
    { text: frontDoorText, result: frontDoor },
    { text: clientsText, result: clients },
    { text: traceText, result: trace },
    { text: gatewayText, result: gateway },
    { text: dashboardText, result: dashboard },
  ]
  await writeFile(flags.report, document(parts, before))
}

function loginstorm(): Promise<string> {
  return buildLoginstorm().catch((error: Error) => {
    console.error(error.message)
    process.exit(2)
  })
}

function print(result: CaseResult): void {
  if (!flags.json) {
    console.log(`\n${table(result)}`)
    return
  }
  for (const [name, runs] of result.runs) {
    const figures = mediansOf(runs)
    const ofFloor = ratio(result, name, result.floor ?? 'floor')
    console.log(JSON.stringify({ case: result.name, contestant: name, ...figures, ofFloor }))
  }
}
