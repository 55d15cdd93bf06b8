/**
 * The name of a client, from its address: asked backwards (PTR), believed only if the name leads forward to the same
 * address. Whoever owns an address writes its PTR record, so without the second step anybody could be any host.
 *
 * Results and counters are those of mysqld; the resolver is not. `getnameinfo` waits as long as the system's resolver likes
 * and occupies one of Node's few threads meanwhile, so DNS is asked through c-ares instead, within a time limit for both
 * steps. The hosts file comes first, as it does for `getnameinfo` under the usual `hosts: files dns`; other sources of
 * nsswitch.conf (mDNS, NIS, LDAP) and search domains are not asked.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/host-cache.html
 */
import { Resolver } from 'node:dns/promises'
import { readFile, stat } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import type { HostCacheCounter } from '../errors/deny-reasons.ts'
import { canonicalAddress, isLoopback, reverseName } from './addresses.ts'

/** What is known of the name of an address. */
export interface Resolution {
  /** A name that leads back to the address, as DNS spells it; `undefined`: the client goes by its address. */
  readonly hostname: string | undefined
  /** `true`: this is the final answer, even if it is "no name"; `false`: ask again next time. */
  readonly validated: boolean
  /** What went wrong, as performance_schema.host_cache counts it. */
  readonly error: HostCacheCounter | undefined
  /** How long DNS allows to keep the answer, in milliseconds; `Infinity` where it does not say. */
  readonly lifetimeMs: number
}

export interface HostNamesOptions {
  /** For the whole lookup, in milliseconds. */
  readonly timeLimitMs?: number
  /** Lookups under way at once; one more is answered at once as a transient error. */
  readonly maxInFlight?: number
  /** DNS servers as `address` or `address:port`; those of the system unless given. */
  readonly servers?: readonly string[]
  readonly hostsFile?: string
}

export class HostNames {
  readonly #resolver: Resolver
  readonly #timeLimitMs: number
  readonly #maxInFlight: number
  readonly #hostsFile: HostsFile
  readonly #running = new Map<string, Promise<Resolution>>()
  /** Includes queries whose lookup has given up: c-ares still waits for them. */
  #unanswered = 0

  constructor({ timeLimitMs = 1000, maxInFlight = 1000, servers, hostsFile = '/etc/hosts' }: HostNamesOptions = {}) {
    this.#timeLimitMs = timeLimitMs
    this.#maxInFlight = maxInFlight
    this.#hostsFile = new HostsFile(hostsFile)
    // The second try waits twice as long as the first: together they fill the time limit.
    this.#resolver = new Resolver({ timeout: Math.ceil(timeLimitMs / 3), tries: 2 })
    if (servers !== undefined) this.#resolver.setServers(servers)
  }

