/** Logins as a collector gets them: real logins, and a real HTTP server that takes OTLP. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { after, before, describe, it, mock } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { ConnectionRecord } from '../registry/connection-record.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import { silentLog } from '../server/log.ts'
import { openSpans, otlpEndpoint, type Spans } from './spans.ts'

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { key: string; value: { stringValue?: string; intValue?: number } }[]
  readonly status: { code?: number; message?: string }
}

interface Dropped {
  readonly tooMany: number
  readonly queueFull: number
  readonly notTaken: number
  readonly detail: string
}

const serverKind = 2
const error = 2

class Collector {
  readonly spans: Span[] = []
  readonly requests: { url: string | undefined; authorization: string | undefined; body: string }[] = []
  readonly #server: Server
  /** Of the process that sends. */
  resource: Span['attributes'] = []

  constructor() {
    this.#server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      this.requests.push({ url: request.url, authorization: request.headers.authorization, body })
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        this.resource = resource.attributes
        for (const { spans } of scopeSpans) this.spans.push(...spans)
      }
      response.setHeader('content-type', 'application/json').end('{}')
    })
  }

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`
  }

  logins(): Span[] {
    return this.spans.filter(({ kind }) => kind === serverKind)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('the spans of logins', () => {
  let server: TestDoor
  const password = 'pw-canary-app'

  before(async () => {
    process.env.OTEL_SERVICE_NAME = 'front door 7'
    const accounts = [{ user: 'app', host: '%', plugin: 'caching_sha2_password', password }]
    server = await openDoor({ accounts })
  })

  after(async () => {
    delete process.env.OTEL_SERVICE_NAME
    await server.close()
  })

  /** Logs in as often as there are options, and returns what the collector has of it. */
  async function collected(...logins: readonly object[]): Promise<Collector> {
    const collector = new Collector()
    const spans = await openSpans({
      endpoint: await collector.open(),
      headers: { authorization: 'Bearer t' },
      log: silentLog,
    })
    server.door.registry.listeners.add(spans)
    const common = { host: '127.0.0.1', port: server.port, user: 'app', password, ssl: { rejectUnauthorized: false } }
    for (const login of logins) {
      await createConnection({ ...common, ...login }).then(
        (connection) => connection.end(),
        () => {},
      )
    }
    await until(() => server.door.registry.live.size === 0, 'all have left')
    server.door.registry.listeners.delete(spans)
    await spans.close()
    await collector.close()
    return collector
  }

  it('are one for the login and one for each of its phases, which fill it without a gap', async () => {
    const beganMs = Date.now()
    const collector = await collected({})
    const [login] = collector.logins()
    assert.ok(login)
    assert.equal(login.name, 'login')
    assert.equal(login.parentSpanId, undefined)
    const phases = collector.spans.filter(({ parentSpanId }) => parentSpanId === login.spanId)
    assert.equal(phases.length + 1, collector.spans.length)
    assert.ok(
      ['login', 'tls', 'login-over-tls', 'auth-answer'].every((name) => phases.some((one) => one.name === name)),
    )
    assert.ok(phases.every(({ traceId }) => traceId === login.traceId))
    let at = BigInt(login.startTimeUnixNano)
    for (const { startTimeUnixNano, endTimeUnixNano } of phases) {
      assert.ok(near(BigInt(startTimeUnixNano), at))
      at = BigInt(endTimeUnixNano)
    }
    assert.ok(near(BigInt(login.endTimeUnixNano), at))
    assert.ok(Number(login.startTimeUnixNano) / 1e6 > beganMs - 2 && Number(login.endTimeUnixNano) / 1e6 <= Date.now())
  })

  it('say who came from where and how, by the names that OpenTelemetry has for it', async () => {
    const collector = await collected({ user: 'app' })
    const facts = attributesOf(collector.logins()[0])
    const {
      'client.port': port,
      'saltgate.connection_id': id,
      'saltgate.client': client,
      'tls.cipher': cipher,
      ...others
    } = facts
    assert.ok(Number(port) > 0 && Number(id) > 0)
    assert.match(String(client), /^Node-MySQL-2 \d/)
    assert.match(String(cipher), /^TLS_AES_/)
    assert.deepEqual(others, {
      ...{ 'db.system.name': 'mysql', 'network.transport': 'tcp', 'client.address': '127.0.0.1', 'user.name': 'app' },
      ...{ 'tls.protocol.name': 'tls', 'tls.protocol.version': '1.3' },
      ...{ 'saltgate.channel': 'tls', 'saltgate.plugin': 'caching_sha2_password', 'saltgate.account': "'app'@'%'" },
      'saltgate.outcome': 'admitted',
    })
    const resource = Object.fromEntries(collector.resource.map(({ key, value }) => [key, value.stringValue]))
    assert.equal(resource['service.name'], 'front door 7')
    assert.deepEqual([collector.requests[0]?.url, collector.requests[0]?.authorization], ['/v1/traces', 'Bearer t'])
  })

  it('are errors with the reason where the login was refused', async () => {
    const [login] = (await collected({ password: 'wrong' })).logins()
    assert.ok(login)
    assert.deepEqual(login.status, { code: error, message: 'secret-mismatch' })
    const facts = attributesOf(login)
    assert.deepEqual(
      ['error.type', 'saltgate.reason', 'db.response.status_code', 'saltgate.outcome'].map((name) => facts[name]),
      ['secret-mismatch', 'secret-mismatch', '1045', 'refused'],
    )
  })

  it('hold no secret', async () => {
    const { requests, spans } = await collected({}, { password: 'pw-canary-app ' }, { ssl: undefined })
    assert.ok(spans.length > 10)
    const text = JSON.stringify(requests)
    assert.doesNotMatch(text, /canary/i)
    for (const form of ['hex', 'base64'] as const) assert.ok(!text.includes(Buffer.from(password).toString(form)))
  })

  describe('of a client that says in which span it logs in', () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const by = (traceparent: string) => collected({ connectAttributes: { traceparent } })

    it('are children of that', async () => {
      const [login] = (await by(`00-${traceId}-00f067aa0ba902b7-01`)).logins()
      assert.deepEqual([login?.traceId, login?.parentSpanId], [traceId, '00f067aa0ba902b7'])
    })

    it('are not made where it makes none itself', async () => {
      assert.deepEqual((await by(`00-${traceId}-00f067aa0ba902b7-00`)).spans, [])
    })

    for (const [what, traceparent] of [
      ['all zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
      ['no number', `00-${traceId.replace('4', 'x')}-00f067aa0ba902b7-01`],
      ['a form that cannot be', `ff-${traceId}-00f067aa0ba902b7-01`],
      ['longer than its form', `00-${traceId}-00f067aa0ba902b7-01-more`],
      ['far too long', `01-${traceId}-00f067aa0ba902b7-01-${'x'.repeat(300)}`],
    ] as const) {
      it(`begin a trace of their own where what it says is ${what}`, async () => {
        const [login] = (await by(traceparent)).logins()
        assert.ok(login)
        assert.notEqual(login.traceId, traceId)
        assert.equal(login.parentSpanId, undefined)
      })
    }
  })

  it('are made of the share that OTEL_TRACES_SAMPLER_ARG says', async () => {
    process.env.OTEL_TRACES_SAMPLER = 'parentbased_traceidratio'
    process.env.OTEL_TRACES_SAMPLER_ARG = '0'
    try {
      assert.deepEqual((await collected({})).spans, [])
    } finally {
      delete process.env.OTEL_TRACES_SAMPLER
      delete process.env.OTEL_TRACES_SAMPLER_ARG
    }
  })
})

describe('spans that cannot be sent', () => {
  const lines: Dropped[] = []
  const log = { ...silentLog, warn: (facts: object) => void lines.push(facts as Dropped) }

  before(() => {
    process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT = '300'
  })

  after(() => {
    delete process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT
  })

  function dropped(): Dropped {
    assert.equal(lines.length, 1)
    return lines.pop() ?? assert.fail()
  }

  it('are counted, and said with why, when there is no collector', async () => {
    const spans = await openSpans({ endpoint: 'http://user:canary@127.0.0.1:1/v1/traces', log })
    endMany(spans, 30)
    await spans.close()
    const { detail, ...counts } = dropped()
    assert.deepEqual(counts, { tooMany: 0, queueFull: 0, notTaken: 30 })
    assert.match(detail, /^30 did http:\/\/127\.0\.0\.1:1 not take: .*ECONNREFUSED/)
  })

  it('are bounded, and nobody waits for them, when the collector takes connections and says nothing', async () => {
    const silent = createTcpServer((socket) => void socket.on('error', () => {}).resume())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const spans = await openSpans({ endpoint: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`, log })
    for (let second = 1; second <= 50; second++) endMany(spans, 100, second * 1000)
    await spans.close()
    silent.close()
    const { tooMany, queueFull, notTaken } = dropped()
    assert.deepEqual([tooMany, queueFull + notTaken], [0, 5000])
    assert.ok(notTaken <= 2048 && queueFull > 0)
  })

  it('are said once a minute, however many there are', async () => {
    const collector = new Collector()
    const endpoint = await collector.open()
    mock.timers.enable({ apis: ['setTimeout'] })
    const spans = await openSpans({ endpoint, log })
    for (const second of [1, 2, 3]) {
      endMany(spans, 110, second * 1000)
      mock.timers.tick(19_000)
    }
    assert.equal(lines.length, 0)
    mock.timers.tick(3000)
    mock.timers.reset()
    assert.equal(dropped().tooMany, 30)
    await spans.close()
    await collector.close()
    assert.equal(collector.logins().length, 300)
  })

  it('and those that a collector has are together exactly the logins that ended', async () => {
    const collector = new Collector()
    const spans = await openSpans({ endpoint: await collector.open(), log })
    endMany(spans, 250, 1000)
    endMany(spans, 60, 2000, 'secret-mismatch')
    await spans.close()
    await collector.close()
    assert.equal(collector.logins().length, 160)
    assert.equal(collector.logins().filter(({ status }) => status.code === error).length, 60)
    const { detail, ...counts } = dropped()
    assert.deepEqual(counts, { tooMany: 150, queueFull: 0, notTaken: 0 })
    assert.equal(detail, '150 were beyond 100 a second')
  })
})

