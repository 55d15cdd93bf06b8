/** TCP connections in words, as the segments that a capture would have of them. */
import { ethernet, type Frame, ipPacket, pcap, type Sent } from './capture-writer.ts'

export type Turn = readonly [from: 'client' | 'server', text: string]

export interface Script {
  readonly client?: string
  readonly server?: string
  readonly clientSequence?: number
  readonly serverSequence?: number
  /** Bytes at most in one segment. */
  readonly segment?: number
  /** How it ends; by two FINs unless given. */
  readonly end?: 'fin' | 'rst' | 'open'
}

/** Every segment acknowledges all that was said before it; what both said is acknowledged once more at the end. */
export function tcp(turns: readonly Turn[], script: Script = {}): Sent[] {
  const { client = '192.0.2.1:50000', server = '192.0.2.2:3306', segment = 1460, end = 'fin' } = script
  const next = { client: script.clientSequence ?? 1000, server: script.serverSequence ?? 9000 }
  const sent: Sent[] = []
  const send = (by: 'client' | 'server', flags: string, text = '') => {
    const [from, to] = by === 'client' ? [client, server] : [server, client]
    const acknowledged = flags.includes('A') ? next[by === 'client' ? 'server' : 'client'] : 0
    sent.push({ from, to, flags, sequence: next[by], acknowledged, data: Buffer.from(text, 'latin1') })
    next[by] = (next[by] + text.length + (/[SF]/.test(flags) ? 1 : 0)) >>> 0
  }
  send('client', 'S')
  send('server', 'SA')
  send('client', 'A')
  for (const [by, text] of turns) {
    for (let at = 0; at < text.length; at += segment) send(by, 'PA', text.slice(at, at + segment))
  }
  if (end === 'rst') send('client', 'RA')
  if (end === 'fin') {
    send('client', 'FA')
    send('server', 'FA')
  }
  if (end !== 'rst') send('client', 'A')
  if (end === 'open') send('server', 'A')
  return sent
}

/** A capture of them, one millisecond apart. */
export function captured(sent: readonly Sent[]): Buffer {
  return pcap(1, sent.map(frameOf))
}

export function frameOf(sent: Sent, index: number): Frame {
  return { bytes: ethernet([], ipPacket(sent)), nanoseconds: 1_700_000_000_000_000_000n + BigInt(index) * 1_000_000n }
}

/** A short login. */
export const turns: readonly Turn[] = [
  ['server', 'greeting'],
  ['client', 'login'],
  ['server', 'ok'],
]
/** By `story`, as it is to be told. */
export const told = ['server greeting', 'client login', 'server ok', 'client fin', 'server fin']
export const sent = tcp(turns)
export const packets = sent.map(ipPacket)
export const overIPv6 = tcp(turns, { client: '[2001:db8:0:0:0:0:0:1]:50000', server: '[2001:db8:0:0:0:0:0:2]:3306' })
