/** The accounts: who uses them, who fails, and which are weak, in words. */
import type { AccountSeen, Weakness } from '../../contract.ts'
import { useAsked } from '../live/ask.ts'
import { live } from '../live/live.ts'
import { count, elapsed, stamp } from '../parts/format.ts'
import { type Column, Table } from '../parts/table.tsx'
import { visible } from '../parts/visible.ts'
import { When } from '../parts/when.tsx'

export function AccountsView() {
  const { value, problem } = useAsked<AccountSeen[]>('/api/accounts', { everyMs: 5000 })
  const rows = value ?? []
  const weak = rows.filter(({ weaknesses }) => weaknesses.length > 0).length
  const sinceMs = Math.min(...rows.map((account) => account.sinceMs))
  return (
    <>
      <div class="bar-of-buttons">
        <span>
          {count(rows.length)} accounts, {weak === 0 ? 'none weak' : <strong class="warn">{count(weak)} weak</strong>}
        </span>
        {rows.length > 0 && <span class="hint">Logins and failures are counted since {stamp(sinceMs)}.</span>}
      </div>
      {problem !== undefined && <p class="bad">{problem.message}</p>}
      {value !== undefined && (
        <Table
          label="Accounts"
          columns={columns}
          rows={rows}
          keyOf={({ name }) => name}
          nothing="There are no accounts."
        />
      )}
    </>
  )
}

const columns: readonly Column<AccountSeen>[] = [
  { name: 'Account', cell: ({ name }) => <span class="mono">{visible(name, 120)}</span>, by: ({ name }) => name },
  {
    name: 'Weak',
    cell: ({ weaknesses }) =>
      weaknesses.map((weakness) => (
        <span key={weakness} class="mark">
          {weaknessNames[weakness] ?? weakness}
        </span>
      )),
    by: ({ weaknesses }) => -weaknesses.length,
  },
  { name: 'State', cell: stateOf, by: (account) => (stateOf(account) === 'open' ? 1 : 0) },
  { name: 'Plugin', cell: ({ plugins }) => visible(plugins.join(', then ')), by: ({ plugins }) => plugins.join() },
  {
    name: 'Last login',
    cell: ({ lastLoginMs }) =>
      lastLoginMs === null ? <span class="quiet">none seen</span> : <When atMs={lastLoginMs} />,
    by: ({ lastLoginMs }) => lastLoginMs ?? 0,
  },
  { name: 'Logins', cell: ({ logins }) => count(logins), by: ({ logins }) => logins, right: true },
  {
    name: 'Failures',
    cell: ({ failures }) => (failures === 0 ? '0' : <strong>{count(failures)}</strong>),
    by: ({ failures }) => failures,
    right: true,
  },
  {
    name: 'Last failure',
    cell: ({ lastFailureMs }) => (lastFailureMs === null ? '' : <When atMs={lastFailureMs} />),
    by: ({ lastFailureMs }) => lastFailureMs ?? 0,
  },
]

const weaknessNames: Readonly<Record<Weakness, string>> = {
  'empty-password': 'empty password',
  'native-password': 'native password',
  'never-used': 'never used',
  'any-host': 'any host',
  'clear-password': 'password in clear',
}

function stateOf({ locked, lockedUntilMs, passwordExpired, requiresTls }: AccountSeen): string {
  const states = [
    locked ? 'locked' : '',
    lockedUntilMs === null ? '' : lockedFor(lockedUntilMs - live.nowMs()),
    passwordExpired ? 'password expired' : '',
    requiresTls ? 'TLS only' : '',
  ].filter((state) => state !== '')
  return states.length === 0 ? 'open' : states.join(', ')
}

function lockedFor(ms: number): string {
  if (!Number.isFinite(ms) || ms > 3650 * 86_400_000) return 'locked by failures until unlocked'
  return ms <= 0 ? '' : `locked by failures for another ${elapsed(ms)}`
}
