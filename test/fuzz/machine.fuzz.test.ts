/**
 * Damaged captures and random bytes through the framer, both machines and every decoder: only our own errors come out,
 * nothing goes on for ever, nobody gets in without a proof, and no secret leaves.
 *
 * `SALTGATE_FUZZ_SEED` and `SALTGATE_FUZZ_RUNS` vary it. A failure names its seed: with that one and one run it repeats.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MalformedPacket, MysqlError } from '../../src/errors/errors.ts'
import { ClientHandshake } from '../../src/machine/client-handshake.ts'
import { ServerHandshake } from '../../src/machine/server-handshake.ts'
import type { ServerInput } from '../../src/machine/server-states.ts'
import { type Codec, codecs } from '../../src/packets/index.ts'
import { FrameReader } from '../../src/wire/framer.ts'
import { bytesOf, captures, packetsOf } from '../support/captures.ts'
import { clientOptions } from '../support/pair.ts'
import { readPcap } from '../support/pcap.ts'
import { greetingNonce, isOk, pluginNames } from '../support/stops.ts'
import {
  answerOf,
  decoyOf,
  doubleSha256,
  isQuestion,
  policy,
  type Question,
  stranger,
  world,
} from '../support/world.ts'
import { type Draw, drawFrom, mutate } from './mutate.ts'

const seed = Number(process.env.SALTGATE_FUZZ_SEED ?? 1)
const runs = Number(process.env.SALTGATE_FUZZ_RUNS ?? 40_000)
/** saltgate_max_login_packet as it ships. */
const limit = 65_536
const secret = 'the-password-that-must-not-leave'

const conversations = captures.flatMap((capture) => readPcap(bytesOf(capture)).slice(0, 1))
const streams = {
  client: conversations.map(({ client }) => Buffer.concat(client)).filter(({ length }) => length > 0),
  server: conversations.map(({ server }) => Buffer.concat(server)).filter(({ length }) => length > 0),
}
const packets = captures.flatMap(packetsOf)
const changes = packets.filter(({ from, payload, sequenceId }) => {
  return from === 'client' && payload[0] === 0x11 && sequenceId === 0
})

describe('damaged bytes', () => {
  fuzz('to the server: refused, and never let in', 0.45, (draw, seen) => {
    const machine = ServerHandshake.greet(policy(), stranger(), greetingNonce)
    const stream = mutate(draw, streams.client[draw(streams.client.length)]!, streams.client)
    const candidate = someAccount(draw)
    let frames = 0
    pump(draw, stream, {
      wants: () => machine.wantsPacket,
      take: (input) => {
        frames++
        machine.step(input)
        settle(machine, candidate)
        seen.add(machine.state.at)
      },
      fail: (error) => {
        machine.step({ is: 'abort', reason: 'packet-too-large', detail: error.message })
        settle(machine, candidate)
      },
    })
    assert.ok(frames <= 40, 'an exchange without end')
    assert.notEqual(machine.state.at, 'ready')
  })

  fuzz('to the server as COM_CHANGE_USER: refused, and never let in', 0.05, (draw, seen) => {
    const payloads = changes.map(({ payload }) => payload)
    const payload = mutate(draw, payloads[draw(payloads.length)]!, payloads)
    const previous = {
      user: 'sue',
      database: undefined,
      capabilities: draw(2) === 0 ? 0xdfffffff : (draw(0x10000) * 0x10000 + draw(0x10000)) >>> 0,
      collationId: 255,
      maxPacketSize: 0,
      authPluginName: undefined,
      connectAttributes: undefined,
      mariadbCapabilities: 0,
      zstdLevel: 3,
    }
    const machine = ServerHandshake.changeUser(policy(), stranger(), previous, greetingNonce, {
      payload,
      sequenceId: 0,
    })
    const candidate = someAccount(draw)
    settle(machine, candidate)
    for (let sequenceId = 2; machine.wantsPacket && sequenceId < 40; sequenceId += 2) {
      const answer = mutate(draw, packets[draw(packets.length)]!.payload, payloads)
      machine.step({ is: 'packet', payload: answer, sequenceId })
      settle(machine, candidate)
    }
    seen.add(machine.state.at)
    assert.equal(machine.state.at, 'refused')
  })

  fuzz('to the client: it fails with an error of ours, and its password stays', 0.3, (draw, seen) => {
    const client = new ClientHandshake(clientOptions({ password: secret }), 'plaintext')
    const stream = mutate(draw, streams.server[draw(streams.server.length)]!, streams.server)
    const sent: Uint8Array[] = []
    pump(draw, stream, {
      wants: () => client.state.at !== 'failed' && client.state.at !== 'ready',
      take: (input) => {
        client.step(input)
        for (const effect of client.take()) if (effect.do === 'send') sent.push(Uint8Array.from(effect.payload))
        seen.add(client.state.at)
      },
      fail: () => client.step({ is: 'abort', error: new MysqlError('CR_SERVER_LOST', 2013, 'HY000', 'lost') }),
    })
    assert.ok(sent.length <= 20, 'an exchange without end')
    for (const payload of sent) assert.ok(!Buffer.from(payload).includes(secret), 'the password in clear')
    if (client.state.at === 'failed') assert.ok(client.state.error instanceof MysqlError)
  })

  fuzz('to a decoder: a packet or MalformedPacket', 0.2, (draw, seen) => {
    const payloads = [packets[draw(packets.length)]!.payload, packets[draw(packets.length)]!.payload]
    const payload = mutate(draw, payloads[0]!, payloads)
    const capabilities = draw(2) === 0 ? 0xdfffffff : (draw(0x10000) * 0x10000 + draw(0x10000)) >>> 0
    for (const [name, codec] of Object.entries(codecs) as [string, Codec][]) {
      try {
        codec.decode(payload, capabilities)
        seen.add(name)
      } catch (error) {
        assert.ok(error instanceof MalformedPacket, `${name}: ${error}`)
      }
    }
  })
})

