/** One handshake, beside whatever is shown: who, what was said when, where the time went, why it ended, and how to mend it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Handshake, laneNames } from '../../contract.ts'
import { useAsked } from '../live/ask.ts'
import { live } from '../live/live.ts'
import { Confirm } from '../parts/confirm.tsx'
import { duration, elapsed, stamp } from '../parts/format.ts'
import type { Theme } from '../parts/theme.ts'
import { visible, who } from '../parts/visible.ts'
import { Ladder } from './ladder.tsx'
import { LaneTimes } from './lane-times.tsx'

export interface HandshakePanelProps {
  readonly id: number
  readonly theme: Theme
  readonly onClose: () => void
}

export function HandshakePanel({ id, theme, onClose }: HandshakePanelProps) {
  const [settled, settle] = useState(false)
  const { value, problem, again } = useAsked<Handshake>(`/api/handshakes/${id}`, { everyMs: settled ? 0 : 1000 })
  const [asking, ask] = useState(false)
  const panel = useRef<HTMLElement>(null)
  // What has ended does not change any more.
  useEffect(() => settle((value !== undefined && !value.live) || problem?.status === 404), [value, problem])
  useEffect(() => {
    const opener = document.activeElement
    panel.current?.focus()
    return () => {
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) onClose()
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [onClose])
  return (
    <aside class="panel" ref={panel} tabIndex={-1} aria-label={`Connection ${id}`}>
      <header>
        <h2>
          Connection #{id} {value !== undefined && <Outcome handshake={value} />}
        </h2>
        {value?.live && (
          <button type="button" class="danger" onClick={() => ask(true)}>
            Kill connection
          </button>
        )}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      {value === undefined && problem === undefined && <p class="nothing">Asking …</p>}
      {problem !== undefined && <p class="bad">{problem.message}</p>}
      {value !== undefined && (
        <>
          <Reason handshake={value} />
          <Facts handshake={value} />
          <h3>Time in each step</h3>
          <LaneTimes times={value.times} theme={theme} />
          <h3>What was said</h3>
          <Ladder rungs={value.ladder} />
          <Said handshake={value} />
        </>
      )}
      {asking && value !== undefined && (
        <Confirm
          question={`Kill connection #${id}?`}
          explains={`${who(value.user)} from ${visible(value.host, 80)} loses its connection at once, whatever it is doing.`}
          does="Kill connection"
          path={`/api/connections/${id}/kill`}
          body={{}}
          onDone={again}
          onClose={() => ask(false)}
        />
      )}
    </aside>
  )
}

function Outcome({ handshake: { outcome, live: isLive, again } }: { readonly handshake: Handshake }) {
  const word = outcome === 'pending' ? 'logging in' : outcome
  const closed = outcome !== 'refused' && !isLive ? ', closed' : ''
  return (
    <span class={`outcome ${outcome}`}>
      {word}
      {closed}
      {again && ', change of user'}
    </span>
  )
}

function Reason({ handshake }: { readonly handshake: Handshake }) {
  const { reason, cause, remedy, errorCode } = handshake
  if (reason === null) return null
  return (
    <div class="reason">
      <p>
        <span class="cross" aria-hidden="true" /> <b>{cause === null ? reason : visible(cause, 1000)}</b>
      </p>
      {remedy !== null && <p>Remedy: {visible(remedy, 1000)}</p>}
      <p class="hint">
        {reason}
        {errorCode !== null && `; the client was told error ${errorCode}`}
      </p>
    </div>
  )
}

function Facts({ handshake }: { readonly handshake: Handshake }) {
  const { address, port, endedAtMs, acceptedAtMs, tls } = handshake
  const endpoint =
    address === null ? null : `${address.includes(':') ? `[${address}]` : address}${port === null ? '' : `:${port}`}`
  const facts: [name: string, value: string | null][] = [
    ['User', handshake.user === null ? null : who(handshake.user)],
    ['Account', handshake.account],
    ['Database', handshake.database],
    ['Host', handshake.host],
    ['Address', endpoint === handshake.host ? null : endpoint],
    ['Through proxy', handshake.proxy],
    ['Client', handshake.client],
    ['Channel', tls === null ? handshake.channel : `${tls.version}, ${tls.cipher}`],
    ['Plugin', handshake.plugin],
    ['Step', `${laneNames[handshake.lane]} (${handshake.phase})`],
    ['Accepted', stamp(acceptedAtMs)],
    ['Login took', endedAtMs === null ? null : duration(endedAtMs - acceptedAtMs)],
    ['Login goes on for', endedAtMs === null ? elapsed(live.nowMs() - acceptedAtMs) : null],
  ]
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{visible(value)}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

/** What the client said of itself. */
function Said({ handshake: { attributes, capabilities } }: { readonly handshake: Handshake }) {
  return (
    <>
      {attributes.length > 0 && (
        <details>
          <summary>Connection attributes ({attributes.length})</summary>
          <dl class="facts">
            {attributes.map(([name, value], index) => (
              <div key={`${index} ${name}`}>
                <dt>{visible(name, 80)}</dt>
                <dd>{visible(value)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {capabilities.length > 0 && (
        <details>
          <summary>Capabilities ({capabilities.length})</summary>
          <p class="flags">
            {capabilities.map((flag) => (
              <code key={flag}>{visible(flag, 80)}</code>
            ))}
          </p>
        </details>
      )}
    </>
  )
}
