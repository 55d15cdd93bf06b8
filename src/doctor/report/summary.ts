/** One line for each connection: what is looked at first in a capture of thousands. Costs a tenth of a report. */
import type { Observation } from '../observation.ts'
import { visible } from './visible.ts'

export interface Summary {
  readonly number: number
  readonly startedAt: string | null
  readonly durationMs: number
  /** `address:port`. */
  readonly client: string
  readonly server: { readonly address: string; readonly version: string | null }
  readonly user: string | null
  /** In the order in which they were used. */
  readonly plugins: readonly string[]
  readonly channel: Observation['channel']
  readonly outcome: Observation['outcome']
  readonly error: { readonly code: number; readonly sqlState: string | null; readonly message: string } | null
}

export function summaryOf(seen: Observation): Summary {
  const { number, startedMs, durationMs, client, server, greeting, login, exchanges, channel, outcome, error } = seen
  return {
    number,
    startedAt: startedMs === undefined ? null : new Date(startedMs).toISOString(),
    durationMs: Math.round(durationMs * 1000) / 1000,
    client: `${client.address}:${client.port}`,
    server: { address: `${server.address}:${server.port}`, version: greeting?.serverVersion ?? null },
    user: login === undefined ? null : Buffer.from(login.user).toString(),
    plugins: exchanges.map(({ plugin }) => plugin),
    channel,
    outcome,
    error: error === undefined ? null : { code: error.code, sqlState: error.sqlState ?? null, message: error.message },
  }
}

/** The same for people, without a line end. */
export function summaryText({ number, startedAt, durationMs, client, server, user, ...said }: Summary): string {
  const verdict = said.error === null ? said.outcome : `${said.outcome}: ${said.error.code} ${said.error.message}`
  const parts = [
    `#${number}`,
    startedAt ?? '',
    `${client} -> ${server.address}`,
    user === null ? 'nobody' : user || "''",
    said.plugins.join(', ') || 'no plugin',
    said.channel,
    `${durationMs} ms`,
    verdict,
  ]
  return visible(parts.filter((part) => part !== '').join('  '))
}
