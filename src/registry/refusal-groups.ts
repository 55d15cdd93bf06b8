/**
 * Refused logins that are alike, put together: the same reason, the same client program, the same network. So one misconfigured service is
 * one line, however often it tries. Counted exactly, also when more end than the history holds; bounded, the group that was quiet for
 * longest goes first.
 */
import type { NearProof } from '../auth/near-proof.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { Login } from '../machine/login.ts'
import { programOf } from './client-program.ts'
import type { EndedHandshake } from './registry.ts'

export interface RefusalGroup {
  readonly key: string
  readonly reason: DenyReason
  /** `10.0.3.0/24`, `2001:db8:1::/64`, `unix socket`. */
  readonly network: string
  count: number
  /** Milliseconds since 1970. */
  readonly firstMs: number
  lastMs: number
  /** Of the latest: what it said of itself tells which client this is. */
  login: Login | undefined
  /** Of the latest that had one. */
  detail: string | undefined
  /** Whose proofs were looked into, by what was found, in words. */
  readonly findings: Map<string, Finding>
  /** The latest few, the last one first. */
  users: readonly string[]
  handshakes: readonly number[]
}

export interface Finding {
  readonly count: number
  /** `undefined`: the proof was right, for another account. */
  readonly near: NearProof | undefined
}

export class RefusalGroups {
  /** By key, in the order in which they were last added to. */
  readonly #groups = new Map<string, RefusalGroup>()
  readonly #limit: number
  /** Refusals in groups that went. */
  forgotten = 0
  /** Grows with every change. */
  revision = 0

  constructor(limit = 200) {
    this.#limit = limit
  }

  add(ended: EndedHandshake): void {
    const { reason, record, endedAtMs, detail, user } = ended
    if (reason === undefined) return
    this.revision++
    const key = keyOf(ended)
    const group = this.#groups.get(key) ?? {
      ...{ key, reason, network: networkOf(record.address), count: 0, firstMs: endedAtMs, lastMs: endedAtMs },
      ...{ login: undefined, detail: undefined, findings: new Map(), users: [], handshakes: [] },
    }
    group.count++
    group.lastMs = endedAtMs
    group.login = record.login
    group.detail = detail ?? group.detail
    group.handshakes = withLatest(group.handshakes, record.id, 10)
    if (user !== undefined) group.users = withLatest(group.users, user, 5)
    this.#groups.delete(key)
    this.#groups.set(key, group)
    if (this.#groups.size > this.#limit) this.#forget()
  }

  /** It was found out what was wrong with its proof. */
  explain(ended: EndedHandshake, clause: string, near?: NearProof): void {
    const group = this.#groups.get(keyOf(ended))
    if (group === undefined) return
    this.revision++
    const known = group.findings.get(clause)
    if (known !== undefined || group.findings.size < 20) {
      group.findings.set(clause, { count: (known?.count ?? 0) + 1, near })
    }
  }

  /** The latest first. */
  groups(): readonly RefusalGroup[] {
    return [...this.#groups.values()].reverse()
  }

  #forget(): void {
    for (const [key, { count }] of this.#groups) {
      this.#groups.delete(key)
      this.forgotten += count
      return
    }
  }
}

/** The most frequent first. */
export function findingsOf({ findings }: Pick<RefusalGroup, 'findings'>): readonly (readonly [string, Finding])[] {
  return [...findings].sort(([, a], [, b]) => b.count - a.count)
}

/** What several processes have, as one. */
export function groupsTogether(all: readonly (readonly RefusalGroup[])[]): readonly RefusalGroup[] {
  const byKey = new Map<string, RefusalGroup>()
  for (const group of all.flat()) {
    const known = byKey.get(group.key)
    byKey.set(group.key, known === undefined ? group : together(known, group))
  }
  return [...byKey.values()].sort((a, b) => b.lastMs - a.lastMs)
}

function together(a: RefusalGroup, b: RefusalGroup): RefusalGroup {
  const [latest, before] = a.lastMs >= b.lastMs ? [a, b] : [b, a]
  const findings = new Map(before.findings)
  for (const [clause, { count, near }] of latest.findings) {
    findings.set(clause, { count: (findings.get(clause)?.count ?? 0) + count, near })
  }
  return {
    ...latest,
    findings,
    count: a.count + b.count,
    firstMs: Math.min(a.firstMs, b.firstMs),
    detail: latest.detail ?? before.detail,
    users: [...new Set([...latest.users, ...before.users])].slice(0, 5),
    handshakes: [...latest.handshakes, ...before.handshakes].slice(0, 10),
  }
}

/** The network that an address is shown with. Addresses are canonical. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unix socket'
  if (!address.includes(':')) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined ? first : [...first, ...new Array<string>(8 - first.length - last.length).fill('0'), ...last]
  const kept = groups.slice(0, 4)
  while (kept.at(-1) === '0') kept.pop()
  return `${kept.join(':')}::/64`
}

/** Programs that say nothing of themselves are told apart by their capabilities. */
function keyOf({ reason, record }: EndedHandshake): string {
  const { login, address } = record
  const client = login === undefined ? '' : (programOf(login) ?? login.capabilities.toString(16))
  return `${reason}\n${networkOf(address)}\n${client}`
}

function withLatest<T>(known: readonly T[], one: T, limit: number): readonly T[] {
  return known[0] === one ? known : [one, ...known.filter((other) => other !== one)].slice(0, limit)
}
