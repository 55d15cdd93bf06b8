/**
 * The log of a command: pino's JSON lines on stderr, or short lines for a person at a terminal.
 */
import pino from 'pino'
import type { Log } from '../server/log.ts'
import { visible } from './visible.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

/** `worker`: which of several processes this is, from 1; it stands in every line. */
export function terminalLog(level: (typeof logLevels)[number], json: boolean, worker?: number): Log {
  const base = worker === undefined ? null : { worker }
  if (json || !process.stderr.isTTY) return pino({ level, base }, pino.destination({ fd: 2, sync: false }))
  return pino({ level, base }, { write: (line: string) => void process.stderr.write(forPeople(line)) })
}

/** `08:12:03 refused #12 root@127.0.0.1 in verdict: scramble-mismatch (1045)`, or `08:12:03 warning: backend down db-1 - refused: ...` */
export function forPeople(line: string): string {
  const { time, msg, level, worker, connection, user, host, backend, hook, reason, detail, error, phase, err } =
    JSON.parse(line)
  const clock = new Date(time).toTimeString().slice(0, 8)
  const parts = [clock, `${level >= 50 ? 'error: ' : level >= 40 ? 'warning: ' : ''}${visible(msg)}`]
  if (worker !== undefined) parts.splice(1, 0, `worker ${worker}:`)
  if (connection !== undefined) parts.push(`#${connection}`)
  if (host !== undefined) parts.push(`${user === undefined ? 'a stranger' : short(user)}@${short(host)}`)
  for (const name of [backend, hook]) if (name !== undefined) parts.push(short(name))
  if (phase !== undefined) parts.push(`in ${phase}: ${reason}${error === undefined ? '' : ` (${error})`}`)
  else if (reason !== undefined) parts.push(`- ${short(reason)}`)
  if (detail !== undefined) parts.push(`- ${short(detail)}`)
  if (err?.message !== undefined) parts.push(`- ${short(err.message)}`)
  return `${parts.join(' ')}\n`
}

function short(text: string): string {
  return visible(text).slice(0, 512)
}
