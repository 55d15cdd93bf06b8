import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeProxyHeader } from '../transport/proxy-protocol.ts'
import { proxyHeader } from './proxy-header.ts'

const backend = { connect: { host: '127.0.0.1' } }

describe('proxyHeader', () => {
  it('is none unless the backend is to get one', () => {
    assert.equal(proxyHeader(backend, { address: '203.0.113.7', port: 40_001 }), undefined)
    assert.equal(proxyHeader(backend, undefined), undefined)
  })

  for (const sendProxy of ['v1', 'v2'] as const) {
    it(`says in ${sendProxy} where the client is, in the family of its address`, () => {
      for (const address of ['203.0.113.7', '2001:db8:0:0:0:0:0:7']) {
        const header = proxyHeader({ ...backend, sendProxy }, { address, port: 40_001 })
        assert.ok(header !== undefined)
        assert.deepEqual(decodeProxyHeader(header)?.source, { address, port: 40_001 })
      }
    })

    it(`says in ${sendProxy} that the gateway speaks for itself where there is no client, or none with an address`, () => {
      for (const client of [undefined, { address: undefined, port: undefined }]) {
        const header = proxyHeader({ ...backend, sendProxy }, client)
        assert.ok(header !== undefined)
        assert.equal(decodeProxyHeader(header)?.source, undefined)
      }
    })
  }
})
