/**
 * What the commands of a session look at and change: the door itself, or, of an administrator's, the one that it looks after. That one may be
 * in other processes.
 */
import type { FailedLogins } from '../accounts/failed-logins.ts'
import type { AccountSource } from '../accounts/source.ts'
import type { LoginPolicy } from '../machine/server-states.ts'
import type { AccountUse } from '../registry/account-use.ts'
import type { RefusalGroups } from '../registry/refusal-groups.ts'
import type { Registry } from '../registry/registry.ts'
import type { Tally } from '../registry/tally.ts'
import type { HostCache, HostCacheRow } from './host-cache.ts'
import type { Log } from './log.ts'
import type { Settings } from './settings.ts'
import type { Validity } from './tls-context.ts'
import type { UserConnections } from './user-connections.ts'

export interface Administered {
  readonly settings: Settings
  readonly log: Log
  readonly registry: Pick<Registry, 'startedAtMs' | 'status' | 'live' | 'denied' | 'history' | 'flushStatus'> & {
    readonly tally: Pick<Tally, 'snapshot'>
    readonly refusals: Pick<RefusalGroups, 'groups' | 'forgotten' | 'revision'>
    readonly use: Pick<AccountUse, 'seen'>
  }
  readonly hostCache: Pick<HostCache, 'rows' | 'flush'> & { each(): Iterable<HostCacheRow> }
  readonly realm: {
    readonly accounts: AccountSource
    readonly failedLogins: Pick<FailedLogins, 'unlock' | 'rename' | 'blocks'>
  }
  readonly userConnections: Pick<UserConnections, 'forgetHour'>
  readonly policy: Pick<LoginPolicy, 'publicKey'>
  /** Of the server's certificate; `undefined` where it is not known. */
  readonly certificate: Validity | undefined
  readonly loopDelay: { reset(): void }
  /** Units: microseconds. */
  readonly loopDelayP99Us: number
  /** Where all this is known from others: asked before each command, and waited for after it. */
  readonly elsewhere?: Elsewhere | undefined
  /** Wall clock, ms since 1970. */
  now(): number
  flushPrivileges(): void
}

/** Neither is ever rejected, and both have an end: who does not answer is shown as last seen. */
export interface Elsewhere {
  /** What is shown is of now. `counts`: only what is counted, as whoever asks every second needs no more. */
  catchUp(of?: 'all' | 'counts'): Promise<void>
  /** What was changed is changed everywhere. */
  settled(): Promise<void>
}
