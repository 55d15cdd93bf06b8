import { isSecure } from '../../auth/plugin.ts'
import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { isKeyRequest, passwordWanted, sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'key-request-inside-tls',
  title: 'The client asks for the RSA key where the server waits for the password: the request is taken for it',
  severity: 'decisive',
  affects:
    'asyncmy up to 0.2.11; clients that judge the channel by their configuration, behind something that ends or adds TLS',
  remedy: {
    client: 'Use another driver or a later version. Without TLS, asking for the key is right.',
    server:
      'A login of the same account by another client fills the memory of caching_sha2_password; until the next restart or FLUSH PRIVILEGES this one gets in then.',
  },
  reference: 'https://github.com/long2ice/asyncmy/issues/117',
  onLogin(seen) {
    const wanted = passwordWanted(seen)
    if (wanted === undefined || !isSecure(wanted.exchange.channel)) return undefined
    if (!isKeyRequest(wanted.exchange, wanted.answer) || !wasRefused(seen)) return undefined
    const line = `on ${wanted.exchange.channel}, ${wanted.exchange.plugin} wants the password and gets the single byte ${wanted.answer?.[0]}`
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen)] }
  },
}
