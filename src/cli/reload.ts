/**
 * SIGHUP: configuration, certificates and keys are read again under a running door. Everything is checked before anything
 * is changed, so that a mistake in a file leaves all as it was.
 */
import { type LoadedConfig, serverKeys } from '../server/config.ts'
import type { FrontDoor } from '../server/front-door.ts'
import { type KeyMaterial, loadKeyMaterial } from '../server/key-material.ts'
import type { Log } from '../server/log.ts'
import { Settings } from '../server/settings.ts'
import { ServerTls } from '../server/tls-context.ts'

export interface Running<Config extends LoadedConfig = LoadedConfig> {
  readonly front: Pick<FrontDoor, 'reload'>
  readonly settings: Settings
  readonly data: string
  readonly log: Log
  /** What is in force; the query handler looks here. */
  config: Config
}

/**
 * Takes over what changed. Running sessions keep their certificates and go on. `first` takes over what else a configuration holds, once all
 * here is known to be right: it changes nothing when it throws, and returns the names of what holds only from the next start.
 *
 * Throws: `ConfigurationError`; nothing has changed then.
 */
export async function reload<Config extends LoadedConfig>(
  running: Running<Config>,
  load: () => Promise<Config>,
  first: (config: Config, keys: KeyMaterial) => Promise<readonly string[]> = async () => [],
): Promise<void> {
  const { front, settings, data, log } = running
  const config = await load()
  const fresh = new Settings(config.settings)
  const keys = await loadKeyMaterial({ dataDir: data, ...serverKeys(config) })
  await keys.rsa()
  new ServerTls(keys, fresh)

  const { configured, later } = differences(running.config, config, fresh)
  later.push(...(await first(config, keys)))
  for (const name of configured) settings.setAtStartup(name, fresh.get(name))
  await front.reload(keys)
  running.config = config
  for (const warning of [...fresh.startupWarnings, ...keys.warnings]) log.warn({}, warning)
  if (later.length > 0) log.warn({}, `${later.join(', ')}: a change takes effect with the next start`)
}

/**
 * `configured` are the variables to set: those that the configuration names, and those that it named before, which go
 * back to their defaults. What only SET GLOBAL has changed stays. `later` is what a running door cannot change.
 */
function differences(
  before: LoadedConfig,
  after: LoadedConfig,
  fresh: Settings,
): { readonly configured: readonly string[]; readonly later: string[] } {
  const named = new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])
  const configured: string[] = []
  const later = (['listen', 'data', 'databases'] as const).filter(
    (key) => `${before[key]}` !== `${after[key]}`,
  ) as string[]
  for (const { name, row } of fresh.entries()) {
    if (!named.has(name)) continue
    if (row.dynamic || certificateFiles.has(name)) configured.push(name)
    else if (before.settings[name] !== after.settings[name]) later.push(name)
  }
  return { configured, later }
}

/** Read-only for SET GLOBAL; a reload replaces them. */
const certificateFiles: ReadonlySet<string> = new Set(['ssl_cert', 'ssl_key', 'ssl_ca'])
