/** What a client does with servers that are broken, hostile, or old. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, int, nul, text, zeros } from '../../test/support/bytes.ts'
import { actsOf, clientOptions, usualCapabilities } from '../../test/support/pair.ts'
import { samples } from '../../test/support/stops.ts'
import { everything, publicKey } from '../../test/support/world.ts'
import { scrambleNativePassword } from '../auth/mysql-native-password.ts'
import type { Channel } from '../auth/plugin.ts'
import { clientPlugins as allPlugins } from '../auth/plugins.ts'
import { MysqlError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import { ClientHandshake } from './client-handshake.ts'
import type { ClientEffect, ClientOptions } from './client-states.ts'

const { SSL, PLUGIN_AUTH, CONNECT_ATTRS, ZSTD_COMPRESSION_ALGORITHM: ZSTD } = capability
const nonce = text('abcdefghijklmnopqrst')

interface RawGreeting {
  readonly capabilities?: number
  readonly data?: Uint8Array
  readonly dataLength?: number
  readonly tail?: Uint8Array
}

/** A greeting built byte by byte. */
function greeting(raw: RawGreeting = {}): Uint8Array {
  const { capabilities = everything, data = bytes(nonce, [0]), dataLength = 21 } = raw
  const { tail = nul('caching_sha2_password') } = raw
  const low = int(capabilities & 0xffff, 2)
  const high = int(capabilities >>> 16, 2)
  const before = bytes([10], nul('9.7.4'), int(9, 4), data.slice(0, 8), [0], low, [255], int(2, 2), high, [dataLength])
  return bytes(before, zeros(10), data.slice(8), tail)
}

const switchTo = (plugin: string, data = bytes(nonce, [0])) => bytes([0xfe], nul(plugin), data)

describe('T38: a malformed greeting', () => {
  it('fails the login at every length, and nothing is sent', () => {
    const whole = greeting({ tail: bytes([]) })
    for (let length = 0; length < whole.length; length++) {
      const { client, effects } = greet(whole.slice(0, length))
      assert.ok(client.state.at === 'failed' && client.state.error instanceof MysqlError, `${length} bytes`)
      assert.deepEqual(effects, [{ do: 'close' }])
    }
  })

  const malformed: Readonly<Record<string, Uint8Array>> = {
    'protocol 9': bytes([9], greeting().slice(1)),
    'an OK instead': samples.Ok,
    'an AuthSwitchRequest instead': samples.AuthSwitchRequest,
    'auth data that is longer than the packet': greeting({ dataLength: 255 }),
    'bytes behind the plugin name': greeting({ tail: bytes(nul('caching_sha2_password'), zeros(3)) }),
    'random bytes': bytes('de ad be ef de ad be ef'),
  }
  for (const [what, payload] of Object.entries(malformed)) {
    it(`fails the login: ${what}`, () => {
      const { client, effects } = greet(payload)
      assert.ok(client.state.at === 'failed')
      assert.deepEqual(effects, [{ do: 'close' }])
    })
  }

  it('may lack the plugin name, or its NUL', () => {
    for (const tail of [bytes([]), nul(''), text('caching_sha2_password')]) {
      assert.equal(greet(greeting({ tail })).client.state.at, 'await-verdict')
    }
  })

  it('is an error of the server when it is an ERR, with or without SQLSTATE', () => {
    for (const [payload, sqlState] of [
      [bytes('ff 10 04', text('Too many connections')), '08004'],
      [bytes('ff 10 04', text('#08004Too many connections')), '08004'],
    ] as const) {
      const { client } = greet(payload)
      assert.ok(client.state.at === 'failed')
      const { code, message } = client.state.error
      assert.deepEqual([code, client.state.error.sqlState, message], [1040, sqlState, 'Too many connections'])
    }
  })
})

describe('T24: a server in clear where TLS is required', () => {
  it('gets no login when it does not offer TLS', () => {
    const { client, effects } = greet(greeting({ capabilities: everything & ~SSL }), { tls: 'required' })
    assert.ok(client.state.at === 'failed' && client.state.error.symbol === 'CR_SSL_CONNECTION_ERROR')
    assert.deepEqual(effects, [{ do: 'close' }])
  })

  it('gets an SSLRequest and nothing else, whatever it sends before TLS stands', () => {
    for (const payload of Object.values(samples)) {
      const { client, effects } = greet(greeting(), { tls: 'required' })
      assert.equal(lengthOf(effects), 32)
      client.step({ is: 'packet', payload, sequenceId: 2 })
      assert.equal(client.state.at, 'failed')
      assert.deepEqual(actsOf(client), [{ do: 'close' }])
    }
  })

  it('gets no login when TLS fails', () => {
    const { client } = greet(greeting(), { tls: 'preferred' })
    client.step({ is: 'abort', error: new MysqlError('CR_SSL_CONNECTION_ERROR', 2026, 'HY000', 'no') })
    assert.equal(client.state.at, 'failed')
    assert.deepEqual(actsOf(client), [{ do: 'close' }])
  })
})

