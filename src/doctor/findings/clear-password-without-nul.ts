import { isSecure } from '../../auth/plugin.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import type { Observation } from '../observation.ts'
import { isKeyRequest, passwordWanted, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'clear-password-without-nul',
  title: 'The client leaves out the NUL behind the password, whose last character may be lost so',
  severity: 'decisive',
  affects:
    'mysqlnd with mysql_clear_password before 2021 (bug 78680), and with sha256_password over TLS before August 2023; MySqlConnector before 0.59; trilogy after a switch; MariaDB Connector/J and Connector/Node.js with mysql_clear_password in the greeting',
  remedy: {
    client: 'Upgrade the driver, or give the account caching_sha2_password.',
  },
  reference: 'https://github.com/mysql-net/MySqlConnector/issues/703',
  onLogin(seen) {
    const answer = clearAnswer(seen)
    if (answer === undefined || answer.length === 0 || answer.at(-1) === 0 || !wasRefused(seen)) return undefined
    const line = `the password packet of ${answer.length} bytes does not end in a NUL`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}

/** A password that was sent as it is. */
function clearAnswer(seen: Observation): Uint8Array | undefined {
  const last = seen.exchanges.at(-1)
  if (last?.plugin === 'mysql_clear_password') return last.answers[0]
  const wanted = passwordWanted(seen)
  if (wanted === undefined || !isSecure(wanted.exchange.channel)) return undefined
  return isKeyRequest(wanted.exchange, wanted.answer) ? undefined : wanted.answer
}
