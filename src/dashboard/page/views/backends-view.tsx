/** What is behind a gateway: the servers, how they are, and the connections kept open to them. */
import type { BackendsSeen } from '../../contract.ts'
import { useAsked } from '../live/ask.ts'
import { live } from '../live/live.ts'
import { count, elapsed } from '../parts/format.ts'
import { type Column, Table } from '../parts/table.tsx'
import { visible } from '../parts/visible.ts'

export function BackendsView() {
  const { value, problem } = useAsked<BackendsSeen>('/api/backends', { everyMs: 2000 })
  return (
    <>
      {problem !== undefined && <p class="bad">{problem.message}</p>}
      {value !== undefined && (
        <>
          <section>
            <h2>Backends</h2>
            <Table
              label="Backends"
              columns={backendColumns}
              rows={value.backends}
              keyOf={({ name }) => name}
              nothing="There are none."
            />
          </section>
          <section>
            <h2>Pools</h2>
            <Table
              label="Pools"
              columns={poolColumns}
              rows={value.pools}
              keyOf={({ backend, user }) => `${backend}\n${user}`}
              nothing="No connections are kept open."
            />
          </section>
        </>
      )}
    </>
  )
}

type Backend = BackendsSeen['backends'][number]
type Pool = BackendsSeen['pools'][number]

const backendColumns: readonly Column<Backend>[] = [
  { name: 'Backend', cell: ({ name }) => visible(name, 80), by: ({ name }) => name },
  {
    name: 'Address',
    cell: ({ address }) => <span class="mono">{visible(address, 120)}</span>,
    by: ({ address }) => address,
  },
  {
    name: 'State',
    cell: ({ state, reason }) => (
      <>
        {state === 'up' ? state : <strong class="bad">{visible(state, 40)}</strong>}
        {reason !== null && <span class="quiet">: {visible(reason, 300)}</span>}
      </>
    ),
    by: ({ state }) => state,
  },
  {
    name: 'For',
    cell: ({ changedAtMs }) => elapsed(live.nowMs() - changedAtMs),
    by: ({ changedAtMs }) => -changedAtMs,
    right: true,
  },
  { name: 'Role', cell: ({ role }) => visible(role, 40), by: ({ role }) => role },
  { name: 'Version', cell: ({ version }) => visible(version ?? '', 80), by: ({ version }) => version ?? '' },
  {
    name: 'Connections',
    cell: ({ connections, maxConnections }) =>
      `${count(connections)}${maxConnections === 0 ? '' : ` of ${count(maxConnections)}`}`,
    by: ({ connections }) => connections,
    right: true,
  },
  { name: 'Waiting', cell: ({ waiting }) => count(waiting), by: ({ waiting }) => waiting, right: true },
]

const poolColumns: readonly Column<Pool>[] = [
  { name: 'Backend', cell: ({ backend }) => visible(backend, 80), by: ({ backend }) => backend },
  { name: 'User', cell: ({ user }) => visible(user, 80), by: ({ user }) => user },
  { name: 'Open', cell: ({ open }) => count(open), by: ({ open }) => open, right: true },
  { name: 'Busy', cell: ({ busy }) => count(busy), by: ({ busy }) => busy, right: true },
  { name: 'Idle', cell: ({ idle }) => count(idle), by: ({ idle }) => idle, right: true },
  { name: 'Waiting', cell: ({ waiting }) => count(waiting), by: ({ waiting }) => waiting, right: true },
]
