/**
 * Wireshark's dissector as the judge of ours: all captures of real logins, read by both, packet by packet and field by field. Where
 * the two differ for a known reason, `tshark-differences.ts` has it.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { CaptureReader } from '../../src/doctor/capture/read-capture.ts'
import type { Observation } from '../../src/doctor/observation.ts'
import { Observer } from '../../src/doctor/observer.ts'
import { KeyLog } from '../../src/doctor/tls/key-log.ts'
import { bytesOf, type Capture, captures } from '../support/captures.ts'
import { mustRun } from './command.ts'
import { type InstalledPeer, installed, type Peer } from './install.ts'
import { type Difference, differencesIn } from './tshark-comparison.ts'
import { differences } from './tshark-differences.ts'
import { type Dissected, dissectedIn } from './tshark-pdml.ts'

export function testAgainstTshark(peers: readonly Peer[]): void {
  const tshark = installed(peers, 'tshark')
  describe('saltgate trace beside tshark', { skip: tshark === undefined && 'tshark is missing' }, () => {
    it('reads the same packets, types and values in every capture, but for the differences that are explained', async () => {
      const found = await compareAll(tshark as InstalledPeer)
      const explained = (one: Difference) => differences.find(({ is }) => is(one))
      assert.deepEqual(
        found.filter((one) => explained(one) === undefined),
        [],
        'differences that nobody has explained',
      )
      assert.deepEqual(
        differences.filter(({ is }) => !found.some(is)).map(({ what }) => what),
        [],
        'explanations of what is no longer there',
      )
    })
  })
}

/** Every difference in all captures. */
async function compareAll(tshark: InstalledPeer): Promise<Difference[]> {
  const seen = captures.flatMap((capture) => observationsOf(capture).map((observation) => ({ capture, observation })))
  const streams = await dissect(tshark, new Set(seen.map(({ observation }) => observation.server.port)))
  assert.equal(streams.length, seen.length, 'connections')
  return seen.flatMap(({ capture, observation }, i) => {
    const { clientPort, packets } = streams[i] as Stream
    assert.equal(clientPort, observation.client.port, capture.name)
    return differencesIn(capture.name, observation, packets)
  })
}

interface Stream {
  readonly clientPort: number
  readonly packets: Dissected[]
}

/** The connections of all captures in order, read as one capture: starting tshark takes longer than what it does. */
async function dissect(tshark: InstalledPeer, ports: ReadonlySet<number>): Promise<Stream[]> {
  const directory = await mkdtemp(join(tmpdir(), 'saltgate-tshark-'))
  try {
    const [file, keys] = [join(directory, 'all.pcap'), join(directory, 'all.keys')]
    const fileHeader = 24
    const all = captures.map((capture, i) => bytesOf(capture).subarray(i === 0 ? 0 : fileHeader))
    await writeFile(file, Buffer.concat(all))
    await writeFile(keys, captures.map(keysOf).join(''))
    const asMysql = Array.from(ports, (port) => ['-d', `tcp.port==${port},mysql`]).flat()
    const wanted = ['-o', `tls.keylog_file:${keys}`, '-Y', 'tcp', '-T', 'pdml', '-J', 'tcp mysql']
    const pdml = await mustRun([...tshark.argv, '-r', file, ...asMysql, ...wanted], { timeoutMs: 120_000 })
    const streams = new Map<number, Stream>()
    for (const { stream, source, isSyn, packets } of dissectedIn(pdml)) {
      const from = ports.has(source) ? 'server' : 'client'
      // Without a SYN: the straggler of a connection from before the capture.
      if (!streams.has(stream) && isSyn) streams.set(stream, { clientPort: source, packets: [] })
      streams.get(stream)?.packets.push(...packets.map((packet) => ({ ...packet, from }) as const))
    }
    return [...streams.values()]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function observationsOf(capture: Capture): Observation[] {
  const keys = new KeyLog()
  keys.add(keysOf(capture))
  const observers: Observer[] = []
  const reader = new CaptureReader((opened) => {
    const observer = new Observer(opened, { number: observers.length + 1, keys })
    observers.push(observer)
    return {
      onData: (from, bytes, atMs) => observer.onData(from, bytes, atMs),
      onGap: (from, bytes, atMs) => observer.onGap(from, bytes, atMs),
      onEnd: (from, how, atMs) => observer.onEnd(from, how, atMs),
      finish() {},
    }
  })
  reader.push(bytesOf(capture))
  reader.end()
  return observers.map((observer) => observer.finish())
}

function keysOf({ name }: Capture): string {
  const file = new URL(`../vectors/captures/${name}.keys`, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'latin1') : ''
}
