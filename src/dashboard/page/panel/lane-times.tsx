/** How long a login was in each lane, as bars of one scale. */
import { type Handshake, laneNames, lanes } from '../../contract.ts'
import { duration } from '../parts/format.ts'
import { palettes } from '../parts/palette.ts'
import type { Theme } from '../parts/theme.ts'

export function LaneTimes({ times, theme }: { readonly times: Handshake['times']; readonly theme: Theme }) {
  // Being in is no step of the login, and would dwarf the steps.
  const steps = times.filter(([lane]) => lane !== 'admitted')
  const longest = Math.max(...steps.map(([, ms]) => ms), 0.001)
  return (
    <dl class="bars">
      {steps.map(([lane, ms]) => (
        <div key={lane}>
          <dt>{laneNames[lane]}</dt>
          <dd>
            <span
              class="bar"
              style={{ width: `${(ms / longest) * 100}%`, background: palettes[theme].lanes[lanes.indexOf(lane)] }}
            />
            <span>{duration(ms)}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}
