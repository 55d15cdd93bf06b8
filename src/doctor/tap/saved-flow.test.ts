import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, int, nul, text, zeros } from '../../../test/support/bytes.ts'
import { bytesOf, type Capture, captures } from '../../../test/support/captures.ts'
import { greeting, login, type Said, switchTo } from '../../../test/support/observations.ts'
import { CaptureReader } from '../capture/read-capture.ts'
import { PcapngWriter } from '../capture/write-pcapng.ts'
import type { Observation, Side } from '../observation.ts'
import { Observer } from '../observer.ts'
import { SavedFlow } from './saved-flow.ts'

interface Piece {
  readonly from: Side
  readonly bytes: Uint8Array
}

const opened = {
  client: { address: '127.0.0.1', port: 50_000 },
  server: { address: '127.0.0.1', port: 3306 },
  startedMs: 1_795_000_000_000,
  atMs: 0,
  sawSyn: true,
} as const

/** What each side said, in the order in which it came; question marks for what is left out. */
function conversation(file: Uint8Array): Piece[] {
  const pieces: Piece[] = []
  const reader = new CaptureReader(() => ({
    onData: (from, data) => void pieces.push({ from, bytes: Uint8Array.from(data) }),
    onGap: (from, length) => void pieces.push({ from, bytes: Buffer.alloc(length, '?') }),
    onEnd() {},
    finish() {},
  }))
  reader.push(file)
  const { stopped } = reader.end()
  assert.equal(stopped, undefined)
  return pieces
}

function saved(pieces: readonly Piece[], { endsTls = false, size = Number.POSITIVE_INFINITY } = {}): Buffer {
  const parts: Uint8Array[] = []
  const write = (more: readonly Uint8Array[]) => void parts.push(...more.map((part) => Uint8Array.from(part)))
  const flow = new SavedFlow(new PcapngWriter({ application: 'test', write }), opened, 1, endsTls)
  for (const { from, bytes: all } of pieces) {
    for (let at = 0; at < all.length; at += size) {
      const lent = Buffer.from(all.subarray(at, at + size))
      flow.onData(from, lent, 1)
      assert.ok(lent.equals(all.subarray(at, at + size)), 'it goes on to the other side as it was')
    }
  }
  flow.onEnd('client', 'fin', 2)
  flow.onEnd('server', 'fin', 2)
  return Buffer.concat(parts)
}

function observed(pieces: readonly Piece[]): Observation {
  const observer = new Observer(opened, { number: 1 })
  for (const { from, bytes: all } of pieces) observer.onData(from, all, 1)
  return observer.finish()
}

function saidBy(pieces: readonly Piece[], side: Side): Buffer {
  return Buffer.concat(pieces.filter(({ from }) => from === side).map(({ bytes: all }) => all))
}

/** Frames packets; each side counts as it should. */
function spoken(...all: readonly (Said & { readonly sequenceId?: number })[]): Piece[] {
  let next = 0
  return all.flatMap((one) => {
    if (!('payload' in one)) return []
    const sequenceId = one.sequenceId ?? next
    next = sequenceId + 1
    return [{ from: one.from, bytes: bytes(int(one.payload.length, 3), [sequenceId], one.payload) }]
  })
}

const client = (payload: Uint8Array, sequenceId?: number) =>
  ({ from: 'client', payload, ...(sequenceId !== undefined && { sequenceId }) }) as const
const server = (payload: Uint8Array) => ({ from: 'server', payload }) as const
const ok = server(bytes([0, 0, 0, 2, 0, 0, 0]))
const query = client(bytes([3, 0, 1], text("SELECT 'statements stay'")), 0)

const plain = captures.filter(({ tls }) => !tls)

