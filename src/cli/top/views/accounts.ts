/** Who may enter: when they last did, how often they failed, and what is weak about them. */
import type { AccountSeen, Weakness } from '../../../dashboard/contract.ts'
import type { Row } from '../table.ts'
import { ago, duration } from '../words.ts'
import { type Body, filtered, type Look } from './body.ts'

export function accountsBody({ model, nowMs }: Look): Body {
  const { accounts, filter } = model
  return {
    is: 'list',
    head: [],
    columns: [
      { title: 'ACCOUNT', width: 16, grows: 2 },
      { title: 'STATE', width: 11, grows: 1 },
      { title: 'LOGINS', width: 7, align: 'right' },
      { title: 'LAST', width: 9, align: 'right' },
      { title: 'FAILED', width: 7, align: 'right' },
      { title: 'LAST', width: 9, align: 'right', from: 90 },
      { title: 'WEAK', width: 13, grows: 2 },
      { title: 'PLUGINS', width: 21, grows: 2, from: 110 },
    ],
    rows: filtered(
      (accounts ?? []).map((account) => rowOf(account, nowMs)),
      filter,
    ),
    empty:
      accounts === undefined
        ? 'Asking ...'
        : filter === ''
          ? 'There is no account.'
          : `No account matches '${filter}'.`,
  }
}

function rowOf(account: AccountSeen, nowMs: number): Row {
  const { name, plugins, logins, failures, lastLoginMs, lastFailureMs, weaknesses } = account
  return {
    key: name,
    cells: [
      name,
      stateOf(account, nowMs),
      String(logins),
      ago(lastLoginMs, nowMs),
      String(failures),
      ago(lastFailureMs, nowMs),
      weaknesses.map((weakness) => weaknessNames[weakness] ?? weakness).join(', '),
      plugins.join(' + '),
    ],
    alarm: weaknesses.includes('empty-password') ? 'bad' : weaknesses.length > 0 ? 'warn' : undefined,
  }
}

function stateOf({ locked, lockedUntilMs, passwordExpired, requiresTls }: AccountSeen, nowMs: number): string {
  if (locked) return 'locked'
  if (lockedUntilMs !== null && lockedUntilMs > nowMs) return `locked ${duration(lockedUntilMs - nowMs)}`
  return `${passwordExpired ? 'expired' : 'open'}${requiresTls ? ', TLS' : ''}`
}

const weaknessNames: Readonly<Record<Weakness, string>> = {
  'empty-password': 'no password',
  'native-password': 'SHA-1',
  'never-used': 'never used',
  'any-host': 'any host',
  'clear-password': 'clear password',
}
