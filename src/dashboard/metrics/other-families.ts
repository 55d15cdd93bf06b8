/** Metrics of what a login depends on: host cache, backends, the event loop, the proofs that were looked into, and the dashboard itself. */
import { identityOf } from '../../gateway/link-identity.ts'
import type { BackendSeen } from '../../gateway/view.ts'
import { version } from '../../version.ts'
import type { Family, Sample, Seen } from './family.ts'

export const otherFamilies: readonly Family[] = [
  {
    name: 'saltgate_authentications_total',
    type: 'counter',
    labels: ['path'],
    help: 'Logins with a caching plugin: fast by what is remembered of the password, full by the password itself',
    read: ({ watched }) => {
      const { status } = watched.administered.registry
      return [
        { labels: { path: 'fast' }, value: status.Saltgate_fast_authentications },
        { labels: { path: 'full' }, value: status.Saltgate_full_authentications },
      ]
    },
  },
  {
    name: 'saltgate_near_proofs_total',
    type: 'counter',
    labels: [],
    help: 'Logins of which it was found out what was wrong with the proof',
    read: ({ watched }) => [{ value: watched.administered.registry.status.Saltgate_near_proofs }],
  },
  {
    name: 'saltgate_host_cache_hosts',
    type: 'gauge',
    labels: [],
    help: 'Addresses in the host cache',
    read: ({ hosts }) => [{ value: hosts.rows }],
  },
  {
    name: 'saltgate_host_cache_blocked_hosts',
    type: 'gauge',
    labels: [],
    help: 'Addresses that are blocked: they had max_connect_errors broken handshakes in a row',
    read: ({ hosts }) => [{ value: hosts.blocked }],
  },
  {
    name: 'saltgate_host_cache_errors',
    type: 'gauge',
    labels: ['error'],
    help: 'Errors of the addresses that are in the host cache, by column of performance_schema.host_cache; shrinks when addresses leave it',
    read: ({ hosts }) => Array.from(hosts.errors, ([error, value]) => ({ labels: { error }, value })),
  },
  {
    name: 'saltgate_event_loop_delay_seconds',
    type: 'summary',
    labels: ['quantile'],
    help: 'How late the event loop was since the start or FLUSH STATUS; of several processes the worst',
    read: ({ watched }) => [{ labels: { quantile: '0.99' }, value: watched.administered.loopDelayP99Us / 1e6 }],
  },
  {
    name: 'saltgate_backend_up',
    type: 'gauge',
    labels: ['backend', 'role'],
    help: 'Whether the backend is up',
    read: ({ watched }) =>
      Array.from(watched.gateway?.backends() ?? [], ({ name, role, state }) => ({
        labels: { backend: name, role },
        value: state === 'up' ? 1 : 0,
      })),
  },
  backend('connections', 'gauge', 'Connections to the backend', ({ connections }) => connections),
  backend('max_connections', 'gauge', 'Connections to the backend, at most; 0: no limit', (one) => one.maxConnections),
  backend('waiting_clients', 'gauge', 'Clients that wait for a connection to the backend', ({ waiting }) => waiting),
  backend('connects_total', 'counter', 'Logins to the backend that succeeded', ({ counters }) => counters.connects),
  backend(
    'connect_failures_total',
    'counter',
    'Logins to the backend that failed',
    ({ counters }) => counters.connectFailures,
  ),
  backend(
    'lost_connections_total',
    'counter',
    'Connections to the backend that broke after the login',
    ({ counters }) => counters.lost,
  ),
  {
    name: 'saltgate_pool_connections',
    type: 'gauge',
    labels: ['backend', 'state'],
    help: 'Connections to the backend that clients use one after the other',
    *read({ watched }) {
      for (const [name, { busy, idle }] of poolsOf(watched)) {
        yield { labels: { backend: name, state: 'busy' }, value: busy }
        yield { labels: { backend: name, state: 'idle' }, value: idle }
      }
    },
  },
  {
    name: 'saltgate_certificate_expiry_timestamp_seconds',
    type: 'gauge',
    labels: [],
    help: "When the server's certificate ends, seconds since 1970",
    read: ({ watched }) => {
      const { certificate } = watched.administered
      return certificate === undefined ? [] : [{ value: certificate.untilMs / 1000 }]
    },
  },
  {
    name: 'saltgate_dashboard_readers',
    type: 'gauge',
    labels: [],
    help: 'Who reads the dashboard live',
    read: ({ stream }) => [{ value: stream.readers() }],
  },
  {
    name: 'saltgate_dashboard_dropped_messages_total',
    type: 'counter',
    labels: [],
    help: 'Messages that readers of the dashboard were too slow for',
    read: ({ stream }) => [{ value: stream.dropped() }],
  },
  {
    name: 'saltgate_build_info',
    type: 'gauge',
    labels: ['version', 'kind'],
    help: 'Which Saltgate this is; kind: front door or gateway',
    read: ({ watched }) => [
      { labels: { version, kind: watched.gateway === undefined ? 'front door' : 'gateway' }, value: 1 },
    ],
  },
]

function backend(what: string, type: Family['type'], help: string, value: (backend: BackendSeen) => number): Family {
  const read = ({ watched }: Seen): Sample[] =>
    Array.from(watched.gateway?.backends() ?? [], (one) => ({ labels: { backend: one.name }, value: value(one) }))
  return { name: `saltgate_backend_${what}`, type, labels: ['backend'], help, read }
}

/** By backend: who is logged in there is no label. */
function poolsOf({ gateway }: Seen['watched']): Map<string, { busy: number; idle: number }> {
  const pools = new Map<string, { busy: number; idle: number }>()
  for (const { key, open, idle } of gateway?.pools() ?? []) {
    const { backend } = identityOf(key)
    const known = pools.get(backend) ?? { busy: 0, idle: 0 }
    pools.set(backend, { busy: known.busy + open - idle, idle: known.idle + idle })
  }
  return pools
}
