import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ethernet, ipPacket, links, pcap } from '../../../test/support/capture-writer.ts'
import { readCapture, story } from '../../../test/support/flows.ts'
import { overIPv6, packets, sent, told } from '../../../test/support/tcp-script.ts'

const timeUs = 1_700_000_000_123_456n

describe('Segments', () => {
  it('reads every kind of network, IPv4 and IPv6, in both byte orders', () => {
    for (const [name, link] of Object.entries(links)) {
      for (const both of [sent, overIPv6]) {
        for (const littleEndian of [true, false]) {
          for (const nanoseconds of [true, false]) {
            const frames = both
              .map(ipPacket)
              .map((packet) => ({ bytes: link.frame(packet), nanoseconds: timeUs * 1000n + 789n }))
            const { flows, summary } = readCapture(pcap(link.type, frames, { littleEndian, nanoseconds }))
            assert.deepEqual(flows.map(story), [told], name)
            const expected = { ipv4: ['192.0.2.1', '192.0.2.2'], ipv6: ['2001:db8::1', '2001:db8::2'] }
            const [client, server] = both === sent ? expected.ipv4 : expected.ipv6
            assert.deepEqual(flows[0]?.opened.client, { address: client, port: 50_000 })
            assert.deepEqual(flows[0]?.opened.server, { address: server, port: 3306 })
            const startedMs = Number(timeUs) / 1000 + (nanoseconds ? 0.000789 : 0)
            assert.ok(Math.abs((flows[0]?.opened.startedMs ?? 0) - startedMs) < 0.0005)
            assert.deepEqual(
              [summary.frames, summary.tcpFrames, summary.skipped.size, summary.stopped],
              [9, 9, 0, undefined],
            )
          }
        }
      }
    }
  })

  it('reads the link types of one IP version alone', () => {
    assert.deepEqual(readCapture(pcap(228, packets.map(bytesOnly))).flows.map(story), [told])
    assert.deepEqual(readCapture(pcap(229, overIPv6.map(ipPacket).map(bytesOnly))).flows.map(story), [told])
  })

  it('skips what is no TCP segment, and says why', () => {
    const [first] = packets as [Buffer]
    const change = (at: number, ...bytes: number[]) => {
      const changed = Buffer.from(first)
      changed.set(bytes, at)
      return ethernet([], changed)
    }
    const six = ipPacket(overIPv6[0] as (typeof overIPv6)[0])
    const sixChanged = (at: number, ...bytes: number[]) => {
      const changed = Buffer.from(six)
      changed.set(bytes, at)
      return ethernet([], changed)
    }
    const fragment = Buffer.concat([six.subarray(0, 40), Buffer.from([6, 0, 0, 9, 0, 0, 0, 1]), six.subarray(40)])
    fragment[6] = 44
    const frames: [string, Uint8Array][] = [
      ['not IP', Buffer.from('ffffffffffff0000000000000806', 'hex')],
      ['not IP', change(0, 0x55)],
      ['not TCP', change(9, 17)],
      ['not TCP', sixChanged(6, 58)],
      ['IP fragment', change(6, 0x20, 0)],
      ['IP fragment', change(6, 0, 1)],
      ['IP fragment', ethernet([], fragment)],
      ['malformed IP header', change(0, 0x44)],
      ['malformed IP header', change(2, 0, 19)],
      ['malformed TCP header', change(32, 4 << 4)],
      ['malformed TCP header', change(32, 15 << 4)],
    ]
    for (const cut of [0, 13, 14, 33, 53]) frames.push(['cut off before TCP', ethernet([], first).subarray(0, cut)])
    for (const cut of [16, 20]) frames.push(['cut off before TCP', ethernet([0x8100, 7], first).subarray(0, cut - 3)])
    for (const cut of [53, 73]) frames.push(['cut off before TCP', ethernet([], six).subarray(0, cut)])
    for (const [reason, bytes] of frames) {
      const { summary } = readCapture(pcap(1, [{ bytes }]))
      assert.deepEqual([...summary.skipped], [[reason, 1]], Buffer.from(bytes).toString('hex'))
      assert.equal(summary.tcpFrames, 0)
    }
  })

  it('finds TCP behind IP options and extension headers, and leaves padding alone', () => {
    const withOptions = packets.map((packet) => {
      const longer = Buffer.concat([
        packet.subarray(0, 20),
        Buffer.alloc(8, 1),
        packet.subarray(20),
        Buffer.from('padding'),
      ])
      longer[0] = 0x47
      longer.writeUInt16BE(packet.length + 8, 2)
      return { bytes: ethernet([], longer) }
    })
    assert.deepEqual(readCapture(pcap(1, withOptions)).flows.map(story), [told])

    const headers = Buffer.concat([
      Buffer.from([43, 1, ...Array(14).fill(0)]),
      Buffer.from([60, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([51, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from([44, 1, ...Array(10).fill(0)]),
      // Fragmented in one piece.
      Buffer.from([6, 0, 0, 0, 0, 0, 0, 1]),
    ])
    const extended = overIPv6.map(ipPacket).map((packet) => {
      const longer = Buffer.concat([packet.subarray(0, 40), headers, packet.subarray(40)])
      longer[6] = 0
      longer.writeUInt16BE(packet.length - 40 + headers.length, 4)
      return { bytes: ethernet([], longer) }
    })
    assert.deepEqual(readCapture(pcap(1, extended)).flows.map(story), [told])
  })

  it('takes the length of a frame where the network card was to cut it, and its IP header says 0', () => {
    for (const [all, at] of [
      [sent, 2],
      [overIPv6, 4],
    ] as const) {
      const frames = all.map(ipPacket).map((packet) => {
        packet.writeUInt16BE(0, at)
        return { bytes: ethernet([], packet) }
      })
      assert.deepEqual(readCapture(pcap(1, frames)).flows.map(story), [told])
    }
  })
})

function bytesOnly(bytes: Buffer) {
  return { bytes }
}
