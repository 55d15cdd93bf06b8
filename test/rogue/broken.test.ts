/** Servers whose packets are cut, swollen, miscounted or no packets at all: a typed error, in time, and nothing else. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { bytes, int, nul, text, zeros } from '../support/bytes.ts'
import { good, knownAuthority } from './certificates.ts'
import { meet } from './meet.ts'
import { err, frame, greeting, moreData, nextFactor, nonce, ok, okWithInfo, switchTo, withTls } from './packets.ts'
import { answerId, type Course, close, dialogue, hear, opening, say } from './scripts.ts'
import { roguePem } from './secrets.ts'
import type { Step } from './server.ts'

const malformed = ['CR_MALFORMED_PACKET', 'ER_MALFORMED_PACKET', 'CR_SERVER_HANDSHAKE_ERR', 'CR_VERSION_ERROR']
const overTls: Course = { tls: good }
const proven = { tls: { mode: 'VERIFY_IDENTITY', ca: knownAuthority } } as const

/** What may follow a login; `before` brings the client to where it is due. */
const verdicts: Readonly<Record<string, { packet: Uint8Array; before?: readonly Uint8Array[] }>> = {
  OK: { packet: ok },
  'OK with a text': { packet: okWithInfo('welcome') },
  ERR: { packet: err() },
  'AuthSwitchRequest to native': { packet: switchTo('mysql_native_password') },
  'AuthSwitchRequest to caching_sha2': { packet: switchTo('caching_sha2_password') },
  'AuthSwitchRequest to ed25519': { packet: switchTo('client_ed25519') },
  'AuthMoreData of caching_sha2': { packet: moreData([4]) },
  'AuthMoreData with a key': { packet: moreData(text(roguePem)), before: [moreData([4])] },
  'AuthMoreData of parsec': { packet: moreData('50 00', zeros(18)), before: [switchTo('parsec')] },
  AuthNextFactor: { packet: nextFactor('mysql_native_password'), before: [switchTo('mysql_native_password')] },
}

describe('a packet that is cut', { concurrency: 4 }, () => {
  it('T29 is a lost connection when the stream ends in the greeting, at each byte', async () => {
    const whole = frame(greeting(), 0)
    for (let cut = 0; cut < whole.length; cut++) {
      await meet({ script: [say(whole.subarray(0, cut)), close], symbol: 'CR_SERVER_LOST', phase: 'greeting' })
    }
  })

  it('T29 is a lost connection when a reset comes in the greeting', async () => {
    const whole = frame(greeting(), 0)
    for (const cut of [0, 1, 4, 5, 20, whole.length - 1]) {
      const script: Step[] = [say(whole.subarray(0, cut)), { do: 'reset' }]
      await meet({ script, symbol: ['CR_SERVER_LOST', 'CR_CONN_HOST_ERROR'] })
    }
  })

  it('T29 is malformed when the greeting is whole for its header, and too short, at each byte', async () => {
    const payload = greeting()
    for (let cut = 0; cut < payload.length; cut++) {
      // Without CLIENT_PLUGIN_AUTH's name and its NUL there is a plugin of another name: the client goes on, and hears no more.
      const symbol =
        cut < payload.indexOf(text('caching')[0] as number) + 1 ? malformed : [...malformed, 'CR_SERVER_LOST']
      await meet({ script: [say(frame(payload.subarray(0, cut), 0)), hear, close], symbol })
    }
  })

  for (const [what, { packet, before = [] }] of Object.entries(verdicts)) {
    const cuts = (length: number) =>
      Array.from({ length }, (_, i) => i).filter((n) => n < 40 || n > length - 3 || n % 41 === 0)
    const course = (payload: Uint8Array): Step[] => [...dialogue(before), say(payload), close]
    const options = { getServerPublicKey: what.includes('key') }

    it(`T29 is a lost connection when the stream ends in ${what}, at each byte`, async () => {
      const whole = frame(packet, answerId() + 2 * before.length)
      for (const cut of cuts(whole.length)) {
        await meet({ script: course(whole.subarray(0, cut)), options, symbol: 'CR_SERVER_LOST', phase: 'verdict' })
      }
    })

    it(`T29 is malformed, or goes no further, when ${what} is whole for its header and too short, at each byte`, async () => {
      for (const cut of cuts(packet.length)) {
        // An OK may end behind its numbers, and an ERR anywhere in its text: those cuts are packets of their own.
        if (packet[0] === 0 && cut >= 7) continue
        // A key without its last line end is a key, and the caller permitted one.
        if (what.includes('key') && cut > 400) continue
        const symbol = [
          ...malformed,
          'CR_SERVER_LOST',
          'CR_AUTH_PLUGIN_CANNOT_LOAD',
          'CR_AUTH_PLUGIN_ERR',
          'ER_ACCESS_DENIED_ERROR',
        ]
        const payload = frame(packet.subarray(0, cut), answerId() + 2 * before.length)
        await meet({ script: course(payload), options, symbol })
      }
    })
  }

  it('T29 is the same through TLS', async () => {
    for (const payload of [ok, err(), switchTo('caching_sha2_password')]) {
      const whole = frame(payload, answerId(overTls))
      for (let cut = 0; cut < whole.length; cut += 2) {
        const script = [...opening(overTls), say(whole.subarray(0, cut)), close]
        await meet({ script, options: proven, symbol: 'CR_SERVER_LOST', phase: 'verdict' })
      }
    }
  })
})

