/**
 * Writes the pages of `docs/` that follow from tables in the source, so that they cannot drift. `npm run docs` writes
 * them; test/docs/generated.test.ts fails when one is not what this makes.
 */
import { writeFile } from 'node:fs/promises'
import type { HintRow } from '../src/client/login-hints.ts'
import { clientHints } from '../src/client/login-hints-client.ts'
import { serverHints } from '../src/client/login-hints-server.ts'
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
