import { sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import { sayError, wasRefused } from '../reading.ts'

/** Shorter than any connect_timeout that somebody means. */
const shortestTimeoutMs = 2000

export const finding: Finding = {
  id: 'connect-timeout',
  title: 'The client kept the server waiting, until its connect_timeout was over',
  severity: 'decisive',
  affects:
    '"Lost connection at reading authorization packet" (2013). connect_timeout is 10 s; MySQL says 1159 before it closes, MariaDB resets the connection without a word',
  remedy: {
    client:
      'Find what holds it up between two packets: a prompt or callback for the password, a stopped debugger, an event loop that is blocked, packets that are lost (MTU).',
    server: 'SET GLOBAL connect_timeout=30, where clients are far away or slow.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html#sysvar_connect_timeout',
  onLogin(seen) {
    const last = seen.packets.findLast(({ kind }) => kind !== 'Err')
    const closed = seen.packets.find(({ kind }) => kind === 'Err')?.atMs ?? seen.end.atMs
    const silence = last === undefined ? 0 : closed - last.atMs
    const line = `the client sent nothing for ${sayMs(silence)} after ${last?.kind ?? 'the beginning'} of the server`
    if (wasRefused(seen, 1159)) return { certain: true, lines: [line, ...sayError(seen)] }
    if (seen.gaps.length > 0 || seen.outcome !== 'aborted' || seen.end.by !== 'server' || last?.from !== 'server')
      return undefined
    if (silence < shortestTimeoutMs) return undefined
    return {
      certain: false,
      lines: [line, `then the server ${seen.end.how === 'rst' ? 'reset' : 'closed'} the connection`],
    }
  },
}
