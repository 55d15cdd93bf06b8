/** Threats by quantity: time, memory, connections, CPU. What is long or large is in test/soak. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, zstdCompressSync } from 'node:zlib'
import { bytes, int } from '../support/bytes.ts'
import { type DoorProcess, startDoorProcess } from './door-process.ts'
import { crowd, median, percentile, timed } from './measure.ts'
import { everyPlugin, openDoor, until } from './open-door.ts'
import { command, errOf, flag, frame, Stranger, usualFlags } from './stranger.ts'

const native = { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' }

async function withProcess(settings: Record<string, number>, run: (door: DoorProcess) => Promise<void>): Promise<void> {
  const door = await startDoorProcess(settings)
  try {
    await run(door)
  } finally {
    await door.close()
  }
}

/** When the peer closes after the connect. Units: ms. */
async function lifeOf(stranger: Stranger, sinceMs: number): Promise<number> {
  await new Promise((resolve) => stranger.plain.once('close', resolve))
  return performance.now() - sinceMs
}

describe('compressed packets', () => {
  const mib = 1 << 20
  const algorithms = {
    zlib: { flags: flag.COMPRESS, pack: (data: Buffer) => deflateSync(data) },
    zstd: { flags: flag.ZSTD, pack: (data: Buffer) => zstdCompressSync(data) },
  } as const

  const block = (packed: Buffer, length: number) =>
    Buffer.concat([int(packed.length, 3), [0], int(length, 3), packed].map((part) => Buffer.from(part as Uint8Array)))

  for (const [name, { flags, pack }] of Object.entries(algorithms)) {
    it(`T37 that inflate to a thousand times their size are refused at the limit, in bounded memory: ${name}`, () =>
      withProcess({ max_allowed_packet: mib }, async ({ port, facts }) => {
        const login = { ...native, flags: usualFlags | flags }
        // One packet that never ends, in 64 blocks of 16 MiB, and in 4096 blocks that are inflated at once.
        const large = Buffer.alloc(0xffffff)
        large.fill(0xff, 0, 3)
        const small = Buffer.alloc(256 * 1024)
        small.fill(0xff, 0, 3)
        const bombs = [
          Buffer.concat(Array(64).fill(block(pack(large), large.length))),
          Buffer.concat(Array(4096).fill(block(pack(small), small.length))),
        ]
        for (const bomb of bombs) {
          const stranger = await Stranger.loggedIn(port, login)
          const before = await facts()
          stranger.plain.write(bomb)
          const answer = await stranger.rest()
          const after = await facts()
          assert.ok(answer.length > 0, 'an error')
          const growth = (after.rss - before.rss) / mib
          assert.ok(growth < 64, `${growth.toFixed(0)} MiB for a gigabyte`)
          stranger.destroy()
        }
      }))

    it(`T37 that lie about their size, or are none, end the session: ${name}`, async (t) => {
      const { port, door } = await openDoor(t, { accounts: everyPlugin })
      const ping = frame(Uint8Array.of(command.ping))
      const honest = Buffer.concat([ping, Buffer.alloc(200)])
      const lies = [
        block(pack(honest), honest.length - 1),
        block(pack(honest), honest.length + 1),
        block(pack(honest), 1),
        block(pack(honest), 0xffffff),
        block(Buffer.alloc(60, 0x41), 500),
        block(pack(honest).subarray(0, -3), honest.length),
        block(Buffer.alloc(0), 10),
      ]
      for (const lie of lies) {
        const stranger = await Stranger.loggedIn(port, { ...native, flags: usualFlags | flags })
        stranger.plain.write(lie)
        await stranger.rest()
        stranger.destroy()
      }
      await until(() => door.registry.live.size === 0, 'all are gone')
    })

    it(`T37 that hold a million commands do not make the door read them before it answers: ${name}`, () =>
      withProcess({}, async ({ port, facts }) => {
        const pings = Buffer.concat(Array(200_000).fill(frame(Uint8Array.of(command.ping))))
        const stranger = await Stranger.loggedIn(port, { ...native, flags: usualFlags | flags })
        stranger.plain.pause()
        const before = await facts()
        const packed = block(pack(pings), pings.length)
        for (let i = 0; i < 120; i++) stranger.plain.write(packed)
        const watcher = await Stranger.loggedIn(port, native)
        const slowest = await timed(() => watcher.run(command.ping))
        await new Promise((resolve) => setTimeout(resolve, 300))
        const after = await facts()
        assert.ok((after.rss - before.rss) / mib < 128, `${((after.rss - before.rss) / mib).toFixed(0)} MiB`)
        assert.ok(slowest < 1000, `a ping of another took ${slowest.toFixed(0)} ms`)
        for (const one of [stranger, watcher]) one.destroy()
      }))
  }
})

