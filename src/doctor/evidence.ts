/** What the findings about servers, networks and proxies read, and say, in the same way. */
import { X509Certificate } from 'node:crypto'
import { capability, has } from '../packets/capabilities.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import type { Finding } from './finding.ts'
import type { Observation, SeenExchange, SeenPacket } from './observation.ts'
import type { Probe } from './probe.ts'
import { sayError, wasRefused } from './reading.ts'

/** From here on somebody waits, and a network alone does not explain it. */
export const longMs = 1000

/** A finding that an error alone proves: of a login, or of an examination that came to none. */
export function byError(
  codes: readonly number[],
  adds: (message: string, seen: Observation | undefined) => readonly string[] = () => [],
): Required<Pick<Finding, 'onLogin' | 'onProbe'>> {
  return {
    onLogin(seen) {
      if (seen.error === undefined || !wasRefused(seen, ...codes)) return undefined
      return { certain: true, lines: [...sayError(seen), ...adds(seen.error.message, seen)] }
    },
    onProbe({ failure }) {
      if (failure === undefined || !codes.includes(failure.code)) return undefined
      return { certain: true, lines: [`${failure.code}: ${failure.message}`, ...adds(failure.message, undefined)] }
    },
  }
}

/** The errors that the server sent to a session, after it had let it in. */
export function laterErrors({ outcome, packets }: Observation): readonly { code: number; message: string }[] {
  if (outcome !== 'ok') return []
  return packets.flatMap(({ kind, fields }) =>
    kind === 'Err' && fields !== undefined ? [fields as unknown as { code: number; message: string }] : [],
  )
}

/** The client's host, as an error names it: what the server took it for. */
export function clientHostIn(message: string): string | undefined {
  return (/^Host '([^']*)'/.exec(message) ?? /'@'([^']*)'/.exec(message))?.[1]
}

/** Whether the server has said that the first proof is right: fast authentication of caching_sha2_password. */
export function provenFast({ plugin, moreData }: SeenExchange): boolean {
  return plugin === 'caching_sha2_password' && moreData.some((data) => data.length === 1 && data[0] === 0x03)
}

export function isMariaDb({ serverVersion, capabilities }: HandshakeV10): boolean {
  return /mariadb/i.test(serverVersion) || !has(capabilities, capability.LONG_PASSWORD)
}

export function firstOf({ packets }: Observation, from: SeenPacket['from']): SeenPacket | undefined {
  return packets.find((packet) => packet.from === from)
}

/** The server's own certificate, where it was seen and is one. */
export function certificateSeen({ tls }: Observation): X509Certificate | undefined {
  const [der] = tls?.certificates ?? []
  if (der === undefined) return undefined
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

/** Units: milliseconds since 1970. */
export function examinedAt({ attempts }: Probe): number {
  return attempts[0]?.seen.startedMs ?? Date.now()
}

export function sayMs(ms: number): string {
  return ms < longMs ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

export function sayDate(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
