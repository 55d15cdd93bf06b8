/** What goes in at one end comes out at the other, however the bytes travel; and a gateway keeps little of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GatewayProcess } from './gateway-process.ts'
import { type Legs, mib, withCourse } from './transfer.ts'

const plain = { tls: { mode: 'DISABLED' } } as const
const tls = { tls: { mode: 'REQUIRED' } } as const
const zlib = { ...plain, compress: ['zlib'] } as const
const zstd = { ...plain, compress: ['zstd'] } as const

const courses: readonly (readonly [name: string, legs: Legs, size: number])[] = [
  ['plain legs', { client: plain, backend: plain }, 24 * mib],
  ['plain legs, sliced', { client: plain, backend: plain, largestSlice: 20_000 }, 8 * mib],
  ['plain legs, in slices of three bytes at most', { client: plain, backend: plain, largestSlice: 3 }, 40_000],
  ['TLS on both legs', { client: tls, backend: tls }, 12 * mib],
  ['TLS on the client leg, sliced', { client: tls, backend: plain, largestSlice: 20_000 }, 4 * mib],
  ['TLS on the backend leg, sliced', { client: plain, backend: tls, largestSlice: 20_000 }, 4 * mib],
  ['zlib on the client leg, sliced', { client: zlib, backend: plain, largestSlice: 20_000 }, 4 * mib],
  ['zlib on the backend leg, sliced', { client: plain, backend: zlib, largestSlice: 20_000 }, 4 * mib],
  ['zstd on the backend leg, zlib and TLS on the client leg', { client: { ...zlib, ...tls }, backend: zstd }, 4 * mib],
]

describe('bytes through a gateway', () => {
  for (const [name, legs, size] of courses) {
    it(`arrive as they were sent, down and up: ${name}`, async () => {
      await withCourse(legs, async (course, client) => {
        await course.down(client, size)
        await course.up(client, size)
      })
    })
  }

  for (const [name, how] of [
    ['', plain],
    [', compressed', zlib],
  ] as const) {
    it(`wait at the backend while the client does not read, and little of them in the gateway${name}`, async () => {
      await withCourse({ client: how, backend: how }, async ({ down, gateway }, client) => {
        const size = how === plain ? 64 * mib : 24 * mib
        await down(client, size)
        const before = await gateway.rss()
        let paused = false
        await down(client, size, (received) => {
          if (paused || received < mib) return undefined
          paused = true
          return (async () => {
            await standstill(gateway)
            isLittle((await gateway.rss()) - before)
          })()
        })
        assert.ok(paused)
      })
    })

    it(`wait at the client while the backend does not read, and little of them in the gateway${name}`, async () => {
      await withCourse({ client: how, backend: plain, largestSlice: 65_536 }, async (course, client) => {
        // A few bytes that become many.
        const statement = `up ${'x'.repeat(60 * mib)}`
        await client.query(statement.slice(0, 4 * mib))
        const before = await course.gateway.rss()
        const goOn = course.pauseBackend()
        const answer = client.query<{ length: bigint }>(statement)
        await standstill(course.gateway)
        isLittle((await course.gateway.rss()) - before)
        goOn()
        assert.equal((await answer).rows[0]?.length, BigInt(statement.length))
      })
    })
  }
})

function isLittle(grown: number): void {
  assert.ok(grown < 12 * mib, `${(grown / mib).toFixed(1)} MiB more than before`)
}

/** Resolves when the gateway gets nothing more: the buffers are full. */
async function standstill({ received }: GatewayProcess): Promise<void> {
  for (let last = -1, now = 0; last !== now; ) {
    last = now
    await new Promise((resolve) => setTimeout(resolve, 200))
    now = await received()
  }
}