describe('slow strangers', () => {
  it('T40 are gone at the deadline, drip or silence, plain or half-way in TLS, while logins work', () =>
    withProcess({ connect_timeout: 2, max_connections: 5000 }, async ({ port, facts }) => {
      const lives: number[] = []
      const drip = async (i: number) => {
        const since = performance.now()
        const stranger = await Stranger.greeted(port)
        const lived = lifeOf(stranger, since)
        // Silence, a login byte by byte, silence behind an SSLRequest, a ClientHello byte by byte.
        if (i % 4 >= 2) stranger.write(frame(bytes(int(usualFlags | flag.SSL, 4), new Uint8Array(28)), 1))
        if (i % 4 === 1) stranger.write(bytes(int(200, 3), [1]))
        if (i % 4 === 3) stranger.write(bytes('16 03 01 02 00'))
        const drops = setInterval(() => {
          if (i % 2 === 1) stranger.plain.write(Buffer.of(1))
        }, 150)
        lives.push(await lived)
        clearInterval(drops)
      }
      const all = crowd(200, 200, drip)
      await new Promise((resolve) => setTimeout(resolve, 300))
      const logins: number[] = []
      for (const end = performance.now() + 1400; performance.now() < end; ) {
        logins.push(
          await timed(async () => {
            const session = await Stranger.loggedIn(port, native)
            session.destroy()
          }),
        )
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await all
      assert.ok(logins.length > 10 && median(logins) < 50, `${logins.length} logins took ${median(logins)} ms`)
      assert.equal(lives.length, 200)
      const [first, last] = [Math.min(...lives), Math.max(...lives)]
      assert.ok(first > 1900 && last < 2400, `they lived ${first.toFixed(0)} to ${last.toFixed(0)} ms`)
      assert.equal((await facts()).live, 0)
    }))

  it('T40 who never read their refusal are cut off soon after it', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings: { connect_timeout: 10 } })
    const stranger = await Stranger.greeted(port)
    stranger.plain.pause()
    const start = performance.now()
    stranger.send(Buffer.alloc(40))
    const flood = setInterval(() => stranger.plain.write(Buffer.alloc(1000)), 20)
    await until(() => door.registry.live.size === 0, 'it is refused')
    await new Promise((resolve) => stranger.plain.once('error', resolve))
    clearInterval(flood)
    assert.ok(performance.now() - start < 2500)
    stranger.destroy()
  })

  it('T40 T67 a session that takes no answers gets no more of them, and its commands wait outside', () =>
    withProcess({}, async ({ port, facts }) => {
      const stranger = await Stranger.loggedIn(port, native)
      stranger.plain.pause()
      const before = await facts()
      const statistics = Buffer.concat(Array(20_000).fill(frame(Uint8Array.of(9))))
      for (let i = 0; i < 40; i++) stranger.plain.write(statistics)
      await new Promise((resolve) => setTimeout(resolve, 700))
      const after = await facts()
      const growth = (after.rss - before.rss) / 2 ** 20
      assert.ok(growth < 24, `${growth.toFixed(0)} MiB`)
      stranger.destroy()
    }))
})

