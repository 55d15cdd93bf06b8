import type { Channel } from '../../auth/plugin.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'

/** Drivers whose full authentication fails on this channel, so that only the fast one lets them in. */
const brokenOn: ReadonlyMap<string, Channel> = new Map([
  ['Connector/Python', 'plaintext'],
  ['asyncmy', 'tls'],
])

export const finding: Finding = {
  id: 'works-only-while-remembered',
  title: 'This client gets in only as long as the server remembers the password from the login of another',
  severity: 'risk',
  affects:
    'Connector/Python without its C extension and without TLS, asyncmy with TLS; caching_sha2_password. The memory is empty after a restart, FLUSH PRIVILEGES, or a change of the password',
  remedy: {
    client: 'Connector/Python: connect with TLS, or by the C extension. asyncmy: use another driver.',
    server: 'Nothing that lasts: each login of another client with TLS helps until the memory is emptied.',
  },
  reference: 'https://github.com/sidorares/node-mysql2/issues/2686',
  onLogin(seen) {
    const who = fingerprintOf(seen)
    const fast = seen.exchanges.find(
      ({ plugin, moreData }) => plugin === 'caching_sha2_password' && moreData[0]?.[0] === 0x03,
    )
    if (fast === undefined || seen.outcome !== 'ok' || brokenOn.get(who.client) !== fast.channel) return undefined
    const line = `fast authentication let it in on ${fast.channel}; the full one, which this client gets wrong there, was not needed`
    return { certain: false, lines: [line, sayClient(who)] }
  },
}