describe('a saved connection', () => {
  for (const capture of plain) {
    it(`has the packets of ${capture.name}, without its secrets`, () => {
      const before = conversation(bytesOf(capture))
      const file = saved(before)
      const was = observed(before)
      const is = observed(conversation(file))
      assert.deepEqual(
        is.packets.map(({ from, kind, length, sequenceId, problem }) => ({ from, kind, length, sequenceId, problem })),
        was.packets.map(({ from, kind, length, sequenceId, problem }) => ({ from, kind, length, sequenceId, problem })),
      )
      assert.deepEqual([is.outcome, is.error, is.greeting], [was.outcome, was.error, was.greeting])
      for (const [i, { kind, payload }] of was.packets.entries()) {
        const other = is.packets[i]?.payload
        assert.ok(
          other?.every((byte, at) => byte === payload[at] || byte === 0x2a),
          kind,
        )
      }
      for (const answer of was.exchanges.flatMap(({ answers }) => answers)) {
        if (answer.length > 1) assert.equal(file.indexOf(answer), -1, `an answer of ${answer.length} bytes`)
      }
      const { password } = capture
      if (password !== null && !isSaidInText(capture))
        assert.ok(!saidBy(conversation(file), 'client').includes(password))
    })
  }

  it('is the same in pieces of any size', () => {
    for (const capture of plain.filter((_, i) => i % 7 === 0)) {
      const before = conversation(bytesOf(capture))
      const whole = conversation(saved(before))
      for (const size of [1, 3, 5, 64]) {
        const cut = conversation(saved(before, { size }))
        for (const side of ['client', 'server'] as const) {
          assert.ok(saidBy(cut, side).equals(saidBy(whole, side)), `${capture.name}, ${size}`)
        }
      }
    }
  })

  it('has its ciphertext as it was', () => {
    for (const capture of captures.filter(({ tls }) => tls)) {
      const before = conversation(bytesOf(capture))
      const after = conversation(saved(before))
      for (const side of ['client', 'server'] as const) {
        assert.ok(saidBy(after, side).equals(saidBy(before, side)), capture.name)
      }
    }
  })

  it('shows no answer of a COM_CHANGE_USER, however many commands go before, nor of what is asked for then', () => {
    const scramble = text('scramblescramblescra')
    const change = client(bytes([0x11], nul('mary'), [20], scramble, nul('')), 0)
    const commands = Array.from({ length: 2000 }, () => [query, ok]).flat()
    const secret = client(text('the answer to the switch'))
    const all = spoken(
      greeting(),
      login(),
      ok,
      ...commands,
      change,
      switchTo('mysql_clear_password'),
      secret,
      ok,
      query,
      ok,
    )
    const file = saved(all)
    assert.equal(file.indexOf(scramble), -1)
    assert.equal(file.indexOf('the answer'), -1)
    assert.ok(file.includes('statements stay'))
    assert.equal(saidBy(conversation(file), 'client').length, saidBy(all, 'client').length)
  })

  it('blanks a COM_CHANGE_USER that is longer than anybody looks at, and what follows it', () => {
    const long = client(bytes([0x11], nul('mary'), [20], text('scramblescramblescra'), zeros(70_000)), 0)
    const file = saved(spoken(greeting(), login(), ok, long, switchTo('dialog'), client(text('the answer')), ok, query))
    assert.equal(file.indexOf('scramblescramble'), -1)
    assert.equal(file.indexOf('the answer'), -1)
    assert.ok(file.includes('statements stay'))
  })

  it('has nothing of what follows a login that is compressed', () => {
    const compress = 0x20
    const compressed = login({ capabilities: 0x19bfa285 | compress })
    const file = saved([
      ...spoken(greeting(), compressed, ok),
      { from: 'client', bytes: bytes(int(30, 3), [0], int(0, 3), text('COM_CHANGE_USER in disguise...')) },
      { from: 'server', bytes: text('compressed, too') },
    ])
    assert.equal(file.indexOf('disguise'), -1)
    assert.equal(file.indexOf('compressed, too'), -1)
    assert.equal(observed(conversation(file)).outcome, 'ok')
  })

  it('has nothing of another protocol, and of a login that cannot be read no more than its head', () => {
    const http = saved([{ from: 'client', bytes: text('GET /?password=abc HTTP/1.1\r\n') }])
    assert.equal(http.indexOf('password'), -1)
    const broken = saved(spoken(greeting(), client(bytes(int(0x8000, 4), text('user and answer, somehow'))), ok))
    assert.equal(broken.indexOf('answer, somehow'), -1)
  })

  it('has nothing of a packet that never ended', () => {
    const [hello, half] = spoken(greeting(), login())
    assert.ok(hello !== undefined && half !== undefined)
    const file = saved([hello, { from: 'client', bytes: half.bytes.subarray(0, -3) }])
    assert.equal(file.indexOf('mary'), -1)
    assert.match(saidBy(conversation(file), 'client').toString('latin1', 4), /^\*+$/)
  })

  it('writes what was inside TLS as if it had been in clear', () => {
    const request = client(bytes(int(0x19bfaa85, 4), int(0x1000000, 4), [255], zeros(23)))
    const inside = login({ capabilities: 0x19bfaa85, authAnswer: text('scramblescramblescramblescramble') })
    const all = spoken(greeting(), request, inside, server(bytes([1, 4])), client(nul('the password')), ok, query, ok)
    const file = saved(all, { endsTls: true })
    const { packets, login: read, channel } = observed(conversation(file))
    assert.deepEqual(
      packets.map(({ kind, problem }) => problem ?? kind),
      ['HandshakeV10', 'HandshakeResponse41', 'AuthMoreData', 'AuthAnswer', 'Ok', 'COM_QUERY', 'Ok'],
    )
    assert.deepEqual([channel, (read?.capabilities ?? 0) & 0x800], ['plaintext', 0])
    assert.equal(file.indexOf('the password'), -1)
    assert.equal(file.indexOf('scramblescramble'), -1)
    assert.ok(file.includes('the client asks for TLS, which the tap ends'))
  })
})

/** Passwords that are user names, too, or words of a statement. */
function isSaidInText({ password, account, flow }: Capture): boolean {
  return password === null || password.length < 4 || account.includes(password) || flow.join().includes(password)
}
