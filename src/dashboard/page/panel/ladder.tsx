/** What was said and waited for, as the doctor's ladder has it: `->` the client, `<-` the server, times since the accept and since the line before. */
import type { Rung } from '../../contract.ts'
import { duration } from '../parts/format.ts'
import { visible } from '../parts/visible.ts'

export function Ladder({ rungs }: { readonly rungs: readonly Rung[] }) {
  if (rungs.length === 0) return <p class="nothing">Nothing was said.</p>
  return (
    <div class="scroll ladder">
      <table>
        <thead>
          <tr>
            <th class="right">At</th>
            <th class="right">After</th>
            <th>
              <span class="unseen">From</span>
            </th>
            <th>What</th>
            <th class="right">Bytes</th>
          </tr>
        </thead>
        <tbody>
          {rungs.slice(0, mostRungs).map((rung, index) => (
            <tr key={index} class={rung.from ?? 'nobody'}>
              <td class="right">{duration(rung.atMs)}</td>
              <td class={rung.sinceMs >= slowMs ? 'right slow' : 'right'}>
                {index === 0 ? '' : `+${duration(rung.sinceMs)}`}
              </td>
              <td>
                {rung.from !== null && (
                  <>
                    <code aria-hidden="true">{rung.from === 'client' ? '->' : '<-'}</code>
                    <span class="unseen">{rung.from}</span>
                  </>
                )}
              </td>
              <td>{visible(rung.text)}</td>
              <td class="right">{rung.bytes ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const slowMs = 1000
const mostRungs = 500
