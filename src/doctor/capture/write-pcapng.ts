/**
 * Writes the block format: one section, one Ethernet interface, times in microseconds. What `pcapng-file.ts` reads, and Wireshark.
 *
 * Spec: https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/
 */

export interface PcapngOptions {
  /** Name and version of who writes. */
  readonly application: string
  /** About the whole file. */
  readonly comment?: string
  /** Writes the parts behind each other, at once: their bytes may change after the call. */
  readonly write: (parts: readonly Uint8Array[]) => void
}

/** One frame as it was, or would have been, on the wire. */
export interface WrittenFrame {
  /** Milliseconds since 1970. */
  readonly timeMs: number
  readonly headers: Uint8Array
  /** Behind the headers. */
  readonly payload: Uint8Array
  /** Bytes behind the payload that the frame had, and that are not written. */
  readonly leftOut: number
  readonly comment: string | undefined
}

const SECTION_HEADER = 0x0a0d0d0a
const INTERFACE_DESCRIPTION = 1
const ENHANCED_PACKET = 6
const ETHERNET = 1

const OPTION_COMMENT = 1
const OPTION_APPLICATION = 4
const OPTION_INTERFACE_NAME = 2

/** Of an Enhanced Packet Block, up to the frame. */
const FRAME_HEAD = 28
const NOTHING = new Uint8Array(0)

export class PcapngWriter {
  readonly #write: PcapngOptions['write']

  /** After: the beginning of the file is written. */
  constructor({ application, comment, write }: PcapngOptions) {
    this.#write = write
    const section = Buffer.alloc(16)
    section.writeUInt32LE(0x1a2b3c4d, 0)
    section.writeUInt16LE(1, 4)
    // How long the section is, nobody knows yet.
    section.fill(0xff, 8)
    write([block(SECTION_HEADER, section, options([OPTION_COMMENT, comment], [OPTION_APPLICATION, application]))])
    const description = Buffer.alloc(8)
    description.writeUInt16LE(ETHERNET, 0)
    write([block(INTERFACE_DESCRIPTION, description, options([OPTION_INTERFACE_NAME, 'tap']))])
  }

  frame({ timeMs, headers, payload, leftOut, comment }: WrittenFrame): void {
    const captured = headers.length + payload.length
    const behind = options([OPTION_COMMENT, comment])
    const padding = -captured & 3
    const length = FRAME_HEAD + captured + padding + behind.length + 4
    const front = Buffer.allocUnsafe(FRAME_HEAD + headers.length)
    const micros = Math.round(timeMs * 1000)
    front.writeUInt32LE(ENHANCED_PACKET, 0)
    front.writeUInt32LE(length, 4)
    front.writeUInt32LE(0, 8)
    front.writeUInt32LE(Math.floor(micros / 2 ** 32), 12)
    front.writeUInt32LE(micros % 2 ** 32, 16)
    front.writeUInt32LE(captured, 20)
    front.writeUInt32LE(captured + leftOut, 24)
    front.set(headers, FRAME_HEAD)
    const back = Buffer.alloc(padding + behind.length + 4)
    back.set(behind, padding)
    back.writeUInt32LE(length, back.length - 4)
    this.#write(payload.length === 0 ? [front, back] : [front, payload, back])
  }
}

function block(type: number, body: Uint8Array, behind: Uint8Array): Uint8Array {
  const length = 12 + body.length + behind.length
  const whole = Buffer.alloc(length)
  whole.writeUInt32LE(type, 0)
  whole.writeUInt32LE(length, 4)
  whole.set(body, 8)
  whole.set(behind, 8 + body.length)
  whole.writeUInt32LE(length, length - 4)
  return whole
}

/** Those that have a value, and the end of options; nothing where none has. */
function options(...all: readonly (readonly [code: number, text: string | undefined])[]): Uint8Array {
  const given = all.flatMap(([code, text]) => {
    if (text === undefined) return []
    const value = Buffer.from(text).subarray(0, 0xffff)
    const option = Buffer.alloc(4 + value.length + (-value.length & 3))
    option.writeUInt16LE(code, 0)
    option.writeUInt16LE(value.length, 2)
    option.set(value, 4)
    return [option]
  })
  return given.length === 0 ? NOTHING : Buffer.concat([...given, Buffer.alloc(4)])
}
