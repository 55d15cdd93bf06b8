/** Of several processes that share the listeners: what each may use of the limits that hold for all of them together. Rounded up. */
import type { SettingValue } from '../server/setting-row.ts'
import type { GatewaySettings } from './config.ts'

/** A limit of 0 is none. */
export function shareOf(settings: GatewaySettings, workers: number): GatewaySettings {
  const { backends, pool } = settings
  const share = (limit: number) => Math.ceil(limit / workers)
  return {
    ...settings,
    backends: backends.map((backend) =>
      backend.maxConnections === undefined ? backend : { ...backend, maxConnections: share(backend.maxConnections) },
    ),
    pool: {
      ...pool,
      maxPerIdentity: share(pool.maxPerIdentity),
      maxIdle: share(pool.maxIdle),
      maxWaiting: share(pool.maxWaiting),
    },
  }
}

/** The same of a system variable; those that limit one account or one client hold for each process. */
export function shareOfSetting(name: string, value: SettingValue, workers: number): SettingValue {
  return name === 'max_connections' && typeof value === 'number' ? Math.ceil(value / workers) : value
}
