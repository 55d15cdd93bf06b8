/** `saltgate doctor`: examines a server, and tells which clients get in, which do not, and why. */
import type { Command } from 'commander'
import type { ConnectOptions } from '../client/options.ts'
import { parseConnectionUri } from '../client/uri.ts'
import { type Examination, examine } from '../doctor/examine.ts'
import { examinationText, type PlacedFinding, placeText } from '../doctor/examine-text.ts'
import type { Found } from '../doctor/finding.ts'
import { findInProbe } from '../doctor/findings/index.ts'
import { personaOf, personas } from '../doctor/personas/index.ts'
import type { ConnectionReport, FindingReport } from '../doctor/report/connection-report.ts'
import { explainedReport } from '../doctor/report/explained-report.ts'
import { capabilityNames } from '../doctor/report/fields.ts'
import { micros } from '../doctor/report/steps.ts'
import { jsonLine } from '../doctor/report/visible.ts'
import { connectionOptions } from './connect/connection-options.ts'
import { addConnectionOptions } from './connect/connection-options-argv.ts'
import { openPrompt } from './connect/password-prompt.ts'
import { visibleText } from './connect/visible-text.ts'
import { visible } from './visible.ts'

export function addDoctor(program: Command): void {
  addConnectionOptions(
    program
      .command('doctor [target]')
      .description('Examine a server: name, TLS, and logins as different clients would do them')
      .showHelpAfterError('(saltgate doctor --help shows what there is)')
      .option(
        '--as <client>',
        'log in only as this client; may be repeated (default: all)',
        (id: string, before: string[] = []) => [...before, id],
      )
      .option(
        '--cold-by <uri>',
        'account of the same server that may FLUSH PRIVILEGES: before cold logins it forgets the passwords of all accounts',
      )
      .option('--json', 'print one JSON object per line: the server, each login, each finding')
      .addHelpText('after', help),
  ).action(run)
}

interface DoctorFlags extends Record<string, unknown> {
  readonly as?: readonly string[]
  readonly coldBy?: string
  readonly json?: true
}

async function run(target: string | undefined, flags: DoctorFlags): Promise<void> {
  const clients = flags.as?.map(personaOf) ?? personas
  const { connect, warnings } = await connectionOptions(flags, target)
  for (const warning of warnings) process.stderr.write(`saltgate: [Warning] ${visibleText(warning)}\n`)
  const coldBy = flags.coldBy === undefined ? undefined : await coldOptions(flags.coldBy, connect)
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  const examination = await examine(connect, {
    personas: clients,
    signal: interrupted.signal,
    onStep: (doing) => progress(`${visible(doing)} ...`),
    ...(coldBy !== undefined && { coldBy }),
  })
  progress('')
  const { attempts } = examination.probe
  const password = typeof connect.password === 'string' ? Buffer.from(connect.password) : undefined
  const reports = attempts.map(({ seen }) => explainedReport(seen, { password }))
  const shown = findInProbe(examination.probe).map(findingReport)
  process.stdout.write(
    flags.json
      ? jsonLines(examination, reports, shown)
      : examinationText(examination, placed(examination, reports, shown)),
  )
  const findings = [...shown, ...reports.flatMap((report) => report.findings)]
  const allIn =
    examination.probe.failure === undefined && attempts.length > 0 && attempts.every(({ says }) => says === '')
  process.exitCode = allIn && !findings.some(({ severity }) => severity === 'decisive') ? 0 : 1
}

/** The same server and the same TLS, unless the URI says otherwise. */
async function coldOptions(uri: string, connect: ConnectOptions): Promise<ConnectOptions> {
  const said = parseConnectionUri(uri)
  if (said.password !== undefined) process.title = 'saltgate'
  const { socketPath, host, port, tls, connectTimeoutMs } = connect
  const elsewhere = said.host !== undefined || said.socketPath !== undefined
  const route = elsewhere ? {} : { socketPath, host, port }
  const same = Object.entries({ ...route, tls, connectTimeoutMs }).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(same), ...said, password: said.password ?? (await askedPassword(said.user)) }
}

