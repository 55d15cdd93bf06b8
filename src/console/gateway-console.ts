/**
 * The console of a gateway's administrators, on listeners of its own: a front door without a way to any backend, with accounts that get in
 * nowhere else. What it shows and changes is the gateway's: connections, counters, settings and the gateway's own accounts. Who is logged in
 * here is neither counted nor listed there, so an administrator gets in when the gateway is full.
 *
 * The settings are the gateway's too: one SET GLOBAL holds for both doors.
 */
import type { AccountSource } from '../accounts/source.ts'
import { administratorIds } from '../gateway/open.ts'
import type { GatewayView } from '../gateway/view.ts'
import type { Administered } from '../server/administered.ts'
import { FrontDoor } from '../server/front-door.ts'
import type { KeyMaterial } from '../server/key-material.ts'
import type { Log } from '../server/log.ts'
import { redactPasswords } from './account-sql/redact.ts'
import { createConsole } from './console.ts'

export interface AdminDoorOptions {
  readonly gateway: GatewayView
  /** The gateway's own door. */
  readonly administers: Administered
  /** Of administrators; never those of the gateway. */
  readonly accounts: AccountSource
  readonly listen: readonly string[]
  readonly keys: KeyMaterial
  /** 32 random bytes, kept: they make what unknown users see the same after a restart. */
  readonly decoySecret?: Uint8Array
  readonly log?: Log
}

/** Opens it. It is closed by itself, after the gateway, whose end can be watched here. Throws (as a rejection): `ConfigurationError`; nothing stays open then. */
export function openAdminDoor({ gateway, ...options }: AdminDoorOptions): Promise<FrontDoor> {
  return FrontDoor.open({
    ...options,
    settings: options.administers.settings,
    handler: (door) => createConsole(door, { gateway }),
    redact: redactPasswords,
    connectionIds: administratorIds,
  })
}
