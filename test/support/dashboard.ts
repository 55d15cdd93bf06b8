/** Opens a real front door with its dashboard, and asks that as browsers, scrapers and hostile neighbours would. */

import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { request as requestTls } from 'node:https'
import type { TestContext } from 'node:test'
import type { SecureContextOptions } from 'node:tls'
import { type Dot, lanes, type Now, type Problem, type Second } from '../../src/dashboard/contract.ts'
import { type OpenDashboard, type OpenDashboardOptions, openDashboard } from '../../src/dashboard/dashboard.ts'
import { History } from '../../src/dashboard/history.ts'
import type { Administered } from '../../src/server/administered.ts'
import { silentLog } from '../../src/server/log.ts'
import { openDoor, type TestDoor, type TestDoorOptions, until } from './door.ts'

export interface TestDashboard {
  readonly server: TestDoor
  readonly dashboard: OpenDashboard
  readonly port: number
  /** Every line that the dashboard logged above debug, as JSON. */
  readonly log: readonly string[]
  ask(path: string, how?: Asking): Promise<Answer>
  watch(headers?: Readonly<Record<string, string>>): Promise<Watcher>
}

export interface Asking extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
  json<T = Problem>(): T
}

/** What the page sends with a POST. */
export const byPage = { 'x-saltgate': 'dashboard', 'content-type': 'application/json' }

export async function openTestDashboard(
  t: Pick<TestContext, 'after'>,
  options: TestDoorOptions &
    Partial<Pick<OpenDashboardOptions, 'access' | 'pageDir' | 'listen'>> & {
      /** What it looks at; the door itself when left out. */
      readonly through?: (server: TestDoor) => Administered
    },
): Promise<TestDashboard> {
  const { access = {}, pageDir, listen = '127.0.0.1:0', through = ({ door }) => door, ...ofDoor } = options
  const server = await openDoor(ofDoor)
  const watched = { administered: through(server), listening: server.front.listening }
  const lines: string[] = []
  const say = (facts: object, message: string) => {
    lines.push(JSON.stringify({ ...facts, message }, (_, value) => (value instanceof Error ? value.message : value)))
  }
  const log = { debug() {}, info: say, warn: say, error: say }
  const history = History.open({ watched, file: undefined, log: silentLog })
  t.after(async () => {
    await opening.then(
      (opened) => opened.close(),
      () => {},
    )
    await history.close()
    await server.front.close(0)
  })
  const opening = openDashboard({
    ...{ watched, history, listen, access, keys: server.keys, log },
    ...(pageDir !== undefined && { pageDir }),
  })
  const dashboard = await opening
  const { listening, url } = dashboard
  const port = listening.kind === 'tcp' ? listening.port : 0
  const send = url.startsWith('https') ? requestTls : request
  const asking = (path: string, how: Asking = {}): ClientRequest => {
    const { body: _, ...rest } = how
    return send({ host: '127.0.0.1', port, path, agent: false, ...rest })
  }
  return {
    ...{ server, dashboard, port, log: lines },
    ask: async (path, how) => {
      const outgoing = asking(path, how)
      const limit = setTimeout(() => outgoing.destroy(new Error(`no whole answer to ${path}`)), 10_000)
      outgoing.once('close', () => clearTimeout(limit))
      outgoing.end(how?.body)
      const incoming = await answered(outgoing)
      let text = ''
      for await (const chunk of incoming.setEncoding('utf8')) text += chunk
      return { status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: () => JSON.parse(text) }
    },
    watch: async (headers = {}) => {
      const outgoing = asking('/api/live', { headers })
      outgoing.end()
      return new Watcher(await answered(outgoing))
    },
  }
}

function answered(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
}

/** Reads the live stream, and keeps what a page would show. */
export class Watcher {
  readonly response: IncomingMessage
  readonly events: { readonly event: string; readonly data: Now | Second }[] = []
  readonly dots = new Map<number, Dot>()
  /** Messages that named everybody anew. */
  wholes = 0
  /** As the latest message said. */
  dropped = 0
  ended = false
  readonly refused: Now['refused'][number][] = []
  #rest = ''

  constructor(response: IncomingMessage) {
    this.response = response
    response.setEncoding('utf8')
    response.on('data', (text: string) => this.#read(text))
    response.on('error', () => {})
    response.on('close', () => {
      this.ended = true
    })
  }

  get seconds(): Second[] {
    return this.events.flatMap(({ event, data }) => (event === 'second' ? [data as Second] : []))
  }

  until(holds: (watcher: this) => boolean, what: string): Promise<void> {
    return until(() => holds(this), what)
  }

  laneOf(id: number): string | undefined {
    return lanes[this.dots.get(id)?.[1] ?? -1]
  }

  stop(): void {
    this.response.destroy()
  }

  #read(text: string): void {
    const parts = (this.#rest + text).split('\n\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) {
      const [, event, data] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(part) ?? []
      if (event === undefined || data === undefined) continue
      this.events.push({ event, data: JSON.parse(data) })
      if (event === 'now') this.#apply(JSON.parse(data))
    }
  }

  #apply({ whole, changed, gone, refused, dropped }: Now): void {
    if (whole) {
      this.dots.clear()
      this.wholes++
    }
    for (const dot of changed) this.dots.set(dot[0], dot)
    for (const id of gone) this.dots.delete(id)
    this.refused.push(...refused)
    this.dropped = dropped
  }
}
