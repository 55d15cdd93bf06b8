/** Now: everybody in their lanes, who waits too long, and those of one lane as a list. */
import { useState } from 'preact/hooks'
import { laneNames, lanes } from '../../contract.ts'
import { type Being, bySince, waitingTooLong } from '../live/crowd.ts'
import { calmMs, useLive } from '../live/live.ts'
import { count, elapsed } from '../parts/format.ts'
import { openHandshake } from '../parts/route.ts'
import type { Theme } from '../parts/theme.ts'
import { visible, who } from '../parts/visible.ts'
import { LanesCanvas } from './lanes-canvas.tsx'

export function NowView({ theme, open }: { readonly theme: Theme; readonly open: number | undefined }) {
  const live = useLive(calmMs)
  const [lane, choose] = useState<number>()
  const nowMs = live.nowMs()
  const patienceMs = live.facts?.patienceMs ?? Number.POSITIVE_INFINITY
  const waiting = waitingTooLong(live.crowd.beings.values(), nowMs, patienceMs)
  const shown = lane ?? lanes.length - 1
  const inLane = [...live.crowd.beings.values()].filter((being) => being.lane === shown).sort(bySince)
  const name = laneNames[lanes[shown] ?? 'admitted']
  return (
    <>
      <LanesCanvas theme={theme} open={open} lane={shown} onLane={choose} patienceMs={patienceMs} />
      <div class="two">
        <section>
          <h2>
            <span class="diamond" aria-hidden="true" /> Waiting too long{' '}
            <span class="number">{count(waiting.length)}</span>
          </h2>
          <p class="hint">
            Strangers who have been in one step for {elapsed(patienceMs)} or more; the login ends after{' '}
            {elapsed(live.facts?.connectTimeoutMs ?? 0)}.
          </p>
          <BeingTable beings={waiting} nowMs={nowMs} label="Waiting too long" withLane nobody="Nobody waits." />
        </section>
        <section>
          <h2>
            In lane: {name} <span class="number">{count(live.crowd.counts[shown] ?? 0)}</span>
          </h2>
          <label class="hint">
            Lane{' '}
            <select value={String(shown)} onChange={(event) => choose(Number(event.currentTarget.value))}>
              {lanes.map((each, index) => (
                <option key={each} value={String(index)}>
                  {laneNames[each]}
                </option>
              ))}
            </select>{' '}
            longest first
          </label>
          <BeingTable beings={inLane} nowMs={nowMs} label={`Connections in ${name}`} nobody="Nobody is in it." />
        </section>
      </div>
    </>
  )
}

interface BeingTableProps {
  readonly beings: readonly Being[]
  readonly nowMs: number
  readonly label: string
  readonly withLane?: boolean
  readonly nobody: string
}

/** What the canvas shows, for those who do not see it or use no mouse. */
function BeingTable({ beings, nowMs, label, withLane = false, nobody }: BeingTableProps) {
  if (beings.length === 0) return <p class="nothing">{nobody}</p>
  return (
    <div class="scroll">
      <table aria-label={label}>
        <thead>
          <tr>
            <th>Connection</th>
            <th>Who</th>
            <th class="wide">From</th>
            {withLane && <th class="wide">Step</th>}
            <th class="right">For</th>
          </tr>
        </thead>
        <tbody>
          {beings.slice(0, mostRows).map((being) => (
            <tr key={being.id}>
              <td>
                <button type="button" class="link" onClick={() => openHandshake(being.id)} onKeyDown={toNextRow}>
                  #{being.id}
                </button>
              </td>
              <td>
                {who(being.user)}
                <span class="narrow quiet">
                  {visible(being.host, 100)}
                  {withLane && `, ${stepOf(being)}`}
                </span>
              </td>
              <td class="wide">{visible(being.host, 100)}</td>
              {withLane && <td class="wide">{stepOf(being)}</td>}
              <td class="right">{elapsed(nowMs - being.sinceMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {beings.length > mostRows && <p class="hint">{count(beings.length - mostRows)} more are not listed.</p>}
    </div>
  )
}

const mostRows = 100

function stepOf({ lane }: Being): string {
  return laneNames[lanes[lane] ?? 'accepted']
}

/** Arrow keys go from row to row. */
function toNextRow(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return
  const buttons = [...(event.currentTarget.closest('tbody')?.querySelectorAll<HTMLElement>('button') ?? [])]
  buttons[buttons.indexOf(event.currentTarget) + step]?.focus()
  event.preventDefault()
}
