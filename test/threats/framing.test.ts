/** Threats in frames and fields: lengths that lie, packets that never end, ids that jump, bytes that come in pieces. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { decodeHandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { decodeHandshakeV10, encodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { bytes, int, nul } from '../support/bytes.ts'
import { startDoorProcess } from './door-process.ts'
import { everyPlugin, openDoor, until } from './open-door.ts'
import {
  type Credentials,
  command,
  errOf,
  flag,
  frame,
  loginHead,
  loginPacket,
  Stranger,
  usualFlags,
} from './stranger.ts'

describe('a length that lies', () => {
  const lengths = [
    ...[0, 1, 7, 8, 9, 250].map((length) => int(length, 1)),
    bytes('fb'),
    ...[251, 65_535].map((length) => bytes('fc', int(length, 2))),
    ...[65_536, 0xffffff].map((length) => bytes('fd', int(length, 3))),
    ...[8n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].map((length) => bytes('fe', int(length, 8))),
    bytes('ff'),
  ]
  const flags = usualFlags | flag.CONNECT_ATTRS
  const fields: Readonly<Record<string, (length: Uint8Array) => Uint8Array>> = {
    'the proof': (length) => bytes(loginHead(flags), nul('native'), length),
    'all attributes': (length) => bytes(loginHead(flags), nul('native'), [0], nul('mysql_native_password'), length),
    'the name of an attribute': (length) =>
      bytes(loginHead(flags), nul('native'), [0], nul('mysql_native_password'), [20], length),
  }
  for (const [field, upTo] of Object.entries(fields)) {
    it(`T29 is refused without a crash: ${field}`, async (t) => {
      const { port, door } = await openDoor(t, { accounts: everyPlugin })
      for (const length of lengths) {
        const all = Array.from({ length: 10 }, async (_, more) => {
          const stranger = await Stranger.greeted(port)
          stranger.send(bytes(upTo(length), new Uint8Array(more)))
          const answer = await stranger.packet()
          assert.notEqual(answer?.payload[0], 0x00, 'an OK')
          stranger.destroy()
        })
        await Promise.all(all)
      }
      const session = await Stranger.loggedIn(port, { user: 'native', password: 'pw-native' })
      session.destroy()
      assert.deepEqual(
        [...door.registry.denied.keys()].filter((reason) => reason === 'verifier-failed'),
        [],
      )
    })
  }
})

describe('a packet before the login', () => {
  it('T31 that announces more than the limit is refused from its header alone', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    for (const length of [32_769, 65_792, 0x100000, 0xfffffe, 0xffffff]) {
      for (const inside of ['plain', 'tls'] as const) {
        const stranger = await Stranger.greeted(port)
        if (inside === 'tls') await stranger.startTls()
        stranger.write(int(length, 3), Uint8Array.of(inside === 'tls' ? 2 : 1))
        const answer = await stranger.packet()
        assert.ok(answer !== undefined, `${length} ${inside}`)
        assert.equal(errOf(answer.payload).code, 1153)
        assert.equal(await stranger.packet(), undefined, 'and closes')
        stranger.destroy()
      }
    }
    assert.equal(door.registry.denied.get('packet-too-large'), 10)
  })

  it('T31 that keeps coming in full packets is not collected', async (t) => {
    const { port } = await openDoor(t, { accounts: everyPlugin })
    const stranger = await Stranger.greeted(port)
    const megabyte = Buffer.alloc(1 << 20)
    stranger.write(frame(megabyte.subarray(0, 0), 1).fill(0xff, 0, 3))
    let sent = 0
    while (!stranger.plain.destroyed && sent < 256) {
      stranger.plain.write(megabyte)
      sent++
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    assert.ok(sent < 256, 'the door took 256 MiB')
  })

  it('T31 costs at most 96 KiB for each connection that holds what it may', async () => {
    const { port, facts, close } = await startDoorProcess({ connect_timeout: 60 })
    try {
      const hold = async (payload: Uint8Array) => {
        const stranger = await Stranger.greeted(port)
        stranger.write(payload)
        return stranger
      }
      const nearlyWhole = frame(Buffer.alloc(32_768, 0x61), 1).subarray(0, 32_700)
      const warm = await Promise.all(Array.from({ length: 100 }, () => hold(nearlyWhole)))
      const before = await facts()
      const crowd = await Promise.all(Array.from({ length: 300 }, () => hold(nearlyWhole)))
      await new Promise((resolve) => setTimeout(resolve, 200))
      const after = await facts()
      assert.equal(after.live, 400)
      const each = (after.rss - before.rss) / crowd.length / 1024
      assert.ok(each <= 96, `${each.toFixed(1)} KiB for each connection`)
      for (const stranger of [...warm, ...crowd]) stranger.destroy()
    } finally {
      await close()
    }
  })
})

describe('a sequence id that jumps', () => {
  const wrong = [0, 2, 3, 4, 5, 6, 127, 255]

  it('T32 ends the login, at each packet of each flow', async (t) => {
    const { port, queries } = await openDoor(t, { accounts: everyPlugin })
    // With the wrong password, so that no flow becomes shorter by what was remembered.
    const flows: readonly (Credentials & { readonly packets: number })[] = [
      { user: 'native', password: 'pw-native', packets: 2 },
      { user: 'sha2', password: 'wrong', packets: 3 },
      { user: 'sha256', password: 'wrong', packets: 3 },
    ]
    for (const { packets, ...credentials } of flows) {
      for (let at = 0; at < packets; at++) {
        for (const jump of wrong) {
          const stranger = await Stranger.greeted(port)
          let count = 0
          const { send } = Stranger.prototype
          let right = false
          stranger.send = (payload, sequenceId = stranger.sequenceId) => {
            right ||= count === at && jump === sequenceId
            send.call(stranger, payload, count++ === at ? jump : sequenceId)
          }
          const verdict = await stranger.login(credentials)
          if (!right) assert.ok(!verdict.ok && verdict.code === 1156, `${credentials.user} ${at} ${jump}`)
          stranger.destroy()
        }
      }
    }
    assert.deepEqual(queries, [])
  })

  it('T32 ends a session, without the command being run', async (t) => {
    const { port, queries } = await openDoor(t, { accounts: everyPlugin })
    for (const sequenceId of wrong.filter((id) => id !== 0)) {
      const session = await Stranger.loggedIn(port, { user: 'native', password: 'pw-native' })
      session.send(bytes([command.query], Buffer.from('DROP TABLE t')), sequenceId)
      const answer = await session.packet()
      assert.equal(answer && errOf(answer.payload).code, 1156)
      assert.equal(await session.packet(), undefined)
      session.destroy()
    }
    assert.deepEqual(queries, [])
  })
})

describe('a stream in pieces', () => {
  const flows: readonly Credentials[] = [
    { user: 'native', password: 'pw-native', plugin: 'mysql_native_password' },
    { user: 'sha2', password: 'pw-sha2', plugin: 'mysql_native_password', attributes: { a: 'b' } },
    { user: 'sha2', password: 'wrong' },
    { user: 'sha256', password: 'pw-sha256', database: 'd' },
  ]
  for (const credentials of flows) {
    const name = `${credentials.user} ${credentials.password} by ${credentials.plugin ?? 'the greeting'}`
    it(`T33 means the same at every cut and byte by byte: ${name}`, async (t) => {
      const { port, queries } = await openDoor(t, { accounts: everyPlugin })
      const play = async (cut: ((all: Buffer) => Buffer[]) | undefined) => {
        const stranger = await Stranger.greeted(port)
        stranger.cut = cut
        const verdict = await stranger.login(credentials)
        if (verdict.ok) {
          stranger.send(bytes([command.query], Buffer.from('SELECT 1')), 0)
          await stranger.packet()
        }
        stranger.destroy()
        return `${JSON.stringify(verdict)} ${queries.splice(0).join()}`
      }
      const whole = await play(undefined)
      assert.equal(await play((all) => Array.from(all, (_, i) => all.subarray(i, i + 1))), whole, 'byte by byte')
      for (let cut = 1; cut < 260; cut++) {
        assert.equal(await play((all) => [all.subarray(0, cut), all.subarray(cut)]), whole, `cut at ${cut}`)
      }
    })
  }

  it('T33 means the same when login and commands come at once', async (t) => {
    const { port, queries } = await openDoor(t, {
      accounts: [{ user: 'u', plugin: 'mysql_native_password', password: '' }],
      settings: { default_authentication_plugin: 'mysql_native_password' },
    })
    const stranger = await Stranger.greeted(port)
    const login = loginPacket({ user: 'u', plugin: 'mysql_native_password', proof: new Uint8Array(0) })
    const queriesSent = [1, 2, 3].map((i) => frame(bytes([command.query], Buffer.from(`SELECT ${i}`))))
    stranger.write(frame(login, 1), ...queriesSent, frame(Uint8Array.of(command.quit)))
    await stranger.rest()
    assert.deepEqual(queries, ['SELECT 1', 'SELECT 2', 'SELECT 3'])
    stranger.destroy()
  })
})

describe('a login that two could read differently', () => {
  it('T36 is read as the manual says, as npm mysql2 reads it, or refused', (t) => {
    // How mysql2 complains of packets that end too early.
    t.mock.method(console, 'trace', () => {})
    const require = createRequire(import.meta.resolve('mysql2'))
    const Mysql2Packet = require('./lib/packets/packet.js')
    const HandshakeResponse = require('./lib/packets/handshake_response.js')
    const optional = [flag.CONNECT_WITH_DB, flag.PLUGIN_AUTH, flag.PLUGIN_AUTH_LENENC, flag.CONNECT_ATTRS, 0x1000_0000]
    let read = 0
    let disagreements = 0
    for (let set = 0; set < 1 << optional.length; set++) {
      const flags = optional.reduce((all, bit, i) => (set & (1 << i) ? all | bit : all), 0x8200)
      const whole = loginPacket({
        user: 'user',
        proof: Buffer.alloc(20, 0x70),
        plugin: 'mysql_native_password',
        flags,
        ...((flags & flag.CONNECT_WITH_DB) !== 0 && { database: 'db' }),
        ...((flags & flag.CONNECT_ATTRS) !== 0 && { attributes: { k: 'v' } }),
      })
      const mutants = [
        ...whole.keys().map((length) => whole.slice(0, length)),
        ...optional.map((bit) => bytes(int((flags ^ bit) >>> 0, 4), whole.subarray(4))),
        ...[0, 1, 19, 21, 200, 251, 252].map((length) => whole.with(37, length)),
        whole,
      ]
      for (const payload of mutants) {
        const ours = attempt(() => {
          const { user, authAnswer, database } = decodeHandshakeResponse41(payload)
          return [user, authAnswer, database ?? []].map((field) => Buffer.from(field as Uint8Array).toString('hex'))
        })
        const theirs = attempt(() => {
          const packet = new Mysql2Packet(0, Buffer.concat([Buffer.alloc(4), payload]), 0, payload.length + 4)
          packet.offset = 4
          const { user, authToken, database } = HandshakeResponse.fromPacket(packet)
          return [Buffer.from(user), authToken, Buffer.from(database ?? '')].map((field) => field.toString('hex'))
        })
        if (ours === undefined) continue
        read++
        // mysql2 does not check bounds; where the packet ends too early for it, it reads less or throws.
        if (theirs !== undefined && theirs.join() !== ours.join()) disagreements++
      }
    }
    assert.ok(read > 100, `${read} were read`)
    assert.equal(disagreements, 0)
  })
})

describe('bit 31', () => {
  it('T70 of flags and ids is a bit, not a sign', async (t) => {
    const { port, door } = await openDoor(t, { accounts: everyPlugin })
    for (const connectionId of [0x7fffffff, 0x80000000, 0xffffffff]) {
      const greeting = {
        serverVersion: '9',
        connectionId,
        authPluginData: Buffer.alloc(21, 1).fill(0, 20),
        capabilities: 0xffffffff,
        collationId: 255,
        statusFlags: 0xffff,
        mariadbCapabilities: 0,
        authPluginName: 'x',
      }
      const decoded = decodeHandshakeV10(encodeHandshakeV10(greeting))
      assert.equal(decoded.connectionId, connectionId)
      assert.equal(decoded.capabilities, 0xffffffff)
    }
    const session = await Stranger.greeted(port)
    const flags = (usualFlags | 0xe0000000) >>> 0
    assert.deepEqual(await session.login({ user: 'root', password: 'pw-root', flags }), { ok: true })
    assert.ok([...door.registry.live.values()].every(({ login }) => (login?.capabilities ?? 0) >= 0))
    const killed = await session.run(12, int(0xfffffffe, 4))
    assert.equal(killed && errOf(killed.payload).message, 'Unknown thread id: 4294967294')
    session.destroy()
    await until(() => door.registry.live.size === 0, 'the end')
  })
})

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
