import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { isSealedLength, isUntested, passwordWanted, sayError, wasRefused } from '../reading.ts'
import { isBefore } from '../versions.ts'

/** They know OAEP only. */
const oaepOnly: ReadonlySet<string> = new Set(['PyMySQL', 'aiomysql', 'asyncmy', 'aiomysql or asyncmy'])

export const finding: Finding = {
  id: 'rsa-padding-of-old-server',
  title: 'The server may be too old for the padding by which this client seals the password',
  severity: 'decisive',
  affects:
    'sha256_password and caching_sha2_password without TLS: servers before MySQL 8.0.5 and 5.7.28 open PKCS#1 v1.5, clients such as PyMySQL seal with OAEP',
  remedy: {
    client: 'Connect with TLS, where no RSA is needed.',
    server: 'Upgrade MySQL to 5.7.28 or 8.0.5, or later.',
  },
  reference: 'https://github.com/PyMySQL/PyMySQL/issues/893',
  onLogin(seen, known) {
    const version = seen.greeting?.serverVersion ?? ''
    const who = fingerprintOf(seen)
    if (!isOld(version) || !oaepOnly.has(who.client) || !isUntested(known) || !wasRefused(seen, 1045)) return undefined
    const sealed = passwordWanted(seen)?.exchange.answers.at(-1)
    if (sealed === undefined || !isSealedLength(sealed.length)) return undefined
    const line = `the server is ${version}; a password sealed with RSA (${sealed.length} bytes) was found wrong`
    return { certain: false, lines: [line, sayClient(who), ...sayError(seen)] }
  },
}

function isOld(version: string): boolean {
  if (version.includes('MariaDB')) return false
  return isBefore(version, '5.7.28') || (!isBefore(version, '8.0') && isBefore(version, '8.0.5'))
}
