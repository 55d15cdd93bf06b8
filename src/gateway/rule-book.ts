/**
 * The rules of a gateway, checked once, and then asked for each login: the first that matches decides. What cannot work is refused
 * before a client is there; what never decides, because an earlier rule takes all of it, is warned of.
 */
import type { PeerHost } from '../accounts/account.ts'
import { ComparablePeer, compileHostPattern, type HostPattern } from '../accounts/host-pattern.ts'
import { checkedRule } from './rule-check.ts'
import type { Rule } from './rules.ts'
import { compileUserPattern, type UserPattern } from './user-pattern.ts'

/** A rule with what was left out filled in. Printing it shows no password. */
export interface BookedRule extends Rule {
  /** From 1, in the order in which they were written; 0 is the one that holds where none was written. */
  readonly number: number
  /** `off` where the way shares nothing. */
  readonly pool: NonNullable<Rule['pool']>
}

/** How one rule compares with a client. */
export interface Comparison {
  readonly rule: BookedRule
  readonly user: boolean
  readonly host: boolean
}

export class RuleBook {
  readonly rules: readonly BookedRule[]
  /** Rules that never decide, and which one does instead. */
  readonly warnings: readonly string[]
  readonly #entries: readonly Entry[]

  /**
   * Without rules there is one, which relays everybody. Files of credentials are found from the directory `base`.
   *
   * Throws: `ConfigurationError` that names the number of the rule, the key and the remedy.
   */
  constructor(rules: readonly Rule[], backendNames: Iterable<string>, base: string = process.cwd()) {
    const names = new Set<string>()
    const backends = new Set(backendNames)
    const checked = rules.map((rule, i) => checkedRule(rule, i + 1, { names, backends, base }))
    this.rules = checked.length > 0 ? checked : [relayEverybody]
    this.#entries = this.rules.map((rule) => ({
      rule,
      user: compileUserPattern(rule.user ?? '%'),
      host: compileHostPattern(rule.host ?? '%'),
    }))
    this.warnings = this.#entries.flatMap((entry, i) => {
      const earlier = this.#entries.slice(0, i).find((other) => covers(other, entry))
      if (earlier === undefined) return []
      return [`${ruleName(entry.rule)} never decides: ${ruleName(earlier.rule)} takes all that it matches`]
    })
  }

  /** Finds the rule for a client; `undefined`: nobody provided for this one, who is refused. */
  find(user: string, peer: PeerHost): BookedRule | undefined {
    const client = new ComparablePeer(peer)
    for (const { rule, user: users, host } of this.#entries) {
      if (users.matches(user) && host.matches(client)) return rule
    }
    return undefined
  }

  /** Compares a client with each rule, also with those behind the one that decides. */
  compare(user: string, peer: PeerHost): readonly Comparison[] {
    const client = new ComparablePeer(peer)
    return this.#entries.map((entry) => ({
      rule: entry.rule,
      user: entry.user.matches(user),
      host: entry.host.matches(client),
    }))
  }
}

/** `rule 2`, or with its name `rule 2 (readers)`. */
export function ruleName({ number, name }: Pick<BookedRule, 'number' | 'name'>): string {
  return `rule ${number}${name === undefined ? '' : ` (${name})`}`
}

interface Entry {
  readonly rule: BookedRule
  readonly user: UserPattern
  readonly host: HostPattern
}

function covers(earlier: Entry, later: Entry): boolean {
  return earlier.user.covers(later.user) && coversHost(earlier.host, later.host)
}

/** May say no where it is yes. */
function coversHost(earlier: HostPattern, later: HostPattern): boolean {
  if (earlier.kind === 'any' || earlier.kind === 'empty') return true
  if (earlier.text.toLowerCase() === later.text.toLowerCase()) return true
  return later.kind === 'address' && earlier.matches(new ComparablePeer({ address: later.text, name: undefined }))
}

const relayEverybody: BookedRule = { number: 0, name: 'default', way: 'relay', pool: 'off' }
