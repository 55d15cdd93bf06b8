/**
 * What mysqld 9.7 was seen to do with malformed and odd logins, asked of our server; where we are stricter, the name of
 * the test says so.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { block, bytes, nul, text, zeros } from '../../test/support/bytes.ts'
import { errorOf, first, head, login, settle, usual } from '../../test/support/raw-login.ts'
import { greetingNonce, stopWorld } from '../../test/support/stops.ts'
import { answerOf, isQuestion, withoutTls } from '../../test/support/world.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { Login } from './login.ts'

const { CONNECT_WITH_DB, CONNECT_ATTRS, ZSTD_COMPRESSION_ALGORITHM: ZSTD, SSL } = capability
const { SECURE_CONNECTION, PLUGIN_AUTH_LENENC_CLIENT_DATA: LENENC, PROTOCOL_41 } = capability

describe('the first packet of a client', () => {
  const database = (name: Uint8Array) => ({
    capabilities: usual | CONNECT_WITH_DB,
    tail: bytes(name, nul('caching_sha2_password')),
  })
  const attributes = (tail: Uint8Array) => ({
    capabilities: usual | CONNECT_ATTRS,
    tail: bytes(nul('caching_sha2_password'), tail),
  })
  const zstd = (...level: number[]) => ({ capabilities: usual | ZSTD, tail: bytes(nul(''), level) })
  const pairs = (count: number) => block(bytes(...Array(count).fill(bytes(block('k'), block('')))))

  /** Payload -> what is answered to it, always with sequence id 2. */
  const refused: Readonly<Record<string, readonly [payload: Uint8Array, error: string]>> = {
    'an empty packet': [bytes([]), '1043 08S01 Bad handshake'],
    'one byte: COM_QUIT': [bytes([1]), '1043 08S01 Bad handshake'],
    'five bytes': [head(usual).subarray(0, 5), '1043 08S01 Bad handshake'],
    'five bytes from before 4.1': [bytes('05 a4 00 00 01'), '1043 none Bad handshake'],
    '31 bytes': [head(usual).subarray(0, 31), '1043 08S01 Bad handshake'],
    'an SSLRequest of 31 bytes': [head(usual | SSL).subarray(0, 31), '1043 08S01 Bad handshake'],
    '32 bytes without CLIENT_SSL': [head(usual), '1043 08S01 Bad handshake'],
    'T34: a user without NUL': [bytes(head(usual), text('mary')), '1043 08S01 Bad handshake'],
    'T34: a NUL inside the user': [login({ user: bytes(text('root'), [0], nul('x')) }), '1043 08S01 Bad handshake'],
    'an answer longer than the packet': [login({ answer: bytes([200]) }), '1043 08S01 Bad handshake'],
    'an answer longer than the packet, length-encoded': [
      login({ capabilities: usual | LENENC, answer: bytes('fd ff ff ff') }),
      '1043 08S01 Bad handshake',
    ],
    'an answer of 2^64 bytes': [
      login({ capabilities: usual | LENENC, answer: bytes('fe ff ff ff ff ff ff ff ff') }),
      '1043 08S01 Bad handshake',
    ],
    'CLIENT_CONNECT_WITH_DB without database': [
      login({ capabilities: usual | CONNECT_WITH_DB, tail: bytes([]) }),
      '1043 08S01 Bad handshake',
    ],
    'T35: CLIENT_CONNECT_ATTRS without attributes': [login(attributes(bytes([]))), '1043 08S01 Bad handshake'],
    'T35: attributes longer than the packet': [login(attributes(bytes([90, 1, 0x61]))), '1043 08S01 Bad handshake'],
    'T35: an attribute longer than its block': [
      login(attributes(bytes([4, 9, 0x61, 0, 0]))),
      '1043 08S01 Bad handshake',
    ],
    'T35: an odd number of strings': [login(attributes(block(block('key')))), '1043 08S01 Bad handshake'],
    'T35: 65,541 bytes of attributes': [login(attributes(block(zeros(65_541)))), '1043 08S01 Bad handshake'],
    'T35: 129 attributes (mysqld takes them)': [login(attributes(pairs(129))), '1043 08S01 Bad handshake'],
    'an answer ended by NUL (no CLIENT_SECURE_CONNECTION)': [
      login({ capabilities: usual & ~SECURE_CONNECTION, answer: nul('x') }),
      '1043 08S01 Bad handshake',
    ],
    'a short login from before 4.1': [bytes('05 a4 00 00 01', nul('mary')), '1043 none Bad handshake'],
    'a long login without CLIENT_PROTOCOL_41': [
      login({ capabilities: usual & ~PROTOCOL_41, answer: block(zeros(20)) }),
      '1251 none Client does not support authentication protocol requested by server; consider upgrading MySQL client',
    ],
    '256 KiB of zeros': [
      zeros(256 << 10),
      '1251 none Client does not support authentication protocol requested by server; consider upgrading MySQL client',
    ],
    'zstd level 0': [login(zstd(0)), "3923 HY000 Invalid zstd compression level for algorithm 'zstd'."],
    'zstd level 23': [login(zstd(23)), "3923 HY000 Invalid zstd compression level for algorithm 'zstd'."],
    'zstd level 255': [login(zstd(255)), "3923 HY000 Invalid zstd compression level for algorithm 'zstd'."],
    'no zstd level': [login(zstd()), "3923 HY000 Invalid zstd compression level for algorithm 'zstd'."],
    ucs2: [login({ charset: 35 }), "1231 42000 Variable 'character_set_client' can't be set to the value of 'ucs2'"],
    utf16: [login({ charset: 54 }), "1231 42000 Variable 'character_set_client' can't be set to the value of 'utf16'"],
    utf16le: [
      login({ charset: 56 }),
      "1231 42000 Variable 'character_set_client' can't be set to the value of 'utf16le'",
    ],
    utf32: [login({ charset: 60 }), "1231 42000 Variable 'character_set_client' can't be set to the value of 'utf32'"],
    'T34: a user that is not UTF-8 (mysqld shows it as empty)': [
      login({ user: bytes('72 c3 28 00') }),
      '1043 08S01 Bad handshake',
    ],
    'T34: a user in overlong UTF-8': [login({ user: bytes('c1 b2 00') }), '1043 08S01 Bad handshake'],
    'T34: a user with an unpaired surrogate': [login({ user: bytes('ed a0 80 00') }), '1043 08S01 Bad handshake'],
    'T34: a database that is not UTF-8 (mysqld cuts it)': [
      login(database(bytes('61 ff 00'))),
      '1043 08S01 Bad handshake',
    ],
    'T26: a whole login with CLIENT_SSL where TLS is offered (mysqld waits for TLS for ever)': [
      login({ capabilities: usual | SSL }),
      '1043 08S01 Bad handshake',
    ],
  }

  for (const [what, [payload, error]] of Object.entries(refused)) {
    it(`is refused: ${what}`, () => {
      const { machine, effects } = first(payload)
      assert.equal(machine.state.at, 'refused')
      assert.equal(errorOf(effects), `[2] ${error}`)
      assert.deepEqual(
        effects.map((effect) => effect.do),
        ['send', 'close'],
      )
      assert.ok(machine.state.at === 'refused' && machine.state.during === 'login')
    })
  }

  const accepted: Readonly<Record<string, readonly [payload: Uint8Array, login: Partial<Login>]>> = {
    'an empty user': [login({ user: nul('') }), { user: '' }],
    'an empty database': [login(database(nul(''))), { database: undefined }],
    'a database': [login(database(nul('app'))), { database: 'app' }],
    'filler that is not zero': [login({ filler: zeros(23).fill(0xff) }), { user: 'mary' }],
    'a max packet size of 0': [login({ maxPacketSize: 0 }), { maxPacketSize: 0 }],
    'bytes behind the last field': [login({ tail: bytes(nul('caching_sha2_password'), zeros(99)) }), { user: 'mary' }],
    'no plugin name though CLIENT_PLUGIN_AUTH is set': [login({ tail: bytes([]) }), { authPluginName: undefined }],
    'a plugin name without NUL': [login({ tail: text('caching_sha2') }), { authPluginName: undefined }],
    'a plugin name of 300 bytes': [login({ tail: nul('x'.repeat(300)) }), { authPluginName: 'x'.repeat(300) }],
    'an empty plugin name': [login({ tail: nul('') }), { authPluginName: '' }],
    'zstd level 1': [login(zstd(1)), { zstdLevel: 1 }],
    'zstd level 22': [login(zstd(22)), { zstdLevel: 22 }],
    'T35: no attributes, in an empty block': [login(attributes(bytes([0]))), { connectAttributes: [] }],
    'T35: names of prototype properties': [
      login(attributes(block(bytes(block('__proto__'), block('constructor'))))),
      { connectAttributes: [[text('__proto__'), text('constructor')]] },
    ],
    'T34: a byte order mark, which is part of the name': [
      login({ user: nul('\u{feff}root') }),
      { user: '\u{feff}root' },
    ],
    'T34: marks of writing direction': [login({ user: nul('\u{202e}toor') }), { user: '\u{202e}toor' }],
    'T34: a name that another normal form would fold': [login({ user: nul('e\u0301') }), { user: 'e\u0301' }],
    'T34: a user in latin1': [login({ charset: 8, user: bytes('fc 00') }), { user: 'ü' }],
    'charset 0, the default': [login({ charset: 0, user: nul('ü') }), { user: 'ü', collationId: 0 }],
    'charset 254, unassigned': [login({ charset: 254, user: nul('ü') }), { user: 'ü', collationId: 254 }],
    'charset 200': [login({ charset: 200 }), { collationId: 200 }],
    'charset 1: big5': [login({ charset: 1, user: bytes('a4 40 00') }), { user: '一' }],
    'a user of 2000 characters': [login({ user: nul('u'.repeat(2000)) }), { user: 'u'.repeat(2000) }],
    'a user of 200,000 characters': [login({ user: nul('u'.repeat(200_000)) }), { user: 'u'.repeat(200_000) }],
    'T70: all 32 capability bits, as far as they are offered': [
      login({ capabilities: 0xffffffff & ~SSL & ~ZSTD & ~CONNECT_ATTRS & ~CONNECT_WITH_DB & ~LENENC }),
      { capabilities: (0xdfffffff & ~SSL & ~ZSTD & ~CONNECT_ATTRS & ~CONNECT_WITH_DB & ~LENENC) >>> 0 },
    ],
  }

  for (const [what, [payload, fields]] of Object.entries(accepted)) {
    it(`is accepted: ${what}`, () => {
      const { effects } = first(payload)
      assert.equal(effects.length, 1)
      const [effect] = effects
      assert.ok(effect?.do === 'find-account')
      assert.deepEqual({ ...effect.login, ...fields }, effect.login)
    })
  }

  it('T26: a whole login with CLIENT_SSL, where no TLS is offered, stays a login in plain text', () => {
    const { machine, effects } = first(login({ capabilities: usual | SSL }), { capabilities: withoutTls })
    const [effect] = effects
    assert.ok(effect?.do === 'find-account' && !has(effect.login.capabilities, SSL))
    assert.equal(machine.channel, 'plaintext')
  })

  it('T26: no capability bit makes a plain channel a secure one', () => {
    for (let bit = 0; bit < 32; bit++) {
      const { machine } = first(login({ capabilities: (usual ^ (1 << bit)) >>> 0 }))
      assert.equal(machine.channel, 'plaintext', `bit ${bit}`)
    }
  })
})

