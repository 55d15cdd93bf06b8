/**
 * A page to pass on: one file, nothing loaded from elsewhere, no script. It is written piece by piece, so that a capture of any size
 * needs no memory: the totals, known last, are put on top by the style.
 */
import type { ConnectionReport, FindingReport, Step } from './connection-report.ts'
import { hexDump } from './hex.ts'
import { style } from './html-style.ts'
import { channelText, endpointText, fieldText } from './ladder.ts'
import { escaped } from './markup.ts'
import { sequenceDiagram } from './sequence-diagram.ts'

export function htmlHead(): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>MySQL connections, as saltgate saw them</title>
<style>${style}</style>
</head>
<body>
`
}

export function htmlConnection(report: ConnectionReport): string {
  const { number, outcome, client, server, user, durationMs, verdict, steps, findings, stopped } = report
  const route = `${endpointText(client)} → ${endpointText(server)}`
  return `<details class="connection ${outcome}"${isWorthALook(report) ? ' open' : ''}>
<summary><span class="number">#${number}</span> <span class="outcome">${outcome}</span> <span class="user">${escaped(user ?? '')}</span> <span class="route">${escaped(route)}</span> <span class="took">${durationMs.toFixed(1)} ms</span></summary>
<p class="verdict">${escaped(verdict)}</p>
${stopped === null ? '' : `<p class="stopped">Decoding stopped: ${escaped(stopped)}</p>`}
${findings.map(findingSection).join('')}${factList(report)}
${sequenceDiagram(report)}
<details class="packets"><summary>Packets, field by field</summary>
${steps
  .filter(({ length }) => length !== undefined)
  .map(packetSection)
  .join('')}</details>
</details>
`
}

function isWorthALook({ outcome, findings }: ConnectionReport): boolean {
  return outcome !== 'ok' || findings.some(({ severity }) => severity === 'decisive')
}

/** Units: counts of connections. */
export function htmlFoot(totals: { readonly ok: number; readonly refused: number; readonly aborted: number }): string {
  const { ok, refused, aborted } = totals
  const all = ok + refused + aborted
  return `<header><h1>MySQL connections, as saltgate saw them</h1>
<p>${all} ${all === 1 ? 'connection' : 'connections'}: ${ok} ok, ${refused} refused, ${aborted} aborted. Answers, passwords and tokens are left out; only their lengths are told.</p></header>
</body>
</html>
`
}

function factList(report: ConnectionReport): string {
  const { startedAt, client, server, database, changedUser, plugins, login, tls } = report
  const attributes = login?.attributes.map(([name, value]) => `${name} = ${value}`).join(', ')
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['began', startedAt?.replace('T', ' ').replace('Z', ' UTC')],
    ['server', server.version],
    ['client', client.program],
    ['database', database],
    ['changed to', changedUser],
    ['plugins', plugins.join(', then ')],
    ['channel', channelText(report)],
    ['cipher', tls?.cipher],
    ['certificate', tls?.certificates[0]?.subject],
    ['collation', login?.collation],
    ['attributes', attributes],
  ]
  const shown = facts.filter(([, value]) => value !== null && value !== undefined && value !== '')
  return `<dl>${shown.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value ?? '')}</dd></div>`).join('')}</dl>`
}

function findingSection(finding: FindingReport): string {
  const { id, title, severity, certain, evidence, affects, remedy, reference } = finding
  const advice = [
    ['On the client', remedy.client],
    ['On the server', remedy.server],
    ['Affects', affects],
  ] as const
  return `<section class="finding ${severity}">
<h2>${escaped(title)} <small>${escaped(id)}: ${severity}, ${certain ? 'proven' : 'possible'}</small></h2>
<ul>${evidence.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>
<dl>${advice.map(([name, text]) => (text === undefined ? '' : `<div><dt>${name}</dt><dd>${escaped(text)}</dd></div>`)).join('')}<div><dt>See</dt><dd>${link(reference)}</dd></div></dl>
</section>
`
}

function link(reference: string): string {
  const text = escaped(reference)
  return /^https:\/\/\S+$/.test(reference) ? `<a href="${text}" rel="noreferrer">${text}</a>` : text
}

function packetSection({ from, kind, length, sequenceId, channel, fields, problem, hex, atMs }: Step): string {
  const rows = Object.entries(fields ?? {}).map(
    ([name, value]) => `<tr><th>${escaped(name)}</th><td>${fieldText(value).map(escaped).join('<br>')}</td></tr>`,
  )
  const dump = hex === undefined ? '' : `<pre>${escapedLines(hexDump(hex, length ?? 0))}</pre>`
  return `<section class="packet"><h3>${escaped(kind)} <small>${from} at ${atMs.toFixed(3)} ms, ${length} bytes, sequence id ${sequenceId}, ${channel}</small></h3>
${problem === undefined ? '' : `<p class="problem">${escaped(problem)}</p>`}<table>${rows.join('')}</table>${dump}</section>
`
}

function escapedLines(lines: readonly string[]): string {
  return lines.map(escaped).join('\n')
}
