/** Of a gateway: the servers behind it, and the connections that are kept to them. */
import type { BackendsSeen } from '../../../dashboard/contract.ts'
import { cell, type Line } from '../line.ts'
import type { Row } from '../table.ts'
import { ago } from '../words.ts'
import { type Body, filtered, type Look } from './body.ts'

export function backendsBody({ model, nowMs }: Look): Body {
  const { backends, door, filter } = model
  return {
    is: 'list',
    head: backends === undefined || backends.pools.length === 0 ? [] : poolLines(backends.pools),
    columns: [
      { title: 'BACKEND', width: 12, grows: 2 },
      { title: 'ADDRESS', width: 15, grows: 1 },
      { title: 'STATE', width: 9 },
      { title: 'ROLE', width: 8 },
      { title: 'CONNS', width: 7, align: 'right' },
      { title: 'WAIT', width: 5, align: 'right' },
      { title: 'SINCE', width: 10, align: 'right' },
      { title: 'VERSION', width: 12, from: 100 },
      { title: 'WHY', width: 20, grows: 4, from: 120 },
    ],
    rows: filtered(
      (backends?.backends ?? []).map((backend) => rowOf(backend, nowMs)),
      filter,
    ),
    empty:
      door?.kind === 'front door'
        ? 'A front door has no backends: a gateway has (saltgate gateway).'
        : backends === undefined
          ? 'Asking ...'
          : filter === ''
            ? 'There is no backend.'
            : `No backend matches '${filter}'.`,
  }
}

function rowOf(backend: BackendsSeen['backends'][number], nowMs: number): Row {
  const { name, address, state, role, connections, maxConnections, waiting, changedAtMs, version, reason } = backend
  return {
    key: name,
    cells: [
      name,
      address,
      state,
      role,
      maxConnections === 0 ? String(connections) : `${connections}/${maxConnections}`,
      String(waiting),
      ago(changedAtMs, nowMs),
      version ?? '-',
      reason ?? '',
    ],
    alarm: reason === null ? undefined : 'bad',
  }
}

/** The largest pools; all of them are in the dashboard and in /metrics. */
function poolLines(pools: BackendsSeen['pools']): Line[] {
  const shown = pools.toSorted((a, b) => b.waiting - a.waiting || b.open - a.open).slice(0, 5)
  const line = (cells: readonly string[]) =>
    `  ${cells.map((text, i) => (i < 2 ? cell(text, 20) : cell(text, 7, 'right'))).join(' ')}`
  return [
    [[line(['POOL OF', 'USER', 'OPEN', 'BUSY', 'IDLE', 'WAIT']), 'bold']],
    ...shown.map(
      ({ backend, user, open, busy, idle, waiting }): Line => [
        line([backend, user, ...[open, busy, idle, waiting].map(String)]),
      ],
    ),
    [''],
  ]
}