describe('a packet that is too large', { concurrency: 8 }, () => {
  const header = (length: number, id: number) => bytes(int(length, 3), [id])
  const sizes = [0xffffff, 0xfffffe, 5_000_000, 1 << 21]
  for (const size of sizes) {
    it(`T31 is refused by its header, ${size} bytes in the place of the greeting`, async () => {
      await meet({ script: [say(header(size, 0)), hear], symbol: malformed, phase: 'greeting' })
    })

    it(`T31 is refused by its header, ${size} bytes in the place of the verdict`, async () => {
      await meet({ script: [...opening(), say(header(size, 2)), hear], symbol: malformed, phase: 'verdict' })
    })
  }

  it('T31 is refused through TLS', async () => {
    const script = [...opening(overTls), say(header(0xffffff, 3)), hear]
    await meet({ script, options: proven, symbol: malformed, phase: 'verdict' })
  })

  it('T31 does not go on for ever as a chain', async () => {
    const endless: Step = {
      do: 'repeat',
      bytes: (round) => bytes(header(0xffffff, 2 + round), zeros(65_536)),
      hear: false,
    }
    await meet({ script: [...opening(), endless], symbol: malformed })
  })

  const lengths: Readonly<Record<string, Uint8Array>> = {
    '1 GiB of text in an OK': bytes('00 00 00 02 00 00 00 fe', int(2n ** 30n, 8), text('x')),
    '2^64 bytes of text in an OK': bytes('00 00 00 02 00 00 00 fe', int(2n ** 64n - 1n, 8)),
    '2^53 bytes of text in an OK': bytes('00 00 00 02 00 00 00 fe', int(2n ** 53n, 8)),
    'more affected rows than there are': bytes('00 fe', int(2n ** 64n - 1n, 8)),
    'a length of NULL in an OK': bytes('00 fb 00 02 00 00 00'),
    'a length that begins with 0xff': bytes('00 ff 00 02 00 00 00'),
    'half a length': bytes('00 fe 01 02'),
  }
  for (const [what, payload] of Object.entries(lengths)) {
    it(`T29 is malformed: ${what}`, async () => {
      await meet({ script: dialogue([payload]), symbol: malformed, phase: 'verdict' })
    })
  }

  const nonceLengths = [0, 1, 8, 20, 22, 64, 127, 255]
  for (const length of nonceLengths) {
    it(`T29 is malformed, or no proof is given, when a greeting says that ${length} bytes of nonce come`, async () => {
      const payload = Buffer.from(greeting())
      payload[payload.indexOf(nonce.subarray(8)) - 11] = length
      await meet({ script: [say(frame(payload, 0)), hear, close], symbol: [...malformed, 'CR_SERVER_LOST'] })
    })
  }
})

describe('a sequence id that is not due', { concurrency: 8 }, () => {
  for (const id of [1, 2, 127, 255]) {
    it(`T32 ends the login at the greeting: ${id}`, async () => {
      const script = [say(frame(greeting(), id)), hear]
      const { heardInClear } = await meet({ script, symbol: malformed, phase: 'greeting' })
      assert.equal(heardInClear.length, 0)
    })
  }
  for (const [what, { packet, before = [] }] of Object.entries(verdicts)) {
    it(`T32 ends the login at ${what}`, async () => {
      const due = answerId() + 2 * before.length
      for (const id of [0, due - 1, due + 1, 255]) {
        const script = [...dialogue(before), say(frame(packet, id)), hear]
        await meet({ script, options: { getServerPublicKey: true }, symbol: malformed, phase: 'verdict' })
      }
    })
  }

  it('T32 ends the login behind TLS when it begins anew there', async () => {
    for (const id of [0, 1, 2]) {
      const script = [...opening(overTls), say(frame(ok, id)), hear]
      await meet({ script, options: proven, symbol: malformed, phase: 'verdict' })
    }
  })
})