/** What the fuzzing must have reached to be worth its time. */
const worthwhile: Readonly<Record<string, readonly string[]>> = {
  'to the server': ['await-auth-answer', 'await-login-over-tls', 'await-switch-answer', 'refused'],
  'to the client': ['await-verdict', 'failed', 'ready'],
  'to a decoder': ['HandshakeV10', 'HandshakeResponse41', 'AuthSwitchRequest', 'AuthNextFactor', 'ComChangeUser', 'Ok'],
}

function fuzz(what: string, share: number, run: (draw: Draw, seen: Set<string>) => void): void {
  const count = Math.ceil(runs * share)
  it(`${what} (seed ${seed}, ${count} runs)`, () => {
    const seen = new Set<string>()
    for (let each = seed; each < seed + count; each++) {
      try {
        run(drawFrom(each), seen)
      } catch (cause) {
        throw new Error(`with SALTGATE_FUZZ_SEED=${each} SALTGATE_FUZZ_RUNS=1`, { cause })
      }
    }
    if (count < 1000) return
    const missed = (worthwhile[what.split(':')[0] as string] ?? []).filter((state) => !seen.has(state))
    assert.deepEqual(missed, [])
  })
}

interface Taker {
  readonly wants: () => boolean
  readonly take: (input: Extract<ServerInput, { is: 'packet' }>) => void
  readonly fail: (error: MysqlError) => void
}

/** Cuts a stream into pieces and hands out its packets; the pieces do not follow the packets. */
function pump(draw: Draw, stream: Uint8Array, taker: Taker): void {
  const reader = new FrameReader(limit)
  for (let at = 0; at < stream.length && taker.wants(); ) {
    const piece = stream.subarray(at, at + 1 + draw(draw(4) === 0 ? 20_000 : 200))
    at += piece.length
    reader.push(piece)
    try {
      while (taker.wants()) {
        const frame = reader.next()
        if (frame === undefined) break
        taker.take({ is: 'packet', payload: frame.payload, sequenceId: frame.sequenceId })
      }
    } catch (error) {
      assert.ok(error instanceof MysqlError, String(error))
      return taker.fail(error)
    }
    if (taker.wants()) assert.ok(reader.buffered <= limit + 4, `${reader.buffered} bytes are held`)
  }
}

/** An account with a password that nobody knows, or the decoy of one. */
function someAccount(draw: Draw) {
  const plugin = draw(2) === 0 ? 'caching_sha2_password' : pluginNames[draw(pluginNames.length)]!
  return { account: decoyOf('mary', plugin), known: draw(2) === 0 }
}

function settle(machine: ServerHandshake, { account, known }: ReturnType<typeof someAccount>): void {
  const own = world({
    accounts: { find: () => (known ? account : undefined) },
    decoy: () => account,
    fastDigests: () => [doubleSha256('nobody knows')],
  })
  for (let effects = machine.take(); effects.length > 0; effects = machine.take()) {
    for (const effect of effects) {
      assert.ok(!isOk(effect), 'an OK without proof')
      if (effect.do === 'start-tls') machine.step({ is: 'tls-established' })
      else if (isQuestion(effect)) machine.step(answerTo(effect))
    }
  }

  /** Secrets are not worth their cost here: no password is right. */
  function answerTo(question: Question): ServerInput {
    if (question.do !== 'check-secret') return answerOf(own, question)
    return { is: 'secret-checked', proof: { holds: false, reason: 'secret-mismatch', detail: undefined } }
  }
}
