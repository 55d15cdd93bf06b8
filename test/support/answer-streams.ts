/** Answers to commands, built byte by byte, and a scanner that remembers what it told of them. */
import assert from 'node:assert/strict'
import { type AnswerDialect, AnswerScanner } from '../../src/machine/answer-scanner.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { command } from '../../src/packets/commands.ts'
import { block, bytes, int, text, zeros } from './bytes.ts'

/** What a sink was told. */
export type AnswerEvent =
  | { is: 'answered'; command: number; errorCode: number | undefined; statusFlags: number; ok: Uint8Array | undefined }
  | { is: 'changes'; ok: Uint8Array }
  | { is: 'file' }
  | { is: 'unasked' }

export const plain: AnswerDialect = { capabilities: capability.PROTOCOL_41, mariadbCapabilities: 0 }
export const modern: AnswerDialect = {
  capabilities: capability.PROTOCOL_41 | capability.DEPRECATE_EOF | capability.SESSION_TRACK,
  mariadbCapabilities: 0,
}

export function watched(dialect: AnswerDialect) {
  const events: AnswerEvent[] = []
  const scanner = new AnswerScanner(dialect, {
    onAnswered({ command, error, errorCode, statusFlags, ok }) {
      assert.equal(error, errorCode !== undefined)
      events.push({ is: 'answered', command, errorCode, statusFlags, ok: ok && Uint8Array.from(ok) })
    },
    onSessionChanges: (ok) => events.push({ is: 'changes', ok: Uint8Array.from(ok) }),
    onLocalInfile: () => events.push({ is: 'file' }),
    onUnasked: () => events.push({ is: 'unasked' }),
  })
  return { scanner, events }
}

export function expectPayload(scanner: AnswerScanner, payload: Uint8Array): void {
  scanner.expect(payload[0] ?? 0, payload)
}

export function frame(payload: Uint8Array, sequenceId: number): Uint8Array {
  return bytes(int(payload.length, 3), [sequenceId % 256], payload)
}

/** Packets in the order of an answer. */
export function answer(...payloads: readonly Uint8Array[]): Uint8Array {
  return bytes(...payloads.map((payload, i) => frame(payload, i + 1)))
}

export function ok(
  statusFlags: number,
  { header = 0x00, changes }: { header?: number; changes?: Uint8Array } = {},
): Uint8Array {
  const tail = changes === undefined ? [] : bytes(block(''), block(changes))
  return bytes([header, 0, 0], int(statusFlags, 2), int(0, 2), tail)
}

export const eof = (statusFlags: number) => bytes([0xfe], int(0, 2), int(statusFlags, 2))
export const err = (code: number) => bytes([0xff], int(code, 2), text('#HY000no'))
export const column = bytes(block('def'), block(''), block(''), block(''), block('1'), block(''), [12], zeros(12))
export const select1 = bytes([3], text('SELECT 1'))
export const ping = bytes([command.PING])

/** The head of a result set of one column, in the dialect without EOF. */
export const oneColumn = answer(bytes([1]), column)
