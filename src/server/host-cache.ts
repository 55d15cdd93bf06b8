/**
 * What is remembered of client addresses: their names, and the errors of their connections. It saves the DNS lookups of
 * hosts that come back, it is what blocks a host after max_connect_errors, and it is performance_schema.host_cache.
 *
 * Bounded: the least recently used address makes room for a new one, and loses its errors and its block with it, as in
 * mysqld. Unlike mysqld, a name is believed for 15 minutes at most, and an error makes a row whether or not names
 * are resolved, so that max_connect_errors also holds under skip_name_resolve.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/host-cache.html
 */
import type { HostCacheCounter } from '../errors/deny-reasons.ts'
import { isLoopback } from './addresses.ts'
import type { Resolution } from './host-names.ts'

/**
 * One row of performance_schema.host_cache, columns in its order. The `_SEEN` columns are milliseconds since 1970.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-host-cache-table.html
 */
export interface HostCacheRow extends Readonly<Record<HostCacheCounter, number>> {
  readonly IP: string
  readonly HOST: string | null
  readonly HOST_VALIDATED: 'YES' | 'NO'
  readonly SUM_CONNECT_ERRORS: number
  readonly FIRST_SEEN: number
  readonly LAST_SEEN: number
  readonly FIRST_ERROR_SEEN: number | null
  readonly LAST_ERROR_SEEN: number | null
}

export interface HostCacheOptions {
  /** host_cache_size: rows; 0 turns the cache off, and with it the block of hosts. */
  readonly size: number
  /** The wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** Addresses are canonical (addresses.ts). 127.0.0.1 and ::1 never get a row; the rest of 127.0.0.0/8 does. */
export class HostCache {
  #size: number
  readonly #now: () => number
  readonly #hosts = new Map<string, Host>()
  /** The ends of the list in order of use. */
  #latest: Host | undefined
  #oldest: Host | undefined

  constructor({ size, now }: HostCacheOptions) {
    this.#size = size
    this.#now = now
  }

  get size(): number {
    return this.#size
  }

  /** Sets host_cache_size, which empties the cache, as SET GLOBAL does. */
  set size(size: number) {
    this.#size = size
    this.flush()
  }

  /** Whether the host has reached max_connect_errors. Counts nothing: refusing the host does, as any other refusal. */
  isBlocked(address: string, maxConnectErrors: number): boolean {
    const host = this.#hosts.get(address)
    return host !== undefined && host.connectErrors >= maxConnectErrors
  }

  /** What the address resolved to; `undefined` when it must be asked: never was, did not validate, or is too old. */
  lookup(address: string): Resolution | undefined {
    const host = this.#hosts.get(address)
    if (host === undefined) return undefined
    const nowMs = this.#now()
    host.lastSeenMs = nowMs
    this.#use(host)
    return host.resolution?.validated && nowMs < host.resolutionEndsMs ? host.resolution : undefined
  }

  /** Keeps what a lookup of the name came to, and counts its error. */
  remember(address: string, resolution: Resolution): void {
    const nowMs = this.#now()
    const host = this.#visit(address, nowMs)
    if (host === undefined) return
    host.resolution = resolution
    host.resolutionEndsMs = nowMs + Math.min(resolution.lifetimeMs, longestNameLifeMs)
    if (resolution.error !== undefined) count(host, resolution.error, nowMs)
  }

  /** Counts a failed connection; `connectError` adds it to those that block the host. */
  countError(address: string, counter: HostCacheCounter, connectError: boolean): void {
    const nowMs = this.#now()
    const host = this.#visit(address, nowMs)
    if (host === undefined) return
    count(host, counter, nowMs)
    if (connectError) host.connectErrors += 1
  }

  /** Forgives the host its connect errors, since it has logged in. */
  onSuccess(address: string): void {
    const host = this.#hosts.get(address)
    if (host !== undefined) host.connectErrors = 0
  }

  /** Empties the cache: FLUSH HOSTS, TRUNCATE performance_schema.host_cache. With an address: forgets that one, and with it its block. */
  flush(address?: string): void {
    if (address !== undefined) {
      const host = this.#hosts.get(address)
      if (host !== undefined) this.#drop(host)
      return
    }
    this.#hosts.clear()
    this.#latest = undefined
    this.#oldest = undefined
  }

  /** The rows as of now, first come first. HOST stays when its time is over, until the address is asked again. */
  rows(): HostCacheRow[] {
    return [...this.each()]
  }

