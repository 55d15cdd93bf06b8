/**
 * What all connections of one front door share: accounts, keys, limits, caches, counters. One object, built once,
 * changed only by settings and reloads; connections hold a reference to it and nothing of their own copy.
 */
import type { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Account } from '../accounts/account.ts'
import { type DecoyModel, Decoys } from '../accounts/decoy.ts'
import { FailedLogins } from '../accounts/failed-logins.ts'
import { NonceSource } from '../accounts/nonce-source.ts'
import { CheckRefused, SecretChecker } from '../accounts/secret-checker.ts'
import type { AccountSource } from '../accounts/source.ts'
import { plugins } from '../auth/plugins.ts'
import { xor } from '../auth/primitives.ts'
import { isOwnCredential } from '../machine/exchanges.ts'
import type { Attempt, LoginPolicy, Proof } from '../machine/server-states.ts'
import { capability } from '../packets/capabilities.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { Registry } from '../registry/registry.ts'
import type { Connection } from '../transport/connection.ts'
import { DeadlineList } from '../transport/deadlines.ts'
import { sourceKey } from './addresses.ts'
import { Databases } from './databases.ts'
import { FastDigests } from './fast-digests.ts'
import { HostCache } from './host-cache.ts'
import { HostNames } from './host-names.ts'
import type { Log } from './log.ts'
import { NearProofs } from './near-proofs.ts'
import type { OnQuery } from './query.ts'
import type { Settings } from './settings.ts'
import type { ServerTls } from './tls-context.ts'
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
}

/** What handles a connection in one of the deadline lists. */
export interface Waiting {
  onDeadline(): void
  /** A login that only waits for its client: the door is full, and it may be its turn to go. Returns whether it went. */
  yieldPlace?(patienceMs: number): boolean
}

