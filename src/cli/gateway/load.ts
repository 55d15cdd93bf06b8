/** The configuration of a gateway, as the command line and the file together have it. */
import { dashboardSection } from '../../dashboard/config.ts'
import { type GatewayConfig, type GatewaySettings, gatewaySection, gatewaySettings } from '../../gateway/config.ts'
import { type LoadedConfig, loadConfig } from '../../server/config.ts'
import { configSource } from '../config-source.ts'
import { type DoorOptions, refuseFacts } from '../door-command.ts'
import type { OwnPassword } from './own-password.ts'

export interface GatewayOptions extends DoorOptions {
  readonly to?: string[]
  readonly drain?: number
  readonly workers?: number | 'auto'
}

/** The configuration with its section settled. */
export interface LoadedGateway extends LoadedConfig {
  readonly gateway: GatewaySettings
}

/** Throws (as a rejection): `ConfigurationError`. */
export async function loadGateway(options: GatewayOptions, own: OwnPassword): Promise<LoadedGateway> {
  const config = await loadConfig({
    ...configSource(options),
    sections: { gateway: gatewaySection, dashboard: dashboardSection },
  })
  refuseFacts(config)
  const { gateway = {} } = config.sections as { readonly gateway?: GatewayConfig }
  const { base, file } = config
  const { to, workers } = options
  return { ...config, gateway: own.fillIn(gatewaySettings(gateway, { base, file, workers, ...(to && { to }) })) }
}
