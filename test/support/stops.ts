/** A server's login machine, stopped in each of its states, and the packets to try there. */

import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { scrambleCachingSha2Password } from '../../src/auth/caching-sha2-password.ts'
import { plugins } from '../../src/auth/plugins.ts'
import type { PacketKind } from '../../src/machine/phases.ts'
import { ServerHandshake } from '../../src/machine/server-handshake.ts'
import type { ServerEffect, ServerState } from '../../src/machine/server-states.ts'
import { encodeAuthMoreData } from '../../src/packets/auth-more-data.ts'
import { encodeAuthNextFactor } from '../../src/packets/auth-next-factor.ts'
import { encodeAuthSwitchRequest } from '../../src/packets/auth-switch-request.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { encodeErr } from '../../src/packets/err.ts'
import { encodeHandshakeResponse41, type HandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { encodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { encodeOk } from '../../src/packets/ok.ts'
import { encodeSslRequest } from '../../src/packets/ssl-request.ts'
import { usualCapabilities, utf8 } from './pair.ts'
import { answerOf, doubleSha256, everything, isQuestion, nonceSequence, policy, stranger, world } from './world.ts'

/** `mary` has the password `right`, remembered; `sue` the same, not remembered. */
const accounts = new MemoryAccounts([
  { user: 'mary', password: 'right' },
  { user: 'sue', password: 'right' },
])
export const stopWorld = world({
  accounts,
  fastDigests: ({ user }) => (user === 'mary' ? [doubleSha256('right')] : []),
})

export const greetingNonce = nonceSequence(500).next().value

/** A machine behind its greeting. */
export function greeted(changes: Parameters<typeof policy>[0] = {}): ServerHandshake {
  const machine = ServerHandshake.greet(policy(changes), stranger(), greetingNonce)
  machine.take()
  return machine
}

export function loginPacket(changes: Partial<HandshakeResponse41> = {}): Uint8Array {
  return encodeHandshakeResponse41({
    capabilities: usualCapabilities,
    maxPacketSize: 1 << 24,
    collationId: 255,
    mariadbCapabilities: 0,
    user: utf8('mary'),
    authAnswer: scrambleCachingSha2Password(utf8('right'), greetingNonce),
    database: undefined,
    authPluginName: 'caching_sha2_password',
    connectAttributes: undefined,
    zstdLevel: undefined,
    ...changes,
  })
}

export function sslRequest(changes: { capabilities?: number; collationId?: number } = {}): Uint8Array {
  return encodeSslRequest({
    capabilities: (usualCapabilities | capability.SSL) >>> 0,
    maxPacketSize: 1 << 24,
    collationId: 255,
    mariadbCapabilities: 0,
    ...changes,
  })
}

export interface Stop {
  readonly machine: ServerHandshake
  /** The id that the machine waits for, and that its next packet carries. */
  readonly sequenceId: number
  /** What it asked for last. */
  readonly effects: readonly ServerEffect[]
}

/** Leads a fresh machine to a state; the login on its way there is that of the right password. */
export function stopAt(at: Exclude<ServerState['at'], 'await-start'>): Stop {
  const relayed = at === 'await-backend' || at === 'await-relayed-answer'
  const machine = greeted({ hasBackend: relayed })
  let sequenceId = 1
  let effects: ServerEffect[] = []
  const send = (payload: Uint8Array) => {
    machine.step({ is: 'packet', payload, sequenceId: sequenceId++ })
    take()
  }
  const take = () => {
    effects = machine.take()
    for (const effect of effects) if (effect.do === 'send') sequenceId = effect.sequenceId + 1
  }
  const answer = () => {
    const question = effects.findLast(isQuestion)
    if (question === undefined) throw new Error(`nothing is asked in ${machine.state.at}`)
    machine.step(answerOf(stopWorld, question))
    take()
  }
  const stop = () => ({ machine, sequenceId, effects })

  switch (at) {
    case 'await-login':
      return stop()
    case 'await-tls':
      send(sslRequest())
      return stop()
    case 'await-login-over-tls':
      send(sslRequest())
      machine.step({ is: 'tls-established' })
      return stop()
    case 'await-account':
      send(loginPacket())
      return stop()
    case 'await-switch-answer':
      send(loginPacket({ authPluginName: 'mysql_native_password' }))
      answer()
      return stop()
    case 'await-auth-answer':
      send(loginPacket({ user: utf8('sue') }))
      answer()
      return stop()
    case 'await-secret-check':
      send(loginPacket({ user: utf8('sue') }))
      answer()
      send(new Uint8Array(256))
      return stop()
    case 'await-admission':
      send(loginPacket())
      answer()
      return stop()
    case 'await-backend':
    case 'await-relayed-answer': {
      send(loginPacket())
      const account = accounts.list()[0]
      if (account === undefined) throw new Error('no account')
      machine.step({ is: 'relay', account })
      take()
      if (at === 'await-backend') return stop()
      const packet = { kind: 'auth-switch', plugin: 'caching_sha2_password', data: new Uint8Array(21) } as const
      machine.step({ is: 'backend-asks', packet, answered: true })
      take()
      return stop()
    }
    case 'ready':
      send(loginPacket())
      answer()
      answer()
      return stop()
    case 'refused':
      send(Uint8Array.of(1))
      return stop()
  }
}

/** One packet of each kind. */
export const samples: Readonly<Record<PacketKind, Uint8Array>> = {
  HandshakeV10: encodeHandshakeV10({
    serverVersion: '9.7.4',
    connectionId: 1,
    authPluginData: new Uint8Array(21).fill(7, 0, 20),
    capabilities: everything,
    collationId: 255,
    statusFlags: 2,
    mariadbCapabilities: 0,
    authPluginName: 'caching_sha2_password',
  }),
  SslRequest: sslRequest(),
  HandshakeResponse41: loginPacket(),
  AuthSwitchRequest: encodeAuthSwitchRequest({
    authPluginName: 'mysql_native_password',
    authPluginData: new Uint8Array(21).fill(8, 0, 20),
  }),
  AuthMoreData: encodeAuthMoreData({ data: Uint8Array.of(4) }),
  AuthNextFactor: encodeAuthNextFactor({ authPluginName: 'mysql_clear_password', authPluginData: new Uint8Array(0) }),
  AuthAnswer: new Uint8Array(20).fill(0x2a),
  Ok: encodeOk(
    {
      header: 0,
      affectedRows: 0n,
      lastInsertId: 0n,
      statusFlags: 2,
      warnings: 0,
      info: new Uint8Array(0),
      sessionChanges: undefined,
    },
    everything,
  ),
  Err: encodeErr({ code: 1045, sqlState: '28000', message: 'Access denied' }),
  Command: Uint8Array.of(3, ...utf8('SELECT 1')),
}

export const pluginNames = [...plugins.keys()]

/** Whether an effect lets somebody in. */
export function isOk(effect: { readonly do: string; readonly payload?: Uint8Array }): boolean {
  return effect.do === 'send' && effect.payload?.[0] === 0x00
}
