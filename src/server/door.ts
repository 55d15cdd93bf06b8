/**
 * What all connections of one front door share: accounts, keys, limits, caches, counters. One object, built once,
 * changed only by settings and reloads; connections hold a reference to it and nothing of their own copy.
 */
import type { monitorEventLoopDelay } from 'node:perf_hooks'
import { NonceSource } from '../accounts/nonce-source.ts'
import { SecretChecker } from '../accounts/secret-checker.ts'
import type { AccountSource } from '../accounts/source.ts'
import { plugins } from '../auth/plugins.ts'
import type { LoginPolicy } from '../machine/server-states.ts'
import { capability } from '../packets/capabilities.ts'
import { type ConnectionIds, Registry } from '../registry/registry.ts'
import type { Connection } from '../transport/connection.ts'
import { DeadlineList } from '../transport/deadlines.ts'
import type { Administered, Elsewhere } from './administered.ts'
import { Databases } from './databases.ts'
import { HostCache } from './host-cache.ts'
import { HostNames } from './host-names.ts'
import type { Log } from './log.ts'
import { NearProofs } from './near-proofs.ts'
import type { Gate } from './passage.ts'
import type { OnQuery } from './query.ts'
import { Realm } from './realm.ts'
import type { Settings } from './settings.ts'
import type { ServerTls, Validity } from './tls-context.ts'
import { UserConnections } from './user-connections.ts'

export interface DoorOptions {
  readonly accounts: AccountSource
  readonly settings: Settings
  readonly onQuery: OnQuery
  /** Blanks the passwords in a statement before it is shown in the process list. */
  readonly redact: (sql: string) => string
  readonly log: Log
  readonly databases: readonly string[] | 'any'
  /** 32 bytes that keep decoys the same across restarts. */
  readonly decoySecret: Uint8Array
  readonly tls: ServerTls | undefined
  /** PEM; for passwords without TLS. */
  readonly rsaPrivateKey: string | undefined
  readonly rsaPublicKey: string | undefined
  readonly loopDelay: ReturnType<typeof monitorEventLoopDelay>
  /** DNS servers as `address:port`; left out: the system's. */
  readonly dnsServers?: readonly string[]
  readonly gate?: ((door: Door) => Gate) | undefined
  /** Left out: all that there are. */
  readonly connectionIds?: ConnectionIds | undefined
  /** Of a door for administrators: the one that they look after. Left out: the door itself. */
  readonly administers?: Administered | undefined
}

/** What handles a connection in one of the deadline lists. */
export interface Waiting {
  onDeadline(): void
  /** A login that only waits for its client: the door is full, and it may be its turn to go. Returns whether it went. */
  yieldPlace?(patienceMs: number): boolean
}

function onExpired(connection: Connection): void {
  ;(connection.owner as Partial<Waiting>).onDeadline?.()
}

/** The histogram counts the time from one tick to the next: the time between ticks is no delay. */
export const loopDelayResolutionMs = 10

/** Everything that a server may offer; CLIENT_SSL is added where TLS can be had. */
const offered =
  capability.LONG_PASSWORD |
  capability.FOUND_ROWS |
  capability.LONG_FLAG |
  capability.CONNECT_WITH_DB |
  capability.NO_SCHEMA |
  capability.COMPRESS |
  capability.ODBC |
  capability.IGNORE_SPACE |
  capability.PROTOCOL_41 |
  capability.INTERACTIVE |
  capability.IGNORE_SIGPIPE |
  capability.TRANSACTIONS |
  capability.RESERVED |
  capability.SECURE_CONNECTION |
  capability.MULTI_STATEMENTS |
  capability.MULTI_RESULTS |
  capability.PS_MULTI_RESULTS |
  capability.PLUGIN_AUTH |
  capability.CONNECT_ATTRS |
  capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
  capability.CAN_HANDLE_EXPIRED_PASSWORDS |
  capability.SESSION_TRACK |
  capability.DEPRECATE_EOF |
  capability.OPTIONAL_RESULTSET_METADATA |
  capability.ZSTD_COMPRESSION_ALGORITHM |
  capability.QUERY_ATTRIBUTES |
  capability.MULTI_FACTOR_AUTHENTICATION |
  capability.SSL_VERIFY_SERVER_CERT |
  capability.REMEMBER_OPTIONS

/** utf8mb4_0900_ai_ci, what MySQL 8 and 9 greet with. */
const greetingCollation = 255

export class Door implements Administered {
  /** The accounts that the door has by itself. */
  readonly realm: Realm
  /** Of a gateway: what stands between strangers and sessions, and who serves those that were let in. */
  readonly gate: Gate | undefined
  /** Whose connections and counters the commands of a session are about; accounts and databases are those of the door itself. */
  readonly administers: Administered
  /** All that there is to know of a door is in its process. */
  readonly elsewhere: Elsewhere | undefined = undefined
  readonly settings: Settings
  readonly onQuery: OnQuery
  readonly redact: (sql: string) => string
  readonly log: Log
  readonly registry: Registry
  readonly databases: Databases
  readonly hostCache: HostCache
  readonly hostNames: HostNames
  readonly nonces = new NonceSource()
  readonly userConnections = new UserConnections()
  readonly nearProofs = new NearProofs(this)
  readonly secrets: SecretChecker
  readonly tls: ServerTls | undefined
  /** One list per duration: a whole login, and a whole COM_CHANGE_USER. */
  readonly loginDeadlines: DeadlineList<Connection>
  readonly changeUserDeadlines: DeadlineList<Connection>
  /** By seconds of wait_timeout; sessions may choose their own. */
  readonly #idleDeadlines = new Map<number, DeadlineList<Connection>>()
  policy: LoginPolicy
  #publicKey: string | undefined
  /** Delay of the event loop since the start, in nanoseconds. */
  readonly loopDelay: ReturnType<typeof monitorEventLoopDelay>
  draining = false

