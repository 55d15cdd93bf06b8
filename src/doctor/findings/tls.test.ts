/** Findings about TLS and certificates, as a login shows them. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { says } from '../../../test/support/findings.ts'
import {
  clientLeaves,
  err,
  greeting,
  login,
  observed,
  observedIn,
  observedInTls,
  ok,
  serverLeaves,
} from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import { encodeSslRequest } from '../../packets/ssl-request.ts'
import type { Observation, SeenTls, Side } from '../observation.ts'
import { finding as certificateExpired } from './certificate-expired.ts'
import { finding as certificateName } from './certificate-name.ts'
import { finding as certificateNotTrusted } from './certificate-not-trusted.ts'
import { finding as certificateWithoutAuthority } from './certificate-without-authority.ts'
import { finding as clientCertificateRefused } from './client-certificate-refused.ts'
import { finding as leftWithoutTls } from './left-without-tls.ts'
import { finding as loginNotUnderstood } from './login-not-understood.ts'
import { finding as tlsAskedUnoffered } from './tls-asked-unoffered.ts'
import { finding as tlsCipher } from './tls-cipher.ts'
import { finding as tlsNeverBegan } from './tls-never-began.ts'
import { finding as tlsVersion } from './tls-version.ts'

const everything = 0xdfffffff
const withoutTls = greeting({ capabilities: (everything & ~capability.SSL) >>> 0 })
const head = { capabilities: 0x19afaa85, maxPacketSize: 0x1000000, collationId: 255, mariadbCapabilities: 0 }
const sslRequest = { from: 'client', payload: encodeSslRequest(head) } as const

function alerted(from: Side, description: string, changes: Partial<SeenTls> = {}): Observation {
  return observedInTls([greeting(), clientLeaves], {
    alerts: [{ from, level: 'fatal', description, atMs: 3 }],
    ...changes,
  })
}

/** Not of a server, but the rest is the same. */
const authority = derOf('client-ca')
const leaf = derOf('smith')

function derOf(name: string): Uint8Array {
  return new X509Certificate(readFileSync(new URL(`../../../test/vectors/tls/${name}.pem`, import.meta.url))).raw
}

describe('alerts', () => {
  const rows = [
    [certificateNotTrusted, 'client', 'unknown_ca', 'certain'],
    [clientCertificateRefused, 'server', 'unknown_ca', 'certain'],
    [clientCertificateRefused, 'server', 'certificate_required', 'certain'],
    [tlsVersion, 'server', 'protocol_version', 'certain'],
    [tlsVersion, 'client', 'protocol_version', 'certain'],
    [tlsCipher, 'server', 'handshake_failure', 'possible'],
    [tlsCipher, 'server', 'insufficient_security', 'certain'],
  ] as const
  const all = [...new Set(rows.map(([finding]) => finding))]
  for (const [finding, from, description, expected] of rows) {
    it(`${finding.id} is ${expected} where the ${from} sends ${description}, and no other finding`, () => {
      const seen = alerted(from, description)
      for (const other of all) assert.equal(says(other, seen), other === finding ? expected : undefined)
    })
  }

  it('that only say goodbye mean nothing', () => {
    for (const finding of all) assert.equal(says(finding, alerted('client', 'close_notify')), undefined)
  })

  it('certificate-not-trusted shows what was not believed', () => {
    const seen = alerted('client', 'bad_certificate', { certificates: [leaf] })
    const lines = certificateNotTrusted.onLogin?.(seen, { proofs: [], passwordGiven: false })?.lines ?? []
    assert.match(
      lines[1] ?? '',
      /^the certificate is for C=SE, O=Saltgate, CN=smith, by CN=Saltgate Test CA, until 2126-/,
    )
    const broken = alerted('client', 'bad_certificate', { certificates: [Uint8Array.of(0x30, 0x03, 1, 2)] })
    assert.equal(says(certificateNotTrusted, broken), 'certain')
  })
})

describe('a certificate that was seen', () => {
  const shown = (certificates: readonly Uint8Array[], year: number, changes: Partial<SeenTls> = {}) => {
    const seen = observedInTls([greeting(), login(), ok], { certificates, ...changes })
    return { ...seen, startedMs: Date.UTC(year, 0, 1) }
  }

  it('certificate-expired is found after its time and before, not within', () => {
    assert.equal(says(certificateExpired, shown([leaf], 2127)), 'certain')
    assert.equal(says(certificateExpired, shown([leaf], 2026)), 'certain')
    assert.equal(says(certificateExpired, shown([leaf], 2100)), undefined)
    assert.equal(says(certificateExpired, { ...shown([leaf], 2127), startedMs: undefined }), undefined)
  })

  it('certificate-without-authority is found of one that has signed itself, not of one that another has', () => {
    assert.equal(says(certificateWithoutAuthority, shown([authority], 2100)), 'certain')
    assert.equal(says(certificateWithoutAuthority, shown([leaf], 2100)), undefined)
  })

  it('certificate-name is found where it is for another name than is asked for, not where none is', () => {
    assert.equal(says(certificateName, shown([leaf], 2100, { serverName: 'db.example.com' })), 'certain')
    assert.equal(says(certificateName, shown([leaf], 2100, { serverName: 'smith\0' })), 'certain')
    assert.equal(says(certificateName, shown([leaf], 2100, { serverName: 'smith' })), undefined)
    assert.equal(says(certificateName, shown([leaf], 2100)), undefined)
  })
})

describe('TLS that is not offered', () => {
  it('left-without-tls is possible where the client leaves at such a greeting', () => {
    assert.equal(says(leftWithoutTls, observed(withoutTls, clientLeaves)), 'possible')
    assert.equal(says(leftWithoutTls, observed(greeting(), clientLeaves)), undefined)
    assert.equal(says(leftWithoutTls, observed(withoutTls, login(), clientLeaves)), undefined)
  })

  it('tls-asked-unoffered is found where the client asks for it all the same', () => {
    assert.equal(says(tlsAskedUnoffered, observed(withoutTls, sslRequest, err(1043))), 'certain')
    assert.equal(says(tlsAskedUnoffered, observed(greeting(), sslRequest, err(1043))), undefined)
    assert.equal(says(tlsAskedUnoffered, observed(withoutTls, login(), ok)), undefined)
  })
})

describe('tls-never-began', () => {
  it('is found where nothing follows the request, whoever ends it', () => {
    assert.equal(says(tlsNeverBegan, observed(greeting(), sslRequest, clientLeaves)), 'certain')
    assert.equal(says(tlsNeverBegan, observed(greeting(), sslRequest, err(1043), serverLeaves)), 'certain')
  })

  it('is not found where TLS began, or was never on offer', () => {
    assert.equal(says(tlsNeverBegan, alerted('server', 'handshake_failure')), undefined)
    assert.equal(says(tlsNeverBegan, observedIn('my97-tls-x509-nocert-mysql97')), undefined)
    assert.equal(says(tlsNeverBegan, observed(withoutTls, sslRequest, clientLeaves)), undefined)
  })
})

describe('login-not-understood', () => {
  it('tells of a collation that changed inside TLS', () => {
    const lines = (collationId: number) => {
      const inside = observedInTls([greeting(), login({ collationId }), err(1043)])
      const seen = { ...inside, sslRequest: head }
      return loginNotUnderstood.onLogin?.(seen, { proofs: [], passwordGiven: false })?.lines ?? []
    }
    assert.ok(lines(45).includes('collation 255 in the SSLRequest, 45 inside TLS'))
    assert.equal(lines(255).length, 1)
  })
})
