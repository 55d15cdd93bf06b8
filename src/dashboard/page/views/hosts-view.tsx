/** The host cache: who is blocked, by how many errors, and the way out. */
import { useState } from 'preact/hooks'
import type { HostSeen } from '../../contract.ts'
import { useAsked } from '../live/ask.ts'
import { Confirm } from '../parts/confirm.tsx'
import { count } from '../parts/format.ts'
import { type Column, Table } from '../parts/table.tsx'
import { visible } from '../parts/visible.ts'
import { When } from '../parts/when.tsx'

export function HostsView() {
  const { value, problem, again } = useAsked<HostSeen[]>('/api/hosts', { everyMs: 5000 })
  const [flushing, flush] = useState<string>()
  const rows = [...(value ?? [])].sort((a, b) => Number(b.blocked) - Number(a.blocked) || b.lastSeenMs - a.lastSeenMs)
  const blocked = rows.filter((host) => host.blocked).length
  const columns: Column<HostSeen>[] = [
    {
      name: 'Address',
      cell: (host) => <span class="mono">{visible(host.address, 100)}</span>,
      by: (host) => host.address,
    },
    {
      name: 'State',
      cell: (host) => (host.blocked ? <strong class="bad">blocked</strong> : 'open'),
      by: (host) => (host.blocked ? 0 : 1),
    },
    {
      name: '',
      cell: (host) => (
        <button type="button" class="small" aria-label={`Flush ${host.address}`} onClick={() => flush(host.address)}>
          Flush
        </button>
      ),
    },
    {
      name: 'Name',
      cell: (host) =>
        host.name === null ? (
          <span class="quiet">not resolved</span>
        ) : (
          `${visible(host.name, 120)}${host.validated ? '' : ' (not validated)'}`
        ),
      by: (host) => host.name ?? '',
    },
    {
      name: 'Errors in a row',
      cell: (host) => count(host.connectErrors),
      by: (host) => host.connectErrors,
      right: true,
    },
    { name: 'Errors', cell: (host) => errorsOf(host) },
    {
      name: 'Last error',
      cell: (host) => (host.lastErrorMs === null ? '' : <When atMs={host.lastErrorMs} />),
      by: (host) => host.lastErrorMs ?? 0,
    },
    { name: 'First seen', cell: (host) => <When atMs={host.firstSeenMs} />, by: (host) => host.firstSeenMs },
    { name: 'Last seen', cell: (host) => <When atMs={host.lastSeenMs} />, by: (host) => host.lastSeenMs },
  ]
  return (
    <>
      <div class="bar-of-buttons">
        <span>
          {count(rows.length)} hosts,{' '}
          {blocked === 0 ? 'none blocked' : <strong class="bad">{count(blocked)} blocked</strong>}
        </span>
        <button type="button" disabled={rows.length === 0} onClick={() => flush('')}>
          Flush all hosts
        </button>
        <span class="hint">
          A host is blocked when max_connect_errors handshakes in a row have failed. To flush it forgets its errors.
        </span>
      </div>
      {problem !== undefined && <p class="bad">{problem.message}</p>}
      {value !== undefined && (
        <Table
          label="Hosts"
          columns={columns}
          rows={rows}
          keyOf={(host) => host.address}
          nothing="The host cache is empty."
        />
      )}
      {flushing !== undefined && (
        <Confirm
          question={flushing === '' ? 'Flush all hosts?' : `Flush ${visible(flushing, 100)}?`}
          explains={
            flushing === ''
              ? 'All errors and names are forgotten. Whoever was blocked may try again.'
              : 'Its errors and its name are forgotten. If it was blocked, it may try again.'
          }
          does="Flush"
          path="/api/hosts/flush"
          body={flushing === '' ? {} : { address: flushing }}
          onDone={again}
          onClose={() => flush(undefined)}
        />
      )}
    </>
  )
}

function errorsOf({ errors }: HostSeen): string {
  return Object.entries(errors)
    .map(
      ([name, number]) =>
        `${name
          .replace(/^COUNT_|_ERRORS$/g, '')
          .toLowerCase()
          .replaceAll('_', ' ')} ${count(number)}`,
    )
    .join(', ')
}
