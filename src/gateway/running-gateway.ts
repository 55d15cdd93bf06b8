/**
 * A gateway as it is configured: opened from settings, and given new ones while it runs. What it needs for its rules, the accounts of the
 * backends, is read here.
 */
import { isDeepStrictEqual } from 'node:util'
import type { ConnectOptions } from '../client/options.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { FrontDoor } from '../server/front-door.ts'
import { type Log, silentLog } from '../server/log.ts'
import { BackendAccounts } from './backend-accounts.ts'
import type { Backends } from './backends.ts'
import type { GatewaySettings } from './config.ts'
import type { Gateway } from './gateway.ts'
import { type GatewayParts, type OpenGateway, openGateway } from './open.ts'
import type { Rule } from './rules.ts'

export type GatewaySurroundings = Omit<GatewayParts, 'backends' | 'rules' | 'pool' | 'monitor'>

export class RunningGateway {
  readonly gateway: Gateway
  readonly front: FrontDoor
  readonly #opened: OpenGateway
  readonly #log: Log
  #settings: GatewaySettings
  #accounts: BackendAccounts | undefined
  #reloading: Promise<unknown> = Promise.resolve()
  #closing = false

  private constructor(opened: OpenGateway, settings: GatewaySettings, accounts: BackendAccounts | undefined, log: Log) {
    this.#opened = opened
    this.gateway = opened.gateway
    this.front = opened.front
    this.#settings = settings
    this.#accounts = accounts
    this.#log = log
    // What could not be read for want of a primary may be read now.
    this.gateway.backends.listeners.add((_backend, change) => {
      if ((change === 'up' || change === 'role') && this.#accounts?.status.failure !== undefined)
        void this.#accounts.reread()
    })
  }

  /**
   * Opens it, with each backend looked at once and, where a rule needs them, its accounts read. That a backend is down, or shows no accounts,
   * is a warning: it may come.
   *
   * Throws: `ConfigurationError`; nothing stays open then.
   */
  static async open(settings: GatewaySettings, surroundings: GatewaySurroundings): Promise<RunningGateway> {
    const { log = silentLog } = surroundings
    let opened: OpenGateway | undefined
    const accounts = accountsFor(settings, () => opened?.gateway.backends, log)
    const { backends, pool, monitor, rules } = settings
    opened = await openGateway({
      ...{ ...surroundings, backends, pool, monitor },
      rules: { ...rules, ...(accounts && { backendAccounts: accounts }) },
    })
    await begin(accounts, log)
    return new RunningGateway(opened, settings, accounts, log)
  }

  get settings(): GatewaySettings {
    return this.#settings
  }

  /**
   * Takes over new settings: sessions go on as they began. Returns what has changed and holds only from the next start.
   *
   * Throws (as a rejection): `ConfigurationError`; nothing is changed then.
   */
  reload(settings: GatewaySettings): Promise<readonly string[]> {
    const reloaded = this.#reloading.then(() => this.#reload(settings))
    this.#reloading = reloaded.catch(() => {})
    return reloaded
  }

  /** Nobody new comes in, idle sessions leave, transactions may end within `drainMs`. After: no socket, timer or worker is left. */
  async close(drainMs: number = this.#settings.drainMs): Promise<void> {
    this.#closing = true
    await this.#reloading
    await this.#accounts?.close()
    await this.#opened.close(drainMs)
  }

  async #reload(settings: GatewaySettings): Promise<readonly string[]> {
    if (this.#closing) throw new ConfigurationError('the gateway is closing')
    const before = this.#settings
    const { backends, pool, rules } = settings
    const old = this.#accounts
    const asBefore = isDeepStrictEqual(settings.backendAccounts, before.backendAccounts)
    const accounts =
      old !== undefined && asBefore && needsBackendAccounts(rules.rules)
        ? old
        : accountsFor(settings, () => this.gateway.backends, this.#log)
    await this.gateway.backends.reload(backends)
    this.gateway.reload({ ...rules, ...(accounts && { backendAccounts: accounts }) })
    this.gateway.pool.limits = pool
    this.#settings = settings
    this.#accounts = accounts
    if (accounts !== old) {
      await begin(accounts, this.#log)
      await old?.close()
    }
    return (['monitor', 'admin', 'workers'] as const).filter((key) => !isDeepStrictEqual(settings[key], before[key]))
  }
}

/** Whether a rule lets the gateway's own accounts judge. */
export function needsOwnAccounts(rules: readonly Rule[]): boolean {
  return rules.some(({ way, check }) => way === 'own' || (way === 'mapped' && check !== 'backend'))
}

function needsBackendAccounts(rules: readonly Rule[]): boolean {
  return rules.some(({ way, check }) => way === 'backend' || (way === 'mapped' && check === 'backend'))
}

function accountsFor(
  { rules, backendAccounts }: GatewaySettings,
  backends: () => Backends | undefined,
  log: Log,
): BackendAccounts | undefined {
  if (!needsBackendAccounts(rules.rules)) return undefined
  return new BackendAccounts({ ...backendAccounts, from: () => ownLoginAtPrimary(backends()), log })
}

/** Where accounts are changed: a replica may not know yet of a password that is void. */
function ownLoginAtPrimary(backends: Backends | undefined): ConnectOptions {
  const primaries = backends?.all.filter(({ state, role }) => state === 'up' && role === 'primary') ?? []
  const primary = primaries.find(({ isAsked }) => isAsked)
  if (primary !== undefined) return primary.options.connect
  const [unasked] = primaries
  if (unasked === undefined) throw new ConfigurationError('no primary is up')
  throw new ConfigurationError(
    `the gateway has no account of its own at ${unasked.name}: write mysql://USER:PASSWORD@... in the configuration`,
  )
}

/** The first reading says by itself what is wrong; what to do about it is said here. */
async function begin(accounts: BackendAccounts | undefined, log: Log): Promise<void> {
  await accounts?.start().catch(() => {
    log.warn(
      {},
      'nobody gets in by the accounts of the backend until they are read: saltgate gateway --accounts-sql shows how to let the gateway read them',
    )
  })
}