describe('a server that is older than a capability', () => {
  it('gets a login without plugin name, by mysql_native_password, when it has no CLIENT_PLUGIN_AUTH', () => {
    const { effects } = greet(greeting({ capabilities: everything & ~PLUGIN_AUTH, dataLength: 0, tail: bytes([]) }))
    const login = loginOf(effects)
    assert.equal(login.authPluginName, undefined)
    assert.deepEqual(login.authAnswer, scrambleNativePassword(text('right'), nonce))
  })

  it('gets no attributes and no zstd level when it does not know them', () => {
    const options = {
      capabilities: usualCapabilities | ZSTD,
      connectAttributes: [[text('_client_name'), text('x')]] as const,
      zstdLevel: 3,
    }
    const known = loginOf(greet(greeting(), options).effects)
    assert.deepEqual([known.connectAttributes?.length, known.zstdLevel], [1, 3])
    const unknown = loginOf(greet(greeting({ capabilities: everything & ~CONNECT_ATTRS & ~ZSTD }), options).effects)
    assert.deepEqual([unknown.connectAttributes, unknown.zstdLevel], [undefined, undefined])
    assert.ok(!has(unknown.capabilities, ZSTD))
  })

  it('gets no login when it cannot take the database', () => {
    const { client } = greet(greeting({ capabilities: everything & ~capability.CONNECT_WITH_DB }), { database: 'app' })
    assert.equal(client.state.at, 'failed')
  })
})

describe('T39: the auth switch', () => {
  it('is followed a few times, and then the login fails', () => {
    const { client } = greet(greeting())
    let answers = 0
    for (let turn = 0; turn < 1000 && client.state.at === 'await-verdict'; turn++) {
      const plugin = turn % 2 === 0 ? 'mysql_native_password' : 'caching_sha2_password'
      client.step({ is: 'packet', payload: switchTo(plugin), sequenceId: (2 + 2 * turn) & 0xff })
      answers += client.take().filter((effect) => effect.do === 'send').length
    }
    assert.equal(client.state.at, 'failed')
    assert.equal(answers, 8)
  })

  it('to the plugin in use is answered over the new nonce', () => {
    const { client } = greet(greeting({ tail: nul('mysql_native_password') }))
    client.step({
      is: 'packet',
      payload: switchTo('mysql_native_password', bytes(zeros(20).fill(9), [0])),
      sequenceId: 2,
    })
    assert.deepEqual(sentBy(client), [scrambleNativePassword(text('right'), zeros(20).fill(9))])
  })

  const onlySha2 = new Map([...allPlugins].filter(([name]) => name === 'caching_sha2_password'))
  const refused: Readonly<
    Record<string, readonly [payload: Uint8Array, options: Partial<ClientOptions>, on: Channel]>
  > = {
    'mysql_old_password, by its short form': [bytes([0xfe]), {}, 'tls'],
    'mysql_old_password, by name': [switchTo('mysql_old_password', zeros(9)), {}, 'tls'],
    'a plugin that is not known': [switchTo('no_such_plugin'), {}, 'tls'],
    'a plugin that is not allowed': [switchTo('mysql_native_password'), { plugins: onlySha2 }, 'tls'],
    'the name of a prototype property': [switchTo('constructor'), {}, 'tls'],
    'mysql_clear_password on a plain channel': [switchTo('mysql_clear_password', zeros(0)), {}, 'plaintext'],
    'mysql_clear_password without the opt-in': [
      switchTo('mysql_clear_password', zeros(0)),
      { allowClearPassword: false },
      'tls',
    ],
    'sha256_password on a plain channel without key': [
      switchTo('sha256_password'),
      { mayRequestPublicKey: false },
      'plaintext',
    ],
    'a nonce that is too short': [switchTo('caching_sha2_password', zeros(19)), {}, 'tls'],
    'no nonce': [switchTo('mysql_native_password', zeros(0)), {}, 'plaintext'],
    'a name without NUL': [bytes([0xfe], text('mysql_native_password')), {}, 'tls'],
  }
  for (const [what, [payload, options, channel]] of Object.entries(refused)) {
    it(`fails before any secret leaves: ${what}`, () => {
      const client = new ClientHandshake({ ...clientOptions({ password: 'right' }), ...options }, channel)
      client.step({ is: 'packet', payload: greeting(), sequenceId: 0 })
      client.take()
      client.step({ is: 'packet', payload, sequenceId: 2 })
      assert.equal(client.state.at, 'failed')
      assert.deepEqual(actsOf(client), [{ do: 'close' }])
    })
  }
})

