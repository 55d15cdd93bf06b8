import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  block,
  enhancedPacket,
  ethernet,
  interfaceDescription,
  links,
  pcapng,
  simplePacket,
  tlsSecrets,
} from '../../../test/support/capture-writer.ts'
import { readCapture, type SeenFlow, story } from '../../../test/support/flows.ts'
import { packets, told } from '../../../test/support/tcp-script.ts'

const timeUs = 1_700_000_000_123_456n

describe('PcapngFile', () => {
  it('reads pcapng: several interfaces and sections, each with its clock and byte order, and unknown blocks', () => {
    const raw = (links['raw IP'] as (typeof links)[string]).type
    const [syn, synAck, ...rest] = packets as [Buffer, Buffer, ...Buffer[]]
    const file = Buffer.concat([
      pcapng(
        { littleEndian: false },
        interfaceDescription(1),
        block(5, () => Buffer.alloc(300_000)),
        interfaceDescription(raw, { resolution: 9, offsetSeconds: 100 }),
        interfaceDescription(105),
        block(0x80000bad, () => Buffer.from('hello')),
        enhancedPacket(0, timeUs, ethernet([], syn)),
        enhancedPacket(1, (timeUs - 100_000_000n) * 1000n + 2_000_000n, synAck),
        enhancedPacket(2, timeUs, Buffer.from('a beacon')),
      ),
      pcapng(
        {},
        interfaceDescription(raw, { resolution: 0x80 | 20 }),
        enhancedPacket(0, ((timeUs + 4_000n) << 20n) / 1_000_000n, rest[0] as Buffer),
        ...rest.slice(1).map((packet) => simplePacket(packet)),
      ),
    ])
    for (const chunks of [[file], chunksOf(file, 1), chunksOf(file, 1000)]) {
      const { flows, summary } = readCapture(chunks)
      assert.deepEqual(flows.map(story), [told])
      assert.equal(flows[0]?.opened.startedMs, Number(timeUs) / 1000)
      assert.deepEqual([...summary.skipped], [['link type 105 (IEEE 802.11)', 1]])
      assert.equal(summary.format, 'pcapng')
      assert.equal(summary.frames, 10)
      assert.equal(summary.stopped, undefined)
    }
  })

  it('measures the time between frames in the units of their interface', () => {
    for (const [resolution, perSecond] of [
      [6, 10n ** 6n],
      [9, 10n ** 9n],
      [3, 1000n],
      [0x80 | 10, 1024n],
    ] as const) {
      const frames = packets.map((packet, i) =>
        enhancedPacket(0, 1_700_000_000n * perSecond + (BigInt(i) * perSecond) / 4n, packet),
      )
      const { flows } = readCapture(pcapng({}, interfaceDescription(101, { resolution }), ...frames))
      assert.deepEqual(
        flows[0]?.events.map(({ atMs }) => Math.round(atMs)),
        [750, 1000, 1250, 1500, 1750],
      )
    }
  })

  it('has no start and no times where there is no clock', () => {
    const { flows } = readCapture(
      pcapng({}, interfaceDescription(101), ...packets.map((packet) => simplePacket(packet))),
    )
    assert.deepEqual(flows.map(story), [told])
    assert.equal(flows[0]?.opened.startedMs, undefined)
    assert.ok(flows[0]?.events.every(({ atMs }) => atMs === 0))
  })

  it('cuts simple packets to the length that their interface keeps', () => {
    const padded = packets.map((packet) => simplePacket(packet.subarray(0, 44), packet.length))
    const { flows } = readCapture(pcapng({}, interfaceDescription(101, { snapLength: 44 }), ...padded))
    assert.deepEqual(story(flows[0] as SeenFlow).slice(0, 3), ['server gree', 'server <4>', 'client logi'])
  })

  it('hands out the TLS secrets that a capture carries', () => {
    const secrets: string[] = []
    const file = pcapng(
      {},
      tlsSecrets('CLIENT_RANDOM 00 11\n'),
      block(10, (u32) => u32(0x57474b4c, 4, 0)),
      block(10, (u32) => u32(1)),
    )
    const { summary } = readCapture(file, { onSecrets: (keyLog) => secrets.push(keyLog) })
    assert.deepEqual(secrets, ['CLIENT_RANDOM 00 11\n'])
    assert.equal(summary.stopped, undefined)
  })

  it('stops where blocks are damaged', () => {
    const damaged: [string, Buffer][] = [
      ['a block of 8 bytes', withWord(pcapng({}, interfaceDescription(1)), 32, 8)],
      ['a block of 21 bytes', withWord(pcapng({}, interfaceDescription(1)), 32, 21)],
      ['a block of 4294967292 bytes', withWord(pcapng({}, interfaceDescription(1)), 32, 0xfffffffc)],
      ['a block with two different lengths', withWord(pcapng({}, interfaceDescription(1)), 44, 24)],
      ['a section without a byte order', withWord(pcapng({}), 8, 1)],
      ['pcapng of version 2', withWord(pcapng({}), 12, 2)],
      [
        'a bad interface description',
        pcapng(
          {},
          block(1, (u32) => u32(1)),
        ),
      ],
      ['a frame of an interface that is not described', pcapng({}, enhancedPacket(0, 0n, Buffer.alloc(4)))],
      ['a frame of an interface that is not described', pcapng({}, simplePacket(Buffer.alloc(4)))],
      [
        'a packet block without its header',
        pcapng(
          {},
          interfaceDescription(1),
          block(6, (u32) => u32(0)),
        ),
      ],
      [
        'a packet block without its header',
        pcapng(
          {},
          interfaceDescription(1),
          block(3, () => Buffer.alloc(0)),
        ),
      ],
      [
        'a frame longer than its block',
        withWord(pcapng({}, interfaceDescription(1), enhancedPacket(0, 0n, Buffer.alloc(4))), 68, 5),
      ],
    ]
    for (const [why, file] of damaged) assert.equal(readCapture(file).summary.stopped?.why, why)
  })

  it('reads the packet blocks of old', () => {
    const old = packets.map((packet) =>
      block(2, (u32) => Buffer.concat([u32(0, 0, 0, packet.length, packet.length), packet])),
    )
    assert.deepEqual(readCapture(pcapng({}, interfaceDescription(101), ...old)).flows.map(story), [told])
  })
})

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

function withWord(file: Buffer, at: number, value: number): Buffer {
  file.writeUInt32LE(value, at)
  return file
}
