/** What the dashboard answers: each path, and which method it takes. What is said is `contract.ts`; what it is made of, the `seen` files. */
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, type Handler, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import type { Log } from '../server/log.ts'
import { type Access, forged, type Turned } from './access.ts'
import type { Done, Problem } from './contract.ts'
import type { History } from './history.ts'
import { type Live, mostReaders } from './live.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { PageFile } from './page-files.ts'
import { accountsSeen } from './seen-accounts.ts'
import { backendsSeen, doorFacts } from './seen-door.ts'
import { handshakeSeen } from './seen-handshake.ts'
import { hostsSeen } from './seen-hosts.ts'
import { refusalsSeen } from './seen-refusals.ts'
import type { Watched } from './watched.ts'

export interface RouteParts {
  readonly watched: Watched
  readonly history: History
  readonly live: Live
  readonly metrics: Metrics
  readonly access: Access
  readonly page: ReadonlyMap<string, PageFile>
  readonly log: Log
}

type Bindings = { Bindings: HttpBindings }

export function routes({ watched, history, live, metrics, access, page, log }: RouteParts): Hono<Bindings> {
  const app = new Hono<Bindings>()
  const { administered } = watched
  const { elsewhere } = administered

  app.use(async (c, next) => {
    const turned = access.turned(c.env.incoming)
    return turned === undefined ? next() : turnedAway(c, turned)
  })
  for (const path of ['/api/*', '/metrics']) {
    app.use(path, async (c, next) => {
      const turned = forged(c.env.incoming)
      return turned === undefined ? next() : turnedAway(c, turned)
    })
  }

  const only = (method: 'GET' | 'POST', path: string, handler: Handler<Bindings>) => {
    app.all(path, (c, next) => {
      if (c.req.method === method) return handler(c, next)
      return problem(c, 405, `${c.req.path} takes ${method} only`, { allow: method })
    })
  }

  only('GET', '/api/door', (c) => c.json(doorFacts(watched, history)))
  only('GET', '/api/live', (c) => {
    if (live.open(c.env.outgoing)) return RESPONSE_ALREADY_SENT
    return problem(c, 503, `${mostReaders} watch already, and no more may: close another page of the dashboard`, {
      'retry-after': '10',
    })
  })
  only('GET', '/api/history', async (c) => {
    const [fromMs, toMs] = span(c.req.query('from'), c.req.query('to'))
    if (!(fromMs < toMs)) return problem(c, 400, 'from and to are ms since 1970, and from is before to')
    return c.json(await history.between(fromMs, toMs))
  })
  only('GET', '/metrics', async (c) => {
    const open = /\bapplication\/openmetrics-text\b/.test(c.req.header('accept') ?? '')
    const text = await metrics.render(open)
    return c.body(text, 200, { 'content-type': open ? metrics.contentType : metrics.plainContentType })
  })

  const seen = (path: string, see: (c: Context<Bindings>) => object | undefined | Promise<object>, missing = '') => {
    only('GET', path, async (c) => {
      await elsewhere?.catchUp()
      const found = await see(c)
      return found === undefined ? problem(c, 404, missing) : c.json(found)
    })
  }
  seen('/api/refusals', () => refusalsSeen(watched))
  seen('/api/hosts', () => hostsSeen(watched))
  seen('/api/accounts', () => accountsSeen(watched, history))
  seen('/api/backends', () => backendsSeen(watched), 'this is a front door: it has no backends')
  seen(
    '/api/handshakes/:id{[0-9]+}',
    (c) => handshakeSeen(watched, Number(c.req.param('id'))),
    'nothing is known of this connection any longer: saltgate_handshake_history says how many are kept',
  )

  only('POST', '/api/connections/:id{[0-9]+}/kill', async (c) => {
    await elsewhere?.catchUp()
    const id = Number(c.req.param('id'))
    const record = administered.registry.live.get(id)
    if (record === undefined) return problem(c, 404, `there is no connection ${id}: it has ended by itself`)
    record.kill('connection')
    await elsewhere?.settled()
    log.info({ id, by: c.env.incoming.socket.remoteAddress }, 'connection killed from the dashboard')
    return c.json({ done: `connection ${id} was ended` } satisfies Done)
  })
  only('POST', '/api/hosts/flush', async (c) => {
    const body = await bodyOf(c.env.incoming)
    if (body === undefined) return problem(c, 413, `the body is longer than ${mostBody} bytes`, { connection: 'close' })
    const asked = flushBody.safeParse(parsed(body))
    if (!asked.success) return problem(c, 400, 'the body is { "address": "10.0.0.7" }, or {} for all hosts')
    const { address } = asked.data
    administered.hostCache.flush(address)
    await elsewhere?.settled()
    log.info({ address, by: c.env.incoming.socket.remoteAddress }, 'host cache flushed from the dashboard')
    return c.json({
      done: address === undefined ? 'all hosts are forgotten' : `${address} is forgotten`,
    } satisfies Done)
  })

  only('GET', '/*', (c) => {
    const file = page.get(c.req.path)
    if (file === undefined) {
      if (c.req.path === '/' && page.size === 0) return problem(c, 503, 'the page is not built: npm run build:page')
      return problem(c, 404, 'there is nothing here: the page is at /, the data below /api, the metrics at /metrics')
    }
    const kept = file.immutable ? { 'cache-control': 'public, max-age=31536000, immutable' } : {}
    return c.body(file.body, 200, { 'content-type': file.type, ...kept })
  })

  app.onError((error, c) => {
    // Whoever goes away in the middle of its body is no fault of ours.
    if (c.env.incoming.errored === null) log.error({ err: error, path: c.req.path }, 'the dashboard could not answer')
    return problem(c, 500, 'this went wrong inside; the log of the server says how')
  })
  return app
}

function turnedAway(c: Context<Bindings>, { status, problem: text, headers }: Turned): Response {
  return problem(c, status, text, { ...headers })
}

function problem(
  c: Context<Bindings>,
  status: ContentfulStatusCode,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return c.json({ problem: text } satisfies Problem, status, headers)
}

/** The last five minutes when nothing else is said. */
function span(from: string | undefined, to: string | undefined): readonly [number, number] {
  const toMs = to === undefined ? Date.now() : Number(to)
  return [from === undefined ? toMs - 300_000 : Number(from), toMs]
}

/** `undefined`: there is too much of it. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    length += chunk.length
    if (length > mostBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** `undefined` for what is no JSON, which no schema takes. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body === '' ? '{}' : body)
  } catch {
    return undefined
  }
}

const mostBody = 4096
const flushBody = z.strictObject({ address: z.string().min(1).max(64).optional() })
