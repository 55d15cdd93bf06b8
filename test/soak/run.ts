/**
 * The long versions of test/threats: what needs many logins, much time or a quiet machine to show. Ends within ten minutes
 * and prints what was measured against what is promised; exit code 1 when a promise is broken.
 *
 *     npm run test:soak                 everything
 *     npm run test:soak -- T40 T42      some of it
 */
import { randomBytes } from 'node:crypto'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { NonceSource } from '../../src/accounts/nonce-source.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { type DoorProcess, startDoorProcess } from '../threats/door-process.ts'
import { crowd, mean, median, percentile, timed, trimmed, welch } from '../threats/measure.ts'
import { frame, Stranger, usualFlags } from '../threats/stranger.ts'

interface Measurement {
  readonly what: string
  readonly measured: string
  readonly promised: string
  readonly kept: boolean
}

interface Run {
  readonly id: string
  readonly run: () => Promise<readonly Measurement[]>
}

const native = { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' }
const mib = 2 ** 20

async function withDoor<T>(
  settings: Record<string, number>,
  run: (door: DoorProcess) => Promise<T>,
  accounts?: readonly { readonly user: string; readonly plugin: string; readonly password: string }[],
): Promise<T> {
  const door = await startDoorProcess(settings, accounts)
  try {
    return await run(door)
  } finally {
    await door.close()
  }
}

async function session(port: number, credentials: { user: string; password: string; plugin?: string }): Promise<void> {
  const stranger = await Stranger.loggedIn(port, credentials)
  stranger.destroy()
}

async function wrong(port: number, user: string, from?: string, plugin?: string): Promise<number> {
  const stranger = await Stranger.greeted(port, from)
  const took = await timed(() => stranger.login({ user, password: 'wrong', ...(plugin !== undefined && { plugin }) }))
  stranger.destroy()
  return took
}

const runs: readonly Run[] = [
  {
    id: 'T01',
    run: async () => {
      const accounts = new MemoryAccounts([{ user: 'u', plugin: 'mysql_native_password', password: 'right' }])
      const authStrings = [accounts.read('u', '%')?.authString ?? '']
      const count = 1_000_000
      const accepted = { mysql_native_password: 0, caching_sha2_password: 0 }
      for (const [name, length] of [
        ['mysql_native_password', 20],
        ['caching_sha2_password', 32],
      ] as const) {
        const plugin = plugins.get(name)
        const fastDigests = [randomBytes(32)]
        const nonce = randomBytes(20)
        for (let i = 0; i < count; i++) {
          const proof = {
            answer: randomBytes(length),
            nonce,
            channel: 'tls' as const,
            fastDigests,
            publicKey: undefined,
          }
          const turn = plugin?.server({ ...proof, authStrings: length === 20 ? authStrings : ['$A$'] }).next()
          if (turn?.done && turn.value.verdict === 'accept') accepted[name]++
        }
      }
      const total = accepted.mysql_native_password + accepted.caching_sha2_password
      return [measure(`of ${2 * count} random proofs accepted`, total, '0', total === 0)]
    },
  },
  {
    id: 'T06',
    run: async () => {
      const nonces = new NonceSource()
      const count = 2_000_000
      const seen = new Set<string>()
      const times = Array.from({ length: 20 }, () => new Array<number>(128).fill(0))
      for (let i = 0; i < count; i++) {
        const nonce = nonces.next()
        for (const [at, byte] of nonce.entries())
          (times[at] as number[])[byte] = ((times[at] as number[])[byte] ?? 0) + 1
        seen.add(Buffer.from(nonce).toString('latin1'))
      }
      const expected = count / 126
      const worst = Math.max(
        ...times.map((position) =>
          position.reduce(
            (sum, n, byte) => sum + (byte === 0 || byte === 0x24 ? n * count : (n - expected) ** 2 / expected),
            0,
          ),
        ),
      )
      // 125 degrees of freedom; 20 positions; p = 0.0001 for the worst of them.
      return [
        measure(`repeated of ${count} nonces`, count - seen.size, '0', seen.size === count),
        measure('worst chi-square of a position', worst.toFixed(0), '< 205', worst < 205),
      ]
    },
  },
  {
    id: 'T14',
    run: async () => {
      const results: Measurement[] = []
      for (const [plugin, count] of [
        ['mysql_native_password', 6_000],
        ['caching_sha2_password', 400],
        ['sha256_password', 400],
      ] as const) {
        // As many names as attempts, so that each is seen for the first time, as by somebody who goes through a list.
        const accounts = Array.from({ length: count }, (_, i) => ({ user: `real${i}`, plugin, password: 'right' }))
        await withDoor(
          {},
          async ({ port }) => {
            const times = { real: [] as number[], nobody: [] as number[] }
            const ask = async (kind: 'real' | 'nobody', i: number) => {
              times[kind].push(await wrong(port, `${kind}${i}`, undefined, plugin))
            }
            for (let i = 0; i < 300; i++) await wrong(port, `warm${i}`, undefined, plugin)
            for (let i = 0; i < count; i++) {
              for (const kind of i % 2 === 0 ? (['real', 'nobody'] as const) : (['nobody', 'real'] as const))
                await ask(kind, i)
            }
            const [nobody, real] = [trimmed(times.nobody), trimmed(times.real)]
            const t = Math.abs(welch(nobody, real))
            const apart = mean(nobody) / mean(real) - 1
            const measured = `${(mean(nobody) * 1000).toFixed(0)} and ${(mean(real) * 1000).toFixed(0)} us, t ${t.toFixed(1)}`
            const what = `unknown names and wrong passwords, ${plugin}`
            results.push(measure(what, measured, 't < 4.5, or less than 3 % apart', t < 4.5 || Math.abs(apart) < 0.03))
          },
          accounts,
        )
      }
      return results
    },
  },
  {
    id: 'T40',
    run: async () =>
      withDoor({ connect_timeout: 10, max_connections: 20_000 }, async ({ port, facts }) => {
        const count = 9_000
        const before = await facts()
        const lives: number[] = []
        const strangers: Stranger[] = []
        const arrivals = crowd(count, 200, async () => {
          const stranger = await Stranger.greeted(port)
          const since = performance.now()
          stranger.write(Buffer.of(200, 0, 0, 1))
          strangers.push(stranger)
          stranger.plain.once('close', () => lives.push(performance.now() - since))
        })
        await arrivals
        let drops = 0
        const drip = setInterval(() => {
          for (let i = drops++ % 10; i < strangers.length; i += 10) strangers[i]?.plain.write(Buffer.of(1))
        }, 200)
        const full = await facts()
        const logins: number[] = []
        for (const end = performance.now() + 6_000; performance.now() < end; )
          logins.push(await timed(() => session(port, native)))
        while (lives.length < count && performance.now() < 1e9) await new Promise((resolve) => setTimeout(resolve, 50))
        clearInterval(drip)
        const [first, last] = [percentile(lives, 0), percentile(lives, 1)]
        const each = (full.rss - before.rss) / count / 1024
        return [
          measure(
            `${count} drippers lived`,
            `${first.toFixed(0)} to ${last.toFixed(0)} ms`,
            '10,000 ms ± 5 %',
            first > 9_500 && last < 10_500,
          ),
          measure('memory of each', `${each.toFixed(1)} KiB`, '<= 96 KiB', each <= 96),
          measure(
            'logins meanwhile, median and p99',
            `${median(logins).toFixed(1)} and ${percentile(logins, 0.99).toFixed(1)} ms`,
            'p99 < 100 ms',
            percentile(logins, 0.99) < 100,
          ),
        ]
      }),
  },
  {
    id: 'T42',
    run: async () =>
      withDoor({ connect_timeout: 10 }, async ({ port, facts }) => {
        await session(port, { user: 'sha2', password: 'pw-sha2' })
        await facts()
        let over = false
        const cached: number[] = []
        const end = performance.now() + 60_000
        let attempts = 0
        let full = 0
        let fullFailed = 0
        const attack = crowd(Number.MAX_SAFE_INTEGER, 300, async (i) => {
          if (performance.now() > end) return new Promise(() => {})
          attempts++
          await wrong(port, i % 2 ? 'sha2' : `nobody${i}`, `127.0.0.${2 + (i % 3)}`)
          return undefined
        })
        const valid = (async () => {
          while (!over) {
            const stranger = await Stranger.greeted(port)
            const verdict = await stranger.login({ user: 'sha256', password: 'pw-sha256' })
            full++
            if (!verdict.ok) fullFailed++
            stranger.destroy()
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
        })()
        while (performance.now() < end) {
          cached.push(await timed(() => session(port, { user: 'sha2', password: 'pw-sha2' })))
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
        over = true
        await valid
        attack.catch(() => {})
        const { loopDelayP99, loopDelayMax } = await facts()
        return [
          measure(
            `event loop, ${attempts} wrong full authentications in 60 s`,
            `p99 ${loopDelayP99.toFixed(1)}, longest ${loopDelayMax.toFixed(1)} ms`,
            'p99 <= 20 ms',
            loopDelayP99 <= 20,
          ),
          measure(
            'remembered logins',
            `p99 ${percentile(cached, 0.99).toFixed(1)} ms`,
            'p99 <= 50 ms',
            percentile(cached, 0.99) <= 50,
          ),
          measure(
            'right passwords in full, from another address',
            `${full - fullFailed} of ${full}`,
            '>= 99.9 %',
            fullFailed <= full / 1000,
          ),
        ]
      }),
  },
  {
    id: 'T44',
    run: async () =>
      withDoor({}, async ({ port, facts }) => {
        const count = 50_000
        await crowd(count, 100, async (i) => {
          const stranger = await Stranger.knock(port)
          const opening = randomBytes(1 + (i % 300))
          stranger.write(i % 3 === 0 ? opening : frame(i % 3 === 1 ? opening : disguised(opening), 1))
          stranger.plain.end()
          await stranger.rest()
          stranger.destroy()
        })
        const { live, refused } = await settle(facts)
        const total = Object.values(refused).reduce((sum, n) => sum + n, 0)
        return [
          measure(`of ${count} random openings refused`, total, String(count), total === count),
          measure(
            'of them failures of our own, and left open',
            `${refused['verifier-failed'] ?? 0} and ${live}`,
            '0 and 0',
            live === 0 && !refused['verifier-failed'],
          ),
        ]
      }),
  },
  {
    id: 'T45',
    run: async () =>
      withDoor({ saltgate_handshake_history: 100 }, async ({ port, facts }) => {
        const abort = (count: number) =>
          crowd(count, 100, async (i) => {
            const stranger = await Stranger.greeted(port)
            if (i % 4 === 1) stranger.write(Buffer.of(0x20, 0, 0, 1))
            if (i % 4 === 2) await wrongButGone(stranger)
            if (i % 4 === 3) await stranger.startTls().catch(() => {})
            if (i % 2) stranger.plain.resetAndDestroy()
            else stranger.destroy()
          })
        await abort(40_000)
        const before = await settle(facts)
        await abort(40_000)
        const after = await settle(facts)
        const heap = (after.heap - before.heap) / mib
        const rss = after.rss / before.rss - 1
        const sockets = (of: typeof after) =>
          JSON.stringify(Object.entries(of.resources).filter(([kind]) => /TCP|TLS|Pipe/.test(kind)))
        return [
          measure(
            'heap after 40,000 more aborted handshakes',
            `${heap >= 0 ? '+' : ''}${heap.toFixed(2)} MiB`,
            '< 2 MiB',
            heap < 2,
          ),
          measure(
            'resident memory',
            `${(after.rss / mib).toFixed(0)} MiB, ${(rss * 100).toFixed(1)} % more`,
            '< 20 %',
            rss < 0.2,
          ),
          measure(
            'sockets and connections left',
            `${after.live}`,
            '0',
            after.live === 0 && sockets(after) === sockets(before),
          ),
        ]
      }),
  },
]

/** A login on which nobody waits. */
async function wrongButGone(stranger: Stranger): Promise<void> {
  stranger.login({ user: 'sha2', password: 'wrong' }).catch(() => {})
  await new Promise((resolve) => setImmediate(resolve))
}

/** Flags of a login before random bytes, so that they get as far as the fields. */
function disguised(random: Buffer): Buffer {
  const head = Buffer.alloc(32)
  head.writeUInt32LE(usualFlags, 0)
  return Buffer.concat([head, random])
}

async function settle(facts: DoorProcess['facts']) {
  for (let i = 0; i < 60; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if ((await facts()).live === 0 && i > 12) break
  }
  return facts()
}

function measure(what: string, measured: string | number, promised: string, kept: boolean): Measurement {
  return { what, measured: String(measured), promised, kept }
}

const wanted = process.argv.slice(2)
let broken = 0
for (const { id, run } of runs) {
  if (wanted.length > 0 && !wanted.includes(id)) continue
  const start = performance.now()
  const measurements = await run()
  for (const { what, measured, promised, kept } of measurements) {
    if (!kept) broken++
    console.log(`${kept ? 'ok    ' : 'BROKEN'} ${id}  ${what}: ${measured}  (promised: ${promised})`)
  }
  console.log(`          ${((performance.now() - start) / 1000).toFixed(1)} s`)
}
process.exit(broken === 0 ? 0 : 1)
