import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { describe, it } from 'node:test'
import { type ConnectionOptions, getCiphers, type TlsOptions } from 'node:tls'
import { certificateOf, noEncryptThenMac, type TappedTls, talkOverTls, watched } from '../../../test/support/tls-tap.ts'
import { cipherSuite } from './cipher-suites.ts'
import { expandLabel } from './key-schedule.ts'
import { TrafficKeys } from './record-keys.ts'

/** Every suite that Node can be made to take, but SRP, for which it has no callback; and some of OpenSSL's that it does not list. */
const names = [
  ...getCiphers()
    .filter((name) => !name.startsWith('srp-'))
    .map((name) => name.toUpperCase()),
  'AES128-CCM',
  'AES256-CCM8',
  'ECDHE-ECDSA-AES256-CCM',
  'ECDHE-ECDSA-AES128-CCM8',
]

/** More than one record in each direction, of different lengths, one of them longer than a record can be. */
const lines = ['a', 'b'.repeat(255), 'c'.repeat(40_000), 'd'.repeat(16), 'e', 'f'.repeat(17)]

function talkBy(name: string, options: number): Promise<TappedTls> {
  const psk = { identity: 'door', psk: Buffer.alloc(32, 7) }
  const version = name.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2'
  const limits: ConnectionOptions & TlsOptions = {
    ciphers: `${name}:${version === 'TLSv1.3' ? 'DEFAULT' : ''}@SECLEVEL=0`,
    minVersion: version,
    maxVersion: version,
    secureOptions: options,
  }
  const usesPsk = name.includes('PSK')
  return talkOverTls({
    lines,
    client: { ...limits, ...(usesPsk && { pskCallback: () => psk }) },
    server: {
      ...limits,
      ...certificateOf(name.includes('ECDSA') ? 'ecdsa' : 'rsa'),
      ...(name.startsWith('DHE-') && { dhparam: 'auto' }),
      ...(usesPsk && { pskCallback: () => psk.psk as unknown as never }),
    },
  })
}

describe('the keys of records, from a key log', () => {
  for (const name of names) {
    const isCbc = /-SHA(256|384)?$/.test(name) && !name.includes('-GCM-')
    for (const options of isCbc ? [0, noEncryptThenMac] : [0]) {
      it(`open ${name}${options === 0 ? '' : ' without encrypt-then-MAC'}`, async () => {
        const tapped = await talkBy(name, options)
        assert.equal(tapped.error, undefined)
        assert.equal(tapped.cipher, name)
        const { said, facts } = watched(tapped.segments, tapped.keyLog)
        assert.deepEqual(said, tapped.said)
        assert.equal(facts.inside, 'seen')
        assert.equal(facts.cipher, name)
        assert.equal(facts.version, tapped.version)
      })
    }
  }
})

describe('TrafficKeys', () => {
  const suite = cipherSuite(0x1301)
  const secret = new Uint8Array(32).fill(5)

  function sealed(inner: Uint8Array): Uint8Array {
    const header = Uint8Array.of(23, 3, 3, 0, inner.length + 16)
    const cipher = createCipheriv(
      'aes-128-gcm',
      expandLabel('sha256', secret, 'key', 16),
      expandLabel('sha256', secret, 'iv', 12),
    )
    cipher.setAAD(header)
    return Buffer.concat([header, cipher.update(inner), cipher.final(), cipher.getAuthTag()])
  }

  it('find the type behind the content and before the padding', () => {
    const content = new TrafficKeys(suite, secret).open(sealed(Uint8Array.of(7, 0, 8, 22, 0, 0, 0)))
    assert.deepEqual(
      { ...content, bytes: Uint8Array.from(content!.bytes) },
      { type: 22, bytes: Uint8Array.of(7, 0, 8) },
    )
  })

  it('open no record that has no type', () => {
    assert.equal(new TrafficKeys(suite, secret).open(sealed(new Uint8Array(4))), undefined)
  })
})
