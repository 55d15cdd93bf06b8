/**
 * The host part of an account name: which clients it matches, and how specific it is.
 *
 * From "Specifying Account Names": a name matches without regard to case; `%` and `_` are wildcards as in LIKE, `\` takes
 * their meaning away; `a.b.c.d/m.m.m.m` matches when `client & mask = a.b.c.d`, so host bits that the mask cuts off make
 * it match nobody; a name that starts with digits and a dot is never compared, so that nobody gets into `198.51.100.%` by
 * naming a host `198.51.100.example.com`. `/n` is CIDR notation.
 *
 * From "Access Control, Stage 1", most specific first: addresses and names without wildcard, CIDR, netmask, wildcards,
 * `%`, the empty string. For the same host, named users come before the anonymous one.
 *
 * Where the manual says nothing, mysqld's rule: the later the first wildcard, the more specific (all beyond the
 * 125th character alike); a longer mask comes before a shorter one. Where mysqld leaves the order open, the longer pattern wins,
 * then the text, so that the choice never depends on the order in which rows were written.
 *
 * Measured on MariaDB 10.11, which shares the matching rules: 38 patterns against 4 clients agree, among them masks that
 * leave host bits, leading zeros and escapes; a mask of zero bits matches nobody. MariaDB orders networks and wildcards by
 * rules of its own, so the order here rests on the manual and mysqld's rule; in particular nobody has measured whether a
 * network goes before or after a literal *name* of the same client.
 *
 * Two things differ on purpose. IPv6 addresses are compared as addresses, not as text, and may have a CIDR prefix, which
 * mysqld has for IPv4 only. The name `localhost` counts only for a unix socket or a loopback address, whatever reverse DNS
 * says about a stranger.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-names.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-access.html
 */
import type { PeerHost } from './account.ts'
import { isLoopback, parseAddress } from './address.ts'

export interface HostPattern {
  /** As written in the account. */
  readonly text: string
  readonly kind: HostKind
  /** Within one kind, higher is more specific: bits of the mask, or position of the first wildcard. */
  readonly weight: number
  matches(peer: ComparablePeer): boolean
}

export type HostKind = 'address' | 'name' | 'cidr' | 'netmask' | 'wildcard' | 'any' | 'empty'

/** Never throws: text that fits no other form is a literal name, which matches nobody if it is none. */
export function compileHostPattern(text: string): HostPattern {
  if (text === '') return { text, kind: 'empty', weight: 0, matches: everyone }
  if (text === '%') return { text, kind: 'any', weight: 0, matches: everyone }
  return compileNetwork(text) ?? compileText(text)
}

/** Negative when `a` is the more specific one, 0 when both are equally specific. */
export function compareSpecificity(a: HostPattern, b: HostPattern): number {
  return kindOrder[a.kind] - kindOrder[b.kind] || b.weight - a.weight
}

/** A client's host, prepared once for any number of comparisons. */
export class ComparablePeer {
  readonly address: string | undefined
  /** Lower case; `undefined` when no pattern may see it. */
  readonly name: string | undefined
  #bytes: readonly number[] | undefined
  #parsed = false

  constructor(peer: PeerHost) {
    this.address = peer.address?.toLowerCase()
    this.name = usableName(peer)
  }

  get bytes(): readonly number[] | undefined {
    if (!this.#parsed) {
      this.#parsed = true
      this.#bytes = this.address === undefined ? undefined : parseAddress(this.address)
    }
    return this.#bytes
  }
}

function usableName(peer: PeerHost): string | undefined {
  const name = peer.name?.toLowerCase()
  if (name === undefined || /^\d+\./.test(name)) return undefined
  if (name === 'localhost' && peer.address !== undefined && !isLoopback(peer.address)) return undefined
  return name
}

function compileNetwork(text: string): HostPattern | undefined {
  const slash = text.indexOf('/')
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (base === undefined) return undefined
  if (slash < 0) {
    const mask = base.map(() => 255)
    return { text, kind: 'address', weight: 0, matches: (peer) => inNetwork(peer.bytes, base, mask) }
  }
  const suffix = text.slice(slash + 1)
  const bits = /^\d{1,3}$/.test(suffix) ? Number(suffix) : 0
  if (bits > 0 && bits <= base.length * 8) {
    const mask = base.map((_, i) => 0xff & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))))
    const network = base.map((byte, i) => byte & (mask[i] ?? 0))
    return { text, kind: 'cidr', weight: bits, matches: (peer) => inNetwork(peer.bytes, network, mask) }
  }
  const mask = base.length === 4 ? parseAddress(suffix) : undefined
  if (mask?.length !== 4) return undefined
  const weight = mask.reduce((value, byte) => value * 256 + byte, 0)
  if (weight === 0) return undefined
  return { text, kind: 'netmask', weight, matches: (peer) => inNetwork(peer.bytes, base, mask) }
}

function inNetwork(
  address: readonly number[] | undefined,
  network: readonly number[],
  mask: readonly number[],
): boolean {
  if (address?.length !== network.length) return false
  for (let i = 0; i < network.length; i++) {
    if (((address[i] ?? 0) & (mask[i] ?? 0)) !== network[i]) return false
  }
  return true
}

function compileText(text: string): HostPattern {
  const tokens: number[] = []
  let firstWildcard = -1
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) tokens.push(text.charAt(++i).toLowerCase().charCodeAt(0))
    else if (text[i] === '%' || text[i] === '_') {
      if (firstWildcard < 0) firstWildcard = i
      tokens.push(text[i] === '%' ? ANY : ONE)
    } else tokens.push(text.charAt(i).toLowerCase().charCodeAt(0))
  }
  if (firstWildcard < 0) {
    const name = tokens.map((code) => String.fromCharCode(code)).join('')
    return { text, kind: 'name', weight: 0, matches: (peer) => peer.name === name }
  }
  return {
    text,
    kind: 'wildcard',
    weight: Math.min(firstWildcard, MAX_WEIGHT),
    matches: ({ name, address }) =>
      (name !== undefined && fits(tokens, name)) || (address !== undefined && fits(tokens, address)),
  }
}

/** Goes back to the last `%` only, so a hostile name costs at most its length times that of the pattern. */
function fits(tokens: readonly number[], text: string): boolean {
  let at = 0
  let token = 0
  let lastAny = -1
  let resumeAt = 0
  while (at < text.length) {
    if (tokens[token] === ANY) {
      lastAny = token++
      resumeAt = at
    } else if (tokens[token] === ONE || tokens[token] === text.charCodeAt(at)) {
      token++
      at++
    } else if (lastAny >= 0) {
      token = lastAny + 1
      at = ++resumeAt
    } else {
      return false
    }
  }
  while (tokens[token] === ANY) token++
  return token === tokens.length
}

function everyone(): boolean {
  return true
}

const kindOrder: Readonly<Record<HostKind, number>> = {
  address: 0,
  name: 1,
  cidr: 2,
  netmask: 3,
  wildcard: 4,
  any: 5,
  empty: 6,
}

const ANY = -1
const ONE = -2
const MAX_WEIGHT = 125
