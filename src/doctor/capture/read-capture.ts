/**
 * The way from a capture to the TCP streams in it: packed or not, pcap or pcapng, larger than memory, damaged, or something else
 * altogether. What is readable is read; where it ends, and why, is in the summary.
 */
import { FlowTable } from './flow-table.ts'
import { type CaptureOptions, type CaptureSummary, captureLimits, type FlowHandler, type FlowOpened } from './flows.ts'
import { Input } from './input.ts'
import { PCAP_MICROSECONDS, PCAP_NANOSECONDS, PcapFile } from './pcap-file.ts'
import { PcapngFile, SECTION_HEADER } from './pcapng-file.ts'
import { Segments } from './segments.ts'
import { isGzip, unpack } from './unpack.ts'

/** Of MySQL and of its X protocol. */
const SERVER_PORTS = [3306, 33060]

/**
 * Reads a capture and follows every TCP connection for which `open` gives a handler. The handlers' calls come while reading; all
 * are finished when the promise resolves.
 *
 * Chunks may have any size; with less than 64 KiB each the reading costs more than the decoding. A source may
 * give the same bytes again and again, filled anew.
 * Throws: what `source` or a handler throws. Never for what the capture holds.
 */
export async function readFlows(
  source: AsyncIterable<Uint8Array>,
  open: (flow: FlowOpened) => FlowHandler | undefined,
  options: CaptureOptions = {},
): Promise<CaptureSummary> {
  const reader = new CaptureReader(open, options)
  let taken = 0
  const counted = async function* () {
    for await (const chunk of source) {
      taken += chunk.length
      yield chunk
      options.onProgress?.(taken)
    }
  }
  try {
    for await (const chunk of unpackedIfPacked(counted())) {
      if (!reader.push(chunk)) break
    }
  } catch (error) {
    if (!isZlibError(error)) throw error
    return reader.end(`gzip: ${error.message}`)
  }
  return reader.end()
}

/** The same for bytes that are at hand, unpacked, without waiting. */
export class CaptureReader {
  readonly #input = new Input()
  readonly #flows: FlowTable
  readonly #segments: Segments
  readonly #onSecrets: ((keyLog: string) => void) | undefined
  #file: PcapFile | PcapngFile | undefined
  #stopped: { offset: number; why: string } | undefined

  constructor(open: (flow: FlowOpened) => FlowHandler | undefined, options: CaptureOptions = {}) {
    const limits = { ...captureLimits, ...options.limits }
    this.#flows = new FlowTable(open, options.serverPorts ?? SERVER_PORTS, limits)
    this.#segments = new Segments(this.#input, this.#flows)
    this.#onSecrets = options.onSecrets
  }

  /** Returns false once nothing more can be read. `chunk` is free for other uses afterwards. */
  push(chunk: Uint8Array): boolean {
    if (this.#stopped !== undefined) return false
    this.#input.append(chunk)
    if (this.#file === undefined && this.#input.available < 4) return true
    this.#file ??= this.#recognize()
    const problem = this.#file === undefined ? foreign(this.#input) : this.#file.read()
    this.#input.settle()
    if (problem !== undefined) this.#stopped = { offset: this.#input.offset, why: problem }
    return problem === undefined
  }

  /** After: every handler is finished. `why`: what ended the capture before its time. */
  end(why?: string): CaptureSummary {
    this.#flows.end()
    const problem = why ?? (this.#file === undefined ? this.#endWithoutFormat() : this.#file.end())
    if (problem !== undefined) this.#stopped ??= { offset: this.#input.offset, why: problem }
    const { totals } = this.#flows
    return {
      format: this.#file?.format,
      bytes: this.#input.offset,
      frames: this.#segments.frames,
      tcpFrames: this.#segments.tcpFrames,
      flows: this.#flows.followed,
      droppedFlows: this.#flows.dropped,
      skipped: this.#segments.skipped,
      retransmitted: totals.retransmitted,
      outOfOrder: totals.outOfOrder,
      conflicting: totals.conflicting,
      lostBytes: totals.lostBytes,
      stopped: this.#stopped,
    }
  }

  #recognize(): PcapFile | PcapngFile | undefined {
    const { view, start } = this.#input
    for (const littleEndian of [true, false]) {
      const magic = view.getUint32(start, littleEndian)
      if (magic === SECTION_HEADER) return new PcapngFile(this.#input, this.#segments, this.#onSecrets)
      if (magic === PCAP_MICROSECONDS || magic === PCAP_NANOSECONDS) {
        return new PcapFile(this.#input, this.#segments, littleEndian, magic === PCAP_NANOSECONDS)
      }
    }
    return undefined
  }

  #endWithoutFormat(): string {
    return this.#input.available === 0 ? 'the file is empty' : 'the file ends before it says what it is'
  }
}

async function* unpackedIfPacked(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: Uint8Array = new Uint8Array(0)
  while (first.length < 2) {
    const { value, done } = await source.next()
    if (done) break
    first = Buffer.concat([first, value])
  }
  const whole = async function* () {
    yield first
    yield* source
  }
  yield* isGzip(first) ? unpack(whole()) : whole()
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}

/** What a file is that is no capture, or none that is read here. */
function foreign({ bytes, start }: Input): string {
  const begins = Buffer.from(bytes.subarray(start, start + 4)).toString('hex')
  const known = FOREIGN.find(([magic]) => begins.startsWith(magic))
  return known === undefined ? 'neither pcap nor pcapng' : known[1]
}

const FOREIGN = [
  ['a1b2cd34', 'a variant of pcap that is not supported'],
  ['34cdb2a1', 'a variant of pcap that is not supported'],
  ['736e6f6f', 'a capture of snoop, not of pcap'],
  ['28b52ffd', 'packed by zstd, not by gzip'],
  ['04224d18', 'packed by lz4, not by gzip'],
  ['fd377a58', 'packed by xz, not by gzip'],
  ['425a68', 'packed by bzip2, not by gzip'],
  ['504b0304', 'a zip archive'],
] as const
