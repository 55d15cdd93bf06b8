/** The last minutes: who was in which step, how many logins a second, and how long each step took. */
import { laneNames, lanes, type Sample } from '../../../dashboard/contract.ts'
import { averageIn, laneLetters, laneStyle, perSecond, slowest, sparkline, stack, stretches } from '../chart.ts'
import { cell, type Line, type Piece } from '../line.ts'
import { amount } from '../words.ts'
import type { Body, Look } from './body.ts'

const minutes = 5
const highestStack = 20
/** Name, the numbers behind the picture, and what is between them. */
const besides = 21 + 7 + 7 + 9 + 9

export function overTimeBody({ model, width, height }: Look): Body {
  const { samples } = model
  const last = samples.at(-1)
  if (last === undefined)
    return { is: 'page', lines: [[''], ['  Nothing is known yet: the first second is not over.']] }
  const endMs = last.atMs
  const recent = samples.filter(({ atMs }) => atMs > endMs - minutes * 60_000)
  const small = columnsOf(recent, Math.max(10, width - besides), endMs)
  const large = columnsOf(recent, width - 2, endMs)
  const lines = [
    heading(width),
    ...lanes.map((_, lane) => laneLine(lane, recent, small)),
    rateLine('Let in a second', 'admitted', recent, small),
    rateLine('Refused a second', 'refused', recent, small),
  ]
  const room = Math.min(highestStack, height - lines.length - 3)
  if (room < 4) return { is: 'page', lines }
  const most = Math.max(...recent.map(({ lanes: average }) => outside(average)))
  return {
    is: 'page',
    lines: [
      ...lines,
      [''],
      [[' Who was outside, by letter', 'bold'], `; at most ${amount(most)}`],
      ...stack(large, room).map((line): Line => [' ', ...line]),
      [[` ${cell(`${minutes} minutes ago`, width - 5)}now`, 'dim']],
    ],
  }
}

function columnsOf(samples: readonly Sample[], cells: number, endMs: number) {
  const spanMs = Math.ceil((minutes * 60) / cells) * 1000
  return stretches(samples, Math.min(cells, Math.ceil((minutes * 60_000) / spanMs)), spanMs, endMs)
}

function heading(width: number): Line {
  const picture = cell(`the last ${minutes} minutes`, Math.max(10, width - besides))
  const titles = ['now', 'peak', 'p50', 'p95'].map((title, i) => cell(title, i < 2 ? 6 : 8, 'right'))
  return [[` ${cell('', 19)}${picture}${titles.join(' ')}`, 'bold']]
}

function laneLine(lane: number, recent: readonly Sample[], columns: readonly (readonly Sample[] | undefined)[]): Line {
  const name = lanes[lane]
  const style = laneStyle(lane)
  const values = columns.map((samples) => (samples === undefined ? undefined : averageIn(lane, samples)))
  const peak = Math.max(...recent.map(({ peaks }) => peaks[lane] ?? 0))
  const numbers = [
    cell(amount(recent.at(-1)?.lanes[lane] ?? 0), 6, 'right'),
    cell(amount(peak), 6, 'right'),
    ...(name === 'admitted' ? [] : [0.5, 0.95].map((share) => cell(slowest(share, lane, recent), 8, 'right'))),
  ]
  return [
    [` ${laneLetters[lane] ?? ' '} `, style],
    cell(name === undefined ? '' : laneNames[name], 17),
    ...picture(values, style),
    numbers.join(' '),
  ]
}

function rateLine(
  title: string,
  what: 'admitted' | 'refused',
  recent: readonly Sample[],
  columns: readonly (readonly Sample[] | undefined)[],
): Line {
  const values = columns.map((samples) => (samples === undefined ? undefined : perSecond(what, samples)))
  const peak = Math.max(...recent.map((sample) => perSecond(what, [sample])))
  const last = recent.at(-1)
  const numbers = [amount(last === undefined ? 0 : perSecond(what, [last])), amount(peak)]
  return [
    `   ${cell(title, 17)}`,
    ...picture(values, what === 'admitted' ? 'good' : 'bad'),
    numbers.map((number) => cell(number, 6, 'right')).join(' '),
  ]
}

function picture(values: readonly (number | undefined)[], style: Extract<Piece, readonly unknown[]>[1]): Piece[] {
  return [[sparkline(values), style]]
}

function outside(average: readonly number[]): number {
  return average.slice(0, laneLetters.length).reduce((sum, value) => sum + value, 0)
}
