/** Puts in order what was said and done on a connection: packets, TLS, holes in the capture, and who closed. */
import type { Observation, SeenPacket, SeenTls } from '../observation.ts'
import type { Step, StepPhase } from './connection-report.ts'
import { shownFields } from './fields.ts'
import { blankedHex } from './hex.ts'
import { type SayContext, sayPacket } from './say-packet.ts'
import { secretPlace } from './secret-places.ts'

type Untimed = Omit<Step, 'sinceMs'>

/** Units: `hex` adds the bytes of each packet. */
export function stepsOf(seen: Observation, hex: boolean): Step[] {
  const steps: Untimed[] = []
  const dialogue = new Dialogue(seen)
  let tlsTold = false
  for (const packet of seen.packets) {
    // Seen inside TLS, or behind the request for it.
    if (seen.tls !== undefined && !tlsTold && packet.channel === 'tls') {
      steps.push(tlsStep(seen.tls, steps.at(-1)?.atMs ?? 0))
      tlsTold = true
    }
    steps.push(dialogue.step(packet, hex))
  }
  if (seen.tls !== undefined && !tlsTold) steps.push(tlsStep(seen.tls, steps.at(-1)?.atMs ?? 0))
  for (const { from, level, description, atMs } of seen.tls?.alerts ?? []) {
    steps.push({
      atMs,
      phase: 'tls',
      from,
      kind: 'TlsAlert',
      text: `TLS alert: ${description} (${level})`,
      channel: 'tls',
    })
  }
  for (const { from, bytes, atMs } of seen.gaps) {
    const text = `${bytes} bytes of the ${from} are missing from the capture`
    steps.push({ atMs, phase: 'end', from, kind: 'Gap', text, channel: seen.channel })
  }
  steps.push(endStep(seen))
  return timed(steps)
}

/** Follows which plugin is at work and whether the login was let in. */
class Dialogue {
  readonly #capabilities: number
  #plugin: string | undefined = undefined
  #loggedIn = false
  #passwordWanted = false

  constructor({ login, greeting }: Observation) {
    this.#capabilities = ((login?.capabilities ?? 0) & (greeting?.capabilities ?? 0)) >>> 0
  }

  step(packet: SeenPacket, hex: boolean): Untimed {
    const { kind, from, atMs, payload, length, sequenceId, problem, channel } = packet
    this.#before(packet)
    const context: SayContext = {
      plugin: this.#plugin,
      loggedIn: this.#loggedIn,
      capabilities: this.#capabilities,
      passwordWanted: this.#passwordWanted,
    }
    const secret = secretPlace(packet, context)
    const fields = shownFields(packet)
    const phase = this.#phaseOf(packet)
    const text = sayPacket(packet, secret, context)
    this.#after(packet)
    return {
      atMs,
      phase,
      from,
      kind,
      text,
      channel,
      length,
      sequenceId,
      ...(fields !== undefined && {
        fields: kind === 'Err' && secret !== undefined ? { ...fields, message: null } : fields,
      }),
      ...(problem !== undefined && { problem }),
      ...(hex && { hex: blankedHex(payload, secret) }),
    }
  }

  #before({ kind, fields }: SeenPacket): void {
    if (kind === 'HandshakeResponse41' || kind === 'COM_CHANGE_USER') {
      this.#plugin = typeof fields?.authPluginName === 'string' ? fields.authPluginName : 'mysql_native_password'
      this.#loggedIn = false
    }
  }

  #after({ kind, fields }: SeenPacket): void {
    if (kind === 'AuthSwitchRequest' || kind === 'AuthNextFactor') {
      this.#plugin = typeof fields?.authPluginName === 'string' ? fields.authPluginName : undefined
      this.#passwordWanted = false
    }
    const data = fields?.data
    // The request for full authentication, and the key that was asked for then.
    if (kind === 'AuthMoreData' && data instanceof Uint8Array) this.#passwordWanted = data.length > 1 || data[0] === 4
    if (kind === 'Ok') this.#loggedIn = true
  }

  #phaseOf({ kind }: SeenPacket): StepPhase {
    switch (kind) {
      case 'HandshakeV10':
        return 'greeting'
      case 'SslRequest':
        return 'tls'
      case 'HandshakeResponse41':
      case 'COM_CHANGE_USER':
        return 'login'
      case 'AuthSwitchRequest':
      case 'AuthNextFactor':
      case 'AuthMoreData':
      case 'AuthAnswer':
        return 'authentication'
      case 'Ok':
      case 'Err':
        if (this.#loggedIn) return 'commands'
        return this.#plugin === undefined ? 'greeting' : 'verdict'
      default:
        return this.#plugin === undefined ? 'greeting' : 'commands'
    }
  }
}

function tlsStep(tls: SeenTls, atMs: number): Untimed {
  return { atMs, phase: 'tls', from: null, kind: 'Tls', text: sayTls(tls), channel: 'tls' }
}

function sayTls({ offered, version, cipher, serverName, resumed, inside }: SeenTls): string {
  if (inside === 'not-reached' && version === undefined && offered === undefined) return 'TLS never began'
  const parts = [
    version ?? `TLS was not agreed on (${offered ?? 'nothing'} offered)`,
    cipher,
    serverName === undefined ? undefined : `for the name ${serverName}`,
    resumed ? 'session resumed' : undefined,
    insides.get(inside) ?? inside,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(', ')
}

const insides = new Map([
  ['seen', ''],
  ['no-keys', 'unreadable without its keys (--keylog)'],
  ['not-reached', 'never finished'],
])

function endStep({ end, durationMs, channel, outcome }: Observation): Untimed {
  const base = { phase: 'end', kind: 'Close', channel } as const
  if (end.how === 'open' || end.by === undefined) {
    const text = outcome === 'aborted' ? 'the capture ends here, the login unfinished' : 'the capture ends here'
    return { ...base, atMs: durationMs, from: null, text }
  }
  const text = end.how === 'rst' ? `the ${end.by} resets the connection` : `the ${end.by} closes`
  return { ...base, atMs: end.atMs, from: end.by, text }
}

function timed(steps: readonly Untimed[]): Step[] {
  const inOrder = steps.toSorted((a, b) => a.atMs - b.atMs)
  let before = 0
  return inOrder.map((step) => {
    const { atMs } = step
    const done = Object.assign(step, { atMs: micros(atMs), sinceMs: micros(atMs - before) })
    before = atMs
    return done
  })
}

/** Milliseconds with the digits that captures have. */
export function micros(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
