/** The OK of a login: what a server that answers by itself says, or what the backend behind it said. */
import { capability, has } from '../packets/capabilities.ts'
import { encodeOk, type Ok } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { SessionChange } from '../packets/session-changes.ts'
import type { Login } from './login.ts'

/** What of an OK outlives the way through a gateway: a backend's `info` proves its certificate, and is for nobody else. */
export type BackendOk = Pick<Ok, 'statusFlags' | 'warnings' | 'sessionChanges'>

/** The OK of a server that answers by itself: it names the database, as mysqld does. */
export function ownOk(login: Login, statusFlags: number): BackendOk {
  if (login.database === undefined) return { statusFlags, warnings: 0, sessionChanges: undefined }
  return { statusFlags, warnings: 0, sessionChanges: [{ kind: 'schema', name: login.database }] }
}

/** Encodes it for this client. */
export function encodeLoginOk({ statusFlags, warnings, sessionChanges = [] }: BackendOk, { capabilities }: Login) {
  const tracked: readonly SessionChange[] | undefined =
    sessionChanges.length > 0 && has(capabilities, capability.SESSION_TRACK) ? sessionChanges : undefined
  const changed = tracked === undefined ? 0 : serverStatus.SESSION_STATE_CHANGED
  return encodeOk(
    {
      header: 0x00,
      affectedRows: 0n,
      lastInsertId: 0n,
      statusFlags: (statusFlags & ~serverStatus.SESSION_STATE_CHANGED) | changed,
      warnings,
      info: new Uint8Array(0),
      sessionChanges: tracked,
    },
    capabilities,
  )
}
