import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Sent } from '../../../test/support/capture-writer.ts'
import { readCapture, type SeenFlow, said, story } from '../../../test/support/flows.ts'
import { captured, sent, type Turn, tcp, told, turns } from '../../../test/support/tcp-script.ts'

describe('a TCP connection', () => {
  it('is told in the order in which it was', () => {
    const { flow, summary } = readOne(tcp(turns))
    assert.deepEqual(story(flow), told)
    assert.equal(flow.finished, true)
    assert.equal(flow.opened.sawSyn, true)
    assert.equal(flow.opened.startedMs, 1_700_000_000_000)
    assert.deepEqual(
      flow.events.map(({ atMs }) => atMs),
      [3, 4, 5, 6, 7],
    )
    assert.deepEqual(
      { ...summary, skipped: summary.skipped.size, bytes: 0 },
      {
        format: 'pcap',
        bytes: 0,
        frames: 9,
        tcpFrames: 9,
        flows: 1,
        droppedFlows: 0,
        skipped: 0,
        retransmitted: 0,
        outOfOrder: 0,
        conflicting: 0,
        lostBytes: 0,
        stopped: undefined,
      },
    )
  })

  it('goes on when the sequence numbers wrap', () => {
    const { flow } = readOne(tcp(turns, { clientSequence: 0xfffffffd, serverSequence: 0x7ffffffc, segment: 3 }))
    assert.deepEqual(story(flow), told)
  })

  it('delivers an answer that was captured before its question after it, each with its own time', () => {
    const [syn, synAck, ack, greeting, login, ok, ...end] = tcp(turns) as [Sent, Sent, Sent, Sent, Sent, Sent]
    const { flow, summary } = readOne([syn, ok, synAck, login, ack, greeting, ...end])
    assert.deepEqual(story(flow), told)
    assert.deepEqual(
      flow.events.slice(0, 3).map(({ atMs }) => atMs),
      [5, 3, 1],
    )
    assert.equal(summary.outOfOrder, 3)
    assert.equal(summary.lostBytes, 0)
  })

  it('has a gap where acknowledged bytes are missing', () => {
    const sent = tcp([...turns, ...chatter(20)])
    const { flow, summary } = readOne(sent.filter(({ data }) => `${data}` !== 'login'))
    assert.deepEqual(story(flow).slice(0, 4), ['server greeting', 'client <5>', 'server ok', 'client question 0'])
    assert.equal(summary.lostBytes, 5)
  })

  it('has a gap at the end where what was acknowledged never comes', () => {
    const { flow } = readOne(tcp(turns, { end: 'open' }).filter(({ data }) => `${data}` !== 'ok'))
    assert.deepEqual(story(flow), ['server greeting', 'client login', 'server <2>'])
  })

  it('has a gap where the capture has the beginning of a frame only', () => {
    const frames = tcp(turns)
    const whole = captured(frames)
    const cut = captured(frames.map((sent) => ({ ...sent, data: sent.data?.subarray(0, 3) ?? new Uint8Array(0) })))
    // The IP header goes on to say how long the packet was.
    for (
      let at = 24, of = 24;
      at < cut.length;
      at += 16 + cut.readUInt32LE(at + 8), of += 16 + whole.readUInt32LE(of + 8)
    ) {
      cut.writeUInt16BE(whole.readUInt16BE(of + 32), at + 32)
      cut.writeUInt32LE(whole.readUInt32LE(of + 12), at + 12)
    }
    const { flows } = readCapture(cut)
    const expected = ['server gre', 'server <5>', 'client log', 'client <2>', 'server ok', 'client fin', 'server fin']
    assert.deepEqual(story(flows[0] as SeenFlow), expected)
  })

  it('gives up holes that nobody acknowledges when the limit is reached, and at the end', () => {
    const oneWay = tcp([['server', 'x'.repeat(40_000)]], { segment: 1000 }).filter(({ from }) => from.endsWith(':3306'))
    const holes = oneWay.filter((_, i) => i !== 5 && i !== 30)
    const { flow, summary } = readOne(holes, { outOfOrderOfFlow: 10_000 })
    assert.equal(said(flow, 'server').length, 38_000)
    assert.equal(summary.lostBytes, 2000)
    assert.equal(readOne(holes, { outOfOrder: 10_000 }).summary.lostBytes, 2000)
    assert.equal(readOne(holes.slice(0, 8)).summary.lostBytes, 1000)
  })

  it('keeps the first bytes where a retransmission has others, and says so', () => {
    const [syn, synAck, ack, greeting, ...rest] = tcp(turns) as [Sent, Sent, Sent, Sent]
    const first = { ...greeting, sequence: greeting.sequence + 4, data: Buffer.from('ting') }
    const other = { ...greeting, data: Buffer.from('greeXing') }
    const { flow, summary } = readOne([syn, synAck, ack, first, other, ...rest])
    assert.deepEqual(story(flow), told)
    assert.equal(summary.conflicting, 1)
  })

  it('takes keep-alives for nothing new', () => {
    const [syn, synAck, ack, greeting, login, ...rest] = tcp(turns) as [Sent, Sent, Sent, Sent, Sent]
    const empty = { ...login, sequence: login.sequence - 1, data: Buffer.alloc(0), flags: 'A' }
    const { flow } = readOne([syn, synAck, ack, greeting, empty, { ...empty, data: Buffer.alloc(1) }, login, ...rest])
    assert.deepEqual(story(flow), told)
  })

  it('ends by a reset, after what was held back', () => {
    const sent = tcp(turns, { end: 'rst' })
    const { flow } = readOne([...sent.slice(0, 4), ...sent.slice(5)])
    assert.deepEqual(story(flow), ['server greeting', 'client <5>', 'server ok', 'client rst'])
    assert.deepEqual(story(readOne(tcp(turns, { end: 'rst' })).flow).slice(2), ['server ok', 'client rst'])
  })

  it('tells a reset after a FIN of the same side', () => {
    const reset = { ...(sent.at(-1) as Sent), flags: 'R' }
    const { flow } = readOne([...sent.slice(0, -2), reset, sent.at(-2) as Sent])
    assert.deepEqual(story(flow).slice(-2), ['client fin', 'client rst'])
  })

  it('is refused by a reset to its SYN', () => {
    const [syn] = tcp([]) as [Sent]
    const { flow } = readOne([syn, { ...syn, from: syn.to, to: syn.from, flags: 'RA', acknowledged: syn.sequence + 1 }])
    assert.deepEqual(story(flow), ['server rst'])
  })

  it('begins in the middle of what was said', () => {
    const { flow } = readOne(tcp(turns).slice(4))
    assert.deepEqual(story(flow), told.slice(1))
    assert.equal(flow.opened.sawSyn, false)
    assert.deepEqual(flow.opened.client, { address: '192.0.2.1', port: 50_000 })
    const long = tcp([...turns, ...chatter(20)]).slice(4)
    assert.equal(story(readOne([...long.slice(1, 3), ...long.slice(0, 1), ...long.slice(3)]).flow)[0], 'client login')
  })

  it('gives the same in any segments, with frames doubled and captured in another order', () => {
    fc.assert(
      fc.property(
        conversations(),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(fc.nat(8)),
        fc.array(fc.nat()),
        (turns, segment, late, again) => {
          const [syn, ...sent] = tcp(turns, { segment, clientSequence: 0xfffffff0 }) as [Sent, ...Sent[]]
          for (const index of again.slice(0, 5)) {
            const doubled = sent[index % sent.length] as Sent
            if (!doubled.flags.includes('S')) sent.splice((index % sent.length) + 1, 0, doubled)
          }
          const moved = sent.map((frame, i) => [i + (late.next().value as number), frame] as const)
          const { flow, summary } = readOne([syn, ...moved.sort(([a], [b]) => a - b).map(([, frame]) => frame)])
          assert.deepEqual(story(flow), story(readOne(tcp(turns)).flow))
          assert.equal(summary.lostBytes, 0)
          assert.equal(summary.conflicting, 0)
        },
      ),
    )
  })

  it('has every byte in its place, whichever frames the capture lacks', () => {
    fc.assert(
      fc.property(
        conversations(),
        fc.integer({ min: 1, max: 12 }),
        fc.infiniteStream(fc.nat(9)),
        (turns, segment, dice) => {
          const sent = tcp(turns, { segment }).filter((_, i) => i < 3 || (dice.next().value as number) > 2)
          const { flow, summary } = readOne(sent)
          for (const side of ['client', 'server'] as const) {
            const original = turns.flatMap(([from, text]) => (from === side ? [text] : [])).join('')
            let at = 0
            for (const event of flow.events) {
              if (event.from !== side) continue
              if (event.is === 'data')
                assert.equal(event.bytes.toString('latin1'), original.slice(at, at + event.bytes.length))
              if (event.is === 'data') at += event.bytes.length
              if (event.is === 'gap') at += event.bytes
            }
            // The gap may take in a FIN that is missing.
            assert.ok(at <= original.length + 1)
          }
          assert.equal(summary.conflicting, 0)
        },
      ),
    )
  })

  it('survives segments that no TCP would send', () => {
    const wild = fc.record({
      fromClient: fc.boolean(),
      flags: fc.constantFrom('A', 'A', 'PA', 'PA', 'P', 'FA', 'SA', 'S', 'R'),
      sequence: fc.oneof(fc.nat(60), fc.nat(0xffffffff)),
      acknowledged: fc.oneof(fc.nat(60), fc.nat(0xffffffff)),
      data: fc.uint8Array({ maxLength: 20 }),
    })
    fc.assert(
      fc.property(fc.array(wild, { maxLength: 120 }), (segments) => {
        const ends = ['192.0.2.1:50000', '192.0.2.2:3306'] as const
        const sent = segments.map(({ fromClient, ...segment }) => {
          return fromClient ? { ...segment, from: ends[0], to: ends[1] } : { ...segment, from: ends[1], to: ends[0] }
        })
        const { flows, summary } = readCapture(captured(sent))
        assert.equal(summary.stopped, undefined)
        assert.ok(flows.every(({ finished }) => finished))
      }),
      { numRuns: 500 },
    )
  })
})

function readOne(sent: readonly Sent[], limits = {}) {
  const { flows, summary } = readCapture(captured(sent), { limits })
  assert.equal(flows.length, 1)
  return { flow: flows[0] as SeenFlow, summary }
}

function chatter(rounds: number): Turn[] {
  return Array.from({ length: rounds }, (_, i): Turn[] => [
    ['client', `question ${i}`],
    ['server', `answer ${i}`],
  ]).flat()
}

function conversations() {
  const text = fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' })
  return fc.array(fc.tuple(fc.constantFrom('client' as const, 'server' as const), text), {
    minLength: 1,
    maxLength: 12,
  })
}