async function askedPassword(user = ''): Promise<string> {
  const prompt = openPrompt('a password in the URI of --cold-by')
  try {
    return await prompt.ask(`Enter password of ${visible(user)}: `)
  } finally {
    prompt.close()
  }
}

/** The same finding of several logins is told once. */
function placed(
  { probe }: Examination,
  reports: readonly ConnectionReport[],
  shown: readonly FindingReport[],
): PlacedFinding[] {
  const inLogins = reports.flatMap((report, i) =>
    report.findings.map((finding) => ({
      finding,
      at: placeText(probe.attempts[i] as (typeof probe.attempts)[number]),
    })),
  )
  const alike = Map.groupBy(inLogins, ({ finding: { id, certain } }) => `${id} ${certain}`)
  const logins = Array.from(alike.values(), (same) => ({
    finding: (same[0] as (typeof same)[number]).finding,
    at: same.map(({ at }) => at),
  }))
  const all = [...shown.map((finding) => ({ finding, at: [] })), ...logins]
  return severities.flatMap((severity) => all.filter(({ finding }) => finding.severity === severity))
}

function jsonLines(
  { probe, notes }: Examination,
  reports: readonly ConnectionReport[],
  shown: readonly FindingReport[],
): string {
  const { target, names, connectMs, greeting, greetingMs, tls, failure } = probe
  const server = {
    is: 'server',
    target,
    names:
      names === undefined ? null : { ...names, reverse: Object.fromEntries(names.reverse), error: names.error ?? null },
    connectMs: connectMs === undefined ? null : micros(connectMs),
    greetingMs: greetingMs === undefined ? null : micros(greetingMs),
    version: greeting?.serverVersion ?? null,
    plugin: greeting?.authPluginName ?? null,
    capabilities: greeting === undefined ? [] : capabilityNames(greeting.capabilities, greeting.mariadbCapabilities),
    tls:
      tls === undefined ? null : { ...tls, versions: Object.fromEntries(tls.versions), distrust: tls.distrust ?? null },
    failure: failure === undefined ? null : { ...failure, login: undefined, hint: failure.login?.hint ?? null },
    notes,
  }
  const logins = probe.attempts.map(({ persona, cache, says }, i) => ({
    is: 'login',
    persona,
    title: personaOf(persona).title,
    cache,
    in: says === '',
    says,
    ...reports[i],
  }))
  const findings = shown.map((finding) => ({ is: 'finding', ...finding }))
  return [server, ...logins, ...findings].map((object) => `${jsonLine(object)}\n`).join('')
}

function findingReport({ finding, evidence }: Found): FindingReport {
  const { id, title, severity, affects, remedy, reference } = finding
  return { id, title, severity, certain: evidence.certain, evidence: evidence.lines, affects, remedy, reference }
}

/** On the last line of a terminal; an empty text clears it. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

const severities = ['decisive', 'risk', 'note'] as const

const help = `
Clients: ${personas.map(({ id }) => id).join(', ')}

Examples:
  $ saltgate doctor -h db.example.com -u app -p
  $ saltgate doctor mysql://app@127.0.0.1/shop --as pymysql@1.1.1 --as mysql@9.7
  $ saltgate doctor -u app -p --cold-by mysql://root@localhost/
  $ saltgate doctor -h db.example.com -u app -p --ssl-mode=REQUIRED --json | jq -r 'select(.is == "login") | [.persona, .says] | @tsv'

Logins follow one another, with the given password and no other; between two that fail, one of Saltgate's own has to get in.
Where a client would give the password away in clear, or to whoever answers, its login is withheld.
Exit codes: 0 all get in, 1 some do not or a decisive finding is there, 2 wrong use.`
