/** The dashboard of a command that opens a door: its options, and its opening with the history that is kept in the data directory. */
import { join } from 'node:path'
import type { DashboardOptions } from '../dashboard/config.ts'
import type { OpenDashboard } from '../dashboard/dashboard.ts'
import type { Watched } from '../dashboard/watched.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { KeyMaterial } from '../server/key-material.ts'
import type { Log } from '../server/log.ts'

export interface DashboardSurroundings {
  readonly watched: Watched
  /** The data directory. */
  readonly data: string
  readonly keys: KeyMaterial
  readonly log: Log
}

export interface CommandDashboard {
  /** `http://127.0.0.1:3380` */
  readonly url: string
  reload(keys: KeyMaterial): void
  close(): Promise<void>
}

/**
 * Opens it; `undefined`: there is to be none, or nobody asked for it and its port is taken.
 *
 * Throws (as a rejection): `ConfigurationError`; nothing stays open then.
 */
export async function openCommandDashboard(
  options: DashboardOptions | undefined,
  { watched, data, keys, log }: DashboardSurroundings,
): Promise<CommandDashboard | undefined> {
  if (options === undefined) return undefined
  const { History } = await import('../dashboard/history.ts')
  const { openDashboard } = await import('../dashboard/dashboard.ts')
  const history = History.open({ watched, file: join(data, 'history.sqlite'), log })
  let opened: OpenDashboard
  try {
    opened = await openDashboard({ watched, history, keys, log, listen: options.listen, access: options.access })
  } catch (error) {
    await history.close()
    if (options.asked || !(error instanceof ConfigurationError)) throw error
    log.warn({}, `no dashboard: ${error.message}`)
    return undefined
  }
  return {
    url: opened.url,
    reload: (fresh) => opened.reload(fresh),
    close: async () => {
      await opened.close()
      await history.close()
    },
  }
}

/** What no file may show to others. */
export function dashboardSecrets(options: DashboardOptions | undefined): readonly string[] {
  const password = options?.access.password
  return password === undefined ? [] : [password]
}

export function dashboardText(dashboard: CommandDashboard | undefined): string {
  return dashboard === undefined ? '' : `See the door:\n\n    ${dashboard.url}\n\n`
}
