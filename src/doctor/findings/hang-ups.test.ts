/** Findings about who is there at all, who waits for whom, and who hangs up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { delayed, probed, says, saysOf } from '../../../test/support/findings.ts'
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
  ok,
  scramble,
  serverLeaves,
  switchTo,
} from '../../../test/support/observations.ts'
import type { Observation, Side } from '../observation.ts'
import { Observer } from '../observer.ts'
import { finding as closedBeforeGreeting } from './closed-before-greeting.ts'
import { finding as connectTimeout } from './connect-timeout.ts'
import { finding as greetingLate } from './greeting-late.ts'
import { finding as healthCheckQuits } from './health-check-quits.ts'
import { finding as httpOnPort } from './http-on-port.ts'
import { finding as hungUpWithoutVerdict } from './hung-up-without-verdict.ts'
import { finding as noGreeting } from './no-greeting.ts'
import { finding as noLoginAfterGreeting } from './no-login-after-greeting.ts'
import { finding as otherProtocol } from './other-protocol.ts'
import { finding as packetsOutOfOrder } from './packets-out-of-order.ts'
import { finding as tlsFirst } from './tls-first.ts'
import { finding as verdictLate } from './verdict-late.ts'
import { finding as xProtocolPort } from './x-protocol-port.ts'

/** Raw bytes of one side, and who ends it after how long. */
function raw(said: readonly (readonly [Side, Uint8Array | string])[], by?: Side, endMs = 0): Observation {
  const server = { address: '192.0.2.1', port: 33060 }
  const opened = { client: { address: '192.0.2.7', port: 50_000 }, server, startedMs: undefined }
  const observer = new Observer(opened, { number: 1 })
  for (const [from, bytes] of said) {
    observer.onData(from, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, 0)
  }
  if (by !== undefined) observer.onEnd(by, 'fin', endMs)
  return observer.finish()
}

describe('another protocol', () => {
  const all = [xProtocolPort, httpOnPort, tlsFirst, otherProtocol]
  const rows = [
    [xProtocolPort, raw([['server', '\x05\x00\x00\x00\x0b\x08\x05\x1a\x00']])],
    [httpOnPort, raw([['client', 'GET / HTTP/1.1\r\n\r\n']])],
    [httpOnPort, raw([['server', 'HTTP/1.1 400 Bad Request\r\n\r\n']])],
    [tlsFirst, raw([['client', '\x16\x03\x01\x02\x00\x01']])],
    [otherProtocol, raw([['server', 'SSH-2.0-OpenSSH_9.9\r\n']])],
    [otherProtocol, raw([['server', '220 mail.example.com ESMTP\r\n']])],
  ] as const
  for (const [finding, seen] of rows) {
    it(`${finding.id} is found where ${seen.foreign} is spoken, and no other finding`, () => {
      for (const other of all) assert.equal(says(other, seen), other === finding ? 'certain' : undefined)
    })
  }

  it('is not found where MySQL is spoken', () => {
    for (const finding of all) assert.equal(says(finding, observed(greeting(), clientLeaves)), undefined)
  })
})

describe('before the greeting', () => {
  it('no-greeting is found where nothing comes for long, and the client gives up or waits on', () => {
    assert.equal(says(noGreeting, raw([], 'client', 10_000)), 'certain')
    assert.equal(says(noGreeting, { ...raw([]), durationMs: 30_000 }), 'certain')
  })

  it('no-greeting is not found where the client leaves soon, the server closes, or greets', () => {
    assert.equal(says(noGreeting, raw([], 'client', 20)), undefined)
    assert.equal(says(noGreeting, raw([], 'server', 10_000)), undefined)
    assert.equal(says(noGreeting, delayed(observed(greeting(), clientLeaves), 0, 10_000)), undefined)
  })

  it('closed-before-greeting is found where the side of the server closes without a byte', () => {
    assert.equal(says(closedBeforeGreeting, raw([], 'server', 3)), 'certain')
  })

  it('closed-before-greeting is not found where the client closes, or the server says why', () => {
    assert.equal(says(closedBeforeGreeting, raw([], 'client', 3)), undefined)
    assert.equal(
      says(closedBeforeGreeting, observed(err(1040, 'Too many connections', undefined), serverLeaves)),
      undefined,
    )
  })

  it('greeting-late is possible from one second on, of an ERR in its place as well', () => {
    assert.equal(says(greetingLate, delayed(observed(greeting(), login(), ok), 0, 5000)), 'possible')
    assert.equal(says(greetingLate, delayed(observed(err(1130, '', undefined)), 0, 5000)), 'possible')
    assert.equal(saysOf(greetingLate, probed({ greetingMs: 5003 })), 'possible')
  })

  it('greeting-late is not found where what comes later is late', () => {
    assert.equal(says(greetingLate, delayed(observed(greeting(), login(), ok), 2, 5000)), undefined)
    assert.equal(saysOf(greetingLate, probed({ connectMs: 5000 })), undefined)
  })
})

describe('no-login-after-greeting', () => {
  it('is found where the client has nothing to say', () => {
    assert.equal(says(noLoginAfterGreeting, observed(greeting(), clientLeaves)), 'certain')
    assert.equal(says(noLoginAfterGreeting, raw([], 'client', 1)), 'certain')
  })

  it('is not found where it logs in, or the server hangs up, or never greets', () => {
    assert.equal(says(noLoginAfterGreeting, observed(greeting(), login(), clientLeaves)), undefined)
    assert.equal(says(noLoginAfterGreeting, observed(greeting(), serverLeaves)), undefined)
    assert.equal(says(noLoginAfterGreeting, raw([], 'client', 10_000)), undefined)
  })
})