describe('where spans go', () => {
  for (const [env, endpoint] of [
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/otlp/' }, 'https://c/otlp/v1/traces'],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://d' },
      'http://c:4318/x',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, undefined],
  ] as const) {
    it(`is ${endpoint ?? 'nowhere'} by ${JSON.stringify(env)}`, () => {
      assert.equal(otlpEndpoint(env), endpoint)
    })
  }

  it('must be an address, which is not shown where it is none', () => {
    for (const endpoint of ['c:4318', 'user:canary@c', 'ftp://canary']) {
      assert.throws(
        () => otlpEndpoint({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }),
        (thrown: Error) => thrown.message.startsWith('OTEL_EXPORTER_OTLP_ENDPOINT') && !/canary/.test(thrown.message),
      )
    }
  })
})

function endMany(spans: Spans, count: number, atMs = Date.now(), reason?: DenyReason): void {
  for (let i = 0; i < count; i++) spans.onEnded(handshake(atMs, reason))
}

function handshake(endedAtMs: number, reason: DenyReason | undefined): EndedHandshake {
  const record = new ConnectionRecord(1, 'plaintext', '10.0.0.7', 4711, endedAtMs)
  for (const phase of ['greeting', 'login', 'auth-answer', 'ready'] as const) record.enter(phase, endedAtMs)
  const { story } = record
  return {
    ...{ record, story, again: false, user: undefined, account: undefined, plugin: undefined, channel: 'plaintext' },
    ...{ tlsVersion: undefined, endedAtMs, outcome: reason === undefined ? 'admitted' : 'refused', during: 'login' },
    ...{ reason, detail: undefined, errorCode: undefined },
  }
}

/** Within a microsecond: times go through milliseconds since 1970. */
function near(a: bigint, b: bigint): boolean {
  return a - b < 1000n && b - a < 1000n
}

function attributesOf(span: Span | undefined): Record<string, unknown> {
  return Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, value.stringValue ?? value.intValue]),
  )
}
