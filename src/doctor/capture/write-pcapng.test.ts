import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, Side } from '../observation.ts'
import type { CaptureSummary, FlowOpened } from './flows.ts'
import { CaptureReader } from './read-capture.ts'
import { PcapngWriter } from './write-pcapng.ts'
import { WrittenFlow } from './write-pcapng-flow.ts'

const startedMs = 1_795_000_000_123.25
const v4 = (host: number, port: number): Endpoint => ({ address: `10.0.0.${host}`, port })

/** What a writer leaves behind. */
function written(use: (file: PcapngWriter) => void): Buffer {
  const parts: Uint8Array[] = []
  const write = (more: readonly Uint8Array[]) => void parts.push(...more.map((part) => Uint8Array.from(part)))
  use(new PcapngWriter({ application: 'Saltgate test', comment: 'hö', write }))
  return Buffer.concat(parts)
}

interface Read {
  readonly flows: readonly {
    readonly opened: FlowOpened
    readonly said: Record<Side, Buffer>
    readonly calls: readonly (readonly [what: string, from: Side, length: number, atMs: number])[]
  }[]
  readonly summary: CaptureSummary
}

function read(file: Uint8Array): Read {
  const flows: Read['flows'][number][] = []
  const reader = new CaptureReader((opened) => {
    const said = { client: Buffer.alloc(0), server: Buffer.alloc(0) }
    const calls: [string, Side, number, number][] = []
    flows.push({ opened, said, calls })
    return {
      onData(from, bytes, atMs) {
        said[from] = Buffer.concat([said[from], bytes])
        calls.push(['data', from, bytes.length, atMs])
      },
      onGap: (from, length, atMs) => void calls.push(['gap', from, length, atMs]),
      onEnd: (from, how, atMs) => void calls.push([how, from, 0, atMs]),
      finish() {},
    }
  })
  reader.push(file)
  return { flows, summary: reader.end() }
}

const flowOf = (client: Endpoint, server: Endpoint): FlowOpened => ({
  client,
  server,
  startedMs,
  atMs: 0,
  sawSyn: true,
})

