/**
 * Cells of the binary protocol: numbers as they lie in memory, and dates and times field by field, which become the text
 * that the text protocol has.
 */
import { byteTypes } from '../../packets/binary-value.ts'
import { columnFlag, fieldType } from '../../packets/column-definition.ts'
import type { RowOptions } from '../result.ts'
import { ascii, type CellColumn, type DecodeCell, refuseCell, stringCell, u16, u32 } from './cells.ts'
import { temporalCell } from './temporal-cells.ts'

export interface BinaryCell {
  readonly decode: DecodeCell
  /** Bytes, of a type that always has as many; 0 when the length stands before the value. */
  readonly size: number
}

/** Throws: what it returns throws `MalformedPacket`, for each value of a type whose layout is unknown. */
export function binaryCell(column: CellColumn, options: RowOptions): BinaryCell {
  const unsigned = (column.flags & columnFlag.UNSIGNED) !== 0
  const cell = (size: number, decode: DecodeCell): BinaryCell => ({ size, decode })
  switch (column.type) {
    case fieldType.TINY:
      return cell(1, unsigned ? (row, start) => row[start] : (row, start) => ((row[start] as number) << 24) >> 24)
    case fieldType.SHORT:
    case fieldType.YEAR:
      return cell(2, unsigned ? u16 : (row, start) => (u16(row, start) << 16) >> 16)
    case fieldType.INT24:
    case fieldType.LONG:
      return cell(4, unsigned ? u32 : (row, start) => u32(row, start) | 0)
    case fieldType.LONGLONG:
      return cell(8, wideInteger(unsigned, options.bigint))
    case fieldType.FLOAT:
      return cell(4, (row, start) => fourBytes(row, start).getFloat32(0, true))
    case fieldType.DOUBLE:
      return cell(8, (row, start) => eightBytes(row, start).getFloat64(0, true))
    case fieldType.DATE:
    case fieldType.TIME:
    case fieldType.DATETIME:
    case fieldType.TIMESTAMP:
      return cell(0, temporalCell(column.type, column.decimals))
    case fieldType.DECIMAL:
    case fieldType.NEWDECIMAL:
      return cell(0, ascii)
    default:
      if (!byteTypes.has(column.type)) {
        return cell(0, (_, start, end) => refuseCell(start, end, `a field type (${column.type} is none)`))
      }
      return cell(0, stringCell(column, options))
  }
}

function wideInteger(unsigned: boolean, as: RowOptions['bigint']): DecodeCell {
  const big = (row: Uint8Array, start: number) => {
    const bytes = eightBytes(row, start)
    return unsigned ? bytes.getBigUint64(0, true) : bytes.getBigInt64(0, true)
  }
  if (as === 'string') return (row, start) => String(big(row, start))
  if (as !== 'number') return big
  return (row, start) => {
    const high = u32(row, start + 4)
    const value = (unsigned ? high : high | 0) * 2 ** 32 + u32(row, start)
    return Number.isSafeInteger(value) ? value : big(row, start)
  }
}

const scratch = new DataView(new ArrayBuffer(8))

/** The eight bytes at `start`, in a view made once for all: one per value would cost more than the copy. */
function eightBytes(row: Uint8Array, start: number): DataView {
  scratch.setUint32(0, u32(row, start), true)
  scratch.setUint32(4, u32(row, start + 4), true)
  return scratch
}

function fourBytes(row: Uint8Array, start: number): DataView {
  scratch.setUint32(0, u32(row, start), true)
  return scratch
}
