import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Sent } from '../../../test/support/capture-writer.ts'
import { keepIn, readCapture, type SeenFlow, said, story } from '../../../test/support/flows.ts'
import { captured, sent, tcp, told, turns } from '../../../test/support/tcp-script.ts'
import { CaptureReader } from './read-capture.ts'

describe('FlowTable', () => {
  it('keeps connections apart that go on at the same time', () => {
    const each = Array.from({ length: 300 }, (_, i) =>
      tcp([['client', `I am ${i}`]], { client: `192.0.2.${i % 200}:${50_000 + (i >> 1)}`, clientSequence: i }),
    )
    const { flows } = readCapture(captured(interleaved(each)))
    assert.deepEqual(
      flows.map((flow) => said(flow, 'client')),
      each.map((_, i) => `I am ${i}`),
    )
  })

  it('tells directions apart where both ends have the same port, or the same address', () => {
    const ends = { client: '192.0.2.1:3306', server: '192.0.2.2:3306' }
    assert.deepEqual(readCapture(captured(tcp(turns, ends))).flows.map(story), [told])
    const local = { client: '127.0.0.1:50000', server: '127.0.0.1:3306' }
    assert.deepEqual(readCapture(captured(tcp(turns, local))).flows.map(story), [told])
  })

  it('begins a new connection with a new SYN between the same ports, whether the old one is closed or not', () => {
    for (const end of ['fin', 'rst', 'open'] as const) {
      const again = tcp([['server', 'once more']], { clientSequence: 77_000, serverSequence: 5 })
      const { flows, summary } = readCapture(captured([...tcp(turns, { end }), ...again]))
      assert.deepEqual(
        flows.map((flow) => said(flow, 'server')),
        ['greetingok', 'once more'],
        end,
      )
      assert.ok(flows.every(({ finished }) => finished))
      assert.equal(summary.flows, 2)
    }
  })

  it('takes a SYN that is sent again for the same connection', () => {
    const [syn, synAck, ...rest] = tcp(turns) as [Sent, Sent, ...Sent[]]
    assert.deepEqual(readCapture(captured([syn, syn, synAck, syn, synAck, ...rest])).flows.map(story), [told])
  })

  it('takes stragglers of a closed connection for nothing', () => {
    const { flows } = readCapture(
      captured([...sent, sent[1] as Sent, sent[4] as Sent, { ...(sent[3] as Sent), flags: 'R' }]),
    )
    assert.deepEqual(flows.map(story), [told])
  })

  it('is not begun by a reset, an empty acknowledgement or a FIN without data', () => {
    const [, , ack] = tcp(turns) as [Sent, Sent, Sent]
    const { flows, summary } = readCapture(captured(['A', 'R', 'FA'].map((flags) => ({ ...ack, flags }))))
    assert.deepEqual([flows.length, summary.flows, summary.tcpFrames], [0, 0, 3])
  })

  it('is begun by the answer to a SYN that the capture lacks', () => {
    const { flows } = readCapture(captured(tcp(turns).slice(1)))
    assert.deepEqual(flows.map(story), [told])
    assert.deepEqual(flows[0]?.opened.client, { address: '192.0.2.1', port: 50_000 })
    assert.equal(flows[0]?.opened.sawSyn, true)
  })

  it('tells client from server by the ports where the beginning is missing', () => {
    const serverOf = (client: string, server: string, before: readonly Sent[] = [], serverPorts?: number[]) => {
      const middle = tcp(turns, { client, server }).slice(4)
      const { flows } = readCapture(captured([...before, ...middle]), serverPorts === undefined ? {} : { serverPorts })
      return flows.at(-1)?.opened.server.port
    }
    assert.equal(serverOf('192.0.2.1:1024', '192.0.2.2:3306'), 3306)
    assert.equal(serverOf('192.0.2.1:4000', '192.0.2.2:33060'), 33_060)
    assert.equal(serverOf('192.0.2.1:40000', '192.0.2.2:13306'), 13_306)
    assert.equal(serverOf('192.0.2.1:4000', '192.0.2.2:53306', [], [53_306]), 53_306)
    const listening = tcp(turns, { client: '192.0.2.9:5000', server: '192.0.2.2:53306' })
    assert.equal(serverOf('192.0.2.1:4000', '192.0.2.2:53306', listening), 53_306)
    // Neither: whoever speaks first is the server.
    const ends = { client: '192.0.2.1:7000', server: '192.0.2.2:7000' }
    const { flows } = readCapture(captured(tcp(turns, ends).slice(3)))
    assert.equal(flows[0]?.opened.server.address, '192.0.2.2')
  })

  it('leaves connections alone that nobody wants to follow', () => {
    const wanted = tcp(turns, { client: '192.0.2.1:50001' })
    const capture = captured(interleaved([tcp(turns), wanted, tcp(turns, { client: '192.0.2.1:50002' })]))
    const flows: SeenFlow[] = []
    const keep = keepIn(flows)
    let asked = 0
    const reader = new CaptureReader((opened) => {
      asked++
      return opened.client.port === 50_001 ? keep(opened) : undefined
    })
    reader.push(capture)
    assert.deepEqual([reader.end().flows, asked], [1, 3])
    assert.deepEqual(flows.map(story), [told])
  })

  it('finishes the idlest connection when there are too many', () => {
    const each = [1, 2, 3].map((i) =>
      tcp(
        [
          ['server', 'hello'],
          ['client', `${i}`],
        ],
        { client: `192.0.2.${i}:50000`, end: 'open' },
      ),
    )
    const [first, second, third] = each as [Sent[], Sent[], Sent[]]
    const { flows, summary } = readCapture(captured([...first, ...second, first.at(-1) as Sent, ...third]), {
      limits: { flows: 2 },
    })
    assert.deepEqual([flows.length, summary.droppedFlows], [3, 1])
    assert.ok(flows.every(({ finished }) => finished))
    const later = readCapture(captured([...first, ...second, ...third, ...first.slice(4)]), { limits: { flows: 2 } })
    assert.deepEqual(
      later.flows.map(({ opened }) => opened.sawSyn),
      [true, true, true, false],
    )
  })

  it('forgets closed connections sooner or later, and never the open ones', () => {
    const open = tcp(turns, { client: '198.51.100.1:50000', end: 'open' })
    const many = Array.from({ length: 10_000 }, (_, i) => tcp([], { client: `10.0.${i >> 8}.${i & 255}:50000` }))
    const { flows, summary } = readCapture(captured([...open.slice(0, 5), ...many.flat(), ...open.slice(5)]), {
      limits: { flows: 4 },
    })
    assert.deepEqual(story(flows[0] as SeenFlow), told.slice(0, 3))
    assert.deepEqual([summary.flows, summary.droppedFlows], [10_001, 0])
  })
})

/** One frame of each in turn. */
function interleaved(each: readonly (readonly Sent[])[]): Sent[] {
  const longest = Math.max(...each.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => each.flatMap((sent) => sent[i] ?? [])).flat()
}