describe('a written capture', () => {
  it('has what each side said, when, and how it ended', () => {
    const file = written((writer) => {
      const flow = new WrittenFlow(writer, flowOf(v4(1, 50_000), v4(2, 3306)), 1)
      flow.data('server', Buffer.from('hello'), 0, 1.5, undefined)
      flow.data('client', Buffer.from('a secret'), 0, 2.25, '6 bytes are blanked')
      flow.end('client', 'fin', 3)
      flow.end('server', 'rst', 4)
    })
    const { flows, summary } = read(file)
    assert.deepEqual(flows[0]?.opened, flowOf(v4(1, 50_000), v4(2, 3306)))
    assert.deepEqual(flows[0]?.calls, [
      ['data', 'server', 5, 1.5],
      ['data', 'client', 8, 2.25],
      ['fin', 'client', 0, 3],
      ['rst', 'server', 0, 4],
    ])
    assert.deepEqual(
      [summary.format, summary.stopped, summary.frames, summary.bytes],
      ['pcapng', undefined, 7, file.length],
    )
    for (const text of ['Saltgate test', 'hö', '6 bytes are blanked']) assert.ok(file.includes(text), text)
  })

  it('says of bytes that are left out how many there were', () => {
    const { flows } = read(
      written((writer) => {
        const flow = new WrittenFlow(writer, flowOf(v4(1, 50_000), v4(2, 3306)), 1)
        flow.data('client', Buffer.from('seen'), 100_000, 1, 'the rest is compressed')
        flow.data('server', Buffer.from('yes'), 0, 2, undefined)
        flow.data('client', Buffer.from('again'), 0, 3, undefined)
        flow.end('client', 'fin', 4)
        flow.end('server', 'fin', 4)
      }),
    )
    assert.equal(flows[0]?.said.client.toString(), 'seenagain')
    const gaps = flows[0]?.calls.filter(([what]) => what === 'gap').map(([, from, length]) => [from, length])
    const lost = gaps?.reduce((sum, [, length]) => sum + Number(length), 0)
    assert.deepEqual([gaps?.[0]?.[0], lost], ['client', 100_000])
  })

  it('writes every address, unix sockets among them', () => {
    const pairs: [Endpoint, Endpoint, string, string][] = [
      [{ address: '::1', port: 1024 }, { address: 'fe80::1:2:3', port: 3306 }, '::1', 'fe80::1:2:3'],
      [{ address: 'fe80::7%eth0', port: 1024 }, { address: '2001:db8::', port: 3306 }, 'fe80::7', '2001:db8::'],
      [
        { address: '1.2.3.4', port: 1024 },
        { address: '1:2:3:4:5:6:7:8', port: 3306 },
        '::ffff:1.2.3.4',
        '1:2:3:4:5:6:7:8',
      ],
      [{ address: '::ffff:1.2.3.4', port: 1024 }, { address: '::', port: 3306 }, '::ffff:1.2.3.4', '::'],
      [{ address: '/a.sock', port: 0 }, { address: '/b.sock', port: 0 }, '127.0.0.1', '127.0.0.1'],
      [{ address: '/a.sock', port: 0 }, { address: '::1', port: 3306 }, '::ffff:127.0.0.1', '::1'],
      [{ address: '9.9.9.9', port: 1024 }, { address: 'db.example.com', port: 3306 }, '9.9.9.9', '127.0.0.1'],
    ]
    for (const [client, server, from, to] of pairs) {
      const file = written((writer) => {
        new WrittenFlow(writer, flowOf(client, server), 7).data('client', Buffer.from('x'), 0, 0, undefined)
      })
      const [flow] = read(file).flows
      assert.deepEqual([flow?.opened.client.address, flow?.opened.server.address], [from, to])
      assert.equal(flow?.said.client.toString(), 'x')
    }
  })

  it('gives back any conversation, of any number of connections', () => {
    const side = fc.constantFrom<Side>('client', 'server')
    const said = fc.record({ flow: fc.nat(3), from: side, bytes: fc.uint8Array({ maxLength: 70_000, size: 'max' }) })
    fc.assert(
      fc.property(fc.array(said, { maxLength: 12 }), (all) => {
        const expected = Array.from({ length: 4 }, () => ({ client: Buffer.alloc(0), server: Buffer.alloc(0) }))
        const file = written((writer) => {
          const flows = expected.map((_, i) => new WrittenFlow(writer, flowOf(v4(1, 50_000 + i), v4(2, 3306)), i))
          all.forEach(({ flow, from, bytes }, i) => {
            flows[flow]?.data(from, bytes, 0, i, undefined)
            const one = expected[flow]
            if (one !== undefined) one[from] = Buffer.concat([one[from], bytes])
          })
        })
        const { flows, summary } = read(file)
        assert.deepEqual(
          flows.map(({ said: { client, server } }) => ({ client, server })),
          expected,
        )
        assert.deepEqual([summary.lostBytes, summary.retransmitted, summary.outOfOrder], [0, 0, 0])
      }),
      { numRuns: 40 },
    )
  })

  it('has checksums that hold', () => {
    const frames: Buffer[] = []
    const write = (parts: readonly Uint8Array[]) => void frames.push(Buffer.concat(parts))
    for (const server of ['10.0.0.2', '2001:db8::2']) {
      const client = server.includes(':') ? '2001:db8::1' : '10.0.0.1'
      const writer = new PcapngWriter({ application: 'x', write })
      frames.length = 0
      const flow = new WrittenFlow(
        writer,
        flowOf({ address: client, port: 50_000 }, { address: server, port: 3306 }),
        1,
      )
      flow.data('client', Buffer.from('odd'), 0, 0, undefined)
      for (const block of frames) {
        const frame = block.subarray(28, 28 + block.readUInt32LE(20))
        const ip = frame.subarray(14)
        const [size, addresses] = ip[0] === 0x45 ? [20, 12] : [40, 8]
        if (size === 20) assert.equal(sum(ip.subarray(0, size)), 0xffff)
        const tcp = ip.subarray(size)
        const pseudo = Buffer.concat([
          ip.subarray(addresses, size),
          Buffer.from([0, 6, tcp.length >> 8, tcp.length & 0xff]),
        ])
        assert.equal(sum(Buffer.concat([pseudo, tcp, Buffer.alloc(tcp.length & 1)])), 0xffff)
      }
      assert.equal(frames.length, 4)
    }
  })
})

/** In ones' complement. */
function sum(bytes: Buffer): number {
  let total = 0
  for (let i = 0; i < bytes.length; i += 2) total += bytes.readUInt16BE(i)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}
