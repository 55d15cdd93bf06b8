/**
 * A capture as large as one likes: thousands of connections, sixty-four at a time, each with the login of one of some real clients, a
 * dozen queries with results of 20 rows where it was let in, and its end.
 *
 * `node bench/capture.ts [MEBIBYTES [FILE]]` measures how fast one is read, or writes it to a file for others to read.
 */
import { createWriteStream, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { readFlows } from '../src/doctor/capture/read-capture.ts'
import { encodeColumnDefinition } from '../src/packets/column-definition.ts'
import { encodeEof } from '../src/packets/eof.ts'
import { encodeTextRow } from '../src/packets/text-row.ts'
import { encodeFrame } from '../src/wire/framer.ts'
import { type Frame, ipPacket, links, pcap } from '../test/support/capture-writer.ts'
import { readPcap } from '../test/support/pcap.ts'

const AT_A_TIME = 64
const QUERIES = 12
const ROWS = 20

type Step = readonly ['client' | 'server', Uint8Array]

/** A classic capture of at least so many bytes, in chunks of whole frames. */
export function* captureOf(bytes: number): Generator<Buffer> {
  yield pcap(1, [])
  const scripts = logins.map(script)
  let written = 0
  for (let batch = 0; written < bytes; batch++) {
    const connections = Array.from({ length: AT_A_TIME }, (_, i) =>
      connection(batch * AT_A_TIME + i, scripts[i % scripts.length] as Step[]),
    )
    while (connections.length > 0) {
      const frames = connections.map((frames) => frames.next())
      const time = BigInt(written) * 1000n + 1_700_000_000_000_000_000n
      const there = frames.flatMap(({ value, done }) => (done ? [] : [{ ...value, nanoseconds: time }]))
      const chunk = pcap(1, there).subarray(24)
      written += chunk.length
      yield chunk
      if (there.length === 0) break
    }
  }
}

function* connection(number: number, steps: readonly Step[]): Generator<Frame, undefined> {
  const address = `10.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}:${32_768 + (number % 28_000)}`
  const ends = { client: address, server: '10.255.0.1:3306' }
  const next = { client: Math.imul(number, 0x9e3779b1) >>> 0, server: Math.imul(number, 0x85ebca6b) >>> 0 }
  const frame = (from: 'client' | 'server', flags: string, data: Uint8Array = new Uint8Array(0)): Frame => {
    const to = from === 'client' ? 'server' : 'client'
    const acknowledged = flags === 'S' ? 0 : next[to]
    const packet = ipPacket({ from: ends[from], to: ends[to], flags, sequence: next[from], acknowledged, data })
    next[from] += data.length + (/[SF]/.test(flags) ? 1 : 0)
    return { bytes: (links.ethernet as (typeof links)[string]).frame(packet) }
  }
  yield frame('client', 'S')
  yield frame('server', 'SA')
  yield frame('client', 'A')
  for (const [from, data] of steps) {
    yield frame(from, 'PA', data)
    if (from === 'server') yield frame('client', 'A')
  }
  yield frame('client', 'FA')
  yield frame('server', 'FA')
  yield frame('client', 'A')
}

/** Let in at once, by a scramble over another nonce, by RSA, by a signature, by two factors; and refused. */
const logins = [
  'my97-sha2-fast-hit-mysql97',
  'my97-sha2-fast-hit-mysql2',
  'my97-switch-native-to-sha2-mysql97',
  'my97-sha2-full-rsa-pymysql120',
  'ma118-ed25519-ok-mariadb',
  'ma1011-native-ok-go',
  'my97c-mfa2-ok-mysql97',
  'my97-sha2-wrong-warm-mysql97',
]

function script(name: string): Step[] {
  const file = new URL(`../test/vectors/captures/${name}.pcap`, import.meta.url)
  const [login] = readPcap(readFileSync(file))
  const isVerdict = ({ from, bytes }: { from: string; bytes: Uint8Array }) =>
    from === 'server' && (bytes[4] === 0x00 || bytes[4] === 0xff)
  const segments = login?.segments ?? []
  const verdict = segments.findIndex(isVerdict)
  const steps: Step[] = segments.slice(0, verdict + 1).map(({ from, bytes }) => [from, bytes])
  if (segments[verdict]?.bytes[4] === 0xff) return steps
  for (let query = 0; query < QUERIES; query++) {
    steps.push([
      'client',
      encodeFrame(Buffer.from(`\x03SELECT id, name FROM people LIMIT 20 OFFSET ${query * ROWS}`), 0),
    ])
    steps.push(['server', result(query)])
  }
  return [...steps, ['client', encodeFrame(Uint8Array.of(1), 0)]]
}

function result(query: number): Uint8Array {
  const column = { schema: 'app', table: 'people', orgTable: 'people', collationId: 45, columnLength: 80, type: 253 }
  const names = ['id', 'name'].map((name) => ({ ...column, name, orgName: name, flags: 0, decimals: 0 }))
  const eof = encodeEof({ warnings: 0, statusFlags: 2 })
  const rows = Array.from({ length: ROWS }, (_, row) => encodeTextRow([`${query * ROWS + row}`, `person ${row}`]))
  const payloads = [Uint8Array.of(2), ...names.map((name) => encodeColumnDefinition(name, 0)), eof, ...rows, eof]
  return Buffer.concat(payloads.map((payload, i) => encodeFrame(payload, i + 1)))
}

if (import.meta.main) {
  const [mebibytes = '64', file] = process.argv.slice(2)
  const capture = captureOf(Number(mebibytes) * 1024 * 1024)
  if (file !== undefined) await pipeline(capture, createWriteStream(file))
  else await measure(Buffer.concat([...capture]))
}

async function measure(capture: Buffer): Promise<void> {
  for (let round = 0; round < 6; round++) {
    let bytes = 0
    const chunks = async function* () {
      for (let at = 0; at < capture.length; at += 65_536) yield capture.subarray(at, at + 65_536)
    }
    const start = performance.now()
    const summary = await readFlows(chunks(), () => ({
      onData: (_from, data) => {
        bytes += data.length
      },
      onGap() {},
      onEnd() {},
      finish() {},
    }))
    const seconds = (performance.now() - start) / 1000
    const { frames, flows } = summary
    const rate = Math.round(frames / seconds).toLocaleString('en')
    console.log(
      `${frames} frames, ${flows} connections, ${bytes} bytes of data in ${seconds.toFixed(3)} s: ${rate} frames/s`,
    )
  }
}
