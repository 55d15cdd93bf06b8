/**
 * The REQUIRE clause of an account against what a TLS connection established.
 *
 * As in mysqld, strings must be equal: no prefix, no other order of parts, no other case. And as there, each clause
 * with SUBJECT, ISSUER or CIPHER asks for a certificate that ssl_ca vouches for, CIPHER alone too.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/create-user.html#create-user-tls
 */
import type { TlsRequirement } from '../accounts/account.ts'
import type { TlsPeer } from './tls-context.ts'

export type TlsJudgement =
  | 'ok'
  | {
      readonly reason: 'tls-required' | 'certificate-required' | 'certificate-mismatch'
      /** For the log, never for the client. */
      readonly detail: string
    }

/** Judges a connection; `peer` is `undefined` when it is not a TLS connection, a unix socket included. */
export function judge(requirement: TlsRequirement, peer: TlsPeer | undefined): TlsJudgement {
  if (requirement.kind === 'none') return 'ok'
  if (peer === undefined) return { reason: 'tls-required', detail: 'the connection is not encrypted by TLS' }
  if (requirement.kind === 'any') return 'ok'

  if (peer.subject === undefined) return { reason: 'certificate-required', detail: 'the client sent no certificate' }
  if (!peer.authorized) {
    return {
      reason: 'certificate-required',
      detail: `the certificate of ${peer.subject}, issued by ${peer.issuer}, is not accepted: ${peer.authorizationError}`,
    }
  }
  if (requirement.kind === 'x509') return 'ok'

  for (const field of ['cipher', 'issuer', 'subject'] as const) {
    const wanted = requirement[field]
    if (wanted !== undefined && wanted !== peer[field]) {
      return { reason: 'certificate-mismatch', detail: `${field} should be '${wanted}' but is '${peer[field]}'` }
    }
  }
  return 'ok'
}
