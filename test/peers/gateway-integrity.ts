/** 2 GiB through a gateway, hashed at both ends: over plain and encrypted legs as they come, and over slow, sliced and compressed ones. */
import { describe, test } from 'node:test'
import { type Legs, mib, withCourse } from '../gateway/transfer.ts'

const plain = { tls: { mode: 'DISABLED' } } as const
const tls = { tls: { mode: 'REQUIRED' } } as const
const zlib = { ...plain, compress: ['zlib'] } as const

/** Units: MiB. */
const courses: readonly (readonly [name: string, legs: Legs, down: number, up: number])[] = [
  ['plain legs', { client: plain, backend: plain }, 960, 384],
  ['TLS on both legs', { client: tls, backend: tls }, 256, 64],
  ['TLS on the client leg', { client: tls, backend: plain }, 128, 32],
  ['sliced legs', { client: plain, backend: plain, largestSlice: 30_000 }, 96, 32],
  ['sliced legs, TLS on both', { client: tls, backend: tls, largestSlice: 30_000 }, 32, 16],
  ['sliced legs, zlib on the client leg', { client: zlib, backend: plain, largestSlice: 30_000 }, 16, 8],
  ['sliced legs, zlib on the backend leg', { client: plain, backend: zlib, largestSlice: 30_000 }, 16, 8],
]

/** Declares the tests. */
export function testGatewayIntegrity(): void {
  describe('2 GiB through a gateway', () => {
    for (const [name, legs, down, up] of courses) {
      test(`${down} MiB down and ${up} MiB up arrive as they were sent: ${name}`, async () => {
        await withCourse(legs, async (course, client) => {
          await course.down(client, down * mib)
          await course.up(client, up * mib)
        })
      })
    }
  })
}
