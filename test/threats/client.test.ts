/**
 * Threats to a client, proven on the client's machine: a rogue server, or somebody in between, gets no secret byte and
 * no success. The same threats against the whole client, over sockets and with certificates, are in test/rogue.
 */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Channel } from '../../src/auth/plugin.ts'
import { clientPlugins } from '../../src/auth/plugins.ts'
import { MysqlError, ServerError } from '../../src/errors/errors.ts'
import { ClientHandshake } from '../../src/machine/client-handshake.ts'
import type { ClientEffect, ClientOptions, Peer } from '../../src/machine/client-states.ts'
import {
  decodeHandshakeResponse41,
  encodeHandshakeResponse41,
  type HandshakeResponse41,
} from '../../src/packets/handshake-response-41.ts'
import { encodeFrame, FrameReader } from '../../src/wire/framer.ts'
import { bytes, int, nul, text, zeros } from '../support/bytes.ts'
import { flag, frame, usualFlags } from './stranger.ts'

const password = 'the secret of the client'
const everything = 0xffffffff
const nonce = Buffer.alloc(20, 0x31)
const withTls = (everything & ~0x20000000) >>> 0
const withoutTls = (withTls & ~flag.SSL) >>> 0

function greeting(capabilities: number, plugin = 'caching_sha2_password'): Uint8Array {
  const word = int(capabilities, 4)
  const [low, high] = [word.subarray(0, 2), word.subarray(2)]
  return bytes(
    [10],
    nul('9.7.4'),
    int(7, 4),
    nonce.subarray(0, 8),
    [0],
    low,
    [255, 2, 0],
    high,
    [21],
    zeros(10),
    [...nonce.subarray(8), 0],
    nul(plugin),
  )
}

const proven: Peer = { trust: 'identity', fingerprint: new Uint8Array(32) }

const switchTo = (plugin: string) => bytes([0xfe], nul(plugin), nonce, [0])
const ok = bytes('00 00 00 02 00 00 00')
const err = bytes([0xff], int(1045, 2), text('#28000Your card number, please'))

function client(options: Partial<ClientOptions> = {}, channel: Channel = 'plaintext'): ClientHandshake {
  return new ClientHandshake(
    {
      user: 'u',
      passwords: [Buffer.from(password)],
      capabilities: usualFlags,
      collationId: 255,
      maxPacketSize: 2 ** 24,
      tls: 'never',
      mariadbCapabilities: 0,
      plugins: clientPlugins,
      attributesOnPlaintext: false,
      random: (length) => new Uint8Array(length).fill(7),
      allowClearPassword: false,
      mayRequestPublicKey: false,
      ...options,
    },
    channel,
  )
}

/** Gives the server's packets to the client; everything that it sent. */
function converse(machine: ClientHandshake, packets: readonly (Uint8Array | 'tls')[]): Buffer {
  const sent: Uint8Array[] = []
  let sequenceId = 0
  for (const payload of packets) {
    if (payload === 'tls') machine.step({ is: 'tls-established', peer: proven })
    else machine.step({ is: 'packet', payload, sequenceId: sequenceId++ })
    for (const effect of machine.take()) {
      if (effect.do !== 'send') continue
      sent.push(Uint8Array.from(effect.payload))
      sequenceId++
    }
  }
  return Buffer.concat(sent)
}

function failure(machine: ClientHandshake): MysqlError {
  const { state } = machine
  if (state.at !== 'failed') return assert.fail(`the client is in ${state.at}`)
  assert.ok(!state.error.message.includes(password))
  return state.error
}

describe('an honest server', () => {
  it('T16 T17 gets the proof and is believed, so that the refusals below are refusals', () => {
    const machine = client()
    assert.ok(converse(machine, [greeting(withoutTls), switchTo('mysql_native_password'), ok]).length > 80)
    assert.equal(machine.state.at, 'ready')
    const asking = client({ mayRequestPublicKey: true })
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    assert.ok(converse(asking, [greeting(withoutTls), bytes('01 04'), bytes([1], text(pem)), ok]).length > 256)
    assert.equal(asking.state.at, 'ready')
  })
})