describe('a packet that is not due', { concurrency: 8 }, () => {
  const notDue: Readonly<Record<string, readonly Uint8Array[]>> = {
    'a greeting after the login': [greeting()],
    'an EOF': [bytes('fe 00 00 02 00')],
    'LOCAL INFILE': [bytes([0xfb], text('/etc/passwd'))],
    'an empty packet': [bytes()],
    'a result set': [bytes('01')],
    'data for a plugin that needs none': [switchTo('mysql_native_password'), moreData([4])],
    'data after the password': [moreData([4]), moreData([4])],
    'an unknown byte of caching_sha2': [moreData([5])],
    'a salt of parsec with a huge factor': [switchTo('parsec'), moreData('50 1f', zeros(18))],
    'a salt of parsec that is no salt': [switchTo('parsec'), moreData('51 00', zeros(18))],
    'a salt of parsec twice': [switchTo('parsec'), moreData('50 00', zeros(18)), moreData('50 00', zeros(18))],
    'a factor too many': Array.from({ length: 3 }, () => nextFactor('mysql_native_password')),
  }
  for (const [what, packets] of Object.entries(notDue)) {
    it(`T32 ends the login: ${what}`, async () => {
      const symbol = [...malformed, 'CR_AUTH_PLUGIN_ERR', 'CR_AUTH_PLUGIN_CANNOT_LOAD']
      await meet({ script: dialogue(packets), symbol })
    })
  }

  it('T24 T19 ends the login in the place of the greeting, OK above all', async () => {
    for (const payload of [ok, moreData([3]), switchTo('mysql_native_password'), bytes([0xfb, 0x2f]), bytes()]) {
      for (const mode of ['DISABLED', 'REQUIRED'] as const) {
        const { heardInClear } = await meet({
          script: [say(frame(payload, 0)), hear],
          options: { tls: { mode } },
          symbol: malformed,
          phase: 'greeting',
        })
        assert.equal(heardInClear.length, 0)
      }
    }
  })
})

describe('a peer that is no MySQL server', { concurrency: 8 }, () => {
  const peers: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
    HTTP: [text('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'), /HTTP server/],
    SSH: [text('SSH-2.0-OpenSSH_10.0p2 Debian-7\r\n'), /SSH server/],
    SMTP: [text('220 mail.example.com ESMTP\r\n'), /text protocol/],
    'TLS from the first byte': [bytes('15 03 01 00 02 02 28'), /TLS from the first byte/],
    'the X Protocol': [bytes('05 00 00 00 0b 08 05 1a 00'), /X Protocol/],
  }
  for (const [name, [first, hint]] of Object.entries(peers)) {
    it(`T29 is told by its first bytes: ${name}`, async () => {
      const script = [say(first), close]
      const { error } = await meet({ script, symbol: [...malformed, 'CR_SERVER_LOST'], phase: 'greeting' })
      assert.match(error.login?.hint ?? '', hint)
    })
  }

  it('T29 is told by its first bytes in the protocol of before MySQL 3.21', async () => {
    const script = [say(frame(bytes([9], nul('3.20.1'), int(1, 4), nul('abcdefgh')), 0)), hear]
    await meet({ script, symbol: malformed, phase: 'greeting' })
  })
})

describe('garbage', { concurrency: 4 }, () => {
  const noise = (seed: string, length: number) => {
    const blocks: Buffer[] = []
    for (let i = 0; i * 32 < length; i++) blocks.push(createHash('sha256').update(`${seed} ${i}`).digest())
    return Buffer.concat(blocks).subarray(0, length)
  }
  const symbol = [
    ...malformed,
    'CR_SERVER_LOST',
    'CR_AUTH_PLUGIN_CANNOT_LOAD',
    'CR_AUTH_PLUGIN_ERR',
    'CR_SSL_CONNECTION_ERROR',
  ]
  const served = /^ER_/

  for (let seed = 0; seed < 12; seed++) {
    it(`T29 in the place of the greeting, the verdict and TLS ends in an error: seed ${seed}`, async () => {
      const bits = noise(`seed ${seed}`, 400)
      await meet({ script: [say(bits), close], symbol })
      await meet({ script: [say(frame(bits.subarray(0, 80), 0)), close], symbol })
      await meet({ script: [...opening(), say(bits), close], symbol })
      await meet({ script: [say(frame(greeting({ capabilities: withTls }), 0)), hear, say(bits), close], symbol })
      const payload = Buffer.from(bits.subarray(0, 60))
      for (const first of [0x01, 0x02, 0xfe]) {
        payload[0] = first
        await meet({ script: dialogue([payload]), symbol })
      }
      payload[0] = 0xff
      const { error } = await meet({ script: dialogue([payload]), symbol: [...symbol, err0(payload)] })
      assert.match(error.symbol, served)
    })
  }

  /** The name of the error that the bytes happen to be. */
  function err0(payload: Buffer): string {
    return `ER_${payload.readUInt16LE(1)}`
  }
})
