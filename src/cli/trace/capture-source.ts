/** The connections in a capture file or on stdin, one after the other as they end. */
import { readFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { CaptureSummary } from '../../doctor/capture/flows.ts'
import { readFlows } from '../../doctor/capture/read-capture.ts'
import type { Observation } from '../../doctor/observation.ts'
import { Observer } from '../../doctor/observer.ts'
import { KeyLog } from '../../doctor/tls/key-log.ts'
import { ConfigurationError } from '../../errors/errors.ts'

export interface CaptureSource {
  /** `-`: stdin. */
  readonly file: string
  /** Its secrets open TLS; those in the capture itself (pcapng) are used, too. */
  readonly keylog?: string | undefined
  /** Only connections to this port, and all of them; else those that speak MySQL, and those to 3306. */
  readonly port?: number | undefined
  /** Leaves the packets of each connection out. */
  readonly summary?: boolean
}

export interface CaptureReader {
  onSeen(seen: Observation): void
  /** Waited for between two chunks: holds reading back while what was seen is written. */
  ready?(): Promise<void> | undefined
  /** Units: bytes; `of` is undefined for stdin. */
  onProgress?(read: number, of: number | undefined): void
}

export interface CaptureRead {
  readonly summary: CaptureSummary
  /** Connections that are no MySQL, by what they are: `HTTP to port 80`. */
  readonly others: ReadonlyMap<string, number>
}

/** Throws: `ConfigurationError` when a file cannot be opened. */
export async function readCapture(source: CaptureSource, reader: CaptureReader): Promise<CaptureRead> {
  const { file, keylog, port, summary: brief = false } = source
  const keys = new KeyLog()
  if (keylog !== undefined) keys.add(textOf(keylog))
  const size = file === '-' ? undefined : await sizeOf(file)
  const others = new Map<string, number>()
  const mysqlPorts = new Set([defaultPort])
  let number = 0
  const summary = await readFlows(
    heldBack(file, reader),
    (opened) => {
      if (port !== undefined && opened.server.port !== port) return undefined
      const observer = new Observer(opened, { number: ++number, keys, packets: !brief })
      return {
        onData: (from, bytes, atMs) => observer.onData(from, bytes, atMs),
        onGap: (from, bytes, atMs) => observer.onGap(from, bytes, atMs),
        onEnd: (from, how, atMs) => observer.onEnd(from, how, atMs),
        finish() {
          const seen = observer.finish()
          if (seen.greeting !== undefined) mysqlPorts.add(seen.server.port)
          if (port !== undefined || seen.error !== undefined || mysqlPorts.has(seen.server.port)) reader.onSeen(seen)
          else count(others, `${protocols[seen.foreign ?? 'unknown']} to port ${seen.server.port}`)
        },
      }
    },
    {
      onSecrets: (text) => keys.add(text),
      ...(port !== undefined && { serverPorts: [port] }),
      onProgress: (read) => reader.onProgress?.(read, size),
    },
  )
  return { summary, others }
}

const defaultPort = 3306
const chunkBytes = 256 * 1024
/** Kinds of other connections that are counted apart. */
const mostOthers = 1000

const protocols: Readonly<Record<NonNullable<Observation['foreign']> | 'unknown', string>> = {
  http: 'HTTP',
  tls: 'TLS',
  ssh: 'SSH',
  'x-protocol': 'the X protocol',
  postgresql: 'PostgreSQL',
  text: 'text',
  unknown: 'something else',
}

function count(others: Map<string, number>, what: string): void {
  const key = others.has(what) || others.size < mostOthers ? what : 'other ports'
  others.set(key, (others.get(key) ?? 0) + 1)
}

async function* heldBack(file: string, reader: CaptureReader): AsyncGenerator<Uint8Array> {
  try {
    const source = file === '-' ? process.stdin : chunksOf(file)
    for await (const chunk of source) {
      yield chunk
      await reader.ready?.()
    }
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Always the same memory: chunks of their own would be garbage faster than it is collected. The next one is read meanwhile. */
async function* chunksOf(file: string): AsyncGenerator<Uint8Array> {
  const handle = await open(file)
  // One is read into, one is looked at, and of one the reader still holds the end.
  const chunks = [0, 1, 2].map(() => Buffer.allocUnsafeSlow(chunkBytes))
  const read = (turn: number) => handle.read(chunks[turn % 3] as Buffer)
  let next = read(0)
  try {
    for (let turn = 1; ; turn++) {
      const { bytesRead, buffer } = await next
      if (bytesRead === 0) return
      next = read(turn)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await next.catch(() => {})
    await handle.close()
  }
}

async function sizeOf(file: string): Promise<number> {
  try {
    const found = await stat(file)
    if (found.isDirectory()) throw new Error('it is a directory')
    return found.size
  } catch (cause) {
    throw new ConfigurationError(`cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (cause) {
    throw new ConfigurationError(`cannot read the key log ${file}: ${(cause as Error).message}`, { cause })
  }
}
