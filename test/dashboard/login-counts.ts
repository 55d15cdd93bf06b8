/** Counts by name: what kinds of logins must come to, added up by themselves, and what the door says; and where the two differ, as a table. */
import type { Counted } from './login-kind.ts'

export type Counts = ReadonlyMap<string, number>

export class ExpectedCounts {
  /** By name, and of each what every kind adds to it. */
  readonly #counts = new Map<string, Map<string, number>>()
  logins = 0

  add(kind: string, all: readonly Counted[]): void {
    for (const counted of all) {
      this.logins++
      for (const name of namesOf(counted)) {
        const byKind = this.#counts.get(name) ?? new Map<string, number>()
        byKind.set(kind, (byKind.get(kind) ?? 0) + 1)
        this.#counts.set(name, byKind)
      }
    }
  }

  /** The lines of the table; none when all are equal. `about` are the first words of the names that are compared. */
  differences(where: string, counted: Counts, ...about: readonly string[]): string[] {
    return this.#compared(where, counted, about, (found, expected) => found === expected)
  }

  /** The same where only a part is shown: of nothing is there more than there was. */
  surplus(where: string, counted: Counts, ...about: readonly string[]): string[] {
    return this.#compared(where, counted, about, (found, expected) => found <= expected)
  }

  #compared(
    where: string,
    counted: Counts,
    about: readonly string[],
    agree: (found: number, expected: number) => boolean,
  ): string[] {
    const isAbout = (name: string) => about.some((words) => name === words || name.startsWith(`${words} `))
    const names = new Set([...this.#counts.keys(), ...counted.keys()].filter(isAbout))
    return [...names].sort().flatMap((name) => {
      const byKind = this.#counts.get(name) ?? new Map<string, number>()
      const expected = [...byKind.values()].reduce((a, b) => a + b, 0)
      const found = counted.get(name) ?? 0
      if (agree(found, expected)) return []
      const kinds = Array.from(byKind, ([kind, count]) => `${count} ${kind}`).join('; ')
      return [`${where} | ${name} | ${expected} | ${found} | ${kinds}`]
    })
  }
}

export const tableHead = 'where | what | expected | counted | kinds'

/** What the ends of logins have in common wherever they are counted. */
export function tally(counts: Map<string, number>, name: string, count: number): void {
  if (count !== 0) counts.set(name, (counts.get(name) ?? 0) + count)
}

/** A line of the log. */
export function lineOf(
  result: string,
  again: boolean,
  plugin: string | undefined,
  channel: string | undefined,
  reason: string | undefined,
): string {
  return `line ${result} ${again ? 'again' : 'first'} ${plugin ?? 'none'} ${channel} ${reason ?? 'in'}`
}

function* namesOf(counted: Counted): Iterable<string> {
  const { reason, again, plugin, channel, phases, account, tls, host, aborts } = counted
  const result = reason === undefined ? 'admitted' : 'refused'
  yield `result ${result}`
  yield `login ${result} ${again ? 'change_user' : 'connect'} ${plugin} ${channel}`
  for (const phase of phases) yield `phase ${phase} ${plugin} ${channel}`
  if (reason !== undefined) yield `reason ${reason}`
  yield lineOf(result, again === true, plugin, channel, reason)
  if (account !== undefined) yield `account ${account.includes('@') ? account : `'${account}'@'%'`} ${result}`
  if (tls !== undefined && tls !== 'tried') yield `tls ${tls}`
  if (host !== undefined) yield `host ${host.address} ${host.counter}`
  // Spec: https://dev.mysql.com/doc/refman/9.7/en/server-status-variables.html
  if (again) yield 'status com_change_user'
  // Nobody there to be counted by Connections, as measured on MySQL 9.7.
  const turnedAway = reason === 'too-many-connections' && phases.length === 1
  if (!again && !turnedAway) yield 'status connections'
  if (!again && !turnedAway && reason !== undefined) yield 'status aborted_connects'
  if (aborts) yield 'status aborted_clients'
  if (reason === 'account-locked') yield 'status locked_connects'
  if (reason === 'too-many-connections') yield 'status connection_errors_max_connections'
  if (tls !== undefined && !again) yield 'status ssl_accepts'
  if (tls !== undefined && tls !== 'tried') yield 'status ssl_finished_accepts'
}
