/** What an examination has found out, for people: the server, one table of clients and ways, and why some do not get in. */

import type { Examination } from './examine.ts'
import { wayText } from './examine.ts'
import { personaOf } from './personas/index.ts'
import type { Probe, ProbedTls } from './probe.ts'
import type { FindingReport } from './report/connection-report.ts'
import { visible } from './report/visible.ts'

/** A finding, and where it was made: logins as `PyMySQL 1.1.1 (plain, cold)`, none for what the server itself shows. */
export interface PlacedFinding {
  readonly finding: FindingReport
  readonly at: readonly string[]
}

/** Ends with a line break. */
export function examinationText({ probe, notes }: Examination, findings: readonly PlacedFinding[]): string {
  return [
    serverLines(probe),
    probe.failure === undefined ? [] : failureLines(probe.failure),
    probe.attempts.length === 0 ? [] : tableLines(probe),
    reasonLines(probe),
    findings.flatMap(findingLines),
    notes.map((note) => `Not done: ${note}`),
  ]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${visible(line)}\n`).join(''))
    .join('\n')
}

/** `PyMySQL 1.1.1 (plain, cold)`. */
export function placeText(attempt: Probe['attempts'][number]): string {
  return `${personaOf(attempt.persona).title} (${wayText(attempt)})`
}

function serverLines({ target, names, connectMs, greeting, greetingMs, tls }: Probe): string[] {
  const lines = [field('server', `${greeting?.serverVersion ?? 'no MySQL server seen'} at ${target}`)]
  if (names !== undefined) lines.push(field('name', nameText(names)))
  if (connectMs !== undefined) {
    const greeted = greetingMs === undefined ? 'no greeting' : `greeting ${ms(greetingMs)} later`
    lines.push(field('times', `connected in ${ms(connectMs)}, ${greeted}`))
  }
  if (greeting === undefined) return lines
  lines.push(field('begins with', greeting.authPluginName ?? 'mysql_native_password, unsaid'))
  if (tls === undefined) return [...lines, field('TLS', 'not seen')]
  const versions = Array.from(tls.versions, ([version, verdict]) =>
    verdict === 'accepted' ? version : `${version} refused (${verdict})`,
  )
  lines.push(field('TLS', versions.join(', ')))
  return [...lines, ...tls.chain.slice(0, 1).map((own) => field('certificate', certificateText(own, tls)))]
}

function nameText({ host, addresses, lookupMs, reverse, error }: NonNullable<Probe['names']>): string {
  if (error !== undefined) return `${host} is not found (${error}, ${ms(lookupMs)})`
  const back = Array.from(reverse, ([address, { names }]) => `${address} is ${names.join(', ') || 'without a name'}`)
  return `${host} is ${addresses.join(', ')} (${ms(lookupMs)}); ${back.join('; ')}`
}

function certificateText(
  { subject, issuer, names, validToMs, key }: ProbedTls['chain'][number],
  tls: ProbedTls,
): string {
  const until = new Date(validToMs).toISOString().slice(0, 10)
  const trust = tls.distrust === undefined ? 'trusted' : `not trusted: ${tls.distrust}`
  return `${subject || 'no subject'} of ${issuer}, ${names || 'no names'}, until ${until}, ${key}, ${trust}`
}

function failureLines({ code, sqlState, message, login }: NonNullable<Probe['failure']>): string[] {
  return [`ERROR ${code} (${sqlState}): ${message}`, ...(login?.hint === undefined ? [] : [login.hint])]
}

function tableLines({ attempts }: Probe): string[] {
  const ways = [...new Set(attempts.map(wayText))]
  const rows = Map.groupBy(attempts, ({ persona }) => persona)
  const first = Math.max(...Array.from(rows.keys(), (id) => personaOf(id).title.length))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(i === 0 ? first : Math.max(ways[i - 1]?.length ?? 0, 10)))
      .join('  ')
      .trimEnd()
  const body = Array.from(rows, ([id, own]) => {
    const { title, tls } = personaOf(id)
    const cells = ways.map((way) => {
      const attempt = own.find((one) => wayText(one) === way)
      if (attempt === undefined) return ''
      return `${cellText(attempt)}${attempt.tls === (tls !== 'off') ? ' *' : ''}`
    })
    return line([title, ...cells])
  })
  return [line(['client', ...ways]), ...body, '* what the client does unless it is told otherwise']
}

function cellText({ seen, says }: Probe['attempts'][number]): string {
  if (says === '') return 'in'
  if (seen.outcome === 'refused' && seen.error !== undefined) return String(seen.error.code)
  return says.startsWith('[withheld') ? 'withheld' : 'no'
}

/** Each client's own words, once for all the ways in which it says them. */
function reasonLines({ attempts }: Probe): string[] {
  const failed = attempts.filter(({ says }) => says !== '')
  const alike = Map.groupBy(failed, ({ persona, says }) => `${persona} ${says}`)
  const lines = Array.from(alike.values(), (own) => {
    const [{ persona, says }] = own as [Probe['attempts'][number]]
    return [`  ${personaOf(persona).title} (${own.map(wayText).join('; ')})`, `    ${says}`]
  })
  return lines.length === 0 ? [] : ['Why not:', ...lines.flat()]
}

function findingLines({ finding, at }: PlacedFinding): string[] {
  const { id, title, severity, certain, evidence, affects, remedy, reference } = finding
  return [
    `${severity}${certain ? '' : ', possible'}: ${title} [${id}]`,
    ...(at.length === 0 ? [] : [`  seen    ${at.join(', ')}`]),
    ...evidence.map((line) => `  because ${line}`),
    ...(remedy.client === undefined ? [] : [`  client  ${remedy.client}`]),
    ...(remedy.server === undefined ? [] : [`  server  ${remedy.server}`]),
    `  affects ${affects}; ${reference}`,
  ]
}

function field(name: string, value: string): string {
  return `${name.padEnd(12)} ${value}`
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`
}
