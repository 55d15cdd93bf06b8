/** Errors of a backend told from errors of a client, by real failures where a test can have them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect } from '../client/connect.ts'
import { ConfigurationError, clientError, ProtocolViolation, receivedError } from '../errors/errors.ts'
import { judge } from './health-verdict.ts'

describe('judge', () => {
  it('tells what a server says of itself from what it says of a user', () => {
    for (const [code, kind] of [
      [1040, 'full'],
      [1129, 'blocked'],
      [1130, 'blocked'],
      [1053, 'unavailable'],
      [3032, 'unavailable'],
      [3168, 'unavailable'],
      [1159, 'lost'],
      [1045, 'denied'],
      [1698, 'denied'],
      [1044, 'denied'],
      [1049, 'denied'],
      [1203, 'denied'],
      [1226, 'denied'],
      [3118, 'denied'],
      [4031, 'denied'],
      [9999, 'denied'],
    ] as const) {
      assert.equal(judge(receivedError(code, undefined, 'x')).kind, kind, String(code))
    }
  })

  it('repeats nothing that the other side made up', () => {
    const { reason } = judge(receivedError(1129, undefined, "Host 'secret.internal' is blocked"))
    assert.equal(reason, 'blocked: it answers 1129 (ER_HOST_IS_BLOCKED)')
    const { reason: ours } = judge(new ConfigurationError('no password in /etc/secret'))
    assert.equal(ours, 'given-up: the login failed here')
  })

  it('tells a closed port from a place that cannot be reached', async () => {
    const refused = await connect({ host: '127.0.0.1', port: 1, user: 'a' }).catch((error: unknown) => error)
    assert.equal(judge(refused).kind, 'refused')
    const noSocket = await connect({ socketPath: '/nowhere/at.all', user: 'a' }).catch((error: unknown) => error)
    assert.equal(judge(noSocket).kind, 'refused')
    assert.equal(judge(clientError('CR_CONN_HOST_ERROR', 'a', 3306, 'EHOSTUNREACH')).kind, 'unreachable')
    assert.equal(judge(clientError('CR_UNKNOWN_HOST', 'a', 'ENOTFOUND')).kind, 'unreachable')
  })

  it('does not take a login that was given up for one that the server dropped', async () => {
    const signal = AbortSignal.abort()
    assert.equal(judge(await connect({ port: 1, signal }).catch((error: unknown) => error)).kind, 'given-up')
    assert.equal(judge(clientError('CR_SERVER_LOST', 'because the caller gave up')).kind, 'given-up')
    assert.equal(judge(clientError('CR_SERVER_LOST', 'because its owner closed the connection')).kind, 'given-up')
    assert.equal(
      judge(clientError('CR_SERVER_LOST', "at 'reading authorization packet', system error: 0")).kind,
      'lost',
    )
    assert.equal(judge(clientError('CR_AUTH_PLUGIN_ERR', 'a', 'b')).kind, 'given-up')
    assert.equal(judge(new TypeError('ours')).kind, 'given-up')
  })

  it('tells TLS and protocol apart', () => {
    assert.equal(judge(clientError('CR_SSL_CONNECTION_ERROR', 'x')).kind, 'tls')
    assert.equal(judge(clientError('CR_VERSION_ERROR', 9)).kind, 'protocol')
    const violation = new ProtocolViolation('CR_MALFORMED_PACKET', { phase: 'greeting', expected: ['a'], got: 'b' })
    assert.equal(judge(violation).kind, 'protocol')
  })
})
