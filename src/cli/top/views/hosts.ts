/** The host cache: who made how many errors, and who is blocked for it. */
import type { HostSeen } from '../../../dashboard/contract.ts'
import type { Row } from '../table.ts'
import { ago } from '../words.ts'
import { type Body, filtered, type Look } from './body.ts'

export function hostsBody({ model, nowMs }: Look): Body {
  const { hosts, filter } = model
  const rows = (hosts ?? [])
    .toSorted(
      (a, b) =>
        Number(b.blocked) - Number(a.blocked) || b.connectErrors - a.connectErrors || b.lastSeenMs - a.lastSeenMs,
    )
    .map((host) => rowOf(host, nowMs))
  return {
    is: 'list',
    head: [],
    columns: [
      { title: 'ADDRESS', width: 15, grows: 1 },
      { title: 'NAME', width: 14, grows: 2 },
      { title: 'STATE', width: 7 },
      { title: 'IN A ROW', width: 8, align: 'right' },
      { title: 'SEEN', width: 9, align: 'right' },
      { title: 'LAST ERROR', width: 10, align: 'right' },
      { title: 'ERRORS', width: 24, grows: 4, from: 110 },
    ],
    rows: filtered(rows, filter),
    empty:
      hosts === undefined ? 'Asking ...' : filter === '' ? 'The host cache is empty.' : `No host matches '${filter}'.`,
  }
}

function rowOf(
  { address, name, validated, blocked, connectErrors, lastSeenMs, lastErrorMs, errors }: HostSeen,
  nowMs: number,
): Row {
  return {
    key: address,
    address,
    cells: [
      address,
      name ?? (validated ? '(has none)' : '(not known)'),
      blocked ? 'BLOCKED' : connectErrors > 0 ? 'errors' : 'fine',
      String(connectErrors),
      ago(lastSeenMs, nowMs),
      ago(lastErrorMs, nowMs),
      Object.entries(errors)
        .map(
          ([column, count]) =>
            `${column
              .replace(/^COUNT_|_ERRORS$/g, '')
              .toLowerCase()
              .replaceAll('_', ' ')} ${count}`,
        )
        .join(', '),
    ],
    alarm: blocked ? 'bad' : undefined,
  }
}