describe('too many at once', () => {
  it('T41 get 1040 at once, one slot stays for an administrator, and every slot comes back', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings: { max_connections: 20 } })
    const inside = await Promise.all(Array.from({ length: 20 }, () => Stranger.loggedIn(port, native)))
    const refused = await Stranger.greeted(port)
    const verdict = await refused.login(native)
    assert.equal(!verdict.ok && verdict.code, 1040)
    const root = await Stranger.greeted(port)
    assert.deepEqual(await root.login({ user: 'root', password: 'pw-root' }), { ok: true })
    const times: number[] = []
    await crowd(200, 20, async () => {
      const stranger = await Stranger.knock(port)
      const answer = { code: 0 }
      times.push(await timed(async () => Object.assign(answer, errOf((await stranger.packet())?.payload as Buffer))))
      assert.equal(answer.code, 1040)
      stranger.destroy()
    })
    assert.ok(percentile(times, 0.99) < 50, `${percentile(times, 0.99)} ms`)
    for (const stranger of [...inside, refused, root]) stranger.destroy()
    await until(() => door.registry.live.size === 0, 'all are gone')
    const again = await Promise.all(Array.from({ length: 20 }, () => Stranger.loggedIn(port, native)))
    for (const stranger of again) stranger.destroy()
  })

  it('T41 silent ones, however many, give way to those who log in', async (t) => {
    const settings = { max_connections: 20, saltgate_stranger_patience: 30 }
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings })
    const inside = await Promise.all(Array.from({ length: 5 }, () => Stranger.loggedIn(port, native)))
    const silent = await Promise.all(Array.from({ length: 16 }, () => Stranger.greeted(port)))
    await new Promise((resolve) => setTimeout(resolve, 40))
    const late: Stranger[] = []
    for (let i = 0; i < 10; i++) {
      const stranger = await Stranger.greeted(port)
      late.push(stranger)
      assert.deepEqual(await stranger.login(native), { ok: true })
    }
    assert.equal(door.registry.denied.get('gave-way'), 11)
    assert.equal(errOf((await silent[0]?.packet())?.payload as Buffer).code, 1040)
    for (const session of inside) assert.equal((await session.run(0x0e))?.payload[0], 0, 'a session never gives way')
    for (const stranger of [...inside, ...silent, ...late]) stranger.destroy()
  })

  it('T41 thousands of failures of every kind leave no counter behind', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings: { max_user_connections: 3 } })
    await crowd(1500, 30, async (i) => {
      const stranger = await Stranger.greeted(port)
      if (i % 5 === 0) stranger.plain.resetAndDestroy()
      else if (i % 5 === 1) stranger.send(Buffer.alloc(7))
      else if (i % 5 === 2) await stranger.login({ ...native, password: 'wrong' })
      else if (i % 5 === 3) await stranger.login({ ...native, user: 'nobody' })
      else await stranger.login({ ...native, database: 'x'.repeat(70) })
      stranger.destroy()
    })
    await until(() => door.registry.live.size === 0, 'all are gone')
    const three = await Promise.all([1, 2, 3].map(() => Stranger.loggedIn(port, native)))
    const fourth = await Stranger.greeted(port)
    const verdict = await fourth.login(native)
    assert.equal(!verdict.ok && verdict.code, 1203, 'the limit counts the three that are there')
    for (const stranger of [...three, fourth]) stranger.destroy()
  })
})

