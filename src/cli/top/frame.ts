/** One picture of the whole terminal, from what is known and how large it is. Draws nothing itself. */
import { lanes } from '../../dashboard/contract.ts'
import { displayWidth } from '../connect/display-width.ts'
import { perSecond } from './chart.ts'
import { clip, type Line } from './line.ts'
import { type Model, type Place, placeOf, serverTime, type ViewName, viewNames } from './model.ts'
import { type Row, tableLines } from './table.ts'
import { accountsBody } from './views/accounts.ts'
import { backendsBody } from './views/backends.ts'
import type { Body, Look } from './views/body.ts'
import { handshakeBody } from './views/handshake.ts'
import { helpBody } from './views/help.ts'
import { hostsBody } from './views/hosts.ts'
import { nowBody } from './views/now.ts'
import { overTimeBody } from './views/over-time.ts'
import { groupBody, refusalsBody } from './views/refusals.ts'
import { age, amount, duration } from './words.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Lines of the header, with the empty one under it. */
const headerLines = 4

/** As many lines as the terminal has. */
export function frame(model: Model, size: Size, localMs: number): Line[] {
  const nowMs = serverTime(model, localMs)
  const height = bodyHeight(size)
  const lines = [
    ...headerOf(model, size.columns, nowMs, localMs),
    tabsOf(model),
    [''],
    ...bodyLines(model, bodyOf(model, size, localMs), size.columns, height),
  ].slice(0, size.rows - 1)
  while (lines.length < size.rows - 1) lines.push([''])
  return [...lines, footerOf(model, localMs)]
}

export function bodyHeight({ rows }: Size): number {
  return Math.max(3, rows - headerLines - 1)
}

export function bodyOf(model: Model, size: Size, localMs: number): Body {
  const place = placeOf(model)
  const nowMs = serverTime(model, localMs)
  const look: Look = { model, place, width: size.columns, height: bodyHeight(size), nowMs }
  switch (place.is) {
    case 'group':
      return groupBody(look, place.key)
    case 'handshake':
      return handshakeBody(look, place.id)
    default:
      return bodies[place.is](look)
  }
}

const bodies: Readonly<Record<Exclude<Place['is'], 'group' | 'handshake'>, (look: Look) => Body>> = {
  now: nowBody,
  'over-time': overTimeBody,
  refusals: refusalsBody,
  hosts: hostsBody,
  accounts: accountsBody,
  backends: backendsBody,
  help: helpBody,
}

/** The row that is chosen, or the first; -1: there is none. */
export function selectedIndex(place: Place, rows: readonly Row[]): number {
  const key = 'selected' in place ? place.selected : undefined
  return rows.length === 0
    ? -1
    : Math.max(
        0,
        rows.findIndex((row) => row.key === key),
      )
}

/** Two lines: what it is, and whether the picture is still true; and what happens. */
export function headerOf(model: Model, width: number, nowMs: number, localMs: number): Line[] {
  const { door, counts, samples, second, dropped, url } = model
  const link = linkText(model, localMs)
  const isLive = model.link.is === 'live'
  const up = door === undefined ? '' : `, up ${age(nowMs - door.startedAtMs)}`
  const title =
    door === undefined
      ? ` saltgate top ${url}`
      : ` ${door.kind} on ${door.listening.join(', ')}${up}, Saltgate ${door.version} as ${door.serverVersion}`
  const room = Math.max(10, width - link.length - 2)
  const short = clip(title, room)
  const all = counts.reduce((sum, count) => sum + count, 0)
  const last = samples.at(-1)
  const rate = (what: 'admitted' | 'refused') => amount(last === undefined ? 0 : perSecond(what, [last]))
  const connections = `${all}${door === undefined ? '' : ` of ${door.maxConnections}`}`
  return [
    [
      [short, 'bold'],
      ' '.repeat(Math.max(1, width - displayWidth(short) - link.length - 1)),
      [link, isLive ? (dropped === 0 ? 'good' : 'warn') : 'bad'],
    ],
    [
      ` ${connections} connected, ${all - (counts[lanes.indexOf('admitted')] ?? 0)} outside; logins/s ${rate('admitted')}, refused/s ${rate('refused')}; `,
      `loop delay ${second === undefined ? '-' : duration(second.loopDelayP99Ms)}`,
    ],
  ]
}

function linkText({ link, dropped }: Model, localMs: number): string {
  if (link.is === 'live') return dropped === 0 ? 'live' : `live, ${dropped} messages dropped`
  if (link.is === 'connecting') return 'connecting'
  const retryMs = Math.max(0, link.retryAtMs - localMs)
  return `LOST for ${age(localMs - link.sinceMs)}, again in ${Math.ceil(retryMs / 1000)} s`
}

const titles: Readonly<Record<ViewName, string>> = {
  now: 'Now',
  'over-time': 'Over time',
  refusals: 'Refusals',
  hosts: 'Hosts',
  accounts: 'Accounts',
  backends: 'Backends',
}

export function viewsOf({ door }: Model): readonly ViewName[] {
  return door?.kind === 'front door' ? viewNames.slice(0, -1) : viewNames
}

function tabsOf(model: Model): Line {
  const [root] = model.places
  return viewsOf(model).flatMap((view, i): Line => {
    const isHere = view === root.is
    const text = isHere ? `[${i + 1} ${titles[view]}]` : ` ${i + 1} ${titles[view]} `
    return isHere ? [' ', [text, 'bold']] : [' ', text]
  })
}

function bodyLines(model: Model, body: Body, width: number, height: number): readonly Line[] {
  const place = placeOf(model)
  if (body.is === 'page') {
    const most = Math.max(0, body.lines.length - height)
    const from = 'scroll' in place ? Math.min(place.scroll, most) : 0
    return body.lines.slice(from, from + height)
  }
  const { head, columns, rows, empty } = body
  // However small the terminal is, somebody can be chosen.
  const top = head.slice(0, Math.max(0, height - 4))
  if (rows.length === 0) return [...top, [` ${empty}`]]
  return [
    ...top,
    ...tableLines(columns, rows, { width, height: height - top.length, selected: selectedIndex(place, rows) }),
  ]
}

function footerOf(model: Model, localMs: number): Line {
  const { asking, typing, filter, notice, link } = model
  if (asking !== undefined) return [[` ${asking.question} (y/n) `, 'selected']]
  if (typing) return [[` show only: ${filter}_ `, 'selected'], '  Enter keeps it, Esc drops it']
  if (notice !== undefined && notice.untilMs > localMs) return [[` ${notice.text}`, notice.isBad ? 'bad' : 'good']]
  if (link.is === 'lost') return [[` The picture is old: ${link.why}`, 'bad']]
  const place = placeOf(model)
  const only = filter === '' ? '' : ` | only '${filter}'`
  return [[` ${keysOf[place.is]}  ? help  q quit${only}`, 'dim']]
}

const keysOf: Readonly<Record<Place['is'], string>> = {
  now: 'Enter open  x kill  a all  / filter',
  'over-time': '1-6 views',
  refusals: 'Enter open  / filter',
  group: 'Enter open  Esc back',
  handshake: 'up/down scroll  x kill  Esc back',
  hosts: 'f flush  F flush all  / filter',
  accounts: '/ filter',
  backends: '/ filter',
  help: 'Esc back',
}
