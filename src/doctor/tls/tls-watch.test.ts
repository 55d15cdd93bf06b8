import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { cut, headOf, joined, record, recordsOf, repeat, runs, total } from '../../../test/support/tls-records.ts'
import { certificateOf, noEncryptThenMac, recordedTls, talkOverTls, watched } from '../../../test/support/tls-tap.ts'
import { KeyLog } from './key-log.ts'
import { TlsWatch } from './tls-watch.ts'

const server = certificateOf('rsa')
const tls12 = { maxVersion: 'TLSv1.2' } as const
const lines = ['hello from the client', 'hello from the server', 'x'.repeat(300), 'y'.repeat(300)]

const talk13 = await talkOverTls({ server, lines })
const talk12 = await talkOverTls({ server, lines, client: tls12 })
const talkCbc = await talkOverTls({ server, lines, client: { ...tls12, ciphers: 'AES128-SHA' } })
const talkMac = await talkOverTls({
  server,
  lines,
  client: { ...tls12, ciphers: 'AES256-SHA256', secureOptions: noEncryptThenMac },
})
const talks = {
  'TLS 1.3': talk13,
  'TLS 1.2': talk12,
  'TLS 1.2 with CBC': talkCbc,
  'TLS 1.2 with CBC, MAC first': talkMac,
}

