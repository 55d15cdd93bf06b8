/** The lanes as bars, and who waits longest before being let in. */
import { type Dot, laneNames, lanes, type Turned } from '../../../dashboard/contract.ts'
import { bar, laneStyle } from '../chart.ts'
import { cell, type Line } from '../line.ts'
import type { Column, Row } from '../table.ts'
import { duration } from '../words.ts'
import { type Body, filtered, type Look } from './body.ts'

const admitted = lanes.indexOf('admitted')

export function nowBody(look: Look): Body {
  const { model, height } = look
  // A small terminal shows who waits rather than who was turned away.
  const turned = height >= 24 && model.refused.length > 0 ? ['', ...model.refused.slice(0, 5).map(turnedText)] : []
  return {
    is: 'list',
    head: [...laneLines(look), ...turned.map((text): Line => [[text, 'dim']]), ['']],
    columns,
    rows: filtered(rowsOf(look), model.filter),
    empty: emptyText(look),
  }
}

/** A cell of a bar is one connection, as long as the longest fits. Those who are in are compared with how many may be. */
function laneLines({ model, width }: Look): Line[] {
  const { counts, door } = model
  const cells = Math.max(10, width - 26)
  const most = Math.max(cells, ...counts.slice(0, admitted))
  return lanes.map((lane, i): Line => {
    const count = counts[i] ?? 0
    const name = ` ${cell(laneNames[lane], 16)}${cell(String(count), 6, 'right')} `
    if (i !== admitted) return [name, [bar(count, most, cells), laneStyle(i)]]
    const limit = door?.maxConnections ?? 0
    return [name, [bar(count, limit, cells - 12), laneStyle(i)], limit === 0 ? '' : [` of ${limit}`, 'dim']]
  })
}

const columns: readonly Column[] = [
  { title: 'ID', width: 7, align: 'right' },
  { title: 'USER', width: 12, grows: 2 },
  { title: 'FROM', width: 16, grows: 3 },
  { title: 'STEP', width: 15 },
  { title: 'IN STEP', width: 8, align: 'right' },
  { title: 'IN ALL', width: 8, align: 'right' },
]

/** Who waits longest comes first; who is in comes last, and only when asked for. */
function rowsOf({ model, nowMs }: Look): Row[] {
  const { dots, everybody, door } = model
  const outside = (dot: Dot) => dot[1] < admitted
  return Array.from(dots.values())
    .filter((dot) => everybody || outside(dot))
    .toSorted((a, b) => Number(outside(b)) - Number(outside(a)) || a[3] - b[3] || a[0] - b[0])
    .map((dot) => {
      const [id, lane, sinceMs, acceptedAtMs, user, host] = dot
      const waits = outside(dot) && nowMs - acceptedAtMs > (door?.patienceMs ?? Number.POSITIVE_INFINITY)
      const step = lanes[lane]
      return {
        key: String(id),
        connection: id,
        cells: [
          String(id),
          user === '' ? '(not said)' : user,
          host,
          step === undefined ? '?' : laneNames[step],
          duration(nowMs - sinceMs),
          duration(nowMs - acceptedAtMs),
        ],
        alarm: waits ? 'warn' : undefined,
      }
    })
}

function emptyText({ model }: Look): string {
  if (model.filter !== '') return `Nobody who waits matches '${model.filter}'.`
  const inside = model.counts[admitted] ?? 0
  if (model.everybody) return 'Nobody is connected.'
  return `Nobody waits to be let in. ${inside === 0 ? 'Nobody is in' : inside === 1 ? 'One is in (a shows it)' : `${inside} are in (a shows them)`}.`
}

function turnedText([id, , reason, user, host]: Turned): string {
  return ` turned away: #${id} ${user === '' ? 'a stranger' : user} from ${host}: ${reason}`
}
