/** One connection, live or ended, as the dashboard tells it: who, from where, what was said, how long each step took, and why it was refused. */
import { denyReasons } from '../errors/deny-reasons.ts'
import { names } from '../packets/capabilities.ts'
import { attributesText } from '../packets/connect-attributes.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { laneOf } from '../registry/lanes.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import type { Story } from '../registry/story.ts'
import { clientName } from './client-name.ts'
import { type Handshake, type Lane, lanes } from './contract.ts'
import { ladderOf } from './ladder.ts'
import { remedyOf } from './remedy.ts'
import type { Watched } from './watched.ts'

/** The last login of the connection; `undefined` when nothing is known of it any longer. */
export function handshakeSeen({ administered }: Watched, id: number): Handshake | undefined {
  const { registry } = administered
  const live = registry.live.get(id)
  const ended = registry.history().findLast(({ record }) => record.id === id)
  // One that is under way is told before one that has ended, as at a COM_CHANGE_USER.
  if (live !== undefined && live.story !== ended?.story && live.phase !== 'ready') return pending(live)
  if (ended !== undefined) return endedHandshake(ended, live !== undefined)
  return live && pending(live)
}

/** One that goes on, or of whose end nothing is known but that it was admitted. */
function pending(record: ConnectionRecord): Handshake {
  const admitted = record.phase === 'ready'
  return {
    ...factsOf(record),
    ...storyOf(record.story, admitted ? undefined : performance.now()),
    outcome: admitted ? 'admitted' : 'pending',
    live: true,
    again: record.user !== undefined && !admitted,
    lane: laneOf(record.phase) ?? 'login',
    phase: record.phase,
    user: record.login?.user ?? null,
    account: record.account ?? null,
    plugin: record.plugin ?? null,
    channel: record.channel,
    ...{ endedAtMs: null, reason: null, cause: null, remedy: null, errorCode: null },
  }
}

function endedHandshake(ended: EndedHandshake, live: boolean): Handshake {
  const { record, story, outcome, again, user, account, plugin, channel, during, endedAtMs, reason, detail } = ended
  const row = reason && denyReasons[reason]
  return {
    ...factsOf(record),
    ...storyOf(story, undefined),
    ...{ outcome, live, again, channel, endedAtMs, reason: reason ?? null, errorCode: ended.errorCode ?? null },
    lane: laneOf(during) ?? 'login',
    phase: during,
    user: user ?? null,
    account: account ?? null,
    plugin: plugin ?? null,
    cause: row === undefined ? (detail ?? null) : detail === undefined ? row.explains : `${row.explains}: ${detail}`,
    remedy: reason === undefined ? null : remedyOf(reason, ended.near),
  }
}

function factsOf(record: ConnectionRecord) {
  const { id, login, proxy, tls } = record
  return {
    id,
    database: login?.database ?? null,
    host: record.host,
    address: record.address ?? null,
    port: record.port ?? null,
    proxy:
      proxy === undefined
        ? null
        : `${proxy.address ?? 'unix socket'}${proxy.port === undefined ? '' : `:${proxy.port}`}`,
    tls: tls === undefined ? null : { version: tls.version, cipher: tls.cipher },
    client: clientName(login),
    attributes: attributesText(login?.connectAttributes),
    capabilities: login === undefined ? [] : names(login.capabilities),
    acceptedAtMs: record.acceptedAtMs,
  }
}

/** `untilMs`: of one that goes on, now. Units: ms on the clock of `performance.now`. */
function storyOf(story: Story, untilMs: number | undefined): Pick<Handshake, 'ladder' | 'times'> {
  const steps = story.steps()
  const inLane = new Map<Lane, number>()
  story.eachPhase((phase, ms) => add(inLane, laneOf(phase), ms))
  const last = steps.findLast((step) => step.is === 'phase')
  if (untilMs !== undefined && last !== undefined) add(inLane, laneOf(last.phase), untilMs - last.atMs)
  return {
    ladder: ladderOf(steps),
    times: lanes.flatMap((lane) => {
      const ms = inLane.get(lane)
      return ms === undefined ? [] : [[lane, ms] as const]
    }),
  }
}

function add(map: Map<Lane, number>, lane: Lane | undefined, ms: number): void {
  if (lane !== undefined) map.set(lane, (map.get(lane) ?? 0) + ms)
}
