/**
 * The log of a command, on stderr: pino's JSON lines for programs, or short lines for people.
 */
import { styleText } from 'node:util'
import pino from 'pino'
import { spelledOut } from '../doctor/report/visible.ts'
import type { Log } from '../server/log.ts'
import { visible } from './visible.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const
export const logFormats = ['pretty', 'json'] as const

export type LogFormat = (typeof logFormats)[number]

/** `format` left out: `pretty` on a terminal, else `json`. `worker`: which of several processes this is, from 1; it stands in every line. */
export function terminalLog(level: (typeof logLevels)[number], format: LogFormat | undefined, worker?: number): Log {
  const { stderr } = process
  const base = worker === undefined ? null : { worker }
  const pretty = format === 'pretty' || (format !== 'json' && stderr.isTTY)
  if (!pretty) {
    const destination = pino.destination({ fd: 2, sync: false })
    return pino({ level, base }, { write: (line: string) => void destination.write(spelledOut(line)) })
  }
  const colour = stderr.isTTY && stderr.hasColors()
  return pino({ level, base }, { write: (line: string) => void stderr.write(forPeople(line, colour)) })
}

/**
 * `08:12:03 admitted #12 app@10.0.0.7 by caching_sha2_password over TLSv1.3, Node-MySQL-2 3.24.5: 3.1 ms (tls 2.0, auth-answer 0.4)`,
 * `08:12:03 refused #13 a stranger@10.0.0.8 in login: login-timeout - over plaintext: 10000.2 ms (login 10000.1)`, `08:12:03 warning: backend down db-1 - refused: ...`
 */
export function forPeople(line: string, colour = false): string {
  const facts: Facts = JSON.parse(line)
  const { time, msg, level, worker, connection, user, host, backend, hook, reason, detail, error, phase, err } = facts
  const paint = (style: Style | undefined, text: string) =>
    colour && style !== undefined ? styleText(style, text, { validateStream: false }) : text
  const what = `${level >= 50 ? 'error: ' : level >= 40 ? 'warning: ' : ''}${visible(msg)}`
  const parts = [paint('dim', new Date(time).toTimeString().slice(0, 8)), paint(styleOf(facts), what)]
  if (worker !== undefined) parts.splice(1, 0, `worker ${worker}:`)
  if (connection !== undefined) parts.push(`#${connection}`)
  if (host !== undefined) parts.push(`${user === undefined ? 'a stranger' : short(user)}@${short(host)}`)
  for (const name of [backend, hook]) if (name !== undefined) parts.push(short(name))
  if (phase !== undefined) parts.push(`in ${phase}: ${reason}${error === undefined ? '' : ` (${error})`}`)
  else if (reason !== undefined) parts.push(`- ${short(reason)}`)
  if (detail !== undefined) parts.push(`- ${short(detail)}`)
  if (err?.message !== undefined) parts.push(`- ${short(err.message)}`)
  if (facts.totalMs !== undefined) {
    parts.push(paint('dim', `${phase === undefined && detail === undefined ? '' : '- '}${howOf(facts, facts.totalMs)}`))
  }
  if (facts.sinceMs !== undefined) parts.push(countsOf(facts, facts.sinceMs))
  return `${parts.join(' ')}\n`
}

/** What is shown of a line; what it holds besides is in its JSON. */
interface Facts {
  readonly time: number
  readonly level: number
  readonly msg: string
  readonly worker?: number
  readonly connection?: number
  readonly user?: string
  readonly host?: string
  readonly backend?: string
  readonly hook?: string
  readonly phase?: string
  readonly reason?: string
  readonly error?: number
  readonly detail?: string
  readonly err?: { readonly message?: string }
  readonly again?: true
  readonly plugin?: string
  readonly channel?: string
  readonly tls?: string
  readonly client?: string
  readonly totalMs?: number
  readonly phasesMs?: Readonly<Record<string, number>>
  readonly sinceMs?: number
  readonly admitted?: number
  readonly refused?: number
  readonly reasons?: Readonly<Record<string, number>>
}

type Style = 'dim' | 'red' | 'yellow' | 'green'

function styleOf({ level, msg }: Facts): Style | undefined {
  if (level >= 50) return 'red'
  if (level >= 40) return 'yellow'
  return msg === 'admitted' ? 'green' : msg === 'refused' ? 'red' : undefined
}

/** How somebody tried to log in, and how long it took. */
function howOf({ again, plugin, channel, tls, client, phasesMs = {} }: Facts, totalMs: number): string {
  const way = channel === 'unix-socket' ? 'a unix socket' : (tls ?? 'plaintext')
  const how = [plugin === undefined ? '' : `by ${short(plugin)} `, `over ${short(way)}`].join('')
  const said = client === undefined ? '' : `, ${short(client)}`
  // The longest say where the time went; what is below a tenth of a millisecond tells nobody anything.
  const longest = Object.entries(phasesMs)
    .filter(([, ms]) => ms >= 0.1)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([phase, ms]) => `${phase} ${ms.toFixed(1)}`)
  const where = longest.length === 0 ? '' : ` (${longest.join(', ')})`
  return `${again ? 'changing user ' : ''}${how}${said}: ${totalMs.toFixed(1)} ms${where}`
}

/** Those who had no line of their own. */
function countsOf({ time, admitted = 0, refused = 0, reasons = {} }: Facts, sinceMs: number): string {
  const why = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
  const counts = [
    ...(admitted > 0 ? [`${admitted} admitted`] : []),
    ...(refused > 0 ? [`${refused} refused (${why.join(', ')})`] : []),
  ]
  return `in ${((time - sinceMs) / 1000).toFixed(1)} s: ${counts.join(', ')}`
}

function short(text: string): string {
  return visible(text).slice(0, 512)
}
