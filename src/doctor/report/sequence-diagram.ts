/** A connection drawn as a sequence diagram: two lifelines, an arrow for each thing said, time running down. Inline SVG, no script. */
import type { ConnectionReport, Step } from './connection-report.ts'
import { endpointText } from './ladder.ts'
import { escaped } from './markup.ts'

const width = 900
const clientX = 150
const serverX = 850
const firstRow = 74
const rowHeight = 42
/** Characters of a label that fit between the lifelines. */
const longestLabel = 92

export function sequenceDiagram({ client, server, steps }: ConnectionReport): string {
  const height = firstRow + steps.length * rowHeight + 6
  const shapes = steps.map((step, i) => shape(step, firstRow + i * rowHeight)).join('')
  return `<svg class="ladder" viewBox="0 0 ${width} ${height}" role="img" aria-label="sequence of packets">
${actor(clientX, 'client', endpointText(client))}${actor(serverX, 'server', endpointText(server))}
<path class="lifeline" d="M${clientX} 44V${height}M${serverX} 44V${height}"/>
${shapes}</svg>`
}

function actor(x: number, role: string, address: string): string {
  const anchor = x === clientX ? 'middle' : 'end'
  const at = x === clientX ? x : width
  return `<text class="actor" x="${at}" y="18" text-anchor="${anchor}">${role}</text><text class="address" x="${at}" y="36" text-anchor="${anchor}">${escaped(short(address, 46))}</text>`
}

function shape(step: Step, y: number): string {
  const { atMs, sinceMs, kind, from, text, problem } = step
  const since =
    sinceMs === 0 ? '' : `<text class="since" x="100" y="${y + 4}" text-anchor="end">+${sinceMs.toFixed(3)}</text>`
  const time = `<text class="time" x="100" y="${y - 10}" text-anchor="end">${atMs.toFixed(3)} ms</text>`
  const title = `<title>${escaped(problem === undefined ? text : `${text} (${problem})`)}</title>`
  const label = escaped(short(problem === undefined ? text : `${text} (! ${problem})`, longestLabel))
  const classes = ['step', kind.toLowerCase(), ...(problem === undefined ? [] : ['problem'])].join(' ')
  return `<g class="${escaped(classes)}">${title}${time}${since}${from === null || kind === 'Close' ? band(label, y) : arrow(from, label, y)}</g>\n`
}

function arrow(from: 'client' | 'server', label: string, y: number): string {
  const [start, end, tip] = from === 'client' ? [clientX, serverX, -1] : [serverX, clientX, 1]
  const middle = (clientX + serverX) / 2
  return `<text class="label" x="${middle}" y="${y - 7}" text-anchor="middle">${label}</text><path class="arrow" d="M${start} ${y}H${end + tip * 9}"/><path class="tip" d="M${end} ${y}l${tip * 10} -5v10z"/>`
}

/** What both do, or one does alone. */
function band(label: string, y: number): string {
  const middle = (clientX + serverX) / 2
  return `<rect class="band" x="${clientX - 10}" y="${y - 20}" width="${serverX - clientX + 20}" height="28" rx="6"/><text class="label" x="${middle}" y="${y - 1}" text-anchor="middle">${label}</text>`
}

function short(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