describe('health-check-quits', () => {
  /** As HAProxy does it: both in one segment, each with its own number. */
  const check = (quit: readonly number[], verdict: readonly number[]) => {
    const plain = observed(greeting(), login({ authAnswer: new Uint8Array(0) }))
    const [hello, response] = plain.packets.map(({ payload }, i) => [payload.length, 0, 0, i, ...payload])
    return raw(
      [
        ['server', Uint8Array.from(hello as number[])],
        ['client', Uint8Array.from([...(response as number[]), ...quit])],
        ['server', Uint8Array.from(verdict)],
      ],
      'client',
    )
  }
  const refusal = [9, 0, 0, 2, 0xff, 0x15, 0x04, 0x23, 0x32, 0x38, 0x30, 0x30, 0x30]
  const welcome = [7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]

  it('is found where COM_QUIT follows the login at once', () => {
    assert.equal(says(healthCheckQuits, check([1, 0, 0, 0, 1], refusal)), 'certain')
  })

  it('is not found where the check gets in, or the byte answers the server', () => {
    assert.equal(says(healthCheckQuits, check([1, 0, 0, 0, 1], welcome)), undefined)
    assert.equal(says(healthCheckQuits, check([1, 0, 0, 3, 1], refusal)), undefined)
    assert.equal(says(healthCheckQuits, observedIn('my97-changeuser-wrong-mysql2')), undefined)
  })
})

describe('who waits for whom', () => {
  it('connect-timeout is found by the error, and possible where the server just closes', () => {
    assert.equal(says(connectTimeout, observedIn('my97-timeout-silent-raw')), 'certain')
    const asked = observed(greeting(), login(), switchTo('mysql_native_password'), serverLeaves)
    const cut = { ...asked, end: { ...asked.end, how: 'rst' as const, atMs: asked.end.atMs + 10_000 } }
    assert.equal(says(connectTimeout, cut), 'possible')
  })

  it('connect-timeout is not found where the server closes soon, or owes the next packet, or bytes are missing', () => {
    const asked = observed(greeting(), login(), switchTo('mysql_native_password'), serverLeaves)
    assert.equal(says(connectTimeout, asked), undefined)
    assert.equal(says(connectTimeout, delayed(observed(greeting(), login(), serverLeaves), 9, 10_000)), undefined)
    const lost = { ...delayed(asked, 9, 10_000), gaps: [{ from: 'client' as const, bytes: 9, atMs: 0 }] }
    assert.equal(says(connectTimeout, lost), undefined)
  })

  it('verdict-late is possible where the server thinks for long, or the client does not wait for it', () => {
    assert.equal(says(verdictLate, delayed(observed(greeting(), login(), denied), 2, 2000)), 'possible')
    assert.equal(says(verdictLate, delayed(observed(greeting(), login(), clientLeaves), 9, 30_000)), 'possible')
  })

  it('verdict-late is not found where it is the client that thinks', () => {
    const full = observed(greeting(), login(), more(4), answer(Uint8Array.of(2)), denied)
    assert.equal(says(verdictLate, delayed(full, 3, 5000)), undefined)
    assert.equal(says(verdictLate, full), undefined)
    assert.equal(says(verdictLate, delayed(observed(greeting(), login(), ok), 0, 5000)), undefined)
  })

  it('hung-up-without-verdict is found where the server closes on the login', () => {
    assert.equal(says(hungUpWithoutVerdict, observed(greeting(), login(), serverLeaves)), 'certain')
  })

  it('hung-up-without-verdict is not found where the client closes, or was asked for something', () => {
    assert.equal(says(hungUpWithoutVerdict, observed(greeting(), login(), clientLeaves)), undefined)
    const asked = observed(greeting(), login(), switchTo('mysql_native_password'), serverLeaves)
    assert.equal(says(hungUpWithoutVerdict, asked), undefined)
    assert.equal(says(hungUpWithoutVerdict, observed(greeting(), login(), denied, serverLeaves)), undefined)
  })
})

describe('packets-out-of-order', () => {
  it('is found by the error, and where the client leaves a server that lost count', () => {
    assert.equal(says(packetsOutOfOrder, observedIn('my97-badseq-1156-raw')), 'certain')
    // Each packet gets the next number: without the login the answer of the server has one too low.
    const seen = observed(greeting(), login(), switchTo('mysql_native_password'), clientLeaves)
    const packets = seen.packets.map((packet, i) =>
      i < 2 ? packet : { ...packet, problem: 'sequence id 1 instead of 2' },
    )
    assert.equal(says(packetsOutOfOrder, { ...seen, packets }), 'certain')
  })

  it('is not found where the numbers are right, or the login went on', () => {
    const seen = observed(greeting(), login(), switchTo('mysql_native_password'), clientLeaves)
    assert.equal(says(packetsOutOfOrder, seen), undefined)
    const on = observed(greeting(), login(), switchTo('mysql_native_password'), answer(scramble(20)), ok)
    const packets = on.packets.map((packet, i) =>
      i === 2 ? { ...packet, problem: 'sequence id 1 instead of 2' } : packet,
    )
    assert.equal(says(packetsOutOfOrder, { ...on, packets }), undefined)
  })
})
