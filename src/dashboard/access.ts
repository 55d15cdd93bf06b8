/**
 * Who may talk to the dashboard. On loopback everybody on this machine, unless a password is set; anywhere else only who has the password or
 * a client certificate, over TLS. A browser on this machine is also the hand of every site that it shows, so each request must be for a name
 * that is ours (DNS rebinding) and, where it reads data or changes something, must not come from a page of somebody else (CSRF).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'
import { ConfigurationError } from '../errors/errors.ts'
import { canonicalAddress, sourceKey } from '../server/addresses.ts'
import type { Log } from '../server/log.ts'

export interface AccessOptions {
  readonly password?: string
  /** PEM. */
  readonly clientCa?: string
  /** Names for which requests may be, in lower case and without a port. */
  readonly allowedHosts?: readonly string[]
}

/** An answer to give instead. */
export interface Turned {
  readonly status: 401 | 403 | 415 | 421 | 429
  readonly problem: string
  readonly headers?: Readonly<Record<string, string>>
}

/** On everything that is said. */
export const guardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

export class Access {
  /** It speaks HTTPS. */
  readonly secure: boolean
  /** Where it listens; 0 until it does. */
  port = 0
  readonly #digest: Buffer | undefined
  readonly #names: ReadonlySet<string>
  readonly #anyName: boolean
  readonly #loopback: boolean
  readonly #wrong = new WrongPasswords()
  readonly #budget = new Budget()
  readonly #log: Log

  /**
   * `host` is what was configured, `address` what it stands for.
   *
   * Throws: `ConfigurationError` when others could reach it, and nothing is asked of them.
   */
  constructor(options: AccessOptions, host: string, address: string, log: Log) {
    const { password, clientCa, allowedHosts } = options
    const canonical = canonicalAddress(address)
    this.#loopback = isLocal(canonical)
    const guarded = password !== undefined || clientCa !== undefined
    if (!this.#loopback && !guarded) {
      throw new ConfigurationError(
        `the dashboard on ${host} could be seen by everybody: set dashboard.password (or SALTGATE_DASHBOARD_PASSWORD) or dashboard.clientCa, or listen on 127.0.0.1`,
      )
    }
    this.secure = !this.#loopback || clientCa !== undefined
    this.#digest = password === undefined ? undefined : digestOf(password)
    this.#names = new Set([host.toLowerCase(), canonical, ...(allowedHosts ?? [])].map(bare))
    this.#anyName = guarded && allowedHosts === undefined
    this.#log = log
  }

  /** What every request must pass; `undefined`: it does. */
  turned({ headers, socket }: IncomingMessage): Turned | undefined {
    if (!this.#isOurs(headers.host)) {
      return {
        status: 421,
        problem: this.#loopback
          ? 'this is not the address of the dashboard: open it as localhost or 127.0.0.1 with its own port, or name the host in dashboard.allowedHosts'
          : 'the dashboard is not known by this name: add it to dashboard.allowedHosts',
      }
    }
    if (!this.#budget.take()) {
      return { status: 429, problem: 'too many requests: ask less often', headers: { 'retry-after': '1' } }
    }
    return this.#digest && this.#strange(this.#digest, headers.authorization, socket.remoteAddress)
  }

  /**
   * A name of ours is one that was configured, or on loopback a literal of loopback with the right port. A page of another site that has
   * its name lead here sends that name. Who needs a password or a certificate may use any: no browser gives those to another name.
   */
  #isOurs(said: string | undefined): boolean {
    const [, name = '', port] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i.exec(said ?? '') ?? []
    if (name === '') return false
    if (this.#anyName) return true
    const host = bare(name.toLowerCase())
    if (this.#loopback && (host === 'localhost' || isLocal(host))) {
      return Number(port ?? (this.secure ? 443 : 80)) === this.port
    }
    return this.#names.has(host)
  }

  #strange(digest: Buffer, authorization: string | undefined, remote: string | undefined): Turned | undefined {
    const source = remote !== undefined && (isIPv4(remote) || isIPv6(remote)) ? sourceKey(canonicalAddress(remote)) : ''
    const waitMs = this.#wrong.waitMs(source)
    if (waitMs > 0) {
      const seconds = `${Math.ceil(waitMs / 1000)}`
      return {
        status: 429,
        problem: `too many wrong passwords: wait ${seconds} s`,
        headers: { 'retry-after': seconds },
      }
    }
    const ask = { 'www-authenticate': 'Basic realm="Saltgate", charset="UTF-8"' }
    if (authorization === undefined) {
      return { status: 401, problem: 'the dashboard wants its password, with any user name', headers: ask }
    }
    if (timingSafeEqual(digestOf(passwordIn(authorization)), digest)) return undefined
    if (this.#wrong.add(source)) this.#log.warn({ source }, 'too many wrong passwords for the dashboard')
    return { status: 401, problem: 'the password is wrong', headers: ask }
  }
}

/**
 * What must hold besides for all that is not the page itself: no other site has sent it. A browser says where a request comes from, and
 * sends the header of a POST for another site only after asking, which is never granted.
 */
export function forged({ method, headers }: IncomingMessage): Turned | undefined {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && !(site === 'none' && method === 'GET')) {
    return { status: 403, problem: 'another site has sent this request: use the page of the dashboard itself' }
  }
  if (method !== 'POST') return undefined
  if (headers['x-saltgate'] !== 'dashboard') {
    return { status: 403, problem: 'the header is missing that no other site can send: x-saltgate: dashboard' }
  }
  const { origin, host } = headers
  if (origin !== undefined && hostOf(origin) !== host?.toLowerCase()) {
    return { status: 403, problem: 'a page of another site has sent this request: use that of the dashboard itself' }
  }
  const type = headers['content-type']
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (type === undefined ? hasBody : !/^application\/json *(;|$)/i.test(type)) {
    return { status: 415, problem: 'the body must be JSON: send content-type: application/json' }
  }
  return undefined
}

/** 127.0.0.0/8 and ::1. */
function isLocal(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

function bare(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host
}

/** As the Host header has it: without the port that belongs to the scheme. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Of equal length whatever was said, so that comparing them tells nothing. */
function digestOf(password: string): Buffer {
  return createHash('sha256').update(password).digest()
}

function passwordIn(authorization: string): string {
  const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? []
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** Wrong passwords of the last minute by who sent them; bounded, the oldest is forgotten first. */
class WrongPasswords {
  readonly #sources = new Map<string, { count: number; readonly endsMs: number }>()

  /** How long nothing is heard from there. */
  waitMs(source: string): number {
    const known = this.#sources.get(source)
    return known === undefined || known.count < mostWrong ? 0 : Math.max(0, known.endsMs - performance.now())
  }

  /** Whether this was one too many. */
  add(source: string): boolean {
    const known = this.#sources.get(source)
    if (known !== undefined && known.endsMs > performance.now()) return ++known.count === mostWrong
    this.#sources.delete(source)
    this.#sources.set(source, { count: 1, endsMs: performance.now() + 60_000 })
    if (this.#sources.size > 1000) {
      const [oldest = source] = this.#sources.keys()
      this.#sources.delete(oldest)
    }
    return false
  }
}

const mostWrong = 5

/** The event loop is that of the logins: whoever asks without end gets no more of it than this. */
class Budget {
  #left = burst
  #atMs = performance.now()

  take(): boolean {
    const nowMs = performance.now()
    this.#left = Math.min(burst, this.#left + ((nowMs - this.#atMs) * perSecond) / 1000)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

/** Requests of all together. */
const perSecond = 50
const burst = 200
