/** Findings about what stands between client and server. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { greetingOf, probed, says, saysOf } from '../../../test/support/findings.ts'
import {
  answer,
  clientLeaves,
  denied,
  err,
  greeting,
  login,
  more,
  observed,
  observedIn,
  observedOnSocket,
  ok,
  publicKey,
  scramble,
  serverLeaves,
} from '../../../test/support/observations.ts'
import { capability } from '../../packets/capabilities.ts'
import type { Observation } from '../observation.ts'
import { Observer } from '../observer.ts'
import { finding as proxyHeaderUnexpected } from './proxy-header-unexpected.ts'
import { finding as proxyWithoutBackend } from './proxy-without-backend.ts'
import { finding as proxysqlInFront } from './proxysql-in-front.ts'
import { finding as proxysqlRefused } from './proxysql-refused.ts'
import { finding as publicKeyRefused } from './public-key-refused.ts'
import { finding as rdsProxyRefused } from './rds-proxy-refused.ts'
import { finding as socketEndsAtTunnel } from './socket-ends-at-tunnel.ts'

const { CONNECT_ATTRS, PLUGIN_AUTH_LENENC_CLIENT_DATA } = capability
const asProxysql = { capabilities: (0xdfffffff & ~(CONNECT_ATTRS | PLUGIN_AUTH_LENENC_CLIENT_DATA)) >>> 0 }
const fullAuthentication = more(4)
const keyRequest = answer(Uint8Array.of(2))

function refused(code: number, message: string): Observation {
  return observed(greeting(), login(), err(code, message))
}

describe('ProxySQL', () => {
  const said = "ProxySQL Error: Access denied for user 'mary'@'192.0.2.7' (using password: YES)"
  it('proxysql-refused is found by its own words, not by those of a server', () => {
    assert.equal(says(proxysqlRefused, refused(1045, said)), 'certain')
    assert.equal(says(proxysqlRefused, observed(greeting(), login(), denied)), undefined)
  })

  it('proxysql-in-front is possible where a greeting of today lacks what each server offers', () => {
    const seen = observed(greeting({ ...asProxysql, serverVersion: '8.0.11' }), clientLeaves)
    assert.equal(says(proxysqlInFront, seen), 'possible')
    assert.equal(saysOf(proxysqlInFront, probed({ greeting: greetingOf(asProxysql) })), 'possible')
  })

  it('proxysql-in-front is not found of an old server, or of one that lacks only one of both', () => {
    const old = observed(greeting({ ...asProxysql, serverVersion: '5.5.62' }), clientLeaves)
    assert.equal(says(proxysqlInFront, old), undefined)
    const capabilities = (0xdfffffff & ~CONNECT_ATTRS) >>> 0
    assert.equal(says(proxysqlInFront, observed(greeting({ capabilities }), clientLeaves)), undefined)
    assert.equal(says(proxysqlInFront, observedIn('ma1011-native-ok-go')), undefined)
  })
})

describe('public-key-refused', () => {
  it('is found where the request for the key ends the login', () => {
    const asked = [greeting(), login(), fullAuthentication, keyRequest] as const
    assert.equal(says(publicKeyRefused, observed(...asked, serverLeaves)), 'certain')
    assert.equal(says(publicKeyRefused, observed(...asked, err(1105, 'No'))), 'certain')
    assert.equal(says(publicKeyRefused, observedIn('my97-mfa-wrong-mysql97')), 'possible')
  })

  it('is not found where the key comes, or the client leaves by itself', () => {
    const asked = [greeting(), login(), fullAuthentication, keyRequest] as const
    assert.equal(says(publicKeyRefused, observed(...asked, publicKey, answer(scramble(256)), denied)), undefined)
    assert.equal(says(publicKeyRefused, observed(...asked, clientLeaves)), undefined)
  })
})

describe('proxy-without-backend', () => {
  const words = [
    [9001, 'Max connect timeout reached while reaching hostgroup 10 after 10000ms'],
    [9501, 'Timed-out waiting to acquire database connection'],
    [1045, 'Authentication with backend failed. Session will be closed.'],
  ] as const
  for (const [code, message] of words) {
    it(`is found at the login and at the first statement: ${code}`, () => {
      assert.equal(says(proxyWithoutBackend, refused(code, message)), 'certain')
      const query = answer(Uint8Array.of(3, 0x58))
      assert.equal(says(proxyWithoutBackend, observed(greeting(), login(), ok, query, err(code, message))), 'certain')
      assert.equal(says(proxyWithoutBackend, refused(code, 'Access denied')), undefined)
    })
  }
})

describe('rds-proxy-refused', () => {
  it('is found by its words, and possible where an error names a pattern as the host of the client', () => {
    assert.equal(says(rdsProxyRefused, refused(3159, 'This RDS Proxy requires TLS connections.')), 'certain')
    assert.equal(says(rdsProxyRefused, refused(1040, 'Connections rate limit exceeded (40)')), 'certain')
    const pattern = refused(1045, "Access denied for user 'mary'@'%' (using password: YES)")
    assert.equal(says(rdsProxyRefused, pattern), 'possible')
  })

  it('is not found where a server says the like', () => {
    assert.equal(says(rdsProxyRefused, observedIn('my97-requiresecuretransport-plain-mysql97')), undefined)
    assert.equal(says(rdsProxyRefused, observedIn('ma1011-db-denied-1044-maria1011')), undefined)
    assert.equal(says(rdsProxyRefused, observed(greeting(), login(), denied)), undefined)
  })
})

describe('socket-ends-at-tunnel', () => {
  const full = [greeting(), login(), fullAuthentication, answer('secret\0')] as const
  it('is possible where a password in clear goes over a socket and is refused', () => {
    assert.equal(says(socketEndsAtTunnel, observedOnSocket(...full, denied)), 'possible')
  })

  it('is not found where it gets in, is sealed, or goes by TCP', () => {
    assert.equal(says(socketEndsAtTunnel, observedOnSocket(...full, ok)), undefined)
    const sealed = [greeting(), login(), fullAuthentication, answer(scramble(256)), denied] as const
    assert.equal(says(socketEndsAtTunnel, observedOnSocket(...sealed)), undefined)
    assert.equal(says(socketEndsAtTunnel, observed(...full, denied)), undefined)
  })
})

describe('proxy-header-unexpected', () => {
  const header = Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.1 50000 3306\r\n')
  const behind = (code: number | undefined, before: Uint8Array = header) => {
    const opened = { client: { address: '192.0.2.9', port: 1 }, server: { address: '192.0.2.1', port: 3306 } }
    const observer = new Observer({ ...opened, startedMs: undefined }, { number: 1 })
    if (before.length > 0) observer.onData('client', before, 0)
    const said = [greeting(), login(), code === undefined ? ok : err(code)] as const
    for (const [i, { payload, from }] of observed(...said).packets.entries()) {
      observer.onData(from, Buffer.concat([Uint8Array.of(payload.length, 0, 0, i), payload]), i)
    }
    return observer.finish()
  }

  it('is found where the server then complains of the login', () => {
    assert.equal(says(proxyHeaderUnexpected, behind(1156)), 'certain')
    assert.equal(says(proxyHeaderUnexpected, behind(1043)), 'certain')
  })

  it('is not found where the server takes it, refuses the password, or there is none', () => {
    assert.equal(says(proxyHeaderUnexpected, behind(undefined)), undefined)
    assert.equal(says(proxyHeaderUnexpected, behind(1045)), undefined)
    assert.equal(says(proxyHeaderUnexpected, behind(1156, new Uint8Array(0))), undefined)
  })
})
