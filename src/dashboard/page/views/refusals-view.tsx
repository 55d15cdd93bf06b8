/** Refusals: the same ones as one, the latest first, with what to do; each opens the handshakes it is made of. */
import { useState } from 'preact/hooks'
import type { RefusalGroup, Refusals } from '../../contract.ts'
import { useAsked } from '../live/ask.ts'
import { calmMs, useLive } from '../live/live.ts'
import { count, several, stamp, times } from '../parts/format.ts'
import { openHandshake } from '../parts/route.ts'
import { visible } from '../parts/visible.ts'
import { When } from '../parts/when.tsx'

export function RefusalsView() {
  const live = useLive(calmMs)
  // In a storm there is always something new: once in two seconds is often enough.
  const revision = useCalm(live.second?.refusals ?? 0)
  const { value, problem } = useAsked<Refusals>('/api/refusals', { revision })
  const [wanted, want] = useState('')
  const words = wanted.toLowerCase().split(/\s+/)
  const shown = (value?.groups ?? []).filter((group) => words.every((word) => searched(group).includes(word)))
  return (
    <>
      <div class="bar-of-buttons">
        <label>
          Filter{' '}
          <input
            type="search"
            value={wanted}
            placeholder="reason, client, network, user"
            onInput={(event) => want(event.currentTarget.value)}
          />
        </label>
        <button type="button" disabled={shown.length === 0} onClick={() => save(shown)}>
          Save as JSON
        </button>
        <span class="hint">
          {several(
            shown.reduce((sum, group) => sum + group.count, 0),
            'refusal',
          )}{' '}
          in {several(shown.length, 'group')}
          {value !== undefined && value.forgotten > 0 && `; ${count(value.forgotten)} older ones are no longer kept`}
        </span>
      </div>
      {problem !== undefined && <p class="bad">{problem.message}</p>}
      {value !== undefined && shown.length === 0 && (
        <p class="nothing">{wanted === '' ? 'Nobody was refused.' : 'No group matches.'}</p>
      )}
      <ul class="groups">
        {shown.map((group) => (
          <Group key={group.key} group={group} />
        ))}
      </ul>
    </>
  )
}

function Group({ group }: { readonly group: RefusalGroup }) {
  const { client, network, users, findings, detail } = group
  return (
    <li>
      <details>
        <summary>
          <span class="times">{times(group.count)}</span>
          <span class="cause">{visible(group.cause)}</span>
          <span class="from">
            {client === null ? 'a client that said nothing of itself' : visible(client, 120)}, from{' '}
            {visible(network, 80)}
            <span class="remedy">{visible(group.remedy)}</span>
          </span>
          <span class="last">
            <When atMs={group.lastMs} />
          </span>
        </summary>
        <dl class="facts">
          <div>
            <dt>Reason</dt>
            <dd>
              <code>{group.reason}</code>
            </dd>
          </div>
          {detail !== null && (
            <div>
              <dt>Detail</dt>
              <dd>{visible(detail)}</dd>
            </div>
          )}
          {findings.length > 0 && (
            <div>
              <dt>Found out</dt>
              <dd>
                {findings.map(([what, times]) => (
                  <span class="finding" key={what}>
                    {visible(what)} ({several(times, 'proof')} looked into)
                  </span>
                ))}
              </dd>
            </div>
          )}
          <div>
            <dt>Users</dt>
            <dd>
              {users.length === 0
                ? 'none was named'
                : users.map((user) => (user === '' ? '(anonymous)' : visible(user, 80))).join(', ')}
            </dd>
          </div>
          <div>
            <dt>First</dt>
            <dd>{stamp(group.firstMs)}</dd>
          </div>
          <div>
            <dt>Last</dt>
            <dd>{stamp(group.lastMs)}</dd>
          </div>
          <div>
            <dt>Handshakes</dt>
            <dd>
              {group.handshakes.length === 0 && 'none is kept'}
              {group.handshakes.map((id) => (
                <button type="button" class="link" key={id} onClick={() => openHandshake(id)}>
                  #{id}
                </button>
              ))}
            </dd>
          </div>
        </dl>
      </details>
    </li>
  )
}

function searched({ reason, cause, client, network, users, remedy }: RefusalGroup): string {
  return [reason, cause, client ?? '', network, remedy, ...users].join(' ').toLowerCase()
}

/** The value, which changes no more than once in two seconds. */
function useCalm(value: number): number {
  const [calm, setCalm] = useState({ value, atMs: 0 })
  if (value !== calm.value && Date.now() - calm.atMs > 2000) setCalm({ value, atMs: Date.now() })
  return calm.value
}

function save(groups: readonly RefusalGroup[]): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([JSON.stringify(groups, undefined, 2)], { type: 'application/json' }))
  link.download = `saltgate-refusals-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.json`
  link.click()
  URL.revokeObjectURL(link.href)
}
