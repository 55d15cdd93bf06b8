import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import {
  enhancedPacket,
  interfaceDescription,
  ipPacket,
  pcap,
  pcapng,
  tlsSecrets,
} from '../../../test/support/capture-writer.ts'
import { keepIn, readCapture, type SeenFlow, story } from '../../../test/support/flows.ts'
import { captured, overIPv6, packets, sent, type Turn, tcp, told } from '../../../test/support/tcp-script.ts'
import { readFlows } from './read-capture.ts'

const timeUs = 1_700_000_000_123_456n

describe('readFlows', () => {
  it('reads a stream of any chunks and says how far it is', async () => {
    const progress: number[] = []
    const { flows, summary } = await readStream(
      [...captured(sent)].map((byte) => Buffer.of(byte)),
      (bytes) => progress.push(bytes),
    )
    assert.deepEqual(flows.map(story), [told])
    assert.equal(summary.stopped, undefined)
    assert.equal(progress.at(-1), captured(sent).length)
  })

  it('lets its source use the same bytes again for every chunk', async () => {
    for (const file of [captured(sent), gzipSync(captured(sent))]) {
      for (const size of [1, 50, 4096]) {
        const flows: SeenFlow[] = []
        const again = async function* () {
          const bytes = Buffer.alloc(size)
          for (let at = 0; at < file.length; at += size) yield bytes.subarray(0, file.copy(bytes, 0, at))
        }
        await readFlows(again(), keepIn(flows))
        assert.deepEqual(flows.map(story), [told])
      }
    }
  })

  it('unpacks gzip, of several members too', async () => {
    const whole = captured(sent)
    for (const packed of [
      gzipSync(whole),
      Buffer.concat([gzipSync(whole.subarray(0, 99)), gzipSync(whole.subarray(99))]),
    ]) {
      for (const size of [1, 7, packed.length]) {
        const { flows, summary } = await readStream(chunksOf(packed, size))
        assert.deepEqual(flows.map(story), [told])
        assert.deepEqual(summary.stopped, undefined)
        assert.equal(summary.bytes, whole.length)
      }
    }
  })

  it('reads damaged gzip as far as it goes', async () => {
    const long = captured(
      tcp(Array.from({ length: 3000 }, (_, i): Turn => [i % 2 ? 'client' : 'server', `turn ${i * 7919}`])),
    )
    const packed = gzipSync(long)
    const half = await readStream(chunksOf(packed.subarray(0, packed.length / 2), 1000))
    assert.ok(half.summary.frames > 1000, `${half.summary.frames}`)
    assert.match(half.summary.stopped?.why ?? '', /^gzip: unexpected end of file$/)
    assert.equal(half.flows[0]?.finished, true)

    const flipped = Buffer.from(packed)
    flipped.writeUInt32LE(0xffffffff, packed.length / 2)
    const damaged = await readStream([flipped])
    assert.ok(damaged.summary.frames > 1000, `${damaged.summary.frames}`)
    assert.match(damaged.summary.stopped?.why ?? '', /^gzip: |^a frame of|ends within a frame/)

    const padded = await readStream(chunksOf(Buffer.concat([packed, Buffer.alloc(50_000)]), 1000))
    assert.deepEqual([padded.summary.frames, padded.summary.stopped], [3006, undefined])

    const followed = await readStream(chunksOf(Buffer.concat([packed, Buffer.from('something else')]), 1000))
    assert.ok(followed.summary.frames > 2700, `${followed.summary.frames}`)
    assert.equal(followed.summary.stopped?.why, 'gzip: incorrect header check')
  })

  it('throws what its source throws', async () => {
    const broken = async function* () {
      yield captured(sent)
      throw new Error('the disk is gone')
    }
    await assert.rejects(
      readFlows(broken(), () => undefined),
      /the disk is gone/,
    )
  })

  it('throws what a handler throws', async () => {
    const open = () => {
      throw new Error('a defect')
    }
    await assert.rejects(readFlows(sourceOf([gzipSync(captured(sent))]), open), /a defect/)
  })
})

