import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scrambleCachingSha2Password } from '../auth/caching-sha2-password.ts'
import { scrambleNativePassword } from '../auth/mysql-native-password.ts'
import { sha1, sha256, xor } from '../auth/primitives.ts'
import { certificateProof } from '../machine/certificate-proof.ts'
import { encodeAuthMoreData } from '../packets/auth-more-data.ts'
import { encodeAuthSwitchRequest } from '../packets/auth-switch-request.ts'
import { capability } from '../packets/capabilities.ts'
import { encodeErr } from '../packets/err.ts'
import { decodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { encodeHandshakeV10 } from '../packets/handshake-v10.ts'
import { encodeOk } from '../packets/ok.ts'
import { PersonaHandshake, type PersonaLogin } from './persona-handshake.ts'
import { personaOf, personas } from './personas/index.ts'

const password = Buffer.from('pw-right')
const greetingNonce = Buffer.from('abcdefghijklmnopqrst')
const switchNonce = Buffer.from('ABCDEFGHIJKLMNOPQRST')
const withNul = (nonce: Uint8Array) => Buffer.concat([nonce, Buffer.of(0)])

const everything = 0xdfffffff
const mariadb = (everything & ~capability.LONG_PASSWORD) >>> 0

function greeting(plugin: string, capabilities = everything): Uint8Array {
  return encodeHandshakeV10({
    serverVersion: '9.7.4',
    connectionId: 7,
    authPluginData: withNul(greetingNonce),
    capabilities,
    collationId: 255,
    statusFlags: 2,
    mariadbCapabilities: 0,
    authPluginName: plugin,
  })
}

const switchTo = (plugin: string, data: Uint8Array = withNul(switchNonce)) =>
  encodeAuthSwitchRequest({ authPluginName: plugin, authPluginData: data })
const moreData = (data: Uint8Array) => encodeAuthMoreData({ data })
const fullAuthentication = moreData(Uint8Array.of(4))

type Wish = Partial<Omit<PersonaLogin, 'asked'>> & { readonly tls?: boolean; readonly clearPassword?: boolean }

/** Lets a persona hear these packets, and TLS after its request for it; copies what it sends. */
function conversation(id: string, wish: Wish, packets: readonly Uint8Array[], distrust?: string) {
  const { tls = false, clearPassword = false, ...own } = wish
  const at = { pid: 1, hostName: 'localhost', osUser: 'x', serverHost: 'db' }
  const machine = new PersonaHandshake({
    persona: personaOf(id),
    asked: { user: 'app', database: undefined, tls, clearPassword, at },
    passwords: [password],
    mayRequestPublicKey: false,
    serverPublicKey: undefined,
    local: true,
    channel: 'plaintext',
    random: (length) => new Uint8Array(length),
    ...own,
  })
  const sent: Uint8Array[] = []
  const take = (): void => {
    for (const effect of machine.take()) {
      if (effect.do === 'send') sent.push(effect.payload.slice())
      else {
        machine.onSecure({ fingerprint, distrust })
        take()
      }
    }
  }
  packets.forEach((packet, i) => {
    machine.onPacket(packet, i * 2)
    take()
  })
  return { sent, state: machine.state }
}

const fingerprint = new Uint8Array(32).fill(5)

describe('PersonaHandshake', () => {
  it('hashes after a switch as many bytes of nonce as the client does', () => {
    const switched = [greeting('mysql_native_password'), switchTo('caching_sha2_password')]
    for (const [id, nonce] of [
      ['pymysql@1.1.1', withNul(switchNonce)],
      ['go-sql-driver@1.8', withNul(switchNonce)],
      ['pymysql@1.2.0', switchNonce],
      ['go-sql-driver@1.10', switchNonce],
      ['mysql@9.7', switchNonce],
    ] as const) {
      const answer = conversation(id, {}, switched).sent[1]
      assert.deepEqual(answer && Buffer.from(answer), Buffer.from(scrambleCachingSha2Password(password, nonce)), id)
    }
  })

  it('cuts a nonce of exactly 20 bytes where the client cuts blindly', () => {
    const { sent } = conversation('node-mariadb@3.5', {}, [
      greeting('mysql_native_password'),
      switchTo('caching_sha2_password', switchNonce),
    ])
    const expected = scrambleCachingSha2Password(password, switchNonce.subarray(0, 19))
    assert.deepEqual(Buffer.from(sent[1] as Uint8Array), Buffer.from(expected))
  })

  it('puts the nonce first where the client does', () => {
    const { sent } = conversation('sqlx@0.8', {}, [greeting('caching_sha2_password')])
    const once = sha256(password)
    const { authAnswer } = decodeHandshakeResponse41(sent[0] as Uint8Array)
    assert.deepEqual(Buffer.from(authAnswer), Buffer.from(xor(once, sha256(greetingNonce, sha256(once)))))
  })

  it('hashes an empty password after a switch where the client does', () => {
    const { sent } = conversation('sqlx@0.8', { passwords: [Buffer.alloc(0)] }, [
      greeting('caching_sha2_password'),
      switchTo('mysql_native_password'),
    ])
    assert.deepEqual(
      [decodeHandshakeResponse41(sent[0] as Uint8Array).authAnswer.length, sent[1]?.length],
      [0, scrambleNativePassword(password, switchNonce).length],
    )
  })

  it('leaves a greeting whose plugin the client does not know, where that leaves', () => {
    const { sent, state } = conversation('sqlx@0.8', {}, [greeting('dialog')])
    assert.deepEqual(sent, [])
    assert.deepEqual(state, {
      at: 'left',
      says: 'encountered unexpected or invalid data: unknown authentication plugin: dialog',
    })
  })

  it('follows one switch where the client follows no second', () => {
    const switches = [greeting('caching_sha2_password'), switchTo('mysql_native_password'), switchTo('sha256_password')]
    assert.deepEqual(conversation('go-sql-driver@1.10', {}, switches).state, { at: 'left', says: 'malformed packet' })
  })

  it('sends a password in the bytes of the client, or says that there are none', () => {
    const start = [greeting('mysql_native_password')]
    const latin1 = conversation('pymysql@1.2.0', { passwords: [Buffer.from('é', 'utf8')] }, start)
    assert.deepEqual(
      Buffer.from(decodeHandshakeResponse41(latin1.sent[0] as Uint8Array).authAnswer),
      Buffer.from(scrambleNativePassword(Buffer.from('é', 'latin1'), greetingNonce)),
    )
    const beyond = conversation('pymysql@1.2.0', { passwords: [Buffer.from('€', 'utf8')] }, start)
    assert.equal(beyond.state.at, 'left')
    assert.deepEqual(beyond.sent, [])
  })

  it('hands on an error of the server in the words of the client', () => {
    const refusal = encodeErr({ code: 1045, sqlState: '28000', message: "Access denied for user 'app'@'%'" })
    const { state } = conversation('pymysql@1.1.1', {}, [greeting('caching_sha2_password'), refusal])
    assert.equal(
      state.at === 'refused' && state.says,
      "pymysql.err.OperationalError: (1045, \"Access denied for user 'app'@'%'\")",
    )
  })

  it('wants proof of a certificate where the client does: from an authority, or by the password', () => {
    const why = 'self-signed certificate'
    const remote = { tls: true, local: false }
    const ok = (info: Uint8Array) =>
      encodeOk(
        { header: 0, affectedRows: 0n, lastInsertId: 0n, statusFlags: 2, warnings: 0, info, sessionChanges: undefined },
        mariadb,
      )
    const mysql = conversation('mariadb@11.8', remote, [greeting('mysql_native_password')], why)
    assert.deepEqual(mysql.state, { at: 'left', says: `ERROR 2026 (HY000): TLS/SSL error: ${why}` })
    assert.equal(mysql.sent.length, 1)

    const unproven = [greeting('mysql_native_password', mariadb), ok(new Uint8Array(0))]
    assert.equal(conversation('mariadb@11.8', remote, unproven, why).state.at, 'left')
    const hash = sha1(sha1(password))
    const proven = [unproven[0] as Uint8Array, ok(certificateProof(hash, greetingNonce, fingerprint))]
    assert.equal(conversation('mariadb@11.8', remote, proven, why).state.at, 'in')
    assert.equal(conversation('mariadb@10.11', remote, unproven, why).state.at, 'in')
  })

  it('never goes on after an end', () => {
    const { sent, state } = conversation('mysql@9.7', {}, [
      encodeErr({ code: 1040, sqlState: undefined, message: 'Too many connections' }),
      greeting('caching_sha2_password'),
    ])
    assert.deepEqual([sent, state.at], [[], 'refused'])
  })
})

describe('PersonaHandshake, of what its user has not allowed', () => {
  const remote = { local: false }
  const start = [greeting('caching_sha2_password'), fullAuthentication]

  it('withholds a key request that anybody could answer', () => {
    const { sent, state } = conversation('pymysql@1.2.0', remote, start)
    assert.deepEqual([sent.length, state.at], [1, 'withheld'])
    assert.equal(conversation('pymysql@1.2.0', { ...remote, mayRequestPublicKey: true }, start).sent.length, 2)
    assert.equal(conversation('pymysql@1.2.0', {}, start).sent.length, 2)
    const sha256 = [greeting('caching_sha2_password'), switchTo('sha256_password')]
    assert.equal(conversation('mysql@9.7', remote, sha256).state.at, 'withheld')
  })

  it('withholds a password in clear on every plaintext channel that was not permitted, and to other machines always', () => {
    const clear = [greeting('caching_sha2_password'), switchTo('mysql_clear_password', new Uint8Array(0))]
    for (const { id } of personas) {
      const { sent, state } = conversation(id, {}, clear)
      assert.ok(state.at === 'withheld' || state.at === 'left', id)
      assert.ok(!sent.some((payload) => Buffer.from(payload).includes(password)), id)
      const elsewhere = conversation(id, { ...remote, clearPassword: true }, clear)
      assert.ok(!elsewhere.sent.some((payload) => Buffer.from(payload).includes(password)), id)
    }
    const permitted = conversation('mysqlnd@8.2', { clearPassword: true }, clear)
    assert.deepEqual(Buffer.from(permitted.sent[1] as Uint8Array), withNul(password))
    const unproven = { ...remote, tls: true, clearPassword: true }
    assert.equal(conversation('mysqlnd@8.2', unproven, clear, 'SELF_SIGNED').state.at, 'withheld')
    assert.equal(conversation('mysqlnd@8.2', unproven, clear).sent.length, 3)
  })

  it('withholds it too where the client sends it in the place of a key request', () => {
    assert.equal(conversation('connector-python@26.7', {}, start).state.at, 'withheld')
    assert.equal(conversation('connector-python@26.7', { ...remote, clearPassword: true }, start).state.at, 'withheld')
    const permitted = conversation('connector-python@26.7', { clearPassword: true }, start)
    assert.deepEqual(Buffer.from(permitted.sent[1] as Uint8Array), withNul(password))
  })
})

describe('PersonaHandshake against a server gone mad', () => {
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.uint8Array({ maxLength: 60 }).map(moreData),
    fc
      .tuple(
        fc.constantFrom('caching_sha2_password', 'client_ed25519', 'parsec', 'dialog', '__proto__'),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([plugin, data]) => switchTo(plugin, data)),
    fc.constant(fullAuthentication),
  )

  it('never throws, and never gives a password away', () => {
    fc.assert(
      fc.property(fc.constantFrom(...personas), fc.array(packet, { maxLength: 12 }), (persona, packets) => {
        const { sent } = conversation(persona.id, {}, [greeting('caching_sha2_password'), ...packets])
        assert.ok(!sent.some((payload) => Buffer.from(payload).includes(password)))
      }),
      { numRuns: 300 },
    )
  })

  it('does not follow switches without end', () => {
    const switches = Array.from({ length: 40 }, () => switchTo('mysql_native_password'))
    const { sent, state } = conversation('mysql@9.7', {}, [greeting('caching_sha2_password'), ...switches])
    assert.deepEqual([sent.length, state.at], [9, 'left'])
  })
})