  constructor(options: DoorOptions) {
    const { settings } = options
    this.settings = settings
    this.onQuery = options.onQuery
    this.redact = options.redact
    this.log = options.log
    this.tls = options.tls
    this.registry = new Registry(Date.now(), settings.get('saltgate_handshake_history'), options.connectionIds)
    this.databases = new Databases(options.databases)
    this.hostCache = new HostCache({ size: settings.get('host_cache_size'), now: Date.now })
    this.hostNames = new HostNames({
      timeLimitMs: settings.get('saltgate_dns_timeout'),
      ...(options.dnsServers !== undefined && { servers: options.dnsServers }),
    })
    this.secrets = new SecretChecker({ privateKey: options.rsaPrivateKey })
    this.#publicKey = options.rsaPublicKey
    this.loopDelay = options.loopDelay
    const { accounts, decoySecret, gate } = options
    const { secrets } = this
    this.realm = new Realm({ accounts, settings, secrets, decoySecret, handsOnPasswords: gate !== undefined })
    this.loginDeadlines = new DeadlineList({ durationMs: settings.get('connect_timeout') * 1000, onExpired })
    this.changeUserDeadlines = new DeadlineList({ durationMs: settings.get('net_read_timeout') * 1000, onExpired })
    this.policy = this.#makePolicy()
    this.#follow(settings)
    this.administers = options.administers ?? this
    this.gate = gate?.(this)
  }

  /** How late the event loop was in all but one of 100 measurements since the start or FLUSH STATUS, in microseconds. */
  get loopDelayP99Us(): number {
    return Math.max(0, Math.round(this.loopDelay.percentile(99) / 1000) - loopDelayResolutionMs * 1000)
  }

  get certificate(): Validity | undefined {
    return this.tls?.validity
  }

  /** Wall clock, ms since 1970. */
  now(): number {
    return Date.now()
  }

  /** The greeting of connections from now on. Running logins keep the policy that they began with. */
  refreshPolicy(): void {
    this.policy = this.#makePolicy()
  }

  /**
   * Makes room for one more connection: the stranger who has been waited for longest goes, if it was longer than
   * saltgate_stranger_patience. So silent connections cannot keep those out who log in. Returns whether there is room.
   */
  makeRoom(): boolean {
    const patienceMs = this.settings.get('saltgate_stranger_patience')
    const oldest = this.loginDeadlines.first?.handler as Partial<Waiting> | undefined
    return patienceMs > 0 && oldest?.yieldPlace?.(patienceMs) === true
  }

  /** The list of sessions that wait for a command for so many seconds at most. */
  idleDeadlines(seconds: number): DeadlineList<Connection> {
    let list = this.#idleDeadlines.get(seconds)
    if (list === undefined) {
      for (const [key, other] of this.#idleDeadlines) if (other.size === 0) this.#idleDeadlines.delete(key)
      list = new DeadlineList({ durationMs: seconds * 1000, onExpired })
      this.#idleDeadlines.set(seconds, list)
    }
    return list
  }

  /** FLUSH PRIVILEGES: accounts are read again, and everything learned about them is forgotten. */
  flushPrivileges(): void {
    this.realm.refresh()
    this.userConnections.forgetHours()
  }

  setKeys(privateKey: string | undefined, publicKey: string | undefined): void {
    this.#publicKey = publicKey
    if (privateKey !== undefined) this.secrets.setPrivateKey(privateKey)
    this.refreshPolicy()
  }

  async close(): Promise<void> {
    this.loginDeadlines.close()
    this.changeUserDeadlines.close()
    for (const list of this.#idleDeadlines.values()) list.close()
    this.hostNames.close()
    this.nearProofs.close()
    await this.secrets.close()
  }

  #makePolicy(): LoginPolicy {
    const { settings } = this
    const name = settings.get('default_authentication_plugin')
    const defaultPlugin = plugins.get(name)
    if (defaultPlugin === undefined) throw new Error(`default_authentication_plugin ${name} passed its check`)
    const ssl = this.tls?.options === undefined ? 0 : capability.SSL
    return {
      serverVersion: settings.get('version'),
      capabilities: (offered | ssl) >>> 0,
      mariadbCapabilities: 0,
      collationId: greetingCollation,
      defaultPlugin,
      plugins,
      publicKey: this.#publicKey,
      allowClearPassword: settings.get('saltgate_allow_clear_password'),
      hasBackend: false,
    }
  }

  #follow(settings: Settings): void {
    settings.onChange('connect_timeout', (seconds) => {
      this.loginDeadlines.durationMs = seconds * 1000
    })
    settings.onChange('net_read_timeout', (seconds) => {
      this.changeUserDeadlines.durationMs = seconds * 1000
    })
    settings.onChange('host_cache_size', (size) => {
      this.hostCache.size = size
    })
    settings.onChange('saltgate_handshake_history', (limit) => {
      this.registry.historyLimit = limit
    })
    for (const name of ['default_authentication_plugin', 'version', 'saltgate_allow_clear_password'] as const) {
      settings.onChange(name, () => this.refreshPolicy())
    }
  }
}
