/** The captures of real logins, seen from beside: each must come out as its README says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesOf, type Capture, captures } from '../../test/support/captures.ts'
import { readPcap } from '../../test/support/pcap.ts'
import type { Observation } from './observation.ts'
import { Observer } from './observer.ts'

const opened = {
  client: { address: '127.0.0.1', port: 50_000 },
  server: { address: '127.0.0.1', port: 3306 },
  startedMs: undefined,
}

/** The first connection of a capture, cut into pieces of `size` bytes. */
function observe(capture: Capture, size = Number.POSITIVE_INFINITY): Observation {
  const observer = new Observer(opened, { number: 1 })
  const [conversation] = readPcap(bytesOf(capture))
  let atMs = 0
  for (const { from, bytes } of conversation?.segments ?? []) {
    for (let at = 0; at < bytes.length; at += size) observer.onData(from, bytes.subarray(at, at + size), atMs)
    atMs++
  }
  return observer.finish()
}

const plain = captures.filter(({ tls }) => !tls)

describe('Observer, on captures in clear', () => {
  for (const capture of plain) {
    it(`tells the outcome of ${capture.name}`, () => {
      const seen = observe(capture)
      const { outcome } = capture
      // The index counts an error in the sandbox of an expired password as the outcome.
      const said = seen.error ?? seen.packets.find(({ kind }) => kind === 'Err')?.fields
      if (outcome === null) assert.equal(seen.outcome, 'aborted')
      else if (outcome === 'OK') assert.equal(seen.outcome, 'ok')
      else assert.deepEqual([said?.code, said?.message], [outcome.code, outcome.message])
    })
  }

  it('sees the plugins that the index lists, in their order', () => {
    for (const capture of plain) {
      const seen = observe(capture)
      const named = seen.exchanges
        .filter(({ by }) => by === 'switch' || by === 'next-factor')
        .map(({ plugin }) => plugin)
      const listed = capture.flow.flatMap((step) => /^(?:switch|next factor) \(([\w-]+)/.exec(step)?.[1] ?? [])
      assert.deepEqual(named, listed, capture.name)
    }
  })

  it('sees the same in pieces of any size', () => {
    for (const capture of plain.filter((_, i) => i % 7 === 0)) {
      const whole = observe(capture)
      for (const size of [1, 2, 3, 5, 64]) assert.deepEqual(observe(capture, size), whole, `${capture.name}, ${size}`)
    }
  })

  it('keeps no view of what it was given', () => {
    const [capture] = plain
    assert.ok(capture !== undefined)
    const file = Buffer.from(bytesOf(capture))
    const observer = new Observer(opened, { number: 1 })
    const [conversation] = readPcap(file)
    for (const { from, bytes } of conversation?.segments ?? []) {
      const lent = Buffer.from(bytes)
      observer.onData(from, lent, 0)
      lent.fill(0xee)
    }
    assert.deepEqual(observer.finish().exchanges, observe(capture).exchanges)
  })
})

describe('Observer, on what is no login', () => {
  const http = Buffer.from('HTTP/1.1 400 Bad Request\r\n')
  it('names the protocol by the first bytes of either side', () => {
    for (const [from, bytes, foreign] of [
      ['server', http, 'http'],
      ['server', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), 'ssh'],
      ['client', Buffer.from('GET / HTTP/1.1\r\n'), 'http'],
      ['client', Buffer.from('160301020001', 'hex'), 'tls'],
      ['client', Buffer.from('0000000804d2162f', 'hex'), 'postgresql'],
      ['server', Buffer.from('050000000b081a', 'hex'), 'x-protocol'],
    ] as const) {
      const observer = new Observer(opened, { number: 1 })
      observer.onData(from, bytes, 0)
      const seen = observer.finish()
      assert.deepEqual([seen.foreign, seen.outcome], [foreign, 'aborted'], bytes.toString('latin1'))
    }
  })

  it('names it also when the greeting was faster', () => {
    const [greeting] = readPcap(bytesOf(plain[0] as Capture))[0]?.server ?? []
    const observer = new Observer(opened, { number: 1 })
    observer.onData('server', greeting as Uint8Array, 0)
    observer.onData('client', Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 5 6\r\n'), 1)
    assert.equal(observer.finish().packets.at(-1)?.problem?.startsWith('a header of the PROXY protocol'), true)
    const web = new Observer(opened, { number: 2 })
    web.onData('server', greeting as Uint8Array, 0)
    web.onData('client', Buffer.from('GET / HTTP/1.1\r\n'), 1)
    assert.equal(web.finish().foreign, 'http')
  })

  it('says where it stops, and why', () => {
    const observer = new Observer(opened, { number: 1 })
    observer.onData('server', Uint8Array.of(0x4a, 0, 0, 0, 0x0a, 0x39), 0)
    assert.equal(observer.finish().stopped, 'a packet of the server ends after 2 of 74 bytes (offset 6)')
    const late = new Observer(opened, { number: 1 })
    late.onData('server', Uint8Array.of(7, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0), 0)
    assert.match(late.finish().stopped ?? '', /no greeting: the capture begins later/)
  })

  it('holds no more than 64 KiB of a packet, and nothing of what follows a verdict', () => {
    const [capture] = plain.filter(({ name }) => name === 'my97-sha2-fast-hit-mysql2')
    const observer = new Observer(opened, { number: 1 })
    const [conversation] = readPcap(bytesOf((capture ?? plain[0]) as Capture))
    for (const { from, bytes } of conversation?.segments ?? []) observer.onData(from, bytes, 0)
    const big = Buffer.alloc(1 << 20, 0x41)
    big.writeUIntLE((1 << 20) - 4, 0, 3)
    big[3] = 0
    big[4] = 3
    for (let i = 0; i < 100; i++) observer.onData('client', big, 1)
    const kept = observer.finish().packets.reduce((sum, { payload }) => sum + payload.length, 0)
    assert.ok(kept < 50 * 65_536 + 10_000, `${kept} bytes`)
  })
})
