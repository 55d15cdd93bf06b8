/**
 * The steps of a login as people look at them: each phase of the protocol belongs to one. They are what is drawn and kept over time; who asks for
 * more detail asks for phases.
 */
import type { DoorPhase } from './connection-record.ts'

/** In their order; a connection is in one of them. */
export const lanes = ['accepted', 'resolving', 'greeting', 'tls', 'login', 'exchange', 'backend', 'admitted'] as const

export type Lane = (typeof lanes)[number]

const laneOfPhase: Readonly<Record<DoorPhase, Lane | undefined>> = {
  accepted: 'accepted',
  'proxy-header': 'accepted',
  'resolving-name': 'resolving',
  greeting: 'greeting',
  login: 'greeting',
  tls: 'tls',
  'login-over-tls': 'tls',
  account: 'login',
  admission: 'login',
  'auth-switch-answer': 'exchange',
  'auth-answer': 'exchange',
  'secret-check': 'exchange',
  backend: 'backend',
  ready: 'admitted',
  // Who was refused is on the way out; the others are a client's.
  refused: undefined,
  verdict: undefined,
  question: undefined,
}

export function laneOf(phase: DoorPhase): Lane | undefined {
  return laneOfPhase[phase]
}

/** Index in `lanes`; -1: none. */
export function laneIndexOf(phase: DoorPhase): number {
  const lane = laneOfPhase[phase]
  return lane === undefined ? -1 : lanes.indexOf(lane)
}
