/**
 * The door for a gateway's administrators, with its data. Their accounts are in the directory `admin` of the gateway's data directory,
 * which is a data directory like any other: `saltgate user add NAME --admin --data ./saltgate-data/admin` makes one, and nobody of
 * `./saltgate-data` itself gets in here.
 */
import { join } from 'node:path'
import { SqliteAccounts } from '../../accounts/sqlite-accounts.ts'
import { openAdminDoor } from '../../console/gateway-console.ts'
import type { GatewayView } from '../../gateway/view.ts'
import type { Administered } from '../../server/administered.ts'
import type { FrontDoor } from '../../server/front-door.ts'
import type { KeyMaterial } from '../../server/key-material.ts'
import type { Log } from '../../server/log.ts'
import { accountsFile, decoySecret, makeFirstAccount } from '../first-start.ts'

export interface AdminOptions {
  readonly gateway: GatewayView
  /** The gateway's own door. */
  readonly administers: Administered
  readonly listen: readonly string[]
  /** The gateway's data directory. */
  readonly data: string
  readonly keys: KeyMaterial
  /** Of the first account, root@localhost; random when left out. Taken from SALTGATE_ADMIN_PASSWORD before any hook runs. */
  readonly password: string | undefined
  readonly log: Log
}

export interface OpenAdmin {
  /** A reload brings it new certificates by `front.reload`. */
  readonly front: FrontDoor
  /** Where the accounts are: what `--data` names. */
  readonly data: string
  /** Of root@localhost, which was made a moment ago; to be shown once, as it is kept nowhere. */
  readonly rootPassword: string | undefined
  /** After: no socket, timer or file is left. */
  close(): Promise<void>
}

/** Throws (as a rejection): `ConfigurationError`; nothing stays open then. */
export async function openAdmin(options: AdminOptions): Promise<OpenAdmin> {
  const { password, data: parent, ...rest } = options
  const data = join(parent, 'admin')
  const accounts = SqliteAccounts.open(accountsFile(data))
  try {
    const front = await openAdminDoor({ ...rest, accounts, decoySecret: await decoySecret(data) })
    const rounds = front.door.settings.get('caching_sha2_password_digest_rounds')
    // Only now: had the door not opened, nobody would have seen the password.
    const root = makeFirstAccount(accounts, password, rounds)
    return {
      ...{ front, data, rootPassword: root?.password },
      close: async () => {
        await front.close()
        accounts.close()
      },
    }
  } catch (error) {
    accounts.close()
    throw error
  }
}
