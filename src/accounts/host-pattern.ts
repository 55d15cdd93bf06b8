/**
 * The host part of an account name: which clients it matches, and how specific it is.
 *
 * A name matches without regard to case; `%` and `_` are wildcards as in LIKE, `\` takes their meaning away; a network is
 * `a.b.c.d/m.m.m.m` or `a.b.c.d/n` and matches when `client & mask = a.b.c.d`. A name that starts with digits and a dot
 * is never compared, so that nobody gets into `198.51.100.%` by naming a host `198.51.100.example.com`.
 *
 * Most specific first: IPv4 addresses, networks, names and IPv6 addresses, wildcards, `%`, the empty string. For the same
 * host, named users come before the anonymous one. The later the first wildcard, the more specific (all beyond the
 * 125th character alike); networks of `/n` come before those of `/m.m.m.m`, and then the longer mask. Where
 * mysqld prefers the account that was made first, here the longer pattern wins, then the text, so that the choice never
 * depends on the order in which rows were written.
 *
 * Measured on mysqld 9.7 (test/vectors/accounts/host-choice-9.7.json), which does not do what the manual says in three places: networks
 * come before names; a network with host bits that its mask cuts off matches nobody in either notation; nor does one with
 * a mask of no bits or with gaps.
 *
 * Three things differ on purpose. IPv6 addresses are compared as addresses, not as text, and may have a CIDR prefix, which
 * mysqld has for IPv4 only. The name `localhost` counts only for a unix socket or a loopback address, whatever reverse DNS
 * says about a stranger. Numbers of an address have no leading zeros.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/account-names.html
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-access.html
 */
import type { PeerHost } from './account.ts'
import { isLoopbackNetwork, parseAddress } from './address.ts'

export interface HostPattern {
  /** As written in the account. */
  readonly text: string
  readonly kind: HostKind
  /** Within one kind, higher is more specific: bits of the mask, or position of the first wildcard. */
  readonly weight: number
  matches(peer: ComparablePeer): boolean
}

export type HostKind = 'address' | 'address-prefix' | 'cidr' | 'netmask' | 'name' | 'wildcard' | 'any' | 'empty'

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
  if (name === 'localhost' && peer.address !== undefined && !isLoopbackNetwork(peer.address)) return undefined
  return name
}

function compileNetwork(text: string): HostPattern | undefined {
  const slash = text.indexOf('/')
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (base === undefined) return undefined
  if (slash < 0) {
    const mask = base.map(() => 255)
    const kind = base.length === 4 ? 'address' : 'name'
    return { text, kind, weight: 0, matches: (peer) => inNetwork(peer.bytes, base, mask) }
  }
  const suffix = text.slice(slash + 1)
  const isCidr = /^\d{1,3}$/.test(suffix)
  const bits = isCidr ? Number(suffix) : base.length === 4 ? maskBits(parseAddress(suffix) ?? []) : 0
  if (bits < 1 || bits > base.length * 8) return undefined
  const mask = base.map((_, i) => 0xff & (0xff00 >> Math.min(8, Math.max(0, bits - i * 8))))
  const kind = isCidr ? 'cidr' : 'netmask'
  return { text, kind, weight: bits, matches: (peer) => inNetwork(peer.bytes, base, mask) }
}

/** The length of a mask; 0 for one with gaps, or of no bits. */
function maskBits(mask: readonly number[]): number {
  return /^(1*)0*$/.exec(mask.map((byte) => byte.toString(2).padStart(8, '0')).join(''))?.[1]?.length ?? 0
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
    kind: /^\d+\.\d+\.\d+\.\d+[%_]/.test(text) ? 'address-prefix' : 'wildcard',
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
  // mysqld reads 10.1.2.3% as the address first, and only compares it as text.
  'address-prefix': 1,
  cidr: 2,
  netmask: 3,
  name: 4,
  wildcard: 5,
  any: 6,
  empty: 7,
}

const ANY = -1
const ONE = -2
const MAX_WEIGHT = 125
