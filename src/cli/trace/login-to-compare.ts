/** One login for `saltgate diff`: from a capture, from what `saltgate trace --json` printed, or made now as a client would make it. */
import { existsSync, readFileSync } from 'node:fs'
import { examine } from '../../doctor/examine.ts'
import type { Observation } from '../../doctor/observation.ts'
import { personaOf } from '../../doctor/personas/index.ts'
import type { ConnectionReport } from '../../doctor/report/connection-report.ts'
import { explainedReport } from '../../doctor/report/explained-report.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { connectionOptions } from '../connect/connection-options.ts'
import { readCapture } from './capture-source.ts'

export interface CompareOptions {
  readonly keylog?: string | undefined
  readonly port?: number | undefined
  /** Tests the proofs. */
  readonly password?: Uint8Array | undefined
}

/**
 * `login.pcap`, `login.pcap#3`, `trace.json#3`, `persona:pymysql@1.1.1@mysql://app@db/`; without a number the first connection.
 *
 * Rejects: `ConfigurationError` when there is no such login.
 */
export async function loginToCompare(spec: string, options: CompareOptions): Promise<ConnectionReport> {
  const persona = /^persona:(.+?)@(\w+:\/\/.*)$/s.exec(spec)
  if (persona !== null) return await asPersona(persona[1] ?? '', persona[2] ?? '')
  const numbered = existsSync(spec) ? null : /^(.*)#([1-9]\d*)$/s.exec(spec)
  const file = numbered?.[1] ?? spec
  const number = numbered === null ? undefined : Number(numbered[2])
  const report = /\.(?:json|jsonl|ndjson)$/i.test(file)
    ? readReport(file, number)
    : await readLogin(file, number, options)
  if (report !== undefined) return report
  const which = number === undefined ? 'MySQL connection' : `connection ${number}`
  throw new ConfigurationError(`there is no ${which} in ${file}`)
}

async function readLogin(
  file: string,
  number: number | undefined,
  { password, ...source }: CompareOptions,
): Promise<ConnectionReport | undefined> {
  let login: Observation | undefined
  await readCapture(
    { file, ...source },
    {
      onSeen(seen) {
        // They come as they end.
        if (number === undefined ? seen.number < (login?.number ?? Number.POSITIVE_INFINITY) : seen.number === number)
          login = seen
      },
    },
  )
  return login && explainedReport(login, { password })
}

function readReport(file: string, number: number | undefined): ConnectionReport | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    const report = parsed(line)
    if (report === undefined) throw new ConfigurationError(`${file} is not what saltgate trace --json prints`)
    if (number === undefined || report.number === number) return report
  }
  return undefined
}

/** Looks for the parts without which nothing can be compared. */
function parsed(line: string): ConnectionReport | undefined {
  try {
    const report: ConnectionReport = JSON.parse(line)
    const { number, client, server, steps, exchanges, findings, plugins, verdict } = report
    const lists = [steps, exchanges, findings, plugins, server.capabilities, report.login?.attributes ?? []]
    const isReport = typeof number === 'number' && typeof verdict === 'string' && typeof client.address === 'string'
    return isReport && lists.every(Array.isArray) ? report : undefined
  } catch {
    return undefined
  }
}

/** Logs in now. Of the ways tried, the one that the client would take by itself. */
async function asPersona(id: string, uri: string): Promise<ConnectionReport> {
  const persona = personaOf(id)
  const { connect } = await connectionOptions({}, uri)
  const { probe, notes } = await examine(connect, { personas: [persona] })
  const tried = probe.attempts.filter((attempt) => attempt.persona === persona.id)
  const usual = tried.find(({ tls }) => tls === (persona.tls !== 'off')) ?? tried[0]
  if (usual === undefined) {
    throw new ConfigurationError(
      `${id} could not log in: ${[probe.failure?.message, ...notes].filter(Boolean).join('; ')}`,
    )
  }
  const password = typeof connect.password === 'string' ? Buffer.from(connect.password) : undefined
  return explainedReport(usual.seen, { password })
}
