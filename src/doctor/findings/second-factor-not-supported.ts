import { capability, has } from '../../packets/capabilities.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { proofHolds, sayError, wasRefused } from '../reading.ts'

const multiFactor = capability.MULTI_FACTOR_AUTHENTICATION

export const finding: Finding = {
  id: 'second-factor-not-supported',
  title:
    'The password was right and the login refused: the account may want a second factor, which this client does not know',
  severity: 'decisive',
  affects:
    'Accounts with two or three factors (MySQL 8.0.27 and later); all clients but libmysqlclient 8.0.27, Connector/Python, Connector/J and mysql2',
  remedy: {
    client: 'Use a client with --password2 (password2), or an account with one factor.',
    server:
      'ALTER USER ... DROP 2 FACTOR. SELECT User_attributes FROM mysql.user shows the factors. The same 1045 comes of REQUIRE X509 and its like.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/multifactor-authentication.html',
  onLogin(seen, known) {
    const { login, greeting } = seen
    if (login === undefined || greeting === undefined || !wasRefused(seen, 1045)) return undefined
    if (!has(greeting.capabilities, multiFactor) || has(login.capabilities, multiFactor)) return undefined
    const [status] = seen.exchanges.at(-1)?.moreData ?? []
    const fast = status?.length === 1 && status[0] === 0x03
    if (!fast && !proofHolds(known)) return undefined
    const passed = fast ? 'the server itself said that the first proof is right (01 03)' : 'the first proof is right'
    const line = 'the server offers CLIENT_MULTI_FACTOR_AUTHENTICATION, the client does not have it'
    return { certain: false, lines: [passed, line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
