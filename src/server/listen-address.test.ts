import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError } from '../errors/errors.ts'
import { parseListen, showListen } from './listen-address.ts'

describe('parseListen', () => {
  it('takes a host or an address with a port', () => {
    assert.deepEqual(parseListen('127.0.0.1:3307'), { kind: 'tcp', host: '127.0.0.1', port: 3307 })
    assert.deepEqual(parseListen('localhost:0'), { kind: 'tcp', host: 'localhost', port: 0 })
    assert.deepEqual(parseListen('[::1]:3307'), { kind: 'tcp', host: '::1', port: 3307 })
  })

  it('takes anything with a slash as the path of a unix socket', () => {
    assert.deepEqual(parseListen('/run/my:sock'), { kind: 'unix', path: '/run/my:sock' })
    assert.deepEqual(parseListen('./here.sock'), { kind: 'unix', path: './here.sock' })
  })

  it('refuses what is not an address, and shows the right form', () => {
    for (const text of [
      '',
      '3307',
      ':3307',
      '::1:3307',
      '[::1]',
      '[x]:1',
      '[127.0.0.1]:1',
      'h:65536',
      'h:-1',
      'a b:1',
      'h:',
    ]) {
      assert.throws(
        () => parseListen(text),
        (error) => error instanceof ConfigurationError && /HOST:PORT/.test(error.message),
        text,
      )
    }
  })

  it('refuses a socket path that the system would cut off', () => {
    assert.equal(parseListen(`/${'x'.repeat(106)}`).kind, 'unix')
    assert.throws(() => parseListen(`/${'x'.repeat(107)}`), /longer than 107 bytes/)
  })
})

describe('showListen', () => {
  it('writes what parseListen reads', () => {
    for (const text of ['127.0.0.1:3307', '[::1]:0', 'localhost:33', '/tmp/a.sock']) {
      assert.equal(showListen(parseListen(text)), text)
    }
  })
})
