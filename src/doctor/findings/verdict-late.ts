import { longMs, sayMs } from '../evidence.ts'
import type { Finding } from '../finding.ts'
import type { Observation } from '../observation.ts'

export const finding: Finding = {
  id: 'verdict-late',
  title: 'The server took long to judge the login: a delay after failed ones, or a password that others check',
  severity: 'risk',
  affects:
    'CONNECTION_CONTROL: after 3 failures in a row each login of the account waits, 1 s and more, the next one that succeeds too. PAM, LDAP and Kerberos wait for another server',
  remedy: {
    client: 'Find what sends wrong passwords for this account; allow for the delay in the timeout.',
    server:
      "SELECT * FROM information_schema.connection_control_failed_login_attempts (performance_schema since 9.2); SHOW VARIABLES LIKE '%connection_control%'. Setting the threshold anew clears the counts.",
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/connection-control-component-configuration.html',
  onLogin(seen) {
    const wait = longestWait(seen)
    if (wait === undefined || wait.ms < longMs) return undefined
    const { ms, answer } = wait
    if (answer === undefined) {
      return {
        certain: false,
        lines: [`no verdict within ${sayMs(ms)} of the client's last packet; then the client left`],
      }
    }
    return { certain: false, lines: [`${answer} came ${sayMs(ms)} after the packet of the client before it`] }
  },
}

/** Up to the verdict; `answer` is missing where the client did not wait for it. */
function longestWait({ packets, end, outcome, login }: Observation): { ms: number; answer?: string } | undefined {
  if (login === undefined) return undefined
  const verdict = packets.findIndex(({ kind }) => kind === 'Ok' || kind === 'Err')
  let longest: { ms: number; answer?: string } | undefined
  for (const [i, packet] of packets.slice(0, verdict === -1 ? undefined : verdict + 1).entries()) {
    const before = packets[i - 1]
    if (packet.from !== 'server' || before?.from !== 'client' || before.kind === 'SslRequest') continue
    const ms = packet.atMs - before.atMs
    if (longest === undefined || ms > longest.ms) longest = { ms, answer: packet.kind }
  }
  const last = packets.at(-1)
  if (outcome !== 'aborted' || end.by !== 'client' || last?.from !== 'client') return longest
  const ms = end.atMs - last.atMs
  return longest === undefined || ms > longest.ms ? { ms } : longest
}
