/** What a broken or hostile capture makes of a TLS connection: a reason, and nothing false. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { record, recordsOf } from '../../../test/support/tls-records.ts'
import { certificateOf, noEncryptThenMac, talkOverTls, watched } from '../../../test/support/tls-tap.ts'
import type { Side } from '../observation.ts'
import { KeyLog } from './key-log.ts'
import { TlsWatch } from './tls-watch.ts'

const server = certificateOf('ecdsa')
const tls12 = { maxVersion: 'TLSv1.2' } as const
const lines = ['hello from the client', 'hello from the server', 'bye']

const talk13 = await talkOverTls({ server, lines })
const talk12 = await talkOverTls({ server, lines, client: tls12 })
const talkCbc = await talkOverTls({
  server,
  lines,
  client: { ...tls12, ciphers: 'ECDHE-ECDSA-AES128-SHA', secureOptions: noEncryptThenMac },
})
const talks = [talk13, talk12, talkCbc]

describe('TlsWatch, with what is broken', () => {
  it('stops a direction where bytes are missing, and follows the other', () => {
    const keys = new KeyLog()
    keys.add(talk13.keyLog)
    const said = { client: '', server: '' }
    const watch = new TlsWatch(keys, {
      plaintext: (from, bytes) => {
        said[from] += Buffer.from(bytes).toString()
      },
    })
    let received = 0
    for (const { from, bytes } of talk13.segments) {
      const isLost = from === 'client' && said.server === lines[1]
      if (isLost) watch.gap(from)
      else watch.push(from, bytes, 0)
      if (from === 'client' && !isLost) received += bytes.length
    }
    assert.deepEqual(said, { client: lines[0], server: talk13.said.server })
    assert.equal(watch.facts().inside, `bytes are missing at offset ${received} of the client`)
  })

  it('says what is no TLS', () => {
    const http = { from: 'client', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') } as const
    assert.equal(watched([http]).facts.inside, 'the bytes at offset 0 of the client are no TLS record')
    const long = { from: 'server', bytes: Uint8Array.of(22, 3, 3, 0x48, 0x01) } as const
    assert.equal(watched([long]).facts.inside, 'the bytes at offset 0 of the server are no TLS record')
  })

  it('takes no hello from the wrong side', () => {
    const hellos = recordsOf(talk12.segments).slice(0, 2)
    const turned = hellos.map(({ from, bytes }) => ({ from: from === 'client' ? 'server' : 'client', bytes }) as const)
    const { facts } = watched(turned)
    assert.equal(facts.offered, undefined)
    assert.equal(facts.version, undefined)
  })

  it('takes a handshake whose middle is missing for no resumed one', () => {
    const watch = new TlsWatch(undefined, { plaintext: assert.fail })
    const records = recordsOf(talk12.segments)
    for (const { from, bytes } of records.slice(0, 2)) watch.push(from, bytes, 0)
    watch.gap('server')
    for (const { from, bytes } of records.slice(2)) watch.push(from, bytes, 0)
    assert.equal(watch.facts().version, 'TLSv1.2')
    assert.equal(watch.facts().resumed, false)
    assert.match(watch.facts().inside, /^bytes are missing at offset \d+ of the server$/)
  })

  it('believes no data that comes in clear', () => {
    const forged = { from: 'server', bytes: record(23, Buffer.from('forged')) } as const
    const { said, facts } = watched([...recordsOf(talk12.segments).slice(0, 2), forged], talk12.keyLog)
    assert.equal(said.server, '')
    assert.equal(facts.inside, 'the server sends data before it has keys')
  })

  it('says which field of a hello does not decode', () => {
    const hello = { from: 'client', bytes: record(22, Uint8Array.of(1, 0, 0, 4, 3, 3, 9, 9)) } as const
    assert.match(watched([hello]).facts.inside, /ClientHello.*32 bytes for random at offset 2, got 2 bytes/)
  })

  it('holds no more than 128 KiB of a message, 64 KiB of a client that nobody answers, and 16 alerts', () => {
    const piece = new Uint8Array(16_384)
    const message = [Uint8Array.of(11, 2, 0, 1), ...Array.from({ length: 9 }, () => piece)]
    const { facts } = watched(message.map((bytes) => ({ from: 'server', bytes: record(22, bytes) })))
    assert.equal(facts.inside, 'a handshake message of the server has more than 128 KiB')

    const early = Array.from({ length: 5 }, () => ({ from: 'client', bytes: record(23, piece) }) as const)
    assert.equal(watched(early).facts.inside, 'the client sends data, and no ServerHello came')

    const alerts = Array.from(
      { length: 40 },
      () => ({ from: 'client', bytes: record(21, Uint8Array.of(1, 99)) }) as const,
    )
    assert.equal(watched(alerts).facts.alerts.length, 16)
    assert.deepEqual(watched(alerts).facts.alerts[0], {
      from: 'client',
      level: 'warning',
      description: 'alert 99',
      atMs: 0,
    })
  })

  it('never throws, whatever arrives, and wherever it does', () => {
    const records = talks.map(({ segments }) => recordsOf(segments))
    const keyLog = talks.map((talk) => talk.keyLog).join('\n')
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.integer({ min: 20, max: 24 }), fc.uint8Array({ maxLength: 80 }))
        .map(([type, body]) => record(type, body)),
      fc
        .tuple(fc.constantFrom(1, 2, 4, 5, 11, 14, 20, 24), fc.uint8Array({ maxLength: 80 }))
        .map(([type, body]) => record(22, Uint8Array.of(type, 0, 0, body.length, ...body))),
      fc.constantFrom(...records.flat()).map((one) => one.bytes),
      fc.tuple(fc.constantFrom(...records.flat()), fc.nat(), fc.nat(255)).map(([one, at, value]) => {
        const changed = one.bytes.slice()
        changed[at % changed.length] = value
        return changed
      }),
    )
    const anything = fc.array(fc.record({ from: fc.constantFrom<Side>('client', 'server'), bytes }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.nat(20), anything, (talk, length, segments) => {
        watched([...talk.slice(0, length), ...segments], keyLog)
      }),
      { numRuns: 500 },
    )
  })
})
