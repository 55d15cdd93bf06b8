/** Options that cannot work: named at once, and nothing is opened. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import { ConfigurationError } from '../../src/errors/errors.ts'

/** Counts who comes: nobody must. */
const server = createServer((socket) => {
  arrivals++
  socket.destroy()
})
let arrivals = 0

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

after(() => {
  server.close()
})

const wrong: readonly [name: string, options: object][] = [
  ['host', { host: '' }],
  ['host', { host: 5 }],
  ['port', { port: 0 }],
  ['port', { port: 65_536 }],
  ['port', { port: '3306' }],
  ['socketPath', { socketPath: '' }],
  ['user', { user: 5 }],
  ['user', { user: 'a\0b' }],
  ['database', { database: 'a\0b' }],
  ['database', { database: 5 }],
  ['password', { password: 5 }],
  ['password', { password: 'a\0b' }],
  ['password', { password: async () => 7 }],
  ['password2', { password2: {} }],
  ['password3', { password3: Uint8Array.of(1, 0) }],
  ['openidToken', { openidToken: 5 }],
  ['tls.mode', { tls: { mode: 'required' } }],
  ['tls', { tls: { ca: 'no PEM' } }],
  ['tls', { tls: { cert: 'no PEM' } }],
  ['tls', { tls: { key: 'no PEM' } }],
  ['tls.crl', { tls: { crl: 'x' } }],
  ['tls.fingerprint', { tls: { fingerprint: 'abc' } }],
  ['tls', { tls: { ciphers: 'NONE-SUCH' } }],
  ['tls', { tls: { minVersion: 'TLSv9' } }],
  ['tls', { tls: { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' } }],
  ['allowPlugins', { allowPlugins: ['no_such_plugin'] }],
  ['serverPublicKey', { serverPublicKey: 'no PEM' }],
  ['connectTimeoutMs', { connectTimeoutMs: 0 }],
  ['connectTimeoutMs', { connectTimeoutMs: Number.NaN }],
  ['connectTimeoutMs', { connectTimeoutMs: Number.POSITIVE_INFINITY }],
  ['connectAttributes', { connectAttributes: { a: 5 } }],
  ['compress', { compress: ['lz4'] }],
  ['compress', { compress: 'zlib' }],
  ['zstdLevel', { zstdLevel: 0 }],
  ['zstdLevel', { zstdLevel: 1.5 }],
  ['maxAllowedPacket', { maxAllowedPacket: 0 }],
  ['maxAllowedPacket', { maxAllowedPacket: 2 ** 31 }],
]

describe('an option that cannot work', { timeout: 120_000 }, () => {
  for (const [name, options] of wrong) {
    it(`is named, and nothing is opened: ${JSON.stringify(options)}`, async () => {
      const { port } = server.address() as AddressInfo
      const error = await connect({ host: '127.0.0.1', port, ...options }).catch((refused) => refused)
      assert.ok(error instanceof ConfigurationError, String(error))
      assert.ok(error.message.includes(name), error.message)
      assert.equal(arrivals, 0)
    })
  }

  for (const uri of ['http://host', 'mysql://host:99999', 'mysql://host?no-such-option=1', 'host']) {
    it(`is named in a URI: ${uri}`, async () => {
      await assert.rejects(connect(uri), ConfigurationError)
    })
  }
})
