/**
 * How the server answers a command, as far as is needed to tell where the answer ends.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 */
import { executeFlag } from '../packets/com-stmt-execute.ts'
import { command } from '../packets/commands.ts'
import { MAX_FRAME_PAYLOAD } from '../wire/framer.ts'

export type AnswerShape =
  /** No end that could be told: a stream of events, a protocol of its own, or a command that we do not know. */
  | 'endless'
  | 'none'
  /** Whatever it is. */
  | 'one-packet'
  /** OK, ERR, a request for a file, or result sets. */
  | 'results'
  /** The head of a prepared statement, and definitions. */
  | 'prepared'
  /** Rows, or definitions, up to EOF. */
  | 'rows'

export interface ExpectedAnswer {
  readonly command: number
  readonly shape: AnswerShape
  /** The command asks for a cursor, and gets it if the statement has rows. */
  readonly cursor: boolean
  /** The command took more than one frame, so that the answer does not begin with sequence id 1. */
  readonly anySequence: boolean
}

/** Units: `body` is the payload, or at least the first bytes of it; `length` is that of the first frame of the command. */
export function expectedAnswer(byte: number, body: Uint8Array, length: number): ExpectedAnswer {
  const usual = usualAnswers[byte] as ExpectedAnswer
  const cursor = byte === command.STMT_EXECUTE && ((body[5] ?? 0) & anyCursor) !== 0
  const anySequence = length >= MAX_FRAME_PAYLOAD
  return cursor || anySequence ? { ...usual, cursor, anySequence } : usual
}

const anyCursor =
  executeFlag.CURSOR_TYPE_READ_ONLY | executeFlag.CURSOR_TYPE_FOR_UPDATE | executeFlag.CURSOR_TYPE_SCROLLABLE

const commandsByShape: Readonly<Record<Exclude<AnswerShape, 'endless'>, readonly number[]>> = {
  none: [command.QUIT, command.STMT_SEND_LONG_DATA, command.STMT_CLOSE],
  'one-packet': [
    command.INIT_DB,
    command.REFRESH,
    command.SHUTDOWN,
    command.STATISTICS,
    command.PROCESS_KILL,
    command.DEBUG,
    command.PING,
    command.REGISTER_REPLICA,
    command.STMT_RESET,
    command.SET_OPTION,
    command.RESET_CONNECTION,
    // These are refused by every server of today.
    command.SLEEP,
    command.CREATE_DB,
    command.DROP_DB,
    command.CONNECT,
    command.TIME,
    command.DELAYED_INSERT,
    command.CONNECT_OUT,
    command.DAEMON,
  ],
  results: [command.QUERY, command.PROCESS_INFO, command.STMT_EXECUTE, command.STMT_BULK_EXECUTE],
  prepared: [command.STMT_PREPARE],
  rows: [command.FIELD_LIST, command.STMT_FETCH],
}

const shapes = new Map(
  Object.entries(commandsByShape).flatMap(([shape, bytes]) => bytes.map((byte) => [byte, shape as AnswerShape])),
)

/** By the first byte of the command: made once, because most answers are of the usual kind. */
const usualAnswers: readonly ExpectedAnswer[] = Array.from({ length: 256 }, (_, byte) => ({
  command: byte,
  shape: shapes.get(byte) ?? 'endless',
  cursor: false,
  anySequence: false,
}))
