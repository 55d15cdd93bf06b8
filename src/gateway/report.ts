/** What one process of a gateway tells of itself to the one that shows them all: plain data, of which nothing changes any more. */
import type { FailedLogins } from '../accounts/failed-logins.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { Login } from '../machine/login.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { AccountUse } from '../registry/account-use.ts'
import { ConnectionRecord } from '../registry/connection-record.ts'
import type { RefusalGroup } from '../registry/refusal-groups.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import type { StatusCounters } from '../registry/status.ts'
import { Story, type StoryData } from '../registry/story.ts'
import type { TallySnapshot } from '../registry/tally.ts'
import type { Administered } from '../server/administered.ts'
import type { HostCacheRow } from '../server/host-cache.ts'
import type { BackendSeen, GatewayView, PairSeen, Shelved } from './view.ts'

/** What has been counted. Little, whatever the number of connections and addresses. */
export interface CountsReport {
  readonly tally: TallySnapshot
  readonly refusals: { readonly groups: readonly RefusalGroup[]; readonly forgotten: number; readonly revision: number }
  readonly use: ReturnType<AccountUse['seen']>
}

/** Bounded by max_connections, saltgate_handshake_history and host_cache_size. */
export interface ProcessReport extends CountsReport {
  readonly status: StatusCounters
  readonly denied: readonly (readonly [DenyReason, number])[]
  readonly live: readonly ConnectionReport[]
  readonly history: readonly HandshakeReport[]
  readonly blocks: ReturnType<FailedLogins['blocks']>
  readonly hosts: readonly HostCacheRow[]
  readonly publicKey: string | undefined
  readonly certificate: Administered['certificate']
  readonly loopDelayP99Us: number
  readonly backends: readonly BackendSeen[]
  readonly pairs: readonly PairSeen[]
  readonly pools: readonly Shelved[]
}

type ConnectionReport = Pick<ConnectionRecord, (typeof recorded)[number]> & { readonly story: StoryData }
type HandshakeReport = Omit<EndedHandshake, 'record' | 'story'> & {
  readonly record: ConnectionReport
  readonly story: StoryData
}

/** What the tables show of a connection. */
const recorded = [
  ...(['id', 'channel', 'address', 'port', 'acceptedAtMs', 'hostName', 'tls', 'phase', 'phaseSinceMs'] as const),
  ...([
    'login',
    'plugin',
    'account',
    'proxy',
    'user',
    'accountName',
    'database',
    'command',
    'state',
    'info',
    'sinceMs',
  ] as const),
] as const

export function countsOf({ registry: { tally, refusals, use } }: Administered): CountsReport {
  const { forgotten, revision } = refusals
  return {
    tally: tally.snapshot(performance.now(), true),
    refusals: { groups: refusals.groups(), forgotten, revision },
    use: use.seen(),
  }
}

export function reportOf(door: Administered, view: GatewayView): ProcessReport {
  const { registry, hostCache, policy, certificate, loopDelayP99Us } = door
  return {
    status: { ...registry.status },
    denied: [...registry.denied],
    live: Array.from(registry.live.values(), connectionReport),
    history: registry.history().map((ended) => ({
      ...ended,
      record: connectionReport(ended.record),
      story: ended.story.toData(),
    })),
    ...countsOf(door),
    blocks: door.realm.failedLogins.blocks(),
    hosts: hostCache.rows(),
    ...{ publicKey: policy.publicKey, certificate, loopDelayP99Us },
    backends: view.backends(),
    pairs: view.pairs(),
    pools: view.pools(),
  }
}

/** The connection as the other process has it, for the console to look at. */
export function recordOf(report: ConnectionReport): ConnectionRecord {
  const { id, channel, address, port, acceptedAtMs } = report
  const record = new ConnectionRecord(id, channel, address, port, acceptedAtMs)
  return Object.assign(record, report, { story: Story.fromData(report.story) })
}

export function endedOf(report: HandshakeReport): EndedHandshake {
  return { ...report, record: recordOf(report.record), story: Story.fromData(report.story) }
}

function connectionReport(record: ConnectionRecord): ConnectionReport {
  const { login } = record
  const report = {
    ...Object.fromEntries(recorded.map((name) => [name, record[name]])),
    story: record.story.toData(),
  } as unknown as ConnectionReport
  return login === undefined ? report : { ...report, login: { ...login, connectAttributes: firstOf(login) } }
}

/** What a client says of itself is as long as it likes. */
function firstOf({ connectAttributes }: Login): ConnectAttributes | undefined {
  let room = longestAttributes
  return connectAttributes?.filter(([name, value]) => {
    room -= name.length + value.length
    return room >= 0
  })
}

/** Of one connection. Units: bytes. */
const longestAttributes = 2048
