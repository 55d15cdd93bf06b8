/** One login from its first byte to its end: who, how, and everything that was said. */
import { type Handshake, laneNames, type Rung } from '../../../dashboard/contract.ts'
import { cell, type Line } from '../line.ts'
import { ago, duration } from '../words.ts'
import type { Body, Look } from './body.ts'
import { named } from './refusals.ts'

export function handshakeBody({ model, width, nowMs }: Look, id: number): Body {
  const { handshake } = model
  if (handshake?.id !== id || (handshake.seen === undefined && handshake.problem === undefined)) {
    return { is: 'page', lines: [[` Asking for #${id} ...`]] }
  }
  const { seen, problem } = handshake
  if (seen === undefined) return { is: 'page', lines: named(`#${id}`, problem ?? '', width) }
  return {
    is: 'page',
    lines: [
      titleOf(seen, nowMs),
      ...(seen.cause === null ? [] : named('cause', seen.cause, width)),
      ...(seen.remedy === null ? [] : named('remedy', seen.remedy, width)),
      ...facts(seen).flatMap(([name, text]) => named(name, text, width)),
      [''],
      [[`  ${cell('AT', 9, 'right')} ${cell('AFTER', 9, 'right')}   WHAT`, 'bold']],
      ...seen.ladder.map((rung) => rungLine(rung)),
      [''],
      ...seen.attributes.flatMap(([name, value]) => named('attribute', `${name} = ${value}`, width)),
      ...named('flags', seen.capabilities.join(' '), width),
    ],
  }
}

/** The verdict comes first: a name can be as long as it likes. */
function titleOf(seen: Handshake, nowMs: number): Line {
  const { id, outcome, live, again, reason, errorCode, lane, phase, endedAtMs } = seen
  const what = again ? `#${id}, change of user` : `#${id}`
  const end = endedAtMs === null ? '' : `, ${ago(endedAtMs, nowMs)}`
  const there = live ? '; connected (x ends it)' : '; gone'
  if (outcome === 'admitted') return [[` ${what}: let in`, 'bold'], `${end}${there}`]
  if (outcome === 'pending') {
    return [[` ${what}: waits`, 'bold'], ` in step '${laneNames[lane] ?? lane}' (${phase})${there}`]
  }
  const told = errorCode === null ? '' : ` (told ${errorCode})`
  return [[` ${what}: refused, `, 'bold'], [reason ?? '', 'bad'], `${told}${end}${there}`]
}

function facts(seen: Handshake): (readonly [name: string, text: string])[] {
  const { user, host, address, port, proxy, channel, tls, plugin, account, database, client, times } = seen
  const place = address === null ? host : `${address}${port === null ? '' : ` port ${port}`}`
  const name = address === null || host === address ? '' : ` (${host})`
  return [
    ['user', user === null ? '(not said)' : user === '' ? "''" : user],
    ['from', `${place}${name}${proxy === null ? '' : `, passed on by ${proxy}`}`],
    ['client', client ?? '(it does not say what it is)'],
    ['channel', tls === null ? channel : `${tls.version}, ${tls.cipher}`],
    ['account', `${account ?? '(none was chosen)'}${plugin === null ? '' : `, ${plugin}`}`],
    ...(database === null ? [] : [['database', database] as const]),
    ['times', times.map(([lane, ms]) => `${(laneNames[lane] ?? lane).toLowerCase()} ${duration(ms)}`).join(', ')],
  ]
}

function rungLine({ atMs, sinceMs, from, text, bytes }: Rung): Line {
  const arrow = from === 'client' ? '->' : from === 'server' ? '<-' : '  '
  const when = `  ${cell(duration(atMs), 9, 'right')} ${cell(`+${duration(sinceMs)}`, 9, 'right')}`
  const size: Line = bytes === null ? [] : [[`, ${bytes} bytes`, 'dim']]
  return from === null ? [[`${when} ${arrow} ${text}`, 'dim'], ...size] : [`${when} ${arrow} ${text}`, ...size]
}
