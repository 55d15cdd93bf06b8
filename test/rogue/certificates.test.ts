/** Servers with certificates that are not theirs, not in force, or nobody's: refused before a byte goes through TLS. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SecureContextOptions } from 'node:tls'
import type { ClientTlsOptions } from '../../src/client/options.ts'
import {
  fingerprintOf,
  good,
  knownAuthority,
  misnamed,
  revocations,
  revoked,
  selfSigned,
  unworthy,
} from './certificates.ts'
import { meet, welcome } from './meet.ts'
import { mariadbWithTls, moreData, ok, okWithInfo, switchTo } from './packets.ts'
import { dialogue } from './scripts.ts'

const ca = knownAuthority

async function assertRefused(tls: ClientTlsOptions, identity: { cert: string; key: string }): Promise<string> {
  const script = dialogue([moreData([4]), ok], { tls: identity })
  const refusal = { symbol: 'CR_SSL_CONNECTION_ERROR', phase: 'tls' }
  const { error, heardThroughTls } = await meet({ script, options: { tls }, ...refusal })
  assert.equal(heardThroughTls.length, 0)
  assert.equal(error.login?.authenticated, false)
  return error.login?.hint ?? ''
}

async function assertWelcome(tls: ClientTlsOptions, identity: { cert: string; key: string }): Promise<void> {
  await welcome(dialogue([ok], { tls: identity }), { tls })
}

describe('a certificate that no known authority vouches for', { concurrency: 8 }, () => {
  for (const [fault, identity] of Object.entries(unworthy)) {
    for (const mode of ['VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
      it(`T20 T19 is refused before any byte, with ${mode}: ${fault}`, async () => {
        assert.notEqual(await assertRefused({ mode, ca }, identity), '')
      })
    }
  }

  it('T20 is refused when Node itself must know the authority', async () => {
    await assertRefused({ mode: 'VERIFY_IDENTITY' }, selfSigned)
    await assertRefused({ mode: 'VERIFY_CA' }, good)
  })

  it('T20 is taken with REQUIRED, which asks for none: the refusals above are refusals', async () => {
    await assertWelcome({ mode: 'REQUIRED' }, selfSigned)
    await assertWelcome({ mode: 'VERIFY_IDENTITY', ca }, good)
  })
})

describe('a certificate of the known authority for somebody else', { concurrency: 8 }, () => {
  for (const [fault, { serverName, ...identity }] of Object.entries(misnamed)) {
    const tls = { ca, ...(serverName !== undefined && { serverName }) }

    it(`T20 is refused before any byte, with VERIFY_IDENTITY: one ${fault}`, async () => {
      assert.match(await assertRefused({ ...tls, mode: 'VERIFY_IDENTITY' }, identity), /other names/)
    })

    it(`T20 is taken with VERIFY_CA, which does not look at names: one ${fault}`, async () => {
      await assertWelcome({ ...tls, mode: 'VERIFY_CA' }, identity)
    })
  }
})

describe('a certificate that was revoked', () => {
  for (const mode of ['VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
    it(`T20 is refused before any byte, with ${mode}`, async () => {
      assert.match(await assertRefused({ mode, ca, crl: revocations }, revoked), /revoked/)
    })

    it(`T20 is the only one that the list refuses, with ${mode}`, async () => {
      await assertWelcome({ mode, ca, crl: revocations }, good)
      await assertWelcome({ mode, ca }, revoked)
    })
  }
})

describe('a pinned certificate', () => {
  it('T20 is the only one that is taken, whatever the mode', async () => {
    for (const mode of ['PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
      await assertRefused({ mode, fingerprint: fingerprintOf(selfSigned) }, good)
      await assertRefused({ mode, ca, fingerprint: fingerprintOf(selfSigned) }, good)
      await assertWelcome({ mode, fingerprint: fingerprintOf(selfSigned) }, selfSigned)
    }
  })
})

describe('TLS of another age', { concurrency: 8 }, () => {
  const old: Readonly<Record<string, SecureContextOptions>> = {
    'TLS 1.0': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' },
    'TLS 1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
    'ciphers without encryption': { maxVersion: 'TLSv1.2', ciphers: 'eNULL@SECLEVEL=0' },
    'ciphers without a certificate': { maxVersion: 'TLSv1.2', ciphers: 'aNULL@SECLEVEL=0' },
  }
  for (const [what, tlsOptions] of Object.entries(old)) {
    for (const mode of ['PREFERRED', 'REQUIRED', 'VERIFY_IDENTITY'] as const) {
      it(`T28 is refused with ${mode}, and nothing follows in clear: ${what}`, async () => {
        const script = dialogue([ok], { tls: good, tlsOptions })
        const refusal = { symbol: 'CR_SSL_CONNECTION_ERROR', phase: 'tls' }
        const { heardInClear, heardThroughTls } = await meet({ script, options: { tls: { mode, ca } }, ...refusal })
        assert.equal(heardThroughTls.length, 0)
        assert.ok(!heardInClear.includes('victim'))
      })
    }
  }

  it('T28 is refused below the version that the caller asks for', async () => {
    const script = dialogue([ok], { tls: good, tlsOptions: { maxVersion: 'TLSv1.2' } })
    const tls = { mode: 'VERIFY_IDENTITY', ca } as const
    await meet({ script, options: { tls: { ...tls, minVersion: 'TLSv1.3' } }, symbol: 'CR_SSL_CONNECTION_ERROR' })
    await welcome(script, { tls })
  })
})

describe('a certificate that MariaDB would prove by the password', { concurrency: 8 }, () => {
  const course = { tls: selfSigned, greeting: { capabilities: mariadbWithTls, plugin: 'mysql_native_password' } }
  const options = { tls: { mode: 'VERIFY_IDENTITY' } as const }
  const proofs: Readonly<Record<string, readonly Uint8Array[]>> = {
    'an OK without a proof': [ok],
    'a proof that is wrong': [okWithInfo(`\x01${'0'.repeat(64)}`)],
    'a proof that is short': [okWithInfo(`\x01${'0'.repeat(63)}`)],
    'a proof of nothing': [okWithInfo('\x01')],
    'a text': [okWithInfo('Rows matched: 1')],
    'a switch to a plugin whose server learns the password': [switchTo('caching_sha2_password'), moreData([4]), ok],
    'a switch to sha256_password': [switchTo('sha256_password'), ok],
    'a switch to mysql_clear_password': [switchTo('mysql_clear_password'), ok],
    'a switch to dialog': [switchTo('dialog'), ok],
    'ed25519 and an OK': [switchTo('client_ed25519'), ok],
    'parsec and an OK before the salt': [switchTo('parsec'), ok],
    'parsec and an OK': [switchTo('parsec'), moreData('50 00', Buffer.alloc(18, 7)), ok],
  }
  for (const [what, packets] of Object.entries(proofs)) {
    it(`T20 T16 is not proven by ${what}`, async () => {
      const symbol = ['CR_SSL_CONNECTION_ERROR', 'CR_AUTH_PLUGIN_ERR']
      const script = dialogue(packets, course)
      const { error } = await meet({ script, options: { ...options, enableCleartextPlugin: true }, symbol })
      assert.equal(error.login?.authenticated, false)
    })
  }

  it('T20 cannot be proven to a client without a password', async () => {
    for (const password of ['', undefined]) {
      const script = dialogue([okWithInfo(`\x01${'0'.repeat(64)}`)], course)
      const none = { ...options, password: password ?? '', password2: '', password3: '' }
      await meet({ script, options: none, symbol: 'CR_SSL_CONNECTION_ERROR' })
    }
  })

  it('T20 is not left to the password where the caller named the authority', async () => {
    for (const mode of ['VERIFY_CA', 'VERIFY_IDENTITY'] as const) {
      const script = dialogue([ok], course)
      const refusal = { symbol: 'CR_SSL_CONNECTION_ERROR', phase: 'tls' }
      const { heardThroughTls } = await meet({ script, options: { tls: { mode, ca } }, ...refusal })
      assert.equal(heardThroughTls.length, 0)
    }
  })
})