  /** The same one by one, for who may not block: a full cache has 65,536. Between two of them the cache may change. */
  *each(): Generator<HostCacheRow> {
    for (const host of this.#hosts.values()) {
      yield {
        IP: host.address,
        HOST: host.resolution?.hostname ?? null,
        HOST_VALIDATED: host.resolution?.validated ? 'YES' : 'NO',
        SUM_CONNECT_ERRORS: host.connectErrors,
        ...host.counts,
        FIRST_SEEN: host.firstSeenMs,
        LAST_SEEN: host.lastSeenMs,
        FIRST_ERROR_SEEN: host.firstErrorMs || null,
        LAST_ERROR_SEEN: host.lastErrorMs || null,
      }
    }
  }

  #visit(address: string, nowMs: number): Host | undefined {
    let host = this.#hosts.get(address)
    if (host === undefined) {
      if (this.#size === 0 || isLoopback(address)) return undefined
      if (this.#hosts.size >= this.#size && this.#oldest !== undefined) this.#drop(this.#oldest)
      host = newHost(address, nowMs)
      this.#hosts.set(address, host)
    }
    host.lastSeenMs = nowMs
    this.#use(host)
    return host
  }

  #use(host: Host): void {
    if (host === this.#latest) return
    this.#unlink(host)
    host.older = this.#latest
    if (this.#latest !== undefined) this.#latest.newer = host
    this.#latest = host
    this.#oldest ??= host
  }

  #drop(host: Host): void {
    this.#unlink(host)
    this.#hosts.delete(host.address)
  }

  #unlink(host: Host): void {
    if (host.newer !== undefined) host.newer.older = host.older
    else if (this.#latest === host) this.#latest = host.older
    if (host.older !== undefined) host.older.newer = host.newer
    else if (this.#oldest === host) this.#oldest = host.newer
    host.newer = undefined
    host.older = undefined
  }
}

interface Host {
  readonly address: string
  resolution: Resolution | undefined
  resolutionEndsMs: number
  /** SUM_CONNECT_ERRORS: those since the last login. */
  connectErrors: number
  readonly counts: Record<HostCacheCounter, number>
  firstSeenMs: number
  lastSeenMs: number
  /** 0 until there is one: a number from the start, because the engine then stores later times without allocation. */
  firstErrorMs: number
  lastErrorMs: number
  newer: Host | undefined
  older: Host | undefined
}

function newHost(address: string, nowMs: number): Host {
  return {
    address,
    resolution: undefined,
    resolutionEndsMs: 0,
    connectErrors: 0,
    counts: { ...noErrors },
    firstSeenMs: nowMs,
    lastSeenMs: nowMs,
    firstErrorMs: 0,
    lastErrorMs: 0,
    newer: undefined,
    older: undefined,
  }
}

function count(host: Host, counter: HostCacheCounter, nowMs: number): void {
  host.counts[counter] += 1
  host.lastErrorMs = nowMs
  if (host.firstErrorMs === 0) host.firstErrorMs = nowMs
}

/** In the order of the table. */
const noErrors: Readonly<Record<HostCacheCounter, number>> = {
  COUNT_HOST_BLOCKED_ERRORS: 0,
  COUNT_NAMEINFO_TRANSIENT_ERRORS: 0,
  COUNT_NAMEINFO_PERMANENT_ERRORS: 0,
  COUNT_FORMAT_ERRORS: 0,
  COUNT_ADDRINFO_TRANSIENT_ERRORS: 0,
  COUNT_ADDRINFO_PERMANENT_ERRORS: 0,
  COUNT_FCRDNS_ERRORS: 0,
  COUNT_HOST_ACL_ERRORS: 0,
  COUNT_NO_AUTH_PLUGIN_ERRORS: 0,
  COUNT_AUTH_PLUGIN_ERRORS: 0,
  COUNT_HANDSHAKE_ERRORS: 0,
  COUNT_PROXY_USER_ERRORS: 0,
  COUNT_PROXY_USER_ACL_ERRORS: 0,
  COUNT_AUTHENTICATION_ERRORS: 0,
  COUNT_SSL_ERRORS: 0,
  COUNT_MAX_USER_CONNECTIONS_ERRORS: 0,
  COUNT_MAX_USER_CONNECTIONS_PER_HOUR_ERRORS: 0,
  COUNT_DEFAULT_DATABASE_ERRORS: 0,
  COUNT_INIT_CONNECT_ERRORS: 0,
  COUNT_LOCAL_ERRORS: 0,
  COUNT_ACCOUNT_LOCKED_ERRORS: 0,
  COUNT_TEMPORARY_ACCOUNT_LOCKED_ERRORS: 0,
  COUNT_UNKNOWN_ERRORS: 0,
}

/** A name that outlives its address would let the next owner of the address in. */
const longestNameLifeMs = 15 * 60_000
