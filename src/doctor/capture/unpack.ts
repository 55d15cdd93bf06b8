/** A capture may be packed by gzip. */
import { createGunzip } from 'node:zlib'

/** Unpacked data may be a thousand times as long; this much at a time makes 16 MiB of it. */
const PIECE = 16 * 1024

export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b
}

/**
 * Unpacks gzip, several members in a row included. What could be unpacked is given before a damaged or cut stream makes it
 * throw, but for 16 KiB at most: a stream piped through `node:zlib` loses all that it has not handed over by then.
 *
 * Throws: `Error` of zlib; and whatever the source throws, as it is.
 */
export async function* unpack(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  let unpacked: Uint8Array[] = []
  let failure: Error | undefined
  let closed = false
  let goOn = () => {}
  gunzip.on('data', (chunk: Uint8Array) => unpacked.push(chunk))
  gunzip.on('error', (error) => {
    failure = error
  })
  gunzip.on('close', () => {
    closed = true
    goOn()
  })
  // Behind what is packed there may be other bytes. They end the stream, and then nobody says that they were taken.
  gunzip.on('end', () => gunzip.destroy())
  const step = (start: (done: () => void) => void) =>
    new Promise<void>((done) => {
      goOn = done
      if (closed) done()
      else start(done)
    })
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length && !closed; at += PIECE) {
        await step((done) => gunzip.write(chunk.subarray(at, at + PIECE), done))
        yield* unpacked
        unpacked = []
      }
      if (closed) break
    }
    await step(() => gunzip.end())
    yield* unpacked
    if (failure !== undefined) throw failure
  } finally {
    gunzip.destroy()
  }
}