describe('a request for the password in clear', () => {
  const requests = ['mysql_clear_password', 'dialog', 'mysql_old_password', '__proto__', 'constructor', '']
  const trusts = ['identity', 'authority', 'by-password', 'none'] as const
  for (const channel of ['plaintext', 'unix-socket'] as const) {
    it(`T16 is refused on ${channel} unless the caller allowed it`, () => {
      for (const plugin of requests) {
        const machine = client({}, channel)
        const sent = converse(machine, [greeting(withoutTls), switchTo(plugin)])
        assert.ok(!sent.includes(password), plugin)
        failure(machine)
      }
      const greeted = client({}, channel)
      assert.ok(!converse(greeted, [greeting(withoutTls, 'mysql_clear_password')]).includes(password))
    })
  }

  it('T16 is obeyed with permission on a unix socket, and never on a plain channel', () => {
    for (const channel of ['plaintext', 'unix-socket'] as const) {
      const machine = client({ allowClearPassword: true }, channel)
      const sent = converse(machine, [greeting(withoutTls), switchTo('mysql_clear_password')])
      assert.equal(sent.includes(password), channel === 'unix-socket', channel)
      if (channel === 'plaintext') failure(machine)
    }
  })

  for (const trust of trusts) {
    for (const allowClearPassword of [true, false]) {
      it(`T16 inside TLS to a peer of trust ${trust}, ${allowClearPassword ? 'with' : 'without'} permission`, () => {
        for (const plugin of ['mysql_clear_password', 'dialog']) {
          const machine = client({ tls: 'required', allowClearPassword })
          converse(machine, [greeting(withTls)])
          machine.step({ is: 'tls-established', peer: { trust, fingerprint: new Uint8Array(32) } })
          machine.take()
          const payload = bytes([0xfe], nul(plugin))
          machine.step({ is: 'packet', payload, sequenceId: 3 })
          const sent = machine.take().filter((effect) => effect.do === 'send')
          assert.equal(sent.length, allowClearPassword && trust === 'identity' ? 1 : 0, plugin)
        }
      })
    }
  }
})

describe('an RSA key from the wire', () => {
  const rogue = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = rogue.publicKey.export({ type: 'spki', format: 'pem' }) as string
  const fullAuthentication = bytes('01 04')

  it('T17 is not asked for, and none that comes unasked is used, unless the caller allowed it', () => {
    for (const plugin of ['caching_sha2_password', 'sha256_password']) {
      for (const packets of [
        [greeting(withoutTls, plugin), fullAuthentication, bytes([1], text(pem))],
        [greeting(withoutTls), switchTo(plugin), bytes([1], text(pem))],
        [greeting(withoutTls, plugin), bytes([1], text(pem))],
      ]) {
        const machine = client()
        const sent = converse(machine, packets)
        // A login, and at most a scramble: nothing as long as what RSA makes, no request for a key.
        assert.ok(sent.length < 200, `${sent.length} bytes`)
        failure(machine)
      }
    }
  })

  it('T17 never replaces the key that the caller pinned', () => {
    const own = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const serverPublicKey = createPublicKey(own.privateKey).export({ type: 'spki', format: 'pem' }) as string
    const machine = client({ serverPublicKey, mayRequestPublicKey: true })
    converse(machine, [greeting(withoutTls), fullAuthentication, bytes([1], text(pem))])
    failure(machine)
  })

  it('T17 that is weak, malformed, huge or of another kind is not used', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' })
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
    for (const key of [weak, other, '', 'no key', 'A'.repeat(60_000), `${pem.slice(0, 200)}`]) {
      const machine = client({ mayRequestPublicKey: true })
      const sent = converse(machine, [greeting(withoutTls), fullAuthentication, bytes([1], text(key as string))])
      assert.ok(sent.length < 200, 'a sealed password')
      failure(machine)
    }
  })
})

