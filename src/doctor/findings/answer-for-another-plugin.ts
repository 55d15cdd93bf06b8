import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError, wasRefused } from '../reading.ts'

/** Bytes of a scramble. */
const scrambleLengths: ReadonlyMap<string, number> = new Map([
  ['mysql_native_password', 20],
  ['caching_sha2_password', 32],
])

export const finding: Finding = {
  id: 'answer-for-another-plugin',
  title: 'The client answers one plugin by the scramble of another',
  severity: 'decisive',
  affects: 'Clients that name one plugin and compute another; proxies that translate the name and not the scramble',
  remedy: {
    client: 'Upgrade the driver, or name the plugin of the account to it (defaultAuth, default-auth).',
    server: 'A proxy in between must pass on the name of the plugin together with its nonce.',
  },
  reference:
    'https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods.html',
  onLogin(seen, { proofs }) {
    const last = seen.exchanges.at(-1)
    const [answer] = last?.answers ?? []
    if (last === undefined || answer === undefined || !wasRefused(seen)) return undefined
    const due = scrambleLengths.get(last.plugin)
    const other = [...scrambleLengths].find(([plugin, length]) => plugin !== last.plugin && length === answer.length)
    if (due === undefined || other === undefined) return undefined
    const line = `${last.plugin} takes a scramble of ${due} bytes, and got one of ${answer.length}, as ${other[0]} makes`
    const proof = proofs.some(({ algorithm }) => algorithm.startsWith(other[0]))
      ? [`it is the right scramble of ${other[0]}`]
      : []
    return { certain: true, lines: [line, ...proof, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