describe('TlsWatch', () => {
  for (const [name, talk] of Object.entries(talks)) {
    it(`hears and knows everything of ${name} with the keys`, () => {
      const { said, facts } = watched(talk.segments, talk.keyLog)
      assert.deepEqual(said, talk.said)
      assert.deepEqual(
        { ...facts, certificates: facts.certificates.map((der) => Uint8Array.from(der)) },
        {
          offered: talk.version,
          version: talk.version,
          cipher: talk.cipher,
          serverName: 'door.test',
          certificates: [Uint8Array.from(talk.certificate!)],
          alerts: [{ from: 'server', level: 'warning', description: 'close_notify', atMs: 0 }],
          resumed: false,
          inside: 'seen',
        },
      )
    })

    it(`hears the same of ${name} however it is cut`, () => {
      const whole = watched(talk.segments, talk.keyLog)
      fc.assert(
        fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (lengths) => {
          assert.deepEqual(watched(cut(talk.segments, lengths), talk.keyLog), whole)
        }),
        { numRuns: 30 },
      )
      assert.deepEqual(watched(cut(talk.segments, repeat(1)), talk.keyLog), whole)
      assert.deepEqual(watched(joined(talk.segments), talk.keyLog), whole)
    })

    it(`stops with the reason at any record of ${name} that was changed, and hears nothing false`, () => {
      const records = recordsOf(talk.segments)
      let stopped = 0
      for (const [index, { from, bytes }] of records.entries()) {
        for (const at of new Set([0, 1, 5, 5 + Math.floor((bytes.length - 5) / 2), bytes.length - 1])) {
          const changed = records.map((record) => ({ ...record, bytes: record.bytes.slice() }))
          changed[index]!.bytes[at]! ^= 0x40
          const { said, facts } = watched(changed, talk.keyLog)
          for (const side of ['client', 'server'] as const) assert.ok(talk.said[side].startsWith(said[side]))
          if (said.client === talk.said.client && said.server === talk.said.server) continue
          assert.ok(!['seen', 'not-reached'].includes(facts.inside), `${from} ${index} ${at}: ${facts.inside}`)
          stopped++
        }
      }
      assert.ok(stopped > records.length, `${stopped} of ${records.length} records`)
    })

    it(`names the record of ${name} that does not authenticate, and follows the other direction`, () => {
      const records = recordsOf(talk.segments)
      const index = records.findIndex(({ from, bytes }) => from === 'client' && bytes[0] === 23 && bytes.length > 250)
      const offset = records
        .slice(0, index)
        .reduce((total, { from, bytes }) => total + (from === 'client' ? bytes.length : 0), 0)
      const changed = records.map((record) => ({ ...record, bytes: record.bytes.slice() }))
      changed[index]!.bytes[100]! ^= 1
      const { said, facts } = watched(changed, talk.keyLog)
      assert.deepEqual(said, { client: lines[0], server: talk.said.server })
      assert.equal(facts.inside, `the record at offset ${offset} of the client does not authenticate`)
    })

    it(`knows at each end of ${name} only what came before`, () => {
      const whole = joined(talk.segments)
      for (let length = 0; length < total(whole); length += 7) {
        const { said, facts } = watched(headOf(whole, length), talk.keyLog)
        for (const side of ['client', 'server'] as const) assert.ok(talk.said[side].startsWith(said[side]))
        assert.equal(facts.inside, said.client === '' ? 'not-reached' : 'seen')
      }
    })

    it(`says no-keys of ${name} without a key log, or with that of another connection`, () => {
      for (const keyLog of [undefined, '', talks[name === 'TLS 1.3' ? 'TLS 1.2' : 'TLS 1.3'].keyLog]) {
        const { said, facts } = watched(talk.segments, keyLog)
        assert.deepEqual(said, { client: '', server: '' })
        assert.equal(facts.inside, 'no-keys')
        assert.equal(facts.version, talk.version)
        assert.equal(facts.cipher, talk.cipher)
        assert.equal(facts.certificates.length, name === 'TLS 1.3' ? 0 : 1)
        assert.deepEqual(facts.alerts, [])
      }
      const beforeData = recordsOf(talk.segments).slice(
        0,
        recordsOf(talk.segments).findIndex(({ bytes }) => bytes[0] === 23),
      )
      assert.equal(watched(beforeData).facts.inside, 'not-reached')
    })

    it(`takes a record of any length behind ${name} for what it is`, () => {
      for (let length = 0; length < 80; length++) {
        for (const from of ['client', 'server'] as const) {
          const forged = { from, bytes: record(23, new Uint8Array(length)) }
          const { said, facts } = watched([...talk.segments, forged], talk.keyLog)
          assert.deepEqual(said, talk.said)
          assert.match(facts.inside, new RegExp(`^the record at offset \\d+ of the ${from} does not authenticate$`))
        }
      }
    })
  }

  it('keeps nothing of the bytes that it is given', () => {
    const keys = new KeyLog()
    keys.add(talk12.keyLog)
    let said = ''
    const watch = new TlsWatch(keys, {
      plaintext: (_, bytes) => {
        said += Buffer.from(bytes).toString()
      },
    })
    const scratch = Buffer.alloc(100)
    for (const { from, bytes } of cut(talk12.segments, repeat(100))) {
      scratch.set(bytes)
      watch.push(from, scratch.subarray(0, bytes.length), 0)
      scratch.fill(0)
    }
    assert.equal(said, lines.join(''))
    assert.deepEqual(Uint8Array.from(watch.facts().certificates[0]!), Uint8Array.from(talk12.certificate!))
  })

  it('says what came when, with the time at which the record was whole', () => {
    const keys = new KeyLog()
    keys.add(talk13.keyLog)
    const heard: string[] = []
    const watch = new TlsWatch(keys, {
      plaintext: (from, bytes, atMs) => heard.push(`${from} ${bytes.length} ${atMs}`),
    })
    for (const [index, { from, bytes }] of recordsOf(talk13.segments).entries()) {
      watch.push(from, bytes.subarray(0, 3), index)
      watch.push(from, bytes.subarray(3), index + 0.5)
    }
    assert.equal(heard.length, 4)
    for (const line of heard) assert.match(line, /^(client|server) \d+ \d+\.5$/)
    assert.match(String(watch.facts().alerts[0]?.atMs), /\.5$/)
  })

  it('takes keys that come after the hellos, before what they open', () => {
    const keys = new KeyLog()
    let said = ''
    const watch = new TlsWatch(keys, {
      plaintext: (_, bytes) => {
        said += Buffer.from(bytes).toString()
      },
    })
    const records = recordsOf(talk12.segments)
    const change = records.findIndex(({ bytes }) => bytes[0] === 20)
    for (const { from, bytes } of records.slice(0, change)) watch.push(from, bytes, 0)
    keys.add(talk12.keyLog)
    for (const { from, bytes } of records.slice(change)) watch.push(from, bytes, 0)
    assert.equal(said, lines.join(''))
  })

  it('waits for the ServerHello where a capture has the client first', () => {
    for (const talk of Object.values(talks)) {
      const clientFirst = talk.segments.toSorted((a, b) => a.from.localeCompare(b.from))
      assert.deepEqual(watched(clientFirst, talk.keyLog), watched(talk.segments, talk.keyLog))
    }
  })

  for (const [name, client] of Object.entries({ 'TLS 1.3': {}, 'TLS 1.2': tls12 })) {
    it(`knows a resumed session of ${name}`, async () => {
      const context = { ...server, ticketKeys: Buffer.alloc(48, 3) }
      const first = await talkOverTls({ server: context, client })
      const second = await talkOverTls({ server: context, client: { ...client, session: first.session! } })
      assert.equal(second.reused, true)
      assert.equal(watched(first.segments).facts.resumed, false)
      assert.equal(watched(second.segments).facts.resumed, true)
      const { said, facts } = watched(second.segments, second.keyLog)
      assert.deepEqual(said, second.said)
      assert.deepEqual(facts.certificates, [])
    })
  }

  it('follows a HelloRetryRequest', async () => {
    const talk = await talkOverTls({
      server: { ...server, ecdhCurve: 'P-384' },
      client: { ecdhCurve: 'X25519:P-384' },
      lines,
    })
    assert.equal(talk.error, undefined)
    const hellos = recordsOf(talk.segments).filter(({ from, bytes }) => from === 'client' && bytes[0] === 22)
    assert.equal(hellos.length, 2, 'a second ClientHello')
    const { said, facts } = watched(talk.segments, talk.keyLog)
    assert.deepEqual(said, talk.said)
    assert.equal(facts.inside, 'seen')
    assert.equal(facts.resumed, false)
  })

  it('follows a renegotiation', async () => {
    const talk = await talkOverTls({
      server,
      client: tls12,
      lines,
      before: (line, client) =>
        line === 2
          ? new Promise((resolve, reject) => {
              client.renegotiate({}, (error) => (error === null ? resolve() : reject(error)))
            })
          : undefined,
    })
    assert.equal(talk.error, undefined)
    assert.equal(talk.keyLog.match(/CLIENT_RANDOM/g)?.length, 2)
    const { said, facts } = watched(talk.segments, talk.keyLog)
    assert.deepEqual(said, talk.said)
    assert.equal(facts.inside, 'seen')
    assert.equal(facts.resumed, false)
  })

  it('follows new keys of both sides', () => {
    const { segments, keyLog } = recordedTls('key-update')
    const { said, facts } = watched(segments, keyLog)
    assert.deepEqual(said, { client: 'one\ntwo\nfive\n', server: 'three\nfour\n' })
    assert.equal(facts.inside, 'seen')
  })

  it('follows a client that proves itself late, whose certificate is not the server’s', () => {
    const { segments, keyLog } = recordedTls('late-certificate')
    const { said, facts } = watched(segments, keyLog)
    assert.deepEqual(said, { client: 'one\ntwo\n', server: 'three\n' })
    assert.equal(facts.inside, 'seen')
    const [certificate] = facts.certificates
    assert.equal(new X509Certificate(certificate!).publicKey.asymmetricKeyType, 'ec')
  })

  it('hears early data, and what comes behind it', () => {
    const { segments, keyLog } = recordedTls('early-data')
    const { said, facts } = watched(segments, keyLog)
    assert.deepEqual(said, { client: 'early ping\nping\n', server: 'pong\n' })
    assert.equal(facts.inside, 'seen')
    assert.equal(facts.resumed, true)
  })

  it('puts handshake messages together that are cut into records of 512 bytes', async () => {
    const talk = await talkOverTls({ server, client: tls12, lines, prepare: (_, side) => side.setMaxSendFragment(512) })
    const { said, facts } = watched(talk.segments, talk.keyLog)
    assert.deepEqual(said, talk.said)
    assert.deepEqual(Uint8Array.from(facts.certificates[0]!), Uint8Array.from(talk.certificate!))
  })

  it('takes handshake messages apart that share a record, or that come byte by byte', () => {
    const whole = watched(talk12.segments, talk12.keyLog)
    for (const most of [1, 10_000]) {
      const recut = recordsOf(talk12.segments)
      const change = recut.findIndex(({ bytes }) => bytes[0] === 20)
      const clear = runs(recut.slice(0, change)).flatMap(({ from, bytes }) =>
        Array.from({ length: Math.ceil(bytes.length / most) }, (_, i) => ({
          from,
          bytes: record(22, bytes.subarray(i * most, (i + 1) * most)),
        })),
      )
      assert.deepEqual(watched([...clear, ...recut.slice(change)], talk12.keyLog), whole)
    }
  })

  it('hears an alert in clear: no version in common', async () => {
    const talk = await talkOverTls({ server: { ...server, minVersion: 'TLSv1.3' }, client: tls12 })
    assert.notEqual(talk.error, undefined)
    const { facts } = watched(talk.segments)
    assert.equal(facts.offered, 'TLSv1.2')
    assert.equal(facts.version, undefined)
    assert.deepEqual(facts.alerts, [{ from: 'server', level: 'fatal', description: 'protocol_version', atMs: 0 }])
    assert.equal(facts.inside, 'not-reached')
  })

  it('hears an alert inside TLS 1.3 with the keys only: no client certificate', async () => {
    const talk = await talkOverTls({ server: { ...server, requestCert: true } })
    const seen = { from: 'server', level: 'fatal', description: 'certificate_required', atMs: 0 } as const
    assert.deepEqual(watched(talk.segments, talk.keyLog).facts.alerts, [seen])
    assert.deepEqual(watched(talk.segments).facts.alerts, [])
  })

  it('says which version it does not read', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const talk = await talkOverTls({ server: { ...server, ...old }, client: old, lines })
    assert.equal(talk.error, undefined)
    const { said, facts } = watched(talk.segments, talk.keyLog)
    assert.deepEqual(said, { client: '', server: '' })
    assert.equal(facts.version, 'TLSv1.1')
    assert.equal(facts.inside, 'TLSv1.1 is not read')
    assert.equal(facts.certificates.length, 1)
  })

  it('says which suite it does not read', () => {
    const records = recordsOf(talk12.segments)
    const hello = records.find(({ from }) => from === 'server')!
    // The number of the suite stands behind the random bytes and the session id.
    const at = 5 + 4 + 2 + 32 + 1 + hello.bytes[5 + 4 + 2 + 32]!
    hello.bytes.set([0x00, 0x05], at)
    assert.equal(watched(records, talk12.keyLog).facts.inside, 'RC4-SHA is not read')
    hello.bytes.set([0x00, 0x2f, 0x01], at)
    assert.equal(watched(records, talk12.keyLog).facts.inside, 'compression by TLS is not read')
  })
})
