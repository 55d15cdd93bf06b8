import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TlsPeer } from './tls-context.ts'
import { judge } from './tls-requirement.ts'

const certified: TlsPeer = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  subject: '/C=SE/O=Salt/CN=miner',
  issuer: '/C=SE/O=Salt/CN=ca',
  authorized: true,
  authorizationError: undefined,
}
const anonymous: TlsPeer = { ...certified, subject: undefined, issuer: undefined, authorized: false }
const selfSigned: TlsPeer = {
  ...certified,
  authorized: false,
  authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
}

function reasonOf(...args: Parameters<typeof judge>): string {
  const judgement = judge(...args)
  return judgement === 'ok' ? 'ok' : judgement.reason
}

describe('judge', () => {
  it('asks nothing of an account without a clause', () => {
    for (const peer of [undefined, anonymous, selfSigned, certified]) assert.equal(judge({ kind: 'none' }, peer), 'ok')
  })

  it('asks for TLS with REQUIRE SSL, and for no certificate', () => {
    assert.equal(reasonOf({ kind: 'any' }, undefined), 'tls-required')
    for (const peer of [anonymous, selfSigned, certified]) assert.equal(judge({ kind: 'any' }, peer), 'ok')
  })

  it('asks for an accepted certificate with REQUIRE X509', () => {
    assert.equal(reasonOf({ kind: 'x509' }, undefined), 'tls-required')
    assert.equal(reasonOf({ kind: 'x509' }, anonymous), 'certificate-required')
    assert.equal(reasonOf({ kind: 'x509' }, selfSigned), 'certificate-required')
    assert.equal(judge({ kind: 'x509' }, certified), 'ok')
  })

  const fields = { subject: certified.subject ?? '', issuer: certified.issuer ?? '', cipher: certified.cipher }
  for (const [field, value] of Object.entries(fields)) {
    it(`compares the ${field} as a whole, letter by letter`, () => {
      assert.equal(judge({ kind: 'specified', [field]: value }, certified), 'ok')
      for (const other of [value.slice(0, -1), `${value}x`, value.toLowerCase(), ` ${value}`, '']) {
        assert.equal(reasonOf({ kind: 'specified', [field]: other }, certified), 'certificate-mismatch', other)
      }
    })

    it(`takes no ${field} from a client without an accepted certificate`, () => {
      assert.equal(reasonOf({ kind: 'specified', [field]: value }, anonymous), 'certificate-required')
      assert.equal(reasonOf({ kind: 'specified', [field]: value }, selfSigned), 'certificate-required')
      assert.equal(reasonOf({ kind: 'specified', [field]: value }, undefined), 'tls-required')
    })
  }

  it('demands all of the fields that the clause names', () => {
    assert.equal(judge({ kind: 'specified', ...fields }, certified), 'ok')
    for (const field of Object.keys(fields)) {
      assert.equal(reasonOf({ kind: 'specified', ...fields, [field]: 'other' }, certified), 'certificate-mismatch')
    }
  })

  it('tells both sides of a mismatch in the detail', () => {
    assert.deepEqual(judge({ kind: 'specified', subject: '/CN=other' }, certified), {
      reason: 'certificate-mismatch',
      detail: "subject should be '/CN=other' but is '/C=SE/O=Salt/CN=miner'",
    })
  })
})
