/**
 * Writes WebAssembly: the handful of instructions and sections that sha256-crypt-kernel.ts needs, as functions that read
 * like the expressions they compile to. It knows nothing of SHA-256.
 *
 * Spec: https://webassembly.github.io/spec/core/binary/index.html
 */

/** Instructions in the binary format, nested as it was convenient to build them. */
export type Code = readonly (number | Code)[]

/** One function of a module; parameters come first among the locals. */
export interface WasmFunction {
  /** Given if the host may call it. */
  readonly name?: string
  readonly parameters: readonly ValueType[]
  readonly locals: readonly ValueType[]
  readonly body: Code
}

export type ValueType = typeof i32Type | typeof v128Type

export const i32Type = 0x7f
export const v128Type = 0x7b

export const local = (index: number): Code => [0x20, unsigned(index)]
export const setLocal = (index: number, value: Code): Code => [value, 0x21, unsigned(index)]
export const call = (index: number, ...operands: Code[]): Code => [operands, 0x10, unsigned(index)]
/** Runs `body`, then again for as long as `condition` is not zero. */
export const doWhile = (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b]

export const i32 = {
  const: (value: number): Code => [0x41, signed(value | 0)],
  load: (address: Code, offset: number): Code => [address, 0x28, 2, unsigned(offset)],
  store: (address: Code, offset: number, value: Code): Code => [address, value, 0x36, 2, unsigned(offset)],
  notEqual: (x: Code, y: Code): Code => [x, y, 0x47],
  lessThan: (x: Code, y: Code): Code => [x, y, 0x49],
  add: (x: Code, y: Code): Code => [x, y, 0x6a],
  subtract: (x: Code, y: Code): Code => [x, y, 0x6b],
  multiply: (x: Code, y: Code): Code => [x, y, 0x6c],
  remainder: (x: Code, y: Code): Code => [x, y, 0x70],
  and: (x: Code, y: Code): Code => [x, y, 0x71],
  or: (x: Code, y: Code): Code => [x, y, 0x72],
  xor: (x: Code, y: Code): Code => [x, y, 0x73],
  shiftLeft: (x: Code, bits: Code): Code => [x, bits, 0x74],
  shiftRight: (x: Code, bits: Code): Code => [x, bits, 0x76],
  rotateRight: (x: Code, bits: Code): Code => [x, bits, 0x78],
}

/** Four 32-bit words side by side. */
export const i32x4 = {
  load: (address: Code, offset: number): Code => [address, 0xfd, 0x00, 4, unsigned(offset)],
  loadSplat: (address: Code, offset: number): Code => [address, 0xfd, 0x09, 2, unsigned(offset)],
  store: (address: Code, offset: number, value: Code): Code => [address, value, 0xfd, 0x0b, 4, unsigned(offset)],
  and: (x: Code, y: Code): Code => [x, y, 0xfd, 0x4e],
  or: (x: Code, y: Code): Code => [x, y, 0xfd, 0x50],
  xor: (x: Code, y: Code): Code => [x, y, 0xfd, 0x51],
  shiftLeft: (x: Code, bits: Code): Code => [x, bits, 0xfd, 0xab, 0x01],
  shiftRight: (x: Code, bits: Code): Code => [x, bits, 0xfd, 0xad, 0x01],
  add: (x: Code, y: Code): Code => [x, y, 0xfd, 0xae, 0x01],
}

/** A module of functions without results, with one memory of `pages` times 64 KiB, exported as `memory`. */
export function wasmModule(pages: number, functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const exported = functions.flatMap(({ name }, index) =>
    name === undefined ? [] : [[text(name), 0x00, unsigned(index)]],
  )
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(
        1,
        functions.map(({ parameters }) => [0x60, vector(parameters.map((type) => [type])), vector([])]),
      ),
      section(
        3,
        functions.map((_, index) => unsigned(index)),
      ),
      section(5, [[0x00, unsigned(pages)]]),
      section(7, [[text('memory'), 0x02, 0x00], ...exported]),
      section(
        10,
        functions.map(({ locals, body }) => sized([vector(locals.map((type) => [1, type])), body, 0x0b])),
      ),
    ]),
  )
}

function section(id: number, items: readonly Code[]): Code {
  return [id, sized(vector(items))]
}

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items]
}

function sized(content: Code): Code {
  const bytes = flatten(content)
  return [unsigned(bytes.length), bytes]
}

function text(ascii: string): Code {
  return vector([...ascii].map((character) => [character.charCodeAt(0)]))
}

/** LEB128 of a number without sign. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, unsigned(value >>> 7)]
}

/** LEB128 of a number with sign: bit 6 of the last byte is the sign. */
function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, signed(value >> 7)]
}

function flatten(code: Code, into: number[] = []): number[] {
  for (const item of code) {
    if (typeof item === 'number') into.push(item)
    else flatten(item, into)
  }
  return into
}
