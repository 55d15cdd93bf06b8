/** Why logins were refused, by cause; and one cause with what to do and its handshakes. */
import type { RefusalGroup } from '../../../dashboard/contract.ts'
import { type Line, wrap } from '../line.ts'
import type { Row } from '../table.ts'
import { ago, amount } from '../words.ts'
import { type Body, filtered, type Look } from './body.ts'

export function refusalsBody({ model, nowMs }: Look): Body {
  const { refusals, filter } = model
  const rows = (refusals?.groups ?? []).map(
    ({ key, count, lastMs, reason, client, network, users, cause }): Row => ({
      key,
      cells: [
        String(count),
        ago(lastMs, nowMs),
        reason,
        client ?? '(not said)',
        network,
        users.map((user) => (user === '' ? "''" : user)).join(', '),
        cause,
      ],
    }),
  )
  const forgotten = refusals?.forgotten ?? 0
  return {
    is: 'list',
    head: forgotten === 0 ? [] : [[[` ${forgotten} more, of causes that were given up for newer ones`, 'dim']]],
    columns: [
      { title: 'TIMES', width: 6, align: 'right' },
      { title: 'LAST', width: 9, align: 'right' },
      { title: 'REASON', width: 18, grows: 1 },
      { title: 'CLIENT', width: 14, grows: 1 },
      { title: 'FROM', width: 14, grows: 1 },
      { title: 'USERS', width: 10, grows: 1, from: 90 },
      { title: 'CAUSE', width: 20, grows: 5, from: 120 },
    ],
    rows: filtered(rows, filter),
    empty:
      refusals === undefined
        ? 'Asking ...'
        : filter === ''
          ? 'Nobody was refused since the start.'
          : `No refusal matches '${filter}'.`,
  }
}

export function groupOf({ model }: Look, key: string): RefusalGroup | undefined {
  return model.refusals?.groups.find((group) => group.key === key)
}

export function groupBody(look: Look, key: string): Body {
  const { width, nowMs } = look
  const group = groupOf(look, key)
  if (group === undefined) return { is: 'page', lines: [[' These refusals were forgotten for newer ones.']] }
  const { count, reason, client, network, users, firstMs, lastMs, cause, findings, detail, remedy, handshakes } = group
  return {
    is: 'list',
    head: [
      [[` ${count} times ${reason}`, 'bold'], `, first ${ago(firstMs, nowMs)}, last ${ago(lastMs, nowMs)}`],
      ...named('client', client ?? '(it does not say what it is)', width),
      ...named('from', network, width),
      ...named('users', users.map((user) => (user === '' ? "''" : user)).join(', '), width),
      ...named('cause', cause, width),
      ...findings.flatMap(([what, times]) => named(`found ${amount(times)}`, what, width)),
      ...(detail === null ? [] : named('detail', detail, width)),
      ...named('remedy', remedy, width),
      [''],
    ],
    columns: [{ title: 'THE LATEST HANDSHAKES', width: 30 }],
    rows: handshakes.map((id) => ({ key: String(id), cells: [`#${id}`], connection: id })),
    empty: 'None of its handshakes is known any longer.',
  }
}

/** A name, and what it means on as many lines as that needs. */
export function named(name: string, text: string, width: number): Line[] {
  return wrap(text, Math.max(20, width - 13)).map(
    (line, i): Line => [[` ${i === 0 ? name.padEnd(11) : ' '.repeat(11)}`, 'dim'], line],
  )
}