describe('the text of 1045', () => {
  const names: Readonly<Record<string, readonly [user: string, shown: string]>> = {
    '32 characters': ['u'.repeat(32), 'u'.repeat(32)],
    '48 characters': ['u'.repeat(48), 'u'.repeat(48)],
    '49 characters': ['u'.repeat(49), 'u'.repeat(48)],
    '2000 characters': ['u'.repeat(2000), 'u'.repeat(48)],
    '200,000 characters': ['u'.repeat(200_000), 'u'.repeat(48)],
    '60 characters beyond the basic plane': ['😀'.repeat(60), '😀'.repeat(48)],
    '48 characters beyond the basic plane': ['😀'.repeat(48), '😀'.repeat(48)],
  }
  for (const [what, [user, shown]] of Object.entries(names)) {
    it(`has at most 48 characters of the user, and never half of one: ${what}`, () => {
      const { machine, effects } = first(login({ user: nul(user), answer: bytes([1, 0]) }))
      effects.push(...settle(machine, effects))
      assert.equal(
        errorOf(effects),
        `[2] 1045 28000 Access denied for user '${shown}'@'localhost' (using password: NO)`,
      )
    })
  }

  it('names an empty user without a password as mysqld does', () => {
    const { machine, effects } = first(login({ user: nul('') }))
    effects.push(...settle(machine, effects))
    assert.equal(errorOf(effects), "[2] 1045 28000 Access denied for user ''@'localhost' (using password: NO)")
  })
})

describe('a client that names no plugin, another, or a strange one', () => {
  for (const tail of [bytes([]), nul(''), nul('x'.repeat(300)), nul('no_such_plugin'), nul('__proto__')]) {
    it(`is switched to the account's plugin: ${tail.length} bytes of name`, () => {
      const { machine, effects } = first(login({ tail }))
      machine.step(answerOf(stopWorld, effects.find(isQuestion)!))
      const [sent] = machine.take()
      assert.ok(sent?.do === 'send')
      assert.equal(machine.state.at, 'await-switch-answer')
      const nonce = sent.payload.slice(-21)
      assert.deepEqual(sent.payload, bytes('fe', nul('caching_sha2_password'), nonce))
      assert.notDeepEqual(nonce.subarray(0, 20), greetingNonce, 'a nonce that the client has seen')
    })
  }
})
