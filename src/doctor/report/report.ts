/** Turns what was seen of a connection into the report that all forms of output share. */
import { X509Certificate } from 'node:crypto'
import { attributesText } from '../../packets/connect-attributes.ts'
import type { Found } from '../finding.ts'
import { fingerprintOf } from '../fingerprint.ts'
import type { Observation, SeenTls } from '../observation.ts'
import type { ConnectionReport, FindingReport, TlsReport } from './connection-report.ts'
import { capabilityNames, collationName, nameText } from './fields.ts'
import { micros, stepsOf } from './steps.ts'
import { verdictOn } from './verdict.ts'

export interface ReportOptions {
  /** In the order of `findIn`. */
  readonly found?: readonly Found[]
  /** By exchange, what its first answer proves: `right`, or what is wrong about it; `undefined` where it was not tested. */
  readonly proofs?: readonly (string | undefined)[]
  /** Adds the bytes of each packet, secrets blanked. */
  readonly hex?: boolean
}

/** After: the report holds no secret, and nothing of `seen`. */
export function reportOf(
  seen: Observation,
  { found = [], proofs = [], hex = false }: ReportOptions = {},
): ConnectionReport {
  const { greeting, login, error, end } = seen
  const attributes = attributesText(login?.connectAttributes)
  return {
    number: seen.number,
    startedAt: seen.startedMs === undefined ? null : new Date(seen.startedMs).toISOString(),
    durationMs: micros(seen.durationMs),
    client: { ...endpoint(seen.client), program: programOf(seen, attributes) },
    server: {
      ...endpoint(seen.server),
      version: greeting?.serverVersion ?? null,
      connectionId: greeting?.connectionId ?? null,
      plugin: greeting?.authPluginName ?? null,
      capabilities: greeting === undefined ? [] : capabilityNames(greeting.capabilities, greeting.mariadbCapabilities),
      collation: greeting === undefined ? null : collationName(greeting.collationId),
    },
    user: login === undefined ? null : nameText(login.user, login.collationId),
    database: login?.database === undefined ? null : nameText(login.database, login.collationId),
    changedUser: changedUser(seen),
    login:
      login === undefined
        ? null
        : {
            plugin: login.authPluginName ?? null,
            capabilities: capabilityNames(login.capabilities, login.mariadbCapabilities),
            collation: collationName(login.collationId),
            maxPacketSize: login.maxPacketSize,
            attributes,
          },
    plugins: seen.exchanges.map(({ plugin }) => plugin).filter((plugin, i, all) => plugin !== all[i - 1]),
    exchanges: seen.exchanges.map(({ plugin, by, factor, channel, data, answers }, i) => ({
      plugin,
      by,
      factor,
      channel,
      dataBytes: data.length,
      answers: answers.map(({ length }) => length),
      proof: proofs[i] ?? null,
    })),
    channel: seen.channel,
    tls: seen.tls === undefined ? null : tlsReport(seen.tls),
    outcome: seen.outcome,
    error: error === undefined ? null : { ...error, sqlState: error.sqlState ?? null },
    verdict: verdictOn(seen, found),
    steps: stepsOf(seen, hex),
    findings: found.map(findingReport),
    end: { by: end.by ?? null, how: end.how, atMs: micros(end.atMs) },
    foreign: seen.foreign ?? null,
    gaps: seen.gaps.map(({ from, bytes, atMs }) => ({ from, bytes, atMs: micros(atMs) })),
    stopped: seen.stopped ?? null,
  }
}

function endpoint({ address, port }: Observation['client']): { readonly address: string; readonly port: number } {
  return { address, port }
}

/** `PyMySQL 1.1.1`; one that only its flags tell has a question mark behind. */
function programOf(seen: Observation, attributes: readonly (readonly [string, string])[]): string | null {
  const { client, version, certain } = fingerprintOf(seen)
  if (client === 'unknown') return attributes.find(([name]) => name === 'program_name')?.[1] ?? null
  const numbered = version === undefined ? client : `${client} ${version}`
  return certain ? numbered : `${numbered}?`
}

function changedUser({ packets }: Observation): string | null {
  const last = packets.findLast(({ kind, fields }) => kind === 'COM_CHANGE_USER' && fields !== undefined)
  const { user, collationId } = (last?.fields ?? {}) as { user?: Uint8Array; collationId?: number }
  return user === undefined ? null : nameText(user, collationId ?? 0)
}

function tlsReport(tls: SeenTls): TlsReport {
  return {
    requested: tls.requested,
    offered: tls.offered ?? null,
    version: tls.version ?? null,
    cipher: tls.cipher ?? null,
    serverName: tls.serverName ?? null,
    resumed: tls.resumed,
    inside: tls.inside,
    certificates: tls.certificates.flatMap(certificateReport),
    alerts: tls.alerts.map((alert) => ({ ...alert, atMs: micros(alert.atMs) })),
  }
}

/** Nothing for bytes that are no certificate. */
function certificateReport(der: Uint8Array): TlsReport['certificates'] {
  try {
    const { subject, issuer, subjectAltName, validFrom, validTo } = new X509Certificate(der)
    const line = (name: string | undefined) => (name ?? '').replaceAll('\n', ', ')
    return [
      {
        subject: line(subject),
        issuer: line(issuer),
        names: subjectAltName ?? '',
        validFrom: new Date(validFrom).toISOString(),
        validTo: new Date(validTo).toISOString(),
      },
    ]
  } catch {
    return []
  }
}

function findingReport({ finding, evidence }: Found): FindingReport {
  const { id, title, severity, affects, remedy, reference } = finding
  return { id, title, severity, certain: evidence.certain, evidence: evidence.lines, affects, remedy, reference }
}
