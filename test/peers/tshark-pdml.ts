/** What tshark prints with `-T pdml`, as far as it is about MySQL. */
import type { Side } from '../../src/doctor/observation.ts'

export interface DissectedFrame {
  /** The number of the connection, from 0. */
  readonly stream: number
  /** A port. */
  readonly source: number
  readonly isSyn: boolean
  readonly packets: readonly Omit<Dissected, 'from'>[]
}

/** A MySQL packet as tshark has it. */
export interface Dissected {
  readonly from: Side
  /** `response OK`, or empty where tshark says no more than "MySQL Protocol". */
  readonly title: string
  /** Of the payload. */
  readonly length: number
  readonly sequenceId: number
  /** By tshark's name, in the order in which they came. */
  readonly fields: ReadonlyMap<string, readonly DissectedField[]>
}

export interface DissectedField {
  readonly bytes: Buffer
  /** tshark's text for the value, entities and all. */
  readonly show: string
}

export function* dissectedIn(pdml: string): Generator<DissectedFrame> {
  for (const [frame] of pdml.matchAll(/<packet>.*?<\/packet>/gs)) {
    const number = (name: string) => Number(new RegExp(`<field name="${name}" [^>]*? show="(\\d+)"`).exec(frame)?.[1])
    const packets = Array.from(frame.matchAll(/<proto name="mysql" showname="([^"]*)".*?<\/proto>/gs), packetOf)
    const isSyn = number('tcp.flags.syn') === 1
    yield { stream: number('tcp.stream'), source: number('tcp.srcport'), isSyn, packets }
  }
}

function packetOf([proto, title = '']: RegExpExecArray): Omit<Dissected, 'from'> {
  const fields = new Map<string, DissectedField[]>()
  for (const [, name = '', attributes = ''] of proto.matchAll(/<field name="([^"]+)"([^>]*)>/g)) {
    const attribute = (which: string) => new RegExp(` ${which}="([^"]*)"`).exec(attributes)?.[1] ?? ''
    const field = { bytes: Buffer.from(attribute('value'), 'hex'), show: attribute('show') }
    fields.set(name, [...(fields.get(name) ?? []), field])
  }
  return {
    title: title.replace(/^MySQL Protocol( - )?/, ''),
    length: Number(fields.get('mysql.packet_length')?.[0]?.show),
    sequenceId: Number(fields.get('mysql.packet_number')?.[0]?.show),
    fields,
  }
}
