/** The configuration file of the command line as a whole: each part of the program describes its own section. */
import type { DashboardConfig } from './dashboard/config.ts'
import type { GatewayConfig } from './gateway/config.ts'
import type { SaltgateConfig } from './server/config.ts'

export interface ConfigFile extends SaltgateConfig {
  readonly gateway?: GatewayConfig
  readonly dashboard?: DashboardConfig
}

/** Types the configuration in an editor; returns its argument. */
export function defineConfig(config: ConfigFile): ConfigFile {
  return config
}
