/**
 * What was said inside TLS between real clients and real servers: with the client's key log every capture decrypts, and the login
 * inside is what the table of the captures says; without one, the handshake tells what it can.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeHandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { FrameReader } from '../../src/wire/framer.ts'
import { latin1 } from '../../src/wire/reader.ts'
import { bytesOf, type Capture, captures } from '../support/captures.ts'
import { inWords, type SentPacket } from '../support/pair.ts'
import { readPcap, type Segment } from '../support/pcap.ts'
import { watched } from '../support/tls-tap.ts'

const overTls = captures.filter(({ tls }) => tls)

const native = 'response (mysql_native_password, 20 bytes)'
const sha2 = 'response (caching_sha2_password, 32 bytes)'
const ed25519 = `${native} > switch (client_ed25519, 32 bytes) > reply (64 bytes) > OK`

/** What was said inside, by the names of the captures: one of them each. */
const flows: readonly (readonly [name: RegExp, flow: string])[] = [
  [/^ma.*-(native|requiressl)-/, `${native} > OK`],
  [/^ma.*-ed25519-/, ed25519],
  [/-parsec-/, `${native} > switch (parsec, 32 bytes) > reply (0 bytes) > 01 +20 bytes > reply (96 bytes) > OK`],
  [/-sha2-fast-hit-|-compress-/, `${sha2} > 01 03 > OK`],
  [/-sha2-full-(?!mariadb)/, `${sha2} > 01 04 > reply (8 bytes) > OK`],
  // The npm client begins with mysql_native_password, whatever the greeting names.
  [
    /-full-mariadb$/,
    `${native} > switch (caching_sha2_password, 21 bytes) > reply (32 bytes) > 01 04 > reply (8 bytes) > OK`,
  ],
  [/-sha2-wrong-/, `${sha2} > 01 04 > reply (7 bytes) > ERR 1045`],
  [/-sha256-ok-/, `${sha2} > switch (sha256_password, 21 bytes) > reply (10 bytes) > OK`],
  [/^my97-tls-requiressl-/, `${sha2} > 01 04 > reply (7 bytes) > OK`],
  [/-x509-ok-/, `${sha2} > 01 04 > reply (8 bytes) > OK`],
  [/-x509-nocert-/, `${sha2} > 01 03 > ERR 1045`],
  [/-clear-/, `${sha2} > switch (mysql_clear_password, 0 bytes) > reply (9 bytes) > OK`],
  [/-mfa2-/, `${sha2} > 01 03 > next factor (mysql_clear_password, 0 bytes) > reply (10 bytes) > OK`],
]

describe('TLS seen from beside, on real servers', () => {
  it('has a capture of each kind', () => {
    assert.equal(overTls.length, 43)
    assert.equal(overTls.filter((capture) => keyLogOf(capture) !== undefined).length, 42)
  })

  for (const capture of overTls) {
    const keyLog = keyLogOf(capture)
    const version = capture.name.includes('tls12') ? 'TLSv1.2' : 'TLSv1.3'

    if (keyLog !== undefined) {
      it(`reads the login of ${capture.name}`, () => {
        const { said, facts } = watched(behindSslRequest(capture), keyLog)
        assert.equal(facts.inside, 'seen')
        assert.equal(facts.version, version)
        const packets = packetsOf(said)
        const login = decodeHandshakeResponse41(packets[0]!.payload)
        assert.equal(latin1(login.user), capture.account)
        const expected = flows.filter(([name]) => name.test(capture.name)).map(([, flow]) => flow)
        assert.deepEqual([flowOf(packets).join(' > ')], expected)
        if (capture.name.includes('-full-')) assert.ok(said.client.includes(`${capture.password}\0`))
        assert.match(new X509Certificate(facts.certificates[0]!).subject, /CN=/)
      })
    }

    it(`tells what the handshake of ${capture.name} shows to everybody`, () => {
      const { said, facts } = watched(behindSslRequest(capture))
      assert.deepEqual(said, { client: '', server: '' })
      assert.equal(facts.inside, 'no-keys')
      assert.equal(facts.version, version)
      assert.equal(facts.offered, version)
      assert.match(facts.cipher!, version === 'TLSv1.3' ? /^TLS_/ : /^ECDHE-RSA-AES/)
      assert.equal(facts.certificates.length > 0, version === 'TLSv1.2')
      assert.equal(facts.resumed, false)
    })
  }
})

function keyLogOf(capture: Capture): string | undefined {
  const file = new URL(`../vectors/captures/${capture.name}.keys`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'latin1') : undefined
}

/** Without the greeting of the server and the SSLRequest of the client. */
function behindSslRequest(capture: Capture): Segment[] {
  const [conversation] = readPcap(bytesOf(capture))
  const clear = { client: 36, server: 4 + conversation!.server[0]![0]! + conversation!.server[0]![1]! * 256 }
  return conversation!.segments.flatMap(({ from, bytes }) => {
    const rest = bytes.subarray(clear[from])
    clear[from] -= bytes.length - rest.length
    return rest.length === 0 ? [] : [{ from, bytes: rest }]
  })
}

/** Both sides in the order of their sequence ids, up to the verdict: behind an SSLRequest they alternate. */
function packetsOf(said: { client: string; server: string }): SentPacket[] {
  const packets = (['client', 'server'] as const).flatMap((from) => {
    const reader = new FrameReader(0xffffff)
    reader.push(Buffer.from(said[from], 'latin1'))
    const sent: SentPacket[] = []
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.sequenceId < 2 || (sent.at(-1)?.sequenceId ?? 0) >= frame.sequenceId) break
      sent.push({ from, payload: Uint8Array.from(frame.payload), sequenceId: frame.sequenceId })
      if (from === 'server' && (frame.payload[0] === 0 || frame.payload[0] === 0xff)) break
    }
    return sent
  })
  const last = packets.at(-1)!.sequenceId
  return packets.filter(({ sequenceId }) => sequenceId <= last).sort((a, b) => a.sequenceId - b.sequenceId)
}

function flowOf(packets: readonly SentPacket[]): string[] {
  const flow: string[] = []
  for (const packet of packets) flow.push(inWords(packet, flow))
  return flow
}