describe('a storm of wrong passwords', () => {
  it('T42 that need full authentication stalls neither the event loop nor those who are remembered', () =>
    withProcess({}, async ({ port, facts }) => {
      const remembered = async () => {
        const session = await Stranger.loggedIn(port, { user: 'sha2', password: 'pw-sha2' })
        session.destroy()
      }
      await remembered()
      await facts()
      for (let i = 0; i < 100; i++) await remembered()
      const calm = await facts()
      let over = false
      const attack = crowd(800, 60, async (i) => {
        const stranger = await Stranger.greeted(port, `127.0.0.${2 + (i % 8)}`)
        await stranger.login({ user: i % 2 ? 'sha2' : `nobody${i}`, password: 'wrong' })
        stranger.destroy()
      }).then(() => {
        over = true
      })
      const times: number[] = []
      while (!over) times.push(await timed(remembered))
      await attack
      const stormy = await facts()
      // What the machine does to the process without any attack is not the door's fault.
      const limit = 20 + calm.loopDelayP99
      assert.ok(stormy.loopDelayP99 < limit, `the event loop was ${stormy.loopDelayP99.toFixed(1)} ms late`)
      assert.ok(median(times) < 100, `remembered logins took ${median(times).toFixed(1)} ms`)
      assert.equal(stormy.refused['verifier-overloaded'], undefined)
    }))

  it('T42 beyond the queue is refused at once, and the greediest address first', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings: { connect_timeout: 60 } })
    const strangers: Stranger[] = []
    await crowd(1400, 20, async () => {
      strangers.push(await Stranger.greeted(port, '127.0.0.9'))
    })
    const attack = Promise.all(
      strangers.map(async (stranger) => {
        await stranger.login({ user: 'sha2', password: 'wrong' })
        stranger.destroy()
      }),
    )
    await until(() => (door.registry.denied.get('verifier-overloaded') ?? 0) > 0, 'the queue is full', 10_000)
    const took = await timed(async () => {
      const session = await Stranger.loggedIn(port, { user: 'sha2', password: 'pw-sha2' })
      session.destroy()
    })
    assert.ok(took < 1500, `somebody else waited ${took.toFixed(0)} ms`)
    await attack
  })
})

describe('somebody else’s failures', () => {
  it('T43 lock nobody out: root of another address logs in as fast as before', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin, settings: { max_connect_errors: 10 } })
    const login = () =>
      timed(async () => {
        const session = await Stranger.loggedIn(port, { user: 'root', password: 'pw-root' })
        session.destroy()
      })
    await login()
    const before = median([await login(), await login(), await login()])
    await crowd(1000, 30, async () => {
      const stranger = await Stranger.greeted(port, '127.0.0.5')
      await stranger.login({ ...native, user: 'root', password: 'wrong' })
      stranger.destroy()
    })
    const after = median([await login(), await login(), await login()])
    assert.ok(after < before + 50, `${after.toFixed(1)} ms instead of ${before.toFixed(1)}`)
    const same = await Stranger.greeted(port, '127.0.0.5')
    assert.deepEqual(await same.login({ user: 'root', password: 'pw-root' }), { ok: true })
    same.destroy()
  })

  it('T43 block an address only for broken handshakes, and no other address with it', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin, settings: { max_connect_errors: 10 } })
    await crowd(20, 5, async () => {
      const stranger = await Stranger.knock(port, '127.0.0.6')
      const greeting = await stranger.packet()
      if (greeting?.payload[0] === 10) stranger.send(Buffer.of(1, 2, 3))
      await stranger.rest()
      stranger.destroy()
    })
    const blocked = await Stranger.knock(port, '127.0.0.6')
    const answer = await blocked.packet()
    assert.equal(answer && errOf(answer.payload).code, 1129)
    const other = await Stranger.greeted(port, '127.0.0.7')
    assert.deepEqual(await other.login(native), { ok: true })
    door.hostCache.flush()
    const open = await Stranger.greeted(port, '127.0.0.6')
    assert.deepEqual(await open.login(native), { ok: true })
    for (const stranger of [blocked, other, open]) stranger.destroy()
  })
})

describe('one greedy session', () => {
  it('T67 with thousands of commands in one go has 64 of them done before others get their turn', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    const greedy = await Stranger.loggedIn(port, native)
    const { status } = door.registry
    let most = 0
    let seen = status.Queries
    let watching = true
    const watch = () => {
      most = Math.max(most, status.Queries - seen)
      seen = status.Queries
      if (watching) setImmediate(watch)
    }
    watch()
    const start = status.Queries
    greedy.plain.write(Buffer.concat(Array(10_000).fill(frame(Uint8Array.of(command.ping)))))
    await until(() => status.Queries >= start + 10_000, 'all are answered')
    watching = false
    // A turn may fall on both sides of a look.
    assert.ok(most <= 128, `${most} commands in one turn`)
    greedy.destroy()
  })
})