describe('CaptureReader', () => {
  it('refuses a network that it does not know, by name', () => {
    const { summary } = readCapture(pcap(105, packets.map(bytesOnly)))
    assert.deepEqual(summary.stopped, { offset: 0, why: 'link type 105 (IEEE 802.11) is not supported' })
    assert.match(readCapture(pcap(4711, [])).summary.stopped?.why ?? '', /^link type 4711 is not/)
  })

  it('takes the check sum behind frames for no part of the link type', () => {
    const file = captured(sent)
    file.writeUInt32LE(0x24000001, 20)
    assert.deepEqual(readCapture(file).flows.map(story), [told])
  })

  it('reads every beginning of a capture as far as it goes', () => {
    const blocks = packets.map((packet) => enhancedPacket(0, timeUs, packet))
    for (const file of [captured(sent), pcapng({}, interfaceDescription(101), ...blocks)]) {
      const boundaries = new Set<number>()
      let frames = 0
      for (let length = 0; length < file.length; length++) {
        const { flows, summary } = readCapture(file.subarray(0, length))
        assert.ok(summary.frames >= frames)
        if (summary.frames > frames || summary.stopped === undefined) boundaries.add(length)
        frames = summary.frames
        assert.ok(flows.every(({ finished }) => finished))
        if (summary.stopped === undefined) continue
        assert.match(
          summary.stopped.why,
          /^the file (is empty|ends (before it says what it is|within (its header|a frame|a block)))$/,
        )
        assert.ok(summary.stopped.offset <= length)
        assert.equal(summary.stopped.offset, Math.max(0, ...[...boundaries].filter((at) => at <= length)))
      }
      assert.equal(frames, 8)
    }
  })

  it('stops at a frame that cannot be', () => {
    const file = captured(sent)
    const third = 24 + 2 * (16 + 54)
    file.writeUInt32LE(0x10000000, third + 8)
    const { summary } = readCapture(file)
    assert.equal(summary.frames, 2)
    assert.deepEqual(summary.stopped, { offset: third, why: 'a frame of 268435456 bytes' })
  })

  it('names what is no capture', () => {
    const files: [string, Buffer][] = [
      ['neither pcap nor pcapng', Buffer.from('GET / HTTP/1.1\r\n')],
      ['packed by zstd, not by gzip', Buffer.from('28b52ffd00', 'hex')],
      ['packed by xz, not by gzip', Buffer.from('fd377a585a00', 'hex')],
      ['packed by bzip2, not by gzip', Buffer.from('BZh91AY')],
      ['a zip archive', Buffer.from('PK\x03\x04')],
      ['a capture of snoop, not of pcap', Buffer.from('snoop\0\0\0')],
      ['a variant of pcap that is not supported', Buffer.from('34cdb2a1', 'hex')],
      ['the file is empty', Buffer.alloc(0)],
      ['the file ends before it says what it is', Buffer.from('abc')],
    ]
    for (const [why, file] of files) {
      const { summary } = readCapture(file)
      assert.deepEqual([summary.stopped, summary.format], [{ offset: 0, why }, undefined])
    }
  })

  it('survives any damage', () => {
    const blocks = overIPv6.map(ipPacket).map((packet) => enhancedPacket(0, timeUs, packet))
    const files = [
      captured(sent),
      pcapng({ littleEndian: false }, interfaceDescription(101), tlsSecrets('X'), ...blocks),
    ]
    const change = fc.tuple(fc.nat(), fc.nat(255))
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(change, { maxLength: 8 }), fc.nat(), (file, changes, size) => {
        const damaged = Buffer.from(file)
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte
        const whole = readCapture(damaged)
        assert.ok(whole.flows.every(({ finished }) => finished))
        const inPieces = readCapture(chunksOf(damaged, (size % 200) + 1))
        assert.deepEqual(inPieces, whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('reads the same out of every real capture, whole and in pieces, and lacks nothing', () => {
    const folder = new URL('../../../test/vectors/captures/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name.endsWith('.pcap'))
    assert.equal(files.length, 343)
    for (const name of files) {
      const file = readFileSync(new URL(name, folder))
      const whole = readCapture(file)
      assert.deepEqual([whole.summary.stopped, whole.summary.lostBytes, whole.flows.length], [undefined, 0, 1], name)
      assert.equal(whole.flows[0]?.opened.sawSyn, true)
      assert.deepEqual(readCapture(chunksOf(file, 61)), whole, name)
    }
  })
})

async function readStream(chunks: readonly Uint8Array[], onProgress?: (bytes: number) => void) {
  const flows: SeenFlow[] = []
  const summary = await readFlows(sourceOf(chunks), keepIn(flows), onProgress === undefined ? {} : { onProgress })
  return { flows, summary }
}

async function* sourceOf(chunks: readonly Uint8Array[]) {
  yield* chunks
}

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

function bytesOnly(bytes: Buffer) {
  return { bytes }
}
