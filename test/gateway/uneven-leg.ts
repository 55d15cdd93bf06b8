/** A leg of the way that forwards bytes unevenly: in slices of any length, and sometimes not at all for a while. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface UnevenLeg {
  readonly port: number
  /** Nothing more is forwarded until the returned function is called. */
  pause(): () => void
  close(): void
}

export interface Unevenness {
  /** Bytes of the next slice; a pause of some turns of the event loop comes behind it when it is odd. */
  slice(): number
}

/** Slices of 1 to `largest` bytes, always the same ones. */
export function uneven(seed: number, largest: number): Unevenness {
  let state = seed
  return {
    slice: () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return 1 + ((state >>> 8) % largest)
    },
  }
}

/** After: `port` leads to `to`, and both ends of each connection end together. */
export async function unevenLeg(to: number, unevenness: Unevenness): Promise<UnevenLeg> {
  const sockets = new Set<Socket>()
  const gate = { open: Promise.resolve() }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: to, noDelay: true })
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => into.destroy())
      void forward(from, into, unevenness, gate)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    pause: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate.open = promise
      return resolve
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function forward(
  from: Socket,
  into: Socket,
  { slice }: Unevenness,
  gate: { readonly open: Promise<void> },
): Promise<void> {
  const gone = new Promise((resolve) => into.once('close', resolve))
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; ) {
        await gate.open
        const length = slice()
        if (into.destroyed) return
        if (!into.write(chunk.subarray(at, at + length))) {
          await Promise.race([new Promise((resolve) => into.once('drain', resolve)), gone])
        }
        at += length
        for (let turns = length % 2 === 0 ? 0 : length % 5; turns > 0; turns--) {
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }
    into.end()
  } catch {
    into.destroy()
  }
}
