/** Strangers that are no MySQL clients, that leave in the middle, that come in numbers; and code that breaks around the door. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { account } from '../../src/accounts/defaults.ts'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import type { AccountSource } from '../../src/accounts/source.ts'
import { bytes, int, nul } from '../support/bytes.ts'
import { startDoorProcess } from './door-process.ts'
import { crowd, memory } from './measure.ts'
import { everyPlugin, openDoor, until } from './open-door.ts'
import { command, frame, loginPacket, Stranger, sslRequest } from './stranger.ts'

const native = { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' }

describe('what is not MySQL', () => {
  const openings: Readonly<Record<string, Uint8Array>> = {
    HTTP: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    'HTTP/2': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    'a TLS ClientHello': bytes('16 03 01 00 05 01 00 00 01 03'),
    'an SSH banner': Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'),
    'a PostgreSQL startup': bytes('00 00 00 29 00 03 00 00', nul('user'), nul('x'), nul('database'), nul('y'), [0]),
    'a PostgreSQL SSLRequest': bytes('00 00 00 08 04 d2 16 2f'),
    SMB: bytes('00 00 00 2f ff 53 4d 42 72 00'),
    RDP: bytes('03 00 00 0b 06 e0 00 00 00 00 00'),
    'a Redis command': Buffer.from('*1\r\n$4\r\nPING\r\n'),
    'a DNS query over TCP': bytes('00 1d 00 06 01 00 00 01 00 00 00 00 00 00'),
    'a PROXY header': Buffer.from('PROXY TCP4 10.0.0.1 10.0.0.2 1 3306\r\n'),
    'an X Protocol message': bytes('05 00 00 00 01 08 01 12 00'),
    zeros: new Uint8Array(100),
    'an empty packet': bytes('00 00 00 01'),
    'a login from before 4.1': frame(bytes(int(1, 2), int(0, 3), nul('root'), nul('pw')), 1),
  }
  it('T44 is refused, and neither ends the door nor fills its log', async (t) => {
    const { port, door, log } = await openDoor(t, { accounts: everyPlugin })
    for (const [name, opening] of Object.entries(openings)) {
      for (const first of [true, false]) {
        const stranger = first ? await Stranger.knock(port) : await Stranger.greeted(port)
        stranger.write(opening)
        stranger.plain.end()
        await stranger.rest()
        stranger.destroy()
        await until(() => door.registry.live.size === 0, name)
      }
    }
    assert.ok(
      door.registry.history().every(({ outcome, reason }) => outcome === 'refused' && reason !== 'verifier-failed'),
    )
    assert.equal(log.length, 2 * Object.keys(openings).length, 'one line for each')
    assert.ok(log.every((line) => line.length < 1000))
  })

  it('T44 random openings end in a refusal of one of the known kinds', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    await crowd(3000, 50, async (i) => {
      const stranger = await Stranger.knock(port)
      const opening = randomBytes(1 + (i % 200))
      // Half of them look like a packet, so that they get past the frame.
      stranger.write(i % 2 ? opening : frame(opening, 1))
      stranger.plain.end()
      await stranger.rest()
      stranger.destroy()
    })
    await until(() => door.registry.live.size === 0, 'all are gone')
    const known = [
      'malformed-packet',
      'packet-too-large',
      'out-of-order',
      'client-gone',
      'no-plugin-auth',
      'charset-refused',
      'zstd-level',
      // One in a hundred thousand is a login, of nobody, whose decoy may imitate any account.
      'unknown-account',
      'plugin-unknown',
      'insecure-channel',
    ]
    assert.deepEqual(
      [...door.registry.denied.keys()].filter((reason) => !known.includes(reason)),
      [],
    )
  })
})

describe('whoever leaves in the middle', () => {
  it('T45 T68 by FIN, RST or silence, at every byte of a login, leaves nothing behind', async () => {
    const door = await startDoorProcess({ connect_timeout: 2 })
    try {
      const login = (stranger: Stranger) =>
        Buffer.concat([
          frame(loginPacket({ ...native, proof: new Uint8Array(20), database: 'd', attributes: { a: 'b' } }), 1),
          frame(Uint8Array.of(command.ping)),
        ]).subarray(0, stranger.greeting.plugin === '' ? 0 : undefined)
      const length = login(await Stranger.greeted(door.port)).length
      const warm = await Stranger.loggedIn(door.port, native)
      warm.destroy()
      await until(() => true, 'warm')
      const before = await settled(door.facts)
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        await crowd(length * 2, 20, async (i) => {
          const tls = i >= length
          const stranger = await Stranger.greeted(door.port)
          if (tls) stranger.write(frame(sslRequest(), 1), bytes('16 03 01 02 00'), new Uint8Array(i - length))
          else stranger.write(login(stranger).subarray(0, i))
          await new Promise((resolve) => setImmediate(resolve))
          stranger.plain[leave]()
          if (leave === 'end') await stranger.rest()
          stranger.destroy()
        })
      }
      const after = await settled(door.facts)
      assert.equal(after.live, 0)
      const sockets = ({ resources }: typeof after) =>
        Object.entries(resources).filter(([kind]) => !/Timeout|Immediate/.test(kind))
      assert.deepEqual(sockets(after), sockets(before))
      const growth = (after.heap - before.heap) / 2 ** 20
      assert.ok(growth < 4, `the heap grew by ${growth.toFixed(1)} MiB`)
    } finally {
      await door.close()
    }
  })

  it('T45 while TLS, a password check, a large answer or COM_CHANGE_USER is under way leaves nothing behind', async (t) => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({ i, text: 'x'.repeat(1000) }))
    const { port, door } = await openDoor(t, { accounts: everyPlugin, onQuery: () => rows })
    const moments: readonly ((stranger: Stranger) => Promise<unknown> | undefined)[] = [
      (stranger) => void stranger.login({ user: 'sha2', password: 'wrong' }).catch(() => {}) as undefined,
      (stranger) => void stranger.startTls().catch(() => {}) as undefined,
      async (stranger) => {
        await stranger.startTls()
        stranger.send(Buffer.alloc(10))
      },
      async (stranger) => {
        await stranger.login(native)
        stranger.plain.pause()
        stranger.send(bytes([command.query], Buffer.from('SELECT')), 0)
      },
      async (stranger) => {
        await stranger.login(native)
        stranger.changeUser({ user: 'sha2', password: 'pw-sha2' }).catch(() => {})
      },
    ]
    await crowd(moments.length * 30, 20, async (i) => {
      const stranger = await Stranger.greeted(port)
      await moments[i % moments.length]?.(stranger)
      await new Promise((resolve) => setTimeout(resolve, i % 7))
      stranger.plain[(['end', 'destroy', 'resetAndDestroy'] as const)[i % 3] as 'end']()
      setTimeout(() => stranger.destroy(), 20)
    })
    await until(() => door.registry.live.size === 0, 'all are gone')
    assert.equal(door.loginDeadlines.size + door.changeUserDeadlines.size + door.idleDeadlines(28_800).size, 0)
  })

  it('T45 behind a goodbye, without taking the answers, is gone in the end', async (t) => {
    const rows = Array.from({ length: 30_000 }, () => ({ text: 'x'.repeat(1000) }))
    const { port, door } = await openDoor(t, { accounts: everyPlugin, onQuery: () => rows })
    const stranger = await Stranger.loggedIn(port, native)
    stranger.plain.pause()
    stranger.send(bytes([command.query], Buffer.from('SELECT')), 0)
    stranger.send(Uint8Array.of(command.quit), 0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const [record] = door.registry.live.values()
    assert.ok(record, 'it is still there, and KILL finds it')
    record.kill('connection')
    await until(() => door.registry.live.size === 0, 'KILL ends it')
    stranger.destroy()
  })
})

describe('an account source that breaks', () => {
  const stored = new MemoryAccounts([{ user: 'native', plugin: native.plugin, password: native.password }])
  const down = () => {
    throw new Error('the directory is down')
  }
  const sources: Readonly<Record<string, AccountSource>> = {
    'in find': { find: down },
    'in find, with no Error': { find: () => Promise.reject(undefined) },
    'in admitsHost': { find: (user, peer) => stored.find(user, peer), admitsHost: down },
    'in read': { find: (user, peer) => stored.find(user, peer), read: down },
    'in pluginCounts': { find: () => undefined, pluginCounts: down },
    'by an account without fields': { find: () => ({}) as never },
    'by an account with half of its fields': {
      find: () => ({ ...account({ user: 'native' }), limits: undefined }) as never,
    },
    // biome-ignore lint/suspicious/noThenProperty: what an account source gives may be anything
    'by a thenable that is no promise': { find: () => ({ then: down }) as never },
  }
  for (const [name, accounts] of Object.entries(sources)) {
    it(`T68 T74 refuses the login and no more: ${name}`, async (t) => {
      let broken = true
      const { port, door, queries } = await openDoor(t, {
        accounts: {
          find: (user, peer) => (broken ? accounts : stored).find(user, peer),
          ...(accounts.admitsHost && { admitsHost: (peer) => (broken ? (accounts.admitsHost?.(peer) ?? true) : true) }),
          ...(accounts.read && {
            read: (user, host) => (broken ? accounts.read?.(user, host) : stored.read(user, host)),
          }),
          ...(accounts.pluginCounts && {
            pluginCounts: () => (broken ? (accounts.pluginCounts?.() ?? new Map()) : stored.pluginCounts()),
          }),
        } as AccountSource,
      }).catch((error: unknown) => {
        // Asked for at the start already: then the door does not open at all.
        assert.equal(name, 'in pluginCounts')
        assert.match(String(error), /down/)
        return { port: 0, door: undefined, queries: [] }
      })
      if (door === undefined) return
      for (const password of ['pw-native', '']) {
        const stranger = await Stranger.knock(port)
        stranger.plain.on('error', () => {})
        const greeting = await stranger.packet()
        if (greeting !== undefined) {
          stranger.greeting.nonce = Buffer.alloc(20, 1)
          const verdict = await stranger.login({ ...native, password })
          assert.equal(verdict.ok, false)
          assert.ok(verdict.ok || !verdict.message.includes('directory'), 'the error of the source stays inside')
        }
        stranger.destroy()
      }
      await until(() => door.registry.live.size === 0, 'it is gone')
      assert.deepEqual(queries, [])
      broken = false
      const session = await Stranger.loggedIn(port, native)
      session.destroy()
    })
  }

  it('T06 randomness that fails costs the connection, not the process, and is never replaced', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    const { next } = door.nonces
    door.nonces.next = () => {
      throw new Error('no entropy')
    }
    const stranger = await Stranger.knock(port)
    assert.equal(await stranger.packet(), undefined, 'no greeting without a nonce')
    door.nonces.next = next
    const greeted = await Stranger.greeted(port)
    door.nonces.next = () => {
      throw new Error('no entropy')
    }
    const verdict = await greeted.login({ ...native, plugin: 'sha256_password' })
    assert.equal(verdict.ok, false)
    door.nonces.next = next
    const session = await Stranger.loggedIn(port, native)
    for (const one of [stranger, greeted, session]) one.destroy()
  })
})

describe('numbers of names and addresses', () => {
  it('T46 make nothing grow without end: decoys, failures, host cache, history, limits, idle times', async (t) => {
    const { door } = await openDoor(t, { accounts: everyPlugin })
    const tracked = { ...account({ user: '' }), failedLoginAttempts: 3, passwordLockTimeDays: 1 }
    const run = (from: number, to: number) => {
      for (let i = from; i < to; i++) {
        const address = `2001:db8:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::1`
        if (i % 7 === 0) door.realm.decoy(`nobody${i}`, address)
        door.realm.failedLogins.onWrongPassword({ ...tracked, user: `user${i}` }, i)
        door.hostCache.countError(address, 'COUNT_HANDSHAKE_ERRORS', true)
        door.realm.fastDigests.learn({ ...tracked, user: `user${i}` }, 0, Buffer.alloc(32))
        door.idleDeadlines(1 + i)
      }
    }
    run(0, 105_000)
    const before = memory().heap
    run(105_000, 160_000)
    const growth = (memory().heap - before) / 2 ** 20
    assert.ok(growth < 8, `${growth.toFixed(0)} MiB for the next 55,000`)
  })

  it('T46 and long names in refused logins are not what the history keeps', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    const user = 'u'.repeat(15_000)
    const attributes = { a: 'x'.repeat(15_000) }
    await crowd(300, 20, async () => {
      const stranger = await Stranger.greeted(port)
      await stranger.login({ ...native, user, attributes })
      stranger.destroy()
    })
    const kept = door.registry.history().map(({ record }) => record.login)
    assert.equal(kept.length, 300)
    for (const login of kept) {
      assert.ok(login !== undefined && login.user.length <= 256)
      assert.ok((login.connectAttributes ?? []).every(([, value]) => value.length < 512))
    }
  })
})

/** The facts once nothing closes any more. */
async function settled<T extends { live: number; resources: object }>(facts: () => Promise<T>): Promise<T> {
  let last = await facts()
  for (let i = 0; i < 50; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = await facts()
    if (now.live === 0 && JSON.stringify(now.resources) === JSON.stringify(last.resources) && i > 12) return now
    last = now
  }
  return last
}
