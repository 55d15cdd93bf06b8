/** Which door this is, and how true what is shown is: live, old, or not all of it. */
import { useLive } from './live/live.ts'
import { count, duration, elapsed, stamp } from './parts/format.ts'
import type { Theme } from './parts/theme.ts'
import { visible } from './parts/visible.ts'

export function PageHeader({ theme, onTheme }: { readonly theme: Theme; readonly onTheme: () => void }) {
  const live = useLive()
  const { facts, second } = live
  const connected = live.crowd.counts.reduce((sum, value) => sum + value, 0)
  const strangers = connected - (live.crowd.counts.at(-1) ?? 0)
  return (
    <>
      <header class="page-header">
        <h1>Saltgate</h1>
        {facts !== undefined && (
          <ul class="door">
            <li>
              {facts.kind} on <b>{facts.listening.map((address) => visible(address, 120)).join(', ')}</b>
            </li>
            <li>says {visible(facts.serverVersion, 60)}</li>
            <li title={`since ${stamp(facts.startedAtMs)}`}>
              up {duration(Math.max(1000, live.nowMs() - facts.startedAtMs))}
            </li>
            <li>
              {count(connected)} of {count(facts.maxConnections)} connections, {count(strangers)} before login
            </li>
            {facts.certificateEndsMs !== null && facts.certificateEndsMs - live.nowMs() < soonMs && (
              <li class="bad">{certificateText(facts.certificateEndsMs, live.nowMs())}</li>
            )}
            {second !== undefined && (
              <li title="All but one of 100 measurements of the event loop since the start were less late than this">
                event loop {duration(second.loopDelayP99Ms)} late at most (p99)
              </li>
            )}
            <li class="quiet">Saltgate {visible(facts.version, 40)}</li>
          </ul>
        )}
        <StreamState />
        <button type="button" onClick={onTheme}>
          {theme === 'dark' ? 'Light' : 'Dark'}
        </button>
      </header>
      <Banner />
    </>
  )
}

function StreamState() {
  const live = useLive()
  const { state, second } = live
  const lost = Math.max(live.dropped, second?.dropped ?? 0)
  return (
    <span class={`stream ${state}`} role="status" title={second && `${second.readers} readers`}>
      <span class="signal" aria-hidden="true" />
      {state === 'live' ? 'live' : state === 'connecting' ? 'connecting' : 'reconnecting'}
      {lost > 0 && <span class="lost">{lostText(live.dropped, second?.dropped ?? 0)}</span>}
    </span>
  )
}

/** What is old is said to be old, in words and for as long as it is. */
function Banner() {
  const live = useLive()
  if (live.state !== 'broken') return null
  const ageMs = live.ageMs()
  return (
    <p class="banner">
      <b>{ageMs === 0 ? 'Nothing has been heard yet.' : `What is shown is ${elapsed(ageMs)} old.`}</b> {live.problem}{' '}
      Reconnecting.
    </p>
  )
}

function lostText(own: number, all: number): string {
  if (own > 0) return `${count(own)} messages dropped: this page is too slow`
  return `${count(all)} messages dropped for slow readers`
}

function certificateText(endsMs: number, nowMs: number): string {
  return endsMs < nowMs
    ? `the certificate ended ${stamp(endsMs)}`
    : `the certificate ends in ${duration(endsMs - nowMs)}`
}

/** Time enough to get another one. */
const soonMs = 14 * 86_400_000
