/** The story of a login in words, a line for each packet and for each thing that was waited for, as the doctor tells a capture. */
import type { PacketKind } from '../machine/phases.ts'
import type { DoorPhase } from '../registry/connection-record.ts'
import type { StoryStep } from '../registry/story.ts'
import type { Rung } from './contract.ts'

export function ladderOf(steps: readonly StoryStep[]): Rung[] {
  const startMs = steps[0]?.atMs ?? 0
  let beforeMs = startMs
  const rungs: Rung[] = []
  for (const step of steps) {
    const text = step.is === 'phase' ? phaseTexts[step.phase] : packetText(step)
    if (text === undefined) continue
    rungs.push({
      atMs: step.atMs - startMs,
      sinceMs: step.atMs - beforeMs,
      from: step.is === 'packet' ? step.from : null,
      text,
      bytes: step.is === 'packet' ? step.bytes : null,
    })
    beforeMs = step.atMs
  }
  return rungs
}

/** Phases that are of their own; those that only wait for the client's next packet show in its time. */
const phaseTexts: Readonly<Partial<Record<DoorPhase, string>>> = {
  accepted: 'accepted',
  'proxy-header': "the proxy's header is waited for",
  'resolving-name': 'the name of the address is looked up',
  tls: 'TLS handshake',
  'login-over-tls': 'TLS established',
  'secret-check': 'the password is checked',
  backend: 'the backend is logged in to',
  ready: 'admitted',
  refused: 'refused',
}

function packetText({ kind, note }: Extract<StoryStep, { readonly is: 'packet' }>): string {
  const words = packetTexts[kind] ?? kind
  if (note === undefined) return words
  if (kind === 'AuthSwitchRequest') return `switch to ${note}`
  return kind === 'AuthNextFactor' ? `next factor by ${note}` : note
}

const packetTexts: Readonly<Partial<Record<PacketKind, string>>> = {
  HandshakeV10: 'greeting',
  SslRequest: 'request for TLS',
  HandshakeResponse41: 'login',
  AuthAnswer: 'answer of the plugin',
  AuthMoreData: 'data of the plugin',
  Ok: 'OK',
  Err: 'ERROR',
}
