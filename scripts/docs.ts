/**
 * Writes the pages of `docs/` that follow from tables in the source, so that they cannot drift. `npm run docs` writes
 * them; test/docs/generated.test.ts fails when one is not what this makes.
 */
import { writeFile } from 'node:fs/promises'
import { words } from '../src/auth/near-proof-words.ts'
import type { HintRow } from '../src/client/login-hints.ts'
import { clientHints } from '../src/client/login-hints-client.ts'
import { serverHints } from '../src/client/login-hints-server.ts'
import { families } from '../src/dashboard/metrics/families.ts'
import type { Finding } from '../src/doctor/finding.ts'
import { findings } from '../src/doctor/findings/index.ts'
import { clientErrors, serverErrors } from '../src/errors/codes.ts'
import { type DenyRow, denyReasons } from '../src/errors/deny-reasons.ts'
import { phases } from '../src/machine/phases.ts'

const manual = 'https://dev.mysql.com/doc/dev/mysql-server/latest/'

/** File name in `docs/` -> content. */
export function generatedPages(): ReadonlyMap<string, string> {
  return new Map([
    ['phases.md', phasesPage()],
    ['deny-reasons.md', denyReasonsPage()],
    ['login-failures.md', loginFailuresPage()],
    ['findings.md', findingsPage()],
    ['near-proofs.md', nearProofsPage()],
    ['metrics.md', metricsPage()],
  ])
}

function phasesPage(): string {
  const arrows = Object.entries(phases).flatMap(([from, { next }]) => next.map((to) => `    ${id(from)} --> ${id(to)}`))
  const nodes = Object.entries(phases).map(
    ([name, { turn }]) => `    ${id(name)}["${name}<br/><small>${turns[turn]}</small>"]`,
  )
  const rows = Object.entries(phases).map(
    ([name, { turn, accepts, page }]) =>
      `| \`${name}\` | ${turns[turn]} | ${accepts.join(', ') || 'nothing'} | [manual](${manual}${page}) |`,
  )
  return page('The phases of a login', 'src/machine/phases.ts', [
    'Who may speak, and with which packets. Both machines obey this table; what it does not list ends the login.',
    '',
    '```mermaid',
    'flowchart TD',
    ...nodes,
    ...arrows,
    '```',
    '',
    '| phase | whose turn | may arrive | page |',
    '|---|---|---|---|',
    ...rows,
  ])
}

const turns = {
  server: "the server's",
  client: "the client's",
  tls: 'TLS',
  decision: 'nobody: the server decides',
  nobody: 'nobody: it is over',
} as const

function denyReasonsPage(): string {
  const rows = Object.entries<DenyRow>(denyReasons).map(
    ([reason, { error, hostCache, connectError, explains, remedy }]) => {
      const publicly = error === undefined ? 'none: the connection ends' : `${serverErrors[error].code} \`${error}\``
      const counted = hostCache === undefined ? '' : `\`${hostCache}\`${connectError ? ', blocks' : ''}`
      return `| \`${reason}\` | ${publicly} | ${counted} | ${explains} | ${remedy} |`
    },
  )
  return page('Why a login was refused', 'src/errors/deny-reasons.ts', [
    'The client is told the public error and no more. The true reason is in the log, in `saltgate.handshakes` and counted in',
    '`saltgate.deny_reasons`. The host cache column is the one of `performance_schema.host_cache`; "blocks" means that the',
    'failure also counts towards `max_connect_errors`.',
    '',
    '| reason | public error | host cache | what happened | what to do |',
    '|---|---|---|---|---|',
    ...rows,
  ])
}

function loginFailuresPage(): string {
  const symbols = new Map<number, string>(
    Object.entries({ ...serverErrors, ...clientErrors }).map(([symbol, { code }]) => [code, symbol]),
  )
  const table = (rows: readonly HintRow[]) => [
    '| failure | error | told by | what to do |',
    '|---|---|---|---|',
    ...rows.map(({ id, codes, sign = '', hint }) => {
      const named = (code: number) => (symbols.has(code) ? `${code} \`${symbols.get(code)}\`` : `${code}`)
      const errors = codes === 'any' ? 'any' : codes.map(named).join(', ')
      return `| \`${id}\` | ${errors} | ${sign} | ${hint.replaceAll('|', '\\|')} |`
    }),
  ]
  return page('When a login fails', 'src/client/login-hints-client.ts src/client/login-hints-server.ts', [
    'The hint that an error of `connect()` carries (`error.login.hint`), and that `saltgate connect` prints below it. The first row',
    'that fits is the one. `{plugin}` and `{target}` are those of the login.',
    '',
    '## What this side saw',
    '',
    ...table(clientHints),
    '',
    '## What the server said',
    '',
    ...table(serverHints),
  ])
}

