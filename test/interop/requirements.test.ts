/**
 * What accounts and the server ask of the channel: require_secure_transport, and REQUIRE SSL, X509, SUBJECT, ISSUER and
 * CIPHER against real TLS connections with and without client certificates.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { TlsRequirement } from '../../src/accounts/account.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { openDoor, sharedKeys, type TestDoor, until } from '../support/door.ts'
import { attempt, type ClientName, clientNames } from './clients.ts'

const requirements = {
  none: { kind: 'none' },
  ssl: { kind: 'any' },
  x509: { kind: 'x509' },
  subject: { kind: 'specified', subject: '/C=SE/O=Saltgate/CN=miner' },
  issuer: { kind: 'specified', issuer: '/CN=Saltgate Test CA' },
  // The server chooses among those of TLS 1.3, and this one is its first.
  cipher: { kind: 'specified', cipher: 'TLS_AES_128_GCM_SHA256' },
  other_cipher: { kind: 'specified', cipher: 'TLS_AES_256_GCM_SHA384' },
  all: {
    kind: 'specified',
    subject: '/C=SE/O=Saltgate/CN=miner',
    issuer: '/CN=Saltgate Test CA',
    cipher: 'TLS_AES_128_GCM_SHA256',
  },
} as const satisfies Record<string, TlsRequirement>

type Name = keyof typeof requirements
const certificates = ['miner', 'smith', 'impostor'] as const
type Way = 'plaintext' | 'unix-socket' | 'tls' | (typeof certificates)[number]

const noTls = 'tls-required'
const noCert = 'certificate-required'
const wrongCert = 'certificate-mismatch'

/** Ways in by requirement, with the reason of a refusal; `ok` is welcome. A unix socket is secure, but it is no TLS. */
const outcomes: Readonly<Record<Name, Readonly<Record<Way, DenyReason | 'ok'>>>> = {
  none: { plaintext: 'ok', 'unix-socket': 'ok', tls: 'ok', miner: 'ok', smith: 'ok', impostor: 'ok' },
  ssl: { plaintext: noTls, 'unix-socket': noTls, tls: 'ok', miner: 'ok', smith: 'ok', impostor: 'ok' },
  x509: { plaintext: noTls, 'unix-socket': noTls, tls: noCert, miner: 'ok', smith: 'ok', impostor: noCert },
  subject: { plaintext: noTls, 'unix-socket': noTls, tls: noCert, miner: 'ok', smith: wrongCert, impostor: noCert },
  issuer: { plaintext: noTls, 'unix-socket': noTls, tls: noCert, miner: 'ok', smith: 'ok', impostor: noCert },
  cipher: { plaintext: noTls, 'unix-socket': noTls, tls: noCert, miner: 'ok', smith: 'ok', impostor: noCert },
  other_cipher: {
    plaintext: noTls,
    'unix-socket': noTls,
    tls: noCert,
    miner: wrongCert,
    smith: wrongCert,
    impostor: noCert,
  },
  all: { plaintext: noTls, 'unix-socket': noTls, tls: noCert, miner: 'ok', smith: wrongCert, impostor: noCert },
}

const vector = (name: string) => readFile(new URL(`../vectors/tls/${name}`, import.meta.url), 'utf8')

describe('REQUIRE', () => {
  let server: TestDoor
  const pairs = new Map<Way, { cert: string; key: string }>()

  before(async () => {
    for (const name of certificates) {
      pairs.set(name, { cert: await vector(`${name}.pem`), key: await vector(`${name}.key`) })
    }
    const accounts = Object.entries(requirements).map(([name, require]) => ({
      user: name,
      plugin: 'mysql_native_password',
      password: 'pw',
      require,
    }))
    const keys = { ...(await sharedKeys()), ca: await vector('client-ca.pem') }
    server = await openDoor({ accounts, keys })
  })

  after(() => server.close())

  async function login(client: ClientName, way: Way, user: string, password: string) {
    const ca = (await sharedKeys()).ca ?? ''
    const where = way === 'unix-socket' ? { socketPath: server.socketPath } : { port: server.port }
    const tls = way === 'plaintext' || way === 'unix-socket' ? undefined : { ca, ...pairs.get(way) }
    return attempt(client, { ...where, user, password, ...(tls && { tls }) })
  }

  for (const [user, ways] of Object.entries(outcomes)) {
    for (const [way, expected] of Object.entries(ways) as [Way, DenyReason | 'ok'][]) {
      it(`${user.replace('_', ' ')} by ${way}: ${expected}`, async () => {
        const seen = server.refusals.length
        const outcome = await login('mysql2', way, user, 'pw')
        await until(() => server.door.registry.live.size === 0, 'the client has left')
        if (expected === 'ok') {
          assert.deepEqual(outcome, { who: `${user}@%` })
          return
        }
        assert.deepEqual(outcome, {
          errno: 1045,
          sqlState: '28000',
          message: `Access denied for user '${user}'@'localhost' (using password: YES)`,
        })
        assert.deepEqual(
          server.refusals.slice(seen).map(({ reason }) => reason),
          [expected],
        )
      })
    }
  }

  for (const client of clientNames) {
    it(`X509 lets ${client} in with its certificate`, async () => {
      assert.deepEqual(await login(client, 'miner', 'x509', 'pw'), { who: 'x509@%' })
    })
  }

  it('tells a wrong password nothing of what is required', async () => {
    const seen = server.refusals.length
    await login('mysql2', 'plaintext', 'x509', 'wrong')
    assert.equal(server.refusals[seen]?.reason, 'scramble-mismatch')
  })
})

describe('require_secure_transport', () => {
  let server: TestDoor

  before(async () => {
    const accounts = ['mysql_native_password', 'caching_sha2_password'].map((plugin) => ({
      user: plugin,
      plugin,
      password: 'pw',
    }))
    server = await openDoor({ accounts, settings: { require_secure_transport: true } })
  })

  after(() => server.close())

  for (const user of ['mysql_native_password', 'caching_sha2_password']) {
    it(`refuses the right password on a plaintext channel with 3159, and a wrong one with 1045 (${user})`, async () => {
      assert.deepEqual(await attempt('mysql2', { port: server.port, user, password: 'pw' }), {
        errno: 3159,
        sqlState: 'HY000',
        message: 'Connections using insecure transport are prohibited while --require_secure_transport=ON.',
      })
      const wrong = await attempt('mysql2', { port: server.port, user, password: 'wrong' })
      assert.equal('errno' in wrong && wrong.errno, 1045)
    })

    it(`lets in by TLS and by the unix socket (${user})`, async () => {
      const tls = { ca: server.keys.ca ?? '' }
      assert.deepEqual(await attempt('mariadb', { port: server.port, tls, user, password: 'pw' }), { who: `${user}@%` })
      assert.deepEqual(await attempt('mariadb', { socketPath: server.socketPath, user, password: 'pw' }), {
        who: `${user}@%`,
      })
    })
  }
})