  /**
   * Finds the name of an address. Never rejects: whatever fails means "no name". Callers that ask for one address at the
   * same time share one lookup.
   *
   * Shapes: `address` is canonical.
   */
  resolve(address: string): Promise<Resolution> {
    if (isLoopback(address)) return Promise.resolve(localhost)
    const running = this.#running.get(address)
    if (running !== undefined) return running
    if (Math.max(this.#running.size, this.#unanswered) >= this.#maxInFlight) {
      return Promise.resolve(noName('COUNT_NAMEINFO_TRANSIENT_ERRORS'))
    }
    const lookup = this.#lookup(address)
    this.#running.set(address, lookup)
    return lookup
  }

  /** Gives up all lookups under way; each resolves at once, without a name. */
  close(): void {
    this.#resolver.cancel()
  }

  async #lookup(address: string): Promise<Resolution> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    late.catch(() => undefined)
    const timer = setTimeout(() => reject(new Error('time limit of a name lookup')), this.#timeLimitMs)
    try {
      return await this.#ask(address, late)
    } finally {
      clearTimeout(timer)
      this.#running.delete(address)
    }
  }

  async #ask(address: string, late: Promise<never>): Promise<Resolution> {
    let name: string | undefined
    let hosts: Hosts
    try {
      hosts = await Promise.race([this.#hostsFile.read(), late])
      const listed = hosts.nameOf.get(address)
      if (listed !== undefined) {
        return isHostName(listed) ? named(listed, Number.POSITIVE_INFINITY) : noName('COUNT_FORMAT_ERRORS')
      }
      // Not `reverse`: it makes "no such name" of a server that fails.
      ;[name] = await this.#inTime(this.#resolver.resolvePtr(reverseName(address)), late)
    } catch (error) {
      return noName(saysNothingThere(error) ? 'COUNT_NAMEINFO_PERMANENT_ERRORS' : 'COUNT_NAMEINFO_TRANSIENT_ERRORS')
    }
    if (name === undefined) return noName('COUNT_NAMEINFO_PERMANENT_ERRORS')
    if (!isHostName(name)) return noName('COUNT_FORMAT_ERRORS')
    // A name in the hosts file leads where the file says, and that is not here.
    if (hosts.names.has(name.toLowerCase()) || isLocalhost(name)) return noName('COUNT_FCRDNS_ERRORS')
    return await this.#confirm(name, address, late)
  }

  /** Asks for the addresses of a name until the one that has it is found. */
  async #confirm(name: string, address: string, late: Promise<never>): Promise<Resolution> {
    const resolver = this.#resolver
    const v4 = () => resolver.resolve4(name, { ttl: true })
    const v6 = () => resolver.resolve6(name, { ttl: true })
    // The other family cannot hold the address; it is asked only to tell "leads elsewhere" from "leads nowhere".
    for (const query of isIPv4(address) ? [v4, v6] : [v6, v4]) {
      try {
        const records = (await this.#inTime(query(), late)).slice(0, maxRecords)
        if (records.length === 0) continue
        const lifetimeMs = Math.min(...records.map(({ ttl }) => ttl)) * 1000
        const confirmed = records.some((record) => record.address === address)
        return confirmed ? named(name, lifetimeMs) : { ...noName('COUNT_FCRDNS_ERRORS'), lifetimeMs }
      } catch (error) {
        if (!saysNothingThere(error)) return noName('COUNT_ADDRINFO_TRANSIENT_ERRORS')
      }
    }
    return noName('COUNT_ADDRINFO_PERMANENT_ERRORS')
  }

  #inTime<T>(query: Promise<T>, late: Promise<never>): Promise<T> {
    this.#unanswered += 1
    const answered = () => {
      this.#unanswered -= 1
    }
    query.then(answered, answered)
    return Promise.race([query, late])
  }
}

interface Hosts {
  /** Address -> the first name of its first line. */
  readonly nameOf: ReadonlyMap<string, string>
  /** Every name and alias, in lower case. */
  readonly names: ReadonlySet<string>
}

/** Reads the hosts file again when it has changed. */
class HostsFile {
  readonly #path: string
  #version = ''
  #hosts = parseHosts('')

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<Hosts> {
    try {
      const { mtimeMs, size, ino } = await stat(this.#path)
      const version = `${mtimeMs} ${size} ${ino}`
      if (version !== this.#version) {
        this.#hosts = parseHosts(await readFile(this.#path, 'utf8'))
        this.#version = version
      }
    } catch (error) {
      // Only a file that does not exist is an empty one: one that cannot be read may hold names that are not DNS's to give.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      this.#hosts = parseHosts('')
      this.#version = ''
    }
    return this.#hosts
  }
}

function parseHosts(text: string): Hosts {
  const nameOf = new Map<string, string>()
  const names = new Set<string>()
  for (const line of text.split('\n')) {
    const [written = '', first, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const address = addressIn(written)
    if (address === undefined || first === undefined) continue
    if (!nameOf.has(address)) nameOf.set(address, first)
    for (const name of [first, ...aliases]) names.add(name.toLowerCase())
  }
  return { nameOf, names }
}

function addressIn(text: string): string | undefined {
  try {
    return canonicalAddress(text)
  } catch {
    return undefined
  }
}

function named(hostname: string, lifetimeMs: number): Resolution {
  return { hostname, validated: true, error: undefined, lifetimeMs }
}

function noName(error: HostCacheCounter): Resolution {
  return { hostname: undefined, validated: finalErrors.has(error), error, lifetimeMs: Number.POSITIVE_INFINITY }
}

/**
 * A name that is fit for host patterns, messages and logs. mysqld refuses one that starts with digits and a dot, because
 * it could pass for an address in an account such as 'u'@'192.%'; no other character than these belongs in a host name.
 */
function isHostName(name: string): boolean {
  return /^[\w-]+(\.[\w-]+)*$/.test(name) && name.length <= 255 && !/^\d+\./.test(name)
}

/** DNS must not hand out the name that means "on this machine". */
function isLocalhost(name: string): boolean {
  return /(^|\.)localhost$/i.test(name)
}

/** Whether DNS answered, and the answer was that there is no such name, or no such record. */
function saysNothingThere(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTFOUND' || code === 'ENODATA'
}

export const localhost = named('localhost', Number.POSITIVE_INFINITY)

/** Asking again would not help. */
const finalErrors: ReadonlySet<HostCacheCounter> = new Set([
  'COUNT_NAMEINFO_PERMANENT_ERRORS',
  'COUNT_ADDRINFO_PERMANENT_ERRORS',
  'COUNT_FCRDNS_ERRORS',
])

/** Of one answer; c-ares gives a lifetime for no more than these. */
const maxRecords = 256