function onExpired(connection: Connection): void {
  ;(connection.handler as Partial<Waiting>).onDeadline?.()
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

/** Accounts whose password passed full authentication and is remembered for the fast one. */
const fastDigestLimit = 100_000

/** utf8mb4_0900_ai_ci, what MySQL 8 and 9 greet with. */
const greetingCollation = 255

export class Door {
  readonly accounts: AccountSource
  readonly settings: Settings
  readonly onQuery: OnQuery
  readonly redact: (sql: string) => string
  readonly log: Log
  readonly registry: Registry
  readonly databases: Databases
  readonly hostCache: HostCache
  readonly hostNames: HostNames
  readonly nonces = new NonceSource()
  readonly fastDigests = new FastDigests(fastDigestLimit)
  readonly failedLogins = new FailedLogins()
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
  readonly #decoys: Decoys
  #decoyModel: DecoyModel
  draining = false

  constructor(options: DoorOptions) {
    const { settings } = options
    this.accounts = options.accounts
    this.settings = settings
    this.onQuery = options.onQuery
    this.redact = options.redact
    this.log = options.log
    this.tls = options.tls
    this.registry = new Registry(Date.now(), settings.get('saltgate_handshake_history'))
    this.databases = new Databases(options.databases)
    this.hostCache = new HostCache({ size: settings.get('host_cache_size'), now: Date.now })
    this.hostNames = new HostNames({
      timeLimitMs: settings.get('saltgate_dns_timeout'),
      ...(options.dnsServers !== undefined && { servers: options.dnsServers }),
    })
    this.secrets = new SecretChecker({ privateKey: options.rsaPrivateKey })
    this.#publicKey = options.rsaPublicKey
    this.loopDelay = options.loopDelay
    this.#decoys = new Decoys(options.decoySecret)
    this.#decoyModel = this.#modelOfDecoys()
    this.loginDeadlines = new DeadlineList({ durationMs: settings.get('connect_timeout') * 1000, onExpired })
    this.changeUserDeadlines = new DeadlineList({ durationMs: settings.get('net_read_timeout') * 1000, onExpired })
    this.policy = this.#makePolicy()
    this.#follow(settings)
  }

  /** How late the event loop was in all but one of 100 measurements since the start or FLUSH STATUS, in microseconds. */
  get loopDelayP99Us(): number {
    return Math.max(0, Math.round(this.loopDelay.percentile(99) / 1000) - loopDelayResolutionMs * 1000)
  }

  /** Wall clock, ms since 1970. */
  now(): number {
    return Date.now()
  }

  /** The account that stands in for one that does not exist. */
  decoy(user: string, host: string): Account {
    const plugins = this.accounts.pluginCounts?.() ?? this.#decoyModel.plugins
    if (plugins !== this.#decoyModel.plugins) this.#decoyModel = { ...this.#decoyModel, plugins }
    return this.#decoys.account(user, host, this.#decoyModel)
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
    if ('refresh' in this.accounts && typeof this.accounts.refresh === 'function') this.accounts.refresh()
    this.fastDigests.clear()
    this.failedLogins.clear()
    this.userConnections.forgetHours()
  }

  setKeys(privateKey: string | undefined, publicKey: string | undefined): void {
    this.#publicKey = publicKey
    if (privateKey !== undefined) this.secrets.setPrivateKey(privateKey)
    this.refreshPolicy()
  }

  /**
   * Judges a password that the plugin obtained, off the event loop. What passed once can authenticate fast from then on.
   * Wipes `secret`.
   */
  async judgeSecret(
    attempt: Attempt,
    secret: Uint8Array,
    form: 'clear' | 'sealed',
    record: ConnectionRecord,
  ): Promise<Proof> {
    const { candidate, nonce, plugin, authStrings, factor } = attempt
    const { account } = candidate
    const own = this.accounts.checkPassword?.bind(this.accounts)
    const source = record.address === undefined ? 'localhost' : sourceKey(record.address)
    try {
      if (own !== undefined && !candidate.decoy) {
        const clear = form === 'clear' ? secret : await this.#unsealed(secret, nonce, source)
        return await judgeBy((password) => own(account, password, factor), clear, form)
      }
      const checked = await this.secrets.check({ authStrings, secret, form, nonce, source })
      if (checked.outcome === 'mismatch') {
        const reason = authStrings[0] === '' ? 'password-not-empty' : 'secret-mismatch'
        return { holds: false, reason, detail: undefined }
      }
      if (checked.outcome === 'malformed') return { holds: false, reason: checked.reason, detail: checked.why }
      if (plugin.name === 'caching_sha2_password' && isOwnCredential(attempt) && !candidate.decoy) {
        this.fastDigests.learn(account, checked.credential, checked.fastDigest)
      }
      return { holds: true, credential: checked.credential }
    } catch (error) {
      if (error instanceof CheckRefused) return { holds: false, reason: error.reason, detail: error.message }
      throw error
    }
  }

  /** The clear password, NUL included; `undefined` when it was sealed with another key. */
  async #unsealed(secret: Uint8Array, nonce: Uint8Array, source: string): Promise<Uint8Array | undefined> {
    const masked = await this.secrets.open(secret, source)
    if (masked === undefined || masked.length === 0) return undefined
    const clear = xor(masked, nonce)
    masked.fill(0)
    return clear
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
      collationId: greetingCollation,
      defaultPlugin,
      plugins,
      publicKey: this.#publicKey,
      allowClearPassword: settings.get('saltgate_allow_clear_password'),
    }
  }

  #modelOfDecoys(): DecoyModel {
    const counts = this.accounts.pluginCounts?.()
    return {
      plugins: counts ?? new Map([[this.settings.get('default_authentication_plugin'), 1]]),
      rounds: this.settings.get('caching_sha2_password_digest_rounds'),
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
    settings.onChange('caching_sha2_password_digest_rounds', () => {
      this.fastDigests.clear()
      this.#decoyModel = this.#modelOfDecoys()
    })
  }
}

/** Asks an account source that judges passwords by itself. After: `clear` is wiped. */
async function judgeBy(
  check: (password: Uint8Array) => boolean | Promise<boolean>,
  clear: Uint8Array | undefined,
  form: 'clear' | 'sealed',
): Promise<Proof> {
  // As in the built-in check: a clear password ends in its only NUL, a sealed one at the first.
  const end = clear?.indexOf(0) ?? -1
  if (clear === undefined || end === -1 || (form === 'clear' && end < clear.length - 1)) {
    clear?.fill(0)
    return {
      holds: false,
      reason: 'secret-malformed',
      detail: 'a password that does not end in a NUL, or was sealed with another key',
    }
  }
  try {
    const right = await check(clear.subarray(0, end))
    return right === true
      ? { holds: true, credential: 0 }
      : { holds: false, reason: 'secret-mismatch', detail: undefined }
  } finally {
    clear.fill(0)
  }
}