describe('T38: a server that goes on', () => {
  it('with AuthMoreData of any content is left within 16 rounds', () => {
    for (const data of [zeros(0), bytes([3]), bytes([4]), bytes([5]), zeros(70_000), text(publicKey)]) {
      const { client } = greet(greeting())
      let sent = 0
      for (let turn = 0; client.state.at === 'await-verdict' && turn < 40; turn++) {
        client.step({ is: 'packet', payload: bytes([1], data), sequenceId: nextOf(turn, sent) })
        sent += client.take().filter((effect) => effect.do === 'send').length
      }
      assert.equal(client.state.at, 'failed')
    }

    /** Each packet counts, of either side. */
    function nextOf(turn: number, sent: number): number {
      return 2 + turn + sent
    }
  })

  it('with AuthMoreData is left after 16 rounds, though the plugin would go on', () => {
    const all = clientOptions({ password: 'right' })
    const endless = {
      ...all.plugins.get('caching_sha2_password')!,
      *client() {
        for (;;) yield zeros(1)
      },
    }
    const plugins = new Map([['caching_sha2_password', endless]])
    const client = new ClientHandshake({ ...all, plugins }, 'plaintext')
    client.step({ is: 'packet', payload: greeting(), sequenceId: 0 })
    let answers = 0
    client.take()
    for (let sequenceId = 2; client.state.at === 'await-verdict' && answers < 100; sequenceId += 2) {
      client.step({ is: 'packet', payload: bytes([1, 4]), sequenceId })
      answers += client.take().filter((effect) => effect.do === 'send').length
    }
    assert.equal(answers, 16)
    assert.equal(client.state.at, 'failed')
  })

  it('with a packet that begins with any other byte is left at once', () => {
    for (let first = 3; first < 0xfe; first++) {
      const { client } = greet(greeting())
      client.step({ is: 'packet', payload: bytes([first], zeros(7)), sequenceId: 2 })
      assert.deepEqual(actsOf(client), [{ do: 'close' }], `0x${first.toString(16)}`)
    }
  })

  it('with an empty packet is left at once', () => {
    const { client } = greet(greeting())
    client.step({ is: 'packet', payload: zeros(0), sequenceId: 2 })
    assert.deepEqual(actsOf(client), [{ do: 'close' }])
  })
})

describe('T32: a packet of the server with another sequence id', () => {
  it('fails the login, in every state', () => {
    for (const sequenceId of [1, 2, 255]) assert.equal(greet(greeting(), {}, sequenceId).client.state.at, 'failed')
    for (const sequenceId of [0, 1, 3, 255]) {
      const { client } = greet(greeting())
      client.step({ is: 'packet', payload: samples.Ok, sequenceId })
      assert.ok(client.state.at === 'failed' && client.state.error.symbol === 'CR_MALFORMED_PACKET')
    }
  })
})

describe('a server that is gone', () => {
  it('leaves the error that the driver gives, in every state', () => {
    const error = new MysqlError('CR_SERVER_LOST', 2013, 'HY000', 'lost')
    const fresh = new ClientHandshake(clientOptions({}), 'plaintext')
    for (const client of [fresh, greet(greeting()).client, greet(greeting(), { tls: 'required' }).client]) {
      client.step({ is: 'abort', error })
      assert.ok(client.state.at === 'failed' && client.state.error === error)
      assert.deepEqual(actsOf(client), [{ do: 'close' }])
    }
  })
})

function greet(payload: Uint8Array, options: Omit<Partial<ClientOptions>, 'password'> = {}, sequenceId = 0) {
  const client = new ClientHandshake(clientOptions({ password: 'right', ...options }), 'plaintext')
  client.step({ is: 'packet', payload, sequenceId })
  return { client, effects: actsOf(client) }
}

function sentBy(client: ClientHandshake): Uint8Array[] {
  return client.take().flatMap((effect) => (effect.do === 'send' ? [effect.payload] : []))
}

function loginOf(effects: readonly ClientEffect[]) {
  const [sent] = effects
  assert.ok(sent?.do === 'send')
  return decodeHandshakeResponse41(sent.payload)
}

function lengthOf(effects: readonly ClientEffect[]): number | undefined {
  const sent = effects.filter((effect) => effect.do === 'send')
  assert.equal(sent.length, 1)
  return sent[0]?.payload.length
}
