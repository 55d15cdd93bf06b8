/** What the gateway answers in the place of a backend. */
import { encodeOk } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'

export function okPacket(capabilities: number): Uint8Array {
  const { AUTOCOMMIT: statusFlags } = serverStatus
  const nothing = {
    affectedRows: 0n,
    lastInsertId: 0n,
    warnings: 0,
    info: new Uint8Array(0),
    sessionChanges: undefined,
  }
  return encodeOk({ header: 0x00, ...nothing, statusFlags }, capabilities)
}
