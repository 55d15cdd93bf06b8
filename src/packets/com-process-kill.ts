/**
 * COM_PROCESS_KILL: KILL without SQL. Its id has 32 bits, whatever the server's ids have.
 *
 *     int<1>  0x0c
 *     int<4>  connection id
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_process_kill.html
 */
import { PacketReader } from '../wire/reader.ts'
import { PacketWriter } from '../wire/writer.ts'
import { command } from './commands.ts'

export interface ComProcessKill {
  readonly connectionId: number
}

export function encodeComProcessKill(kill: ComProcessKill): Uint8Array {
  return new PacketWriter(5).u8(command.PROCESS_KILL).u32(kill.connectionId).finish()
}

/** Throws: `MalformedPacket`. */
export function decodeComProcessKill(payload: Uint8Array): ComProcessKill {
  const reader = new PacketReader(payload, 'ComProcessKill')
  reader.marker(command.PROCESS_KILL, 'command')
  const kill = { connectionId: reader.u32('connection id') }
  reader.end()
  return kill
}