function nearProofsPage(): string {
  const table = (which: keyof typeof words, before = '') => [
    '',
    '| slug | the client |',
    '|---|---|',
    ...Object.entries(words[which]).map(([slug, said]) => `| \`${slug}\` | ${before}${said} |`),
    '',
  ]
  return page(
    'What was wrong with a proof',
    'src/auth/near-proof-words.ts',
    [
      'A wrong proof is tested against what clients are known to do wrong: each nonce with each form of the password and each',
      'computation. Of all that reproduce the proof, the one with the fewest deviations is named. It is a proof, not a guess: nothing else',
      'makes the same bytes.',
      '',
      'The front door does so with refused logins, after the verdict, and with logins that got in but needed full authentication because',
      'their scramble was wrong: MySQL never mentions that, and a proxy that knows the scramble only refuses them. What it found is the',
      '`detail` in `saltgate.handshakes`, and a line `explained` in the log; `Saltgate_near_proofs` counts. The client learns nothing.',
      '',
      '`saltgate_near_proofs` is how many logins a second are looked at, and of each account one; 0 switches it off, and then nothing of a',
      'login is kept. No password that was tried is ever shown. But who reads the log learns of a wrong password how near it was: where',
      'that is too much, switch it off.',
      '',
      '| the account has | what can be tested |',
      '|---|---|',
      '| `mysql_native_password` | nonces and order, by the stored hash; passwords that can be guessed without the right one |',
      '| `caching_sha2_password` | the same, as long as the password is remembered from a full authentication |',
      '| a SHA-256 crypt, and the password was sent | up to 12 forms of what was sent, by the crypt, in the worker |',
      '| other rows of the same user name | whether the proof is right for one of them |',
      '| whatever, and the password is known to who asks (`explainProof`) | everything |',
      '',
      'Not tested: the signatures of `client_ed25519` and `parsec`, and passwords sealed with PKCS #1 v1.5, which only servers before MySQL',
      '5.7.28 and 8.0.5 took.',
      '',
      '## The nonce',
      ...table('nonce', 'hashed '),
      'The same where a password is sent inside RSA, which the nonce masks: "masked the password with".',
      '',
      '## The password',
      ...table('password'),
      '## The computation',
      ...table('algorithm'),
    ].slice(0, -1),
  )
}

function findingsPage(): string {
  const sections = findings.flatMap(
    ({ id, title, severity, affects, remedy, reference, onLogin, onProbe }: Finding) => {
      const places = [onLogin && 'logins', onProbe && 'examinations'].filter((place) => place !== undefined)
      return [
        '',
        `## ${id}`,
        '',
        `${title}. (${severity}, in ${places.join(' and ')})`,
        '',
        `- Affects: ${affects}.`,
        ...(remedy.client === undefined ? [] : [`- Client: ${remedy.client}`]),
        ...(remedy.server === undefined ? [] : [`- Server: ${remedy.server}`]),
        `- See <${reference}>`,
      ]
    },
  )
  return page('What the doctor finds', 'src/doctor/findings/', [
    'What `saltgate trace` reads off logins and `saltgate doctor` off a server. A finding shows its evidence, and is called possible',
    'where that does not prove it. *Decisive* ones decide a login, a *risk* will, elsewhere or later, and a *note* is worth knowing.',
    'The names below are stable: they are the `id` in `--json`.',
    ...sections,
  ])
}

function metricsPage(): string {
  const rows = families.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return page('Metrics', 'src/dashboard/metrics/', [
    'What `/metrics` of the dashboard says: OpenMetrics, or the older text of Prometheus for who does not ask for that. `ops/` has alert rules and a',
    'Grafana dashboard that stand on it.',
    '',
    'Names that begin with `mysql_` are those of mysqld_exporter, so what is made for MySQL finds what it looks for; those of type unknown say what SHOW',
    'GLOBAL STATUS says, and begin again with FLUSH STATUS. No label ever names a user, a host or an address: there is no end of them. Backends are',
    'called by their names in the configuration.',
    '',
    'Of a gateway with several processes the numbers are those of all together. Besides there are the metrics of prom-client, `process_*` and',
    '`nodejs_*` (CPU, memory, file descriptors, garbage collection, delay of the event loop since the last scrape): those are of the one process that',
    'answers.',
    '',
    'Durations are counted in buckets from 10 µs to 60 s. The phases are those of [phases.md](phases.md), and before them `accepted`, `proxy-header` and',
    '`resolving-name`; the reasons are those of [deny-reasons.md](deny-reasons.md).',
    '',
    '| metric | type | labels | what it is |',
    '|---|---|---|---|',
    ...rows,
  ])
}

function page(title: string, sources: string, lines: readonly string[]): string {
  const named = sources
    .split(' ')
    .map((source) => `\`${source}\``)
    .join(' and ')
  return [`# ${title}`, '', `Generated from ${named} by \`npm run docs\`; edit that.`, '', ...lines, ''].join('\n')
}

function id(phase: string): string {
  return phase.replaceAll('-', '_')
}

if (import.meta.main) {
  for (const [name, content] of generatedPages()) await writeFile(new URL(`../docs/${name}`, import.meta.url), content)
}
