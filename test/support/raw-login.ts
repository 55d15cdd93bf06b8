/** Logins built byte by byte, without our codecs, and what a machine makes of them. */

import type { ServerHandshake } from '../../src/machine/server-handshake.ts'
import type { ServerEffect } from '../../src/machine/server-states.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { decodeErr } from '../../src/packets/err.ts'
import { bytes, int, nul, zeros } from './bytes.ts'
import { usualCapabilities } from './pair.ts'
import { greeted, stopWorld } from './stops.ts'
import { answerOf, isQuestion, type policy } from './world.ts'

/** The answer's length is one byte. */
export const usual = usualCapabilities & ~capability.PLUGIN_AUTH_LENENC_CLIENT_DATA

export interface RawLogin {
  readonly capabilities?: number
  readonly charset?: number
  readonly maxPacketSize?: number
  readonly filler?: Uint8Array
  readonly user?: Uint8Array
  /** With its length before it. */
  readonly answer?: Uint8Array
  /** What follows the answer. */
  readonly tail?: Uint8Array
}

export function login(raw: RawLogin = {}): Uint8Array {
  const { capabilities = usual, charset = 255, maxPacketSize = 1 << 24, filler = zeros(23) } = raw
  const { user = nul('mary'), answer = bytes([0]), tail = nul('caching_sha2_password') } = raw
  return bytes(head(capabilities, charset, maxPacketSize, filler), user, answer, tail)
}

export function head(capabilities: number, charset = 255, maxPacketSize = 1 << 24, filler = zeros(23)): Uint8Array {
  return bytes(int(capabilities >>> 0, 4), int(maxPacketSize, 4), [charset], filler)
}

/** A machine that got this as its first packet, and what it asked for. */
export function first(payload: Uint8Array, changes: Parameters<typeof policy>[0] = {}) {
  const machine = greeted(changes)
  machine.step({ is: 'packet', payload, sequenceId: 1 })
  return { machine, effects: machine.take() }
}

/** Answers all questions; the effects that come of it. */
export function settle(machine: ServerHandshake, effects: readonly ServerEffect[]): ServerEffect[] {
  const all: ServerEffect[] = []
  for (let batch = effects; batch.length > 0; ) {
    for (const effect of batch) if (isQuestion(effect)) machine.step(answerOf(stopWorld, effect))
    batch = machine.take()
    all.push(...batch)
  }
  return all
}

/** `[sequence id] code SQLSTATE text` of the ERR among the effects. */
export function errorOf(effects: readonly ServerEffect[]): string | undefined {
  const sent = effects.findLast((effect) => effect.do === 'send')
  if (sent?.do !== 'send') return undefined
  const { code, sqlState, message } = decodeErr(sent.payload)
  return `[${sent.sequenceId}] ${code} ${sqlState ?? 'none'} ${message}`
}
