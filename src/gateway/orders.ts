/** What an administrator, who looks at several processes together, has done in each: plain data on its way there, and what it means. */
import type { Flushed } from '../server/administration.ts'
import type { Door } from '../server/door.ts'
import type { SettingValue } from '../server/setting-row.ts'
import type { Settings } from '../server/settings.ts'
import type { Gateway } from './gateway.ts'
import type { KillOrder } from './kill-order.ts'
import { shareOfSetting } from './share.ts'

export type Order =
  | { readonly do: 'kill'; readonly order: KillOrder }
  | { readonly do: 'set'; readonly values: SharedValues }
  | { readonly do: 'flush'; readonly what: Exclude<Flushed, 'hosts'> }
  /** Without an address: all of them. */
  | { readonly do: 'flush-hosts'; readonly address: string | undefined }
  | { readonly do: 'unlock'; readonly user: string; readonly host: string }
  | { readonly do: 'rename'; readonly from: AccountName; readonly to: AccountName }
  | { readonly do: 'forget-hour'; readonly user: string; readonly host: string }

export interface AccountName {
  readonly user: string
  readonly host: string
}

/** Values of system variables that hold for all processes together. */
export type SharedValues = readonly (readonly [name: string, value: SettingValue])[]

export function takeOver(settings: Settings, values: SharedValues, workers: number): void {
  for (const [name, value] of values) settings.setAtStartup(name, shareOfSetting(name, value, workers))
}

/** Carries it out in this process, one of `workers`. Resolves to whether it was done. */
export async function carryOut(order: Order, gateway: Gateway, door: Door, workers: number): Promise<boolean> {
  switch (order.do) {
    case 'kill': {
      const { what, id } = order.order
      if (what === 'query' && gateway.passages.get(id)?.pair !== undefined) return gateway.kill(undefined, order.order)
      door.registry.live.get(id)?.kill(what)
      return true
    }
    case 'set':
      takeOver(door.settings, order.values, workers)
      return true
    case 'flush':
      if (order.what === 'privileges') door.flushPrivileges()
      else {
        door.registry.flushStatus(door.now())
        door.loopDelay.reset()
      }
      return true
    case 'flush-hosts':
      door.hostCache.flush(order.address)
      return true
    case 'unlock':
      door.realm.failedLogins.unlock(order.user, order.host)
      return true
    case 'rename':
      door.realm.failedLogins.rename(order.from, order.to)
      return true
    case 'forget-hour':
      door.userConnections.forgetHour(order)
      return true
  }
}
