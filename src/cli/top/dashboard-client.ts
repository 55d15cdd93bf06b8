/** Asks a dashboard over HTTP or HTTPS, and reads its stream: the only file of `saltgate top` that touches the network. */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type {
  AccountSeen,
  BackendsSeen,
  Done,
  DoorFacts,
  Handshake,
  History,
  HostSeen,
  Now,
  Problem,
  Refusals,
  Second,
} from '../../dashboard/contract.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { EventStream } from './event-stream.ts'
import { dashboardFailure } from './failure.ts'

export interface DashboardAddress {
  /** Ends in a slash, and holds no password. */
  readonly url: URL
  readonly password: string | undefined
  /** PEM. */
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

export type LiveEvent = { readonly is: 'now'; readonly now: Now } | { readonly is: 'second'; readonly second: Second }

const answerDeadlineMs = 10_000
/** A dashboard says something every second. */
const silenceMs = 10_000
const maxAnswerLength = 16 << 20

/**
 * Reads the address of a dashboard: a URL, or HOST:PORT.
 *
 * Throws: `ConfigurationError` when it is none, or when a password would leave this machine in clear.
 */
export function parseDashboardUrl(text: string, password: string | undefined): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(
      `a dashboard is at an address like http://127.0.0.1:3380 or https://door.example:3380, not '${withoutPassword(text)}'`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationError(
      'leave user and password out of the address: others could read them there. SALTGATE_DASHBOARD_PASSWORD has the password',
    )
  }
  if (password !== undefined && url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new ConfigurationError(
      `the password would travel to ${url.host} in clear: use https://, or a tunnel (ssh -L 3380:127.0.0.1:3380 ${url.hostname})`,
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** Each question rejects with `MysqlError`: what failed, where, and what to do. All end within ten seconds. */
export class DashboardClient {
  readonly #address: DashboardAddress

  constructor(address: DashboardAddress) {
    this.#address = address
  }

  get url(): string {
    return this.#address.url.href.replace(/\/$/, '')
  }

  async door(): Promise<DoorFacts> {
    const facts = (await this.#ask('api/door')) as DoorFacts | null
    if (facts?.kind === undefined || !Array.isArray(facts.listening)) {
      throw dashboardFailure(
        `what answers at ${this.url} is no dashboard of Saltgate's: look at the address and the port`,
      )
    }
    return facts
  }

  async history(): Promise<History> {
    return (await this.#ask('api/history')) as History
  }

  async refusals(): Promise<Refusals> {
    return (await this.#ask('api/refusals')) as Refusals
  }

  async hosts(): Promise<readonly HostSeen[]> {
    return (await this.#ask('api/hosts')) as readonly HostSeen[]
  }

  async accounts(): Promise<readonly AccountSeen[]> {
    return (await this.#ask('api/accounts')) as readonly AccountSeen[]
  }

  async backends(): Promise<BackendsSeen> {
    return (await this.#ask('api/backends')) as BackendsSeen
  }

  async handshake(id: number): Promise<Handshake> {
    return (await this.#ask(`api/handshakes/${id}`)) as Handshake
  }

  async kill(id: number): Promise<Done> {
    return (await this.#ask(`api/connections/${id}/kill`, {})) as Done
  }

  /** `undefined`: all hosts. */
  async flush(address: string | undefined): Promise<Done> {
    return (await this.#ask('api/hosts/flush', address === undefined ? {} : { address })) as Done
  }

  /** What happens, as it is told; ends when the dashboard ends it, and throws `MysqlError` when it breaks or falls silent. */
  async *live(signal: AbortSignal): AsyncGenerator<LiveEvent, void, undefined> {
    const stream = new EventStream()
    const answer = await this.#answer('api/live', undefined, signal, 'stream')
    try {
      if (answer.statusCode !== 200) throw await this.#refused(answer)
      for await (const chunk of answer.setEncoding('utf8')) {
        for (const { event, data } of stream.push(chunk)) {
          if (event === 'now') yield { is: 'now', now: this.#sensible(this.#parse(data) as Now, isNow) }
          else if (event === 'second') {
            yield { is: 'second', second: this.#sensible(this.#parse(data) as Second, isSecond) }
          }
        }
      }
    } catch (error) {
      throw this.#failure(error)
    } finally {
      answer.destroy()
    }
  }

  /** A body makes it a POST. */
  async #ask(path: string, body?: object): Promise<unknown> {
    const answer = await this.#answer(path, body, AbortSignal.timeout(answerDeadlineMs), 'answer')
    try {
      if (answer.statusCode !== 200) throw await this.#refused(answer)
      return this.#parse(await textOf(answer))
    } catch (error) {
      throw this.#failure(error)
    } finally {
      answer.destroy()
    }
  }

  #answer(
    path: string,
    body: object | undefined,
    signal: AbortSignal,
    what: 'stream' | 'answer',
  ): Promise<IncomingMessage> {
    const { url, password, ca, cert, key } = this.#address
    const options: RequestOptions & { ca?: Buffer; cert?: Buffer; key?: Buffer } = {
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      signal,
      timeout: silenceMs,
      headers: {
        accept: what === 'stream' ? 'text/event-stream' : 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json', 'x-saltgate': 'dashboard' }),
      },
      ...(password !== undefined && { auth: `saltgate:${password}` }),
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    }
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(new URL(path, url), options)
    return new Promise((resolve, reject) => {
      request.on('response', (answer) => {
        request.on('timeout', () => answer.destroy(silence()))
        resolve(answer)
      })
      request.on('timeout', () => request.destroy(silence()))
      request.on('error', (error) => reject(this.#failure(error)))
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  async #refused(answer: IncomingMessage): Promise<Error> {
    const said = problemIn(await textOf(answer))
    const status = answer.statusCode
    if (status === 401 || status === 403) {
      const how = this.#address.password === undefined ? 'set' : 'look at'
      return dashboardFailure(
        `the dashboard at ${this.url} lets nobody in like this (${said ?? status}): ${how} SALTGATE_DASHBOARD_PASSWORD, or give --cert and --key`,
      )
    }
    if (said !== undefined) return dashboardFailure(said)
    return dashboardFailure(
      `what answers at ${this.url} is no dashboard of Saltgate's: it answered with status ${status}`,
    )
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw dashboardFailure(`what answers at ${this.url} is no dashboard of Saltgate's: it does not speak JSON`, cause)
    }
  }

  /** What is drawn several times a second must be what it says it is. */
  #sensible<Told>(told: Told, isSo: (told: Told) => boolean): Told {
    if (isSo(told)) return told
    throw dashboardFailure(`the stream of ${this.url} cannot be understood: is it a Saltgate of another version?`)
  }

  #failure(error: unknown): Error {
    if (!(error instanceof Error) || 'symbol' in error) return error as Error
    const { code } = error as NodeJS.ErrnoException
    if (error.name === 'TimeoutError') {
      return dashboardFailure(`the dashboard at ${this.url} did not answer within ${answerDeadlineMs / 1000} seconds`)
    }
    if (code === 'ECONNREFUSED') {
      return dashboardFailure(
        `nothing listens at ${this.url}. Is 'saltgate serve' running, and not with --dashboard off? Another address: saltgate top URL`,
        error,
      )
    }
    if (certificateTrouble.test(code ?? '')) {
      return dashboardFailure(
        `nobody vouches for the certificate of ${this.url} (${code}): give the one that does by --cacert FILE (ca.pem in the data directory)`,
        error,
      )
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return dashboardFailure(
        `the certificate of ${this.url} is for other names, use one of them: ${error.message}`,
        error,
      )
    }
    // What a server says of a certificate that it misses may be lost with the connection.
    const isSecure = this.#address.url.protocol === 'https:'
    if (/^ERR_SSL_.*CERT|^ECONNRESET$/.test(code ?? '') && isSecure && this.#address.cert === undefined) {
      return dashboardFailure(
        `the dashboard at ${this.url} hung up (${error.message}): if it wants a certificate of yours, give --cert and --key`,
        error,
      )
    }
    if (/^HPE_|^EPROTO$|^ERR_SSL_/.test(code ?? '')) {
      return dashboardFailure(
        `what answers at ${this.url} is no dashboard of Saltgate's, or not over ${this.#address.url.protocol}//: look at the address and the port`,
        error,
      )
    }
    return dashboardFailure(`the dashboard at ${this.url} cannot be read: ${error.message}`, error)
  }
}

const certificateTrouble = /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|^CERT_/

function isNow(now: Now | null): boolean {
  return [now?.counts, now?.changed, now?.gone, now?.refused].every(Array.isArray) && Number.isFinite(now?.atMs)
}

function isSecond(second: Second | null): boolean {
  const sample = second?.sample
  return [sample?.lanes, sample?.peaks, sample?.times].every(Array.isArray) && Number.isFinite(second?.loopDelayP99Ms)
}

function silence(): Error {
  return new Error(`nothing was heard of it for ${silenceMs / 1000} seconds`)
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: string[] = []
  let length = 0
  for await (const chunk of answer.setEncoding('utf8')) {
    length += chunk.length
    if (length > maxAnswerLength) {
      throw dashboardFailure(`the dashboard answered with more than ${maxAnswerLength} characters`)
    }
    chunks.push(chunk)
  }
  return chunks.join('')
}

function problemIn(text: string): string | undefined {
  try {
    const { problem } = JSON.parse(text) as Partial<Problem>
    return typeof problem === 'string' ? problem : undefined
  } catch {
    return undefined
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function withoutPassword(text: string): string {
  return text.replace(/^(.*\/\/)?.*@/s, '$1...@')
}
