/** `createGateway`: a gateway inside a program, from the same words as the configuration file. */
import { type AccountInput, MemoryAccounts } from '../accounts/memory-accounts.ts'
import type { AccountSource } from '../accounts/source.ts'
import type { Administered } from '../server/administered.ts'
import { type KeyMaterial, loadKeyMaterial } from '../server/key-material.ts'
import type { ListenAddress } from '../server/listen-address.ts'
import { type Log, silentLog } from '../server/log.ts'
import type { SettingValue } from '../server/setting-row.ts'
import { Settings } from '../server/settings.ts'
import type { Backend } from './backends.ts'
import { type GatewayConfig, gatewaySettings } from './config.ts'
import { RunningGateway } from './running-gateway.ts'
import { type GatewayView, viewOf } from './view.ts'

/** As the section `gateway` of the configuration, without what only a program of its own can have. */
export type GatewayOptions = Omit<GatewayConfig, 'admin' | 'workers'>

export interface CreateGatewayOptions extends GatewayOptions {
  /** `HOST:PORT`, `[IPv6]:PORT` or socket paths; 127.0.0.1 and any free port unless given. */
  readonly listen?: readonly string[]
  /** The gateway's own accounts, for rules that ask them: in memory, or any source of accounts; none unless given. */
  readonly accounts?: readonly AccountInput[] | AccountSource
  /** System variables by MySQL's names. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** Certificate and RSA key; made in memory unless given (`loadKeyMaterial`). */
  readonly keys?: KeyMaterial
  /** Where relative paths of rules and backends start; the current directory unless given. */
  readonly base?: string
  readonly log?: Log
}

export interface CreatedGateway {
  readonly listening: readonly ListenAddress[]
  /** What is known of each server. */
  readonly backends: readonly Backend[]
  /** For `saltgate/dashboard`: what an administrator looks at. */
  readonly administered: Administered
  readonly view: GatewayView
  /**
   * Takes over what is given, each member as a whole; what is left out stays. Sessions go on as they began. `monitor` cannot change.
   *
   * Throws (as a rejection): `ConfigurationError`; nothing is changed then.
   */
  reload(changes: Omit<GatewayOptions, 'monitor'>): Promise<void>
  /**
   * Nobody new comes in, idle sessions leave, and transactions may end within `drainMs`, of the options unless given. After: no socket, timer
   * or worker is left.
   */
  close(drainMs?: number): Promise<void>
}

/**
 * Opens a gateway. It is ready for clients when the promise resolves, whether its servers are or not.
 *
 * Throws (as a rejection): `ConfigurationError` that names the option, and what to do.
 */
export async function createGateway(options: CreateGatewayOptions): Promise<CreatedGateway> {
  const {
    listen = ['127.0.0.1:0'],
    accounts,
    settings,
    keys,
    base = process.cwd(),
    log = silentLog,
    ...given
  } = options
  let config: GatewayConfig = given
  const gateway = await RunningGateway.open(gatewaySettings(config, { base }), {
    ...{ listen, log },
    settings: new Settings(settings),
    keys: keys ?? (await loadKeyMaterial({})),
    ...(accounts && { accounts: isSource(accounts) ? accounts : new MemoryAccounts(accounts) }),
  })
  return {
    listening: gateway.front.listening,
    administered: gateway.front.door,
    view: viewOf(gateway.gateway),
    get backends() {
      return gateway.gateway.backends.all
    },
    async reload(changes) {
      const changed = { ...config, ...changes }
      await gateway.reload(gatewaySettings(changed, { base }))
      config = changed
    },
    close: (drainMs) => gateway.close(drainMs),
  }
}

function isSource(accounts: readonly AccountInput[] | AccountSource): accounts is AccountSource {
  return !Array.isArray(accounts)
}
