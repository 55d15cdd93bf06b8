import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { bitFlips, bytes, clientNonce } from '../../test/support/auth-dialogues.ts'
import { clientPlugins } from '../auth/plugins.ts'
import { certificateProof, provesCertificate } from './certificate-proof.ts'

interface Proof {
  readonly name: string
  readonly plugin: string
  readonly password: string
  readonly nonce: string
  readonly info: string
  /** Of parsec. */
  readonly extSalt?: string
}

const file: { readonly fingerprint: string; readonly proofs: readonly Proof[] } = JSON.parse(
  readFileSync(new URL('../../test/vectors/auth/certificate-proofs.json', import.meta.url), 'utf8'),
)
const fingerprint = Buffer.from(file.fingerprint, 'hex')
const hash = Buffer.alloc(20, 0x68)
const nonce = bytes('abcdefghij0123456789')
const info = certificateProof(hash, nonce, fingerprint)

describe('the proof of a certificate by a password', () => {
  it('is what MariaDB 11.8 sent, by each plugin that has a hash of the password', () => {
    const proving = file.proofs.filter(({ password }) => password !== '')
    assert.deepEqual(countBy(proving.map(({ plugin }) => plugin)), {
      client_ed25519: 3,
      mysql_native_password: 9,
      parsec: 3,
    })
    for (const proof of proving) {
      const [nonce, info] = [Buffer.from(proof.nonce, 'hex'), Buffer.from(proof.info, 'hex')]
      const hash = hashOf(proof)
      assert.deepEqual(Buffer.from(certificateProof(hash, nonce, fingerprint)), info, proof.name)
      assert.ok(provesCertificate(info, hash, nonce, fingerprint), proof.name)
      const wrong = hashOf({ ...proof, password: 'wrong' })
      assert.equal(provesCertificate(info, wrong, nonce, fingerprint), false, proof.name)
    }
  })

  it('is sent for empty passwords too, but proves nothing: everybody could send it', () => {
    const empty = file.proofs.filter(({ password }) => password === '')
    assert.equal(empty.length, 2)
    for (const proof of empty) {
      const [nonce, info] = [Buffer.from(proof.nonce, 'hex'), Buffer.from(proof.info, 'hex')]
      assert.equal(provesCertificate(info, hashOf(proof), nonce, fingerprint), false, proof.name)
    }
    const none = new Uint8Array(0)
    assert.equal(provesCertificate(certificateProof(none, nonce, fingerprint), none, nonce, fingerprint), false)
  })

  it('fails when any one bit of the info, the hash, the nonce or the fingerprint is another', () => {
    assert.ok(provesCertificate(info, hash, nonce, fingerprint))
    for (const wrong of bitFlips(info)) assert.equal(provesCertificate(wrong, hash, nonce, fingerprint), false)
    for (const wrong of bitFlips(hash)) assert.equal(provesCertificate(info, wrong, nonce, fingerprint), false)
    for (const wrong of bitFlips(nonce)) assert.equal(provesCertificate(info, hash, wrong, fingerprint), false)
    for (const wrong of bitFlips(fingerprint)) assert.equal(provesCertificate(info, hash, nonce, wrong), false)
  })

  it('fails for an info of another length, the empty one of other servers included', () => {
    for (const length of [0, 1, 64])
      assert.equal(provesCertificate(info.subarray(0, length), hash, nonce, fingerprint), false)
    assert.equal(provesCertificate(Buffer.concat([info, Buffer.of(0)]), hash, nonce, fingerprint), false)
  })

  it('does not let bytes move from one part to the next', () => {
    const joined = Buffer.concat([nonce, fingerprint])
    assert.equal(provesCertificate(info, hash, joined.subarray(0, 19), joined.subarray(19)), false)
    assert.equal(
      provesCertificate(info, Buffer.concat([hash, nonce.subarray(0, 1)]), nonce.subarray(1), fingerprint),
      false,
    )
  })
})

/** As a client comes to it that has heard all that the server said. */
function hashOf({ plugin: name, password, extSalt }: Proof): Uint8Array {
  const plugin = clientPlugins.get(name)!
  const nonce = new Uint8Array(plugin.nonceLength)
  const login = { password: bytes(password), nonce, channel: 'tls', mayRequestPublicKey: false, clientNonce } as const
  const client = plugin.client(login)
  client.next()
  if (extSalt !== undefined) client.next(Buffer.from(extSalt, 'hex'))
  client.return()
  return plugin.passwordHash!(login)
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
