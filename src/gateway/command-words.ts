/** What the process list calls a command. */
import { command } from '../packets/commands.ts'

const words: ReadonlyMap<number, string> = new Map([
  [command.INIT_DB, 'Init DB'],
  [command.QUERY, 'Query'],
  [command.FIELD_LIST, 'Field List'],
  [command.REFRESH, 'Refresh'],
  [command.STATISTICS, 'Statistics'],
  [command.PROCESS_INFO, 'Processlist'],
  [command.PROCESS_KILL, 'Kill'],
  [command.DEBUG, 'Debug'],
  [command.PING, 'Ping'],
  [command.BINLOG_DUMP, 'Binlog Dump'],
  [command.REGISTER_REPLICA, 'Register Replica'],
  [command.STMT_PREPARE, 'Prepare'],
  [command.STMT_EXECUTE, 'Execute'],
  [command.STMT_SEND_LONG_DATA, 'Long Data'],
  [command.STMT_CLOSE, 'Close stmt'],
  [command.STMT_RESET, 'Reset stmt'],
  [command.SET_OPTION, 'Set option'],
  [command.STMT_FETCH, 'Fetch'],
  [command.BINLOG_DUMP_GTID, 'Binlog Dump GTID'],
  [command.RESET_CONNECTION, 'Reset Connection'],
  [command.STMT_BULK_EXECUTE, 'Bulk_execute'],
])

/** As in the process list; `Query` for what has no word there. */
export function commandWord(byte: number): string {
  return words.get(byte) ?? 'Query'
}
