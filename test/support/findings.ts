/** What a finding says of an observation or an examination, and the examinations to ask it about. */
import type { Evidence, Finding } from '../../src/doctor/finding.ts'
import type { Observation } from '../../src/doctor/observation.ts'
import type { Attempt, Probe, ProbedTls } from '../../src/doctor/probe.ts'
import type { HandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { greeting, observed, untested } from './observations.ts'

/** `certain`, `possible`, or nothing. */
export function says(finding: Finding, seen: Observation, known = untested): 'certain' | 'possible' | undefined {
  return word(finding.onLogin?.(seen, known))
}

export function saysOf(finding: Finding, probe: Probe): 'certain' | 'possible' | undefined {
  return word(finding.onProbe?.(probe))
}

function word(evidence: Evidence | undefined): 'certain' | 'possible' | undefined {
  return evidence && (evidence.certain ? 'certain' : 'possible')
}

/** The same, but that this packet, and what follows, came later. */
export function delayed(seen: Observation, index: number, ms: number): Observation {
  const packets = seen.packets.map((packet, i) => (i < index ? packet : { ...packet, atMs: packet.atMs + ms }))
  return { ...seen, packets, end: { ...seen.end, atMs: seen.end.atMs + ms }, durationMs: seen.durationMs + ms }
}

/** Of a server at which nothing is wrong. */
export function probed(changes: Partial<Probe> = {}): Probe {
  return {
    target: 'db.example.com:3306',
    names: namesOf({}),
    connectMs: 2,
    greeting: greetingOf(),
    greetingMs: 3,
    tls: tlsOf(),
    attempts: [],
    failure: undefined,
    ...changes,
  }
}

export function namesOf(changes: Partial<NonNullable<Probe['names']>>): NonNullable<Probe['names']> {
  const reverse = new Map([['192.0.2.1', { names: ['db.example.com'], ms: 4 }]])
  return { host: 'db.example.com', addresses: ['192.0.2.1'], lookupMs: 5, reverse, error: undefined, ...changes }
}

export function greetingOf(changes: Partial<HandshakeV10> = {}): HandshakeV10 {
  return observed(greeting({ collationId: 45, ...changes })).greeting as HandshakeV10
}

export const probedMs = Date.UTC(2026, 0, 1)
const day = 86_400_000

export function tlsOf(
  changes: Partial<Omit<ProbedTls, 'chain'>> & { readonly leaf?: Partial<ProbedTls['chain'][number]> } = {},
): ProbedTls {
  const { leaf, ...rest } = changes
  const certificate = {
    subject: 'CN=db.example.com',
    issuer: 'CN=Example CA',
    names: 'DNS:db.example.com',
    validFromMs: probedMs - 90 * day,
    validToMs: probedMs + 90 * day,
    x509Version: 3,
    key: 'EC P-256',
    ...leaf,
  }
  const versions: ProbedTls['versions'] = new Map([
    ['TLSv1', 'EPROTO'],
    ['TLSv1.1', 'EPROTO'],
    ['TLSv1.2', 'accepted'],
    ['TLSv1.3', 'accepted'],
  ])
  return { versions, chain: [certificate], distrust: undefined, ...rest }
}

export function attempt(seen: Observation, changes: Partial<Omit<Attempt, 'seen'>> = {}): Attempt {
  return { persona: 'mysql@9.7', tls: false, cache: 'as-it-is', says: '', seen, ...changes }
}
