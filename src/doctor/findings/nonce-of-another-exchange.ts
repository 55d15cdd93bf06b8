import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import type { SeenExchange } from '../observation.ts'
import { byProof, isSealedLength, isUntested, passwordWanted, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'nonce-of-another-exchange',
  title: 'The client uses the nonce of the greeting after a switch has brought another',
  severity: 'decisive',
  affects:
    'sqlx (full authentication without TLS, read in 0.8), mysql_async before 0.29; drivers that keep the nonce of the greeting for COM_CHANGE_USER',
  remedy: {
    client: 'Upgrade the driver, or connect with TLS: the password is then sent as it is, and no nonce masks it.',
    server: 'Greet with the plugin of the account, so that no switch brings a second nonce.',
  },
  reference: 'https://github.com/blackbeam/mysql_async/issues/173',
  onLogin(seen, known) {
    const who = fingerprintOf(seen)
    const proven = byProof(known, ({ nonce }) => /^(greeting|switch|change-user)-nonce/.test(nonce), sayClient(who))
    if (proven !== undefined || !isUntested(known) || !wasRefused(seen, 1045)) return proven
    const wanted = passwordWanted(seen)
    if (who.client !== 'sqlx' || wanted === undefined || !isSealedAfterSwitch(wanted.exchange)) return undefined
    const line = 'the password was masked with one of two nonces, sealed with the RSA key, and found wrong'
    return { certain: false, lines: [line, sayClient(who), ...sayError(seen)] }
  },
}

function isSealedAfterSwitch({ by, answers }: SeenExchange): boolean {
  return by === 'switch' && isSealedLength(answers.at(-1)?.length ?? 0)
}