describe('TLS that is required', () => {
  it('T18 lets nothing out after a greeting that does not offer it', () => {
    for (const channel of ['plaintext'] as const) {
      const machine = client({ tls: 'required' }, channel)
      assert.equal(converse(machine, [greeting(withoutTls), ok]).length, 0)
      assert.equal(failure(machine).symbol, 'CR_SSL_CONNECTION_ERROR')
    }
  })

  it('T19 T26 lets out an SSLRequest and nothing else until the driver vouches for the channel', () => {
    for (const tls of ['required', 'preferred'] as const) {
      for (const more of [ok, err, switchTo('mysql_native_password'), bytes('01 03'), bytes('01 04')]) {
        const machine = client({ tls })
        const sent = converse(machine, [greeting(withTls), more])
        assert.equal(sent.length, 32)
        assert.notEqual(machine.state.at, 'ready')
        failure(machine)
        assert.equal(converse(machine, ['tls', ok]).length, 0, 'it does not come back to life')
        assert.notEqual(machine.state.at, 'ready')
      }
    }
  })

  it('T19 gives no proof for a nonce that came in clear before TLS failed', () => {
    const machine = client({ tls: 'required' })
    assert.equal(converse(machine, [greeting(withTls)]).length, 32)
    machine.step({ is: 'abort', error: new MysqlError('X', 1, 'HY000', 'not the right certificate') })
    assert.deepEqual(
      machine.take().filter((effect) => effect.do === 'send'),
      [],
    )
    failure(machine)
  })

  const injected: Readonly<Record<string, Uint8Array>> = {
    OK: ok,
    ERR: err,
    AuthSwitchRequest: switchTo('mysql_native_password'),
    AuthMoreData: bytes('01 03'),
    AuthNextFactor: bytes([2], nul('mysql_clear_password'), nonce),
    'LOCAL INFILE': bytes([0xfb], text('/etc/passwd')),
    garbage: bytes('de ad be ef'),
    nothing: bytes(),
  }
  for (const [name, payload] of Object.entries(injected)) {
    it(`T24 ${name} in one segment with the greeting is an attack: no success, no text of it, no byte after the SSLRequest`, () => {
      for (const sequenceId of [1, 2, 3]) {
        for (const cut of [frame(payload, sequenceId).length, 1, 3]) {
          const machine = client({ tls: 'required' })
          const reader = new FrameReader(65_536)
          reader.push(Buffer.concat([frame(greeting(withTls), 0), frame(payload, sequenceId).subarray(0, cut)]))
          const { effects, startsTls } = drive(machine, reader)
          assert.equal(startsTls, false, 'TLS may start only over an empty reader')
          assert.ok(effects.filter((effect) => effect.do === 'send').length <= 1)
          assert.ok(!failure(machine).message.includes('card number'))
        }
      }
    })
  }

  it('T25 an error in place of the greeting is known to come from before TLS', () => {
    for (const tls of ['required', 'preferred', 'never'] as const) {
      const machine = client({ tls })
      assert.equal(converse(machine, [err]).length, 0)
      assert.ok(failure(machine) instanceof ServerError)
      assert.equal(machine.channel, 'plaintext', 'what the caller tells an error in clear by')
    }
    const inside = client({ tls: 'required' })
    const request = converse(inside, [greeting(withTls), 'tls'])
    assert.ok(request.length > 32)
    assert.equal(inside.channel, 'tls')
  })
})

describe('a field that is longer than its length can say', () => {
  const base: HandshakeResponse41 = {
    capabilities: (usualFlags | flag.CONNECT_WITH_DB) >>> 0,
    maxPacketSize: 2 ** 24,
    collationId: 255,
    mariadbCapabilities: 0,
    user: text('u'),
    authAnswer: zeros(32),
    database: text('d'),
    authPluginName: 'mysql_native_password',
    connectAttributes: undefined,
    zstdLevel: undefined,
  }
  const lengths = [0, 1, 250, 251, 255, 256, 65_535, 65_536, 2 ** 24 - 1, 2 ** 24]
  for (const field of ['user', 'authAnswer', 'database'] as const) {
    it(`T30 is an error or comes out as it went in: ${field}`, () => {
      for (const length of lengths) {
        for (const lenenc of [true, false]) {
          const capabilities = (lenenc ? base.capabilities : base.capabilities & ~flag.PLUGIN_AUTH_LENENC) >>> 0
          const packet = { ...base, capabilities, [field]: new Uint8Array(length).fill(0x61) }
          let payload: Uint8Array
          try {
            payload = encodeHandshakeResponse41(packet)
          } catch (error) {
            assert.ok(error instanceof MysqlError && length > 250, String(error))
            continue
          }
          const decoded = decodeHandshakeResponse41(payload)
          assert.equal(decoded[field]?.length, length, `${field} of ${length} bytes`)
          assert.deepEqual(decoded.authPluginName, base.authPluginName)
          // The frames, counted by their own lengths, hold this one packet and nothing behind it.
          const stream = encodeFrame(payload, 0)
          let at = 0
          let last = 0xffffff
          while (last === 0xffffff) {
            last = Buffer.from(stream).readUIntLE(at, 3)
            at += 4 + last
          }
          assert.equal(at, stream.length, `${field} of ${length} bytes`)
        }
      }
    })
  }
})

/** What a driver does with one segment: packets one at a time, TLS only over an empty reader. */
function drive(machine: ClientHandshake, reader: FrameReader): { effects: ClientEffect[]; startsTls: boolean } {
  const effects: ClientEffect[] = []
  for (;;) {
    const next = reader.next()
    if (next === undefined) return { effects, startsTls: effects.some((effect) => effect.do === 'start-tls') }
    machine.step({ is: 'packet', payload: next.payload, sequenceId: next.sequenceId })
    const asked = machine.take()
    effects.push(...asked.filter((effect) => effect.do !== 'start-tls' || reader.buffered === 0))
    if (asked.some((effect) => effect.do === 'start-tls') && reader.buffered > 0) {
      machine.step({
        is: 'abort',
        error: new MysqlError('PLAINTEXT_BEFORE_TLS', 2026, 'HY000', 'bytes in clear came behind the greeting'),
      })
      return { effects, startsTls: false }
    }
  }
}
