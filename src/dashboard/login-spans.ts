/**
 * Makes spans of ended logins, and sends them: one for the login, as its children the phases. A login pays for making them and never waits;
 * in a storm so many logins a second have spans, and what a collector is too slow for, or gone for, is dropped and counted.
 *
 * Spec: https://opentelemetry.io/docs/specs/semconv/
 */
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Login } from '../machine/login.ts'
import { programOf } from '../registry/client-program.ts'
import type { EndedHandshake } from '../registry/registry.ts'
import type { Log } from '../server/log.ts'
import { version } from '../version.ts'
import type { Spans, SpansOptions } from './spans.ts'

const loginsPerSecond = 100
/** Spans, some ten of a login; as many wait at most. The exporter sends 30 batches at a time, which is what `close` asks of it. */
const queueLimit = 2048
/** Spans of one request: they are turned into JSON at a stretch. */
const batchLimit = 128
const sendEveryMs = 1000
const reportEveryMs = 60_000
const closeMs = 2000

export class LoginSpans implements Spans {
  readonly #log: Log
  /** Without what else the address says: that may be a password. */
  readonly #collector: string
  readonly #provider: TracerProvider
  readonly #tracer: ReturnType<TracerProvider['getTracer']>
  /** Spans that wait to be sent. */
  #waiting = 0
  /** Logins whose spans were made, and of which it is not known yet whether the collector has them. */
  #underWay = 0
  #second = 0
  #inSecond = 0
  #dropped = noDrops()
  /** Why the collector did not take the latest of those. */
  #error = noAnswer
  #report: NodeJS.Timeout | undefined = undefined

  constructor({ endpoint, headers, log }: SpansOptions) {
    this.#log = log
    this.#collector = new URL(endpoint).origin
    const exporter = this.#counting(
      new OTLPTraceExporter({ url: endpoint, ...(headers && { headers: { ...headers } }) }),
    )
    this.#provider = new TracerProvider({
      sampler: samplerOf(process.env),
      resource: resourceFromAttributes({ 'service.name': 'saltgate', 'service.version': version }).merge(
        detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
      ),
      spanLimits: { attributeValueLengthLimit: 512 },
      spanProcessors: [
        new BatchSpanProcessor({
          ...{ exporter, maxQueueSize: queueLimit, maxExportBatchSize: batchLimit, scheduledDelayMillis: sendEveryMs },
        }),
      ],
    })
    this.#tracer = this.#provider.getTracer('saltgate', version)
  }

  onEnded(ended: EndedHandshake): void {
    const { story, endedAtMs, outcome, reason, detail, record } = ended
    const second = Math.floor(endedAtMs / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#inSecond = 0
    }
    if (this.#inSecond === loginsPerSecond) return this.#drop('tooMany')
    const startTime = endedAtMs - story.durationMs
    const login = this.#tracer.startSpan('login', { kind: SpanKind.SERVER, startTime }, parentOf(record.login))
    if (!login.isRecording()) return
    const phases = story.steps().filter(({ is }) => is === 'phase')
    if (this.#waiting + phases.length > queueLimit) return this.#drop('queueFull')
    this.#inSecond++
    this.#underWay++
    this.#waiting += phases.length

    login.setAttributes(attributesOf(ended))
    const within = trace.setSpan(ROOT_CONTEXT, login)
    const timeOf = (atMs: number) => startTime + atMs - (phases[0]?.atMs ?? 0)
    for (const [i, step] of phases.entries()) {
      const next = phases[i + 1]
      if (next === undefined || step.is !== 'phase') break
      this.#tracer.startSpan(step.phase, { startTime: timeOf(step.atMs) }, within).end(timeOf(next.atMs))
    }
    if (outcome === 'refused') {
      const message = detail === undefined ? `${reason}` : `${reason}: ${detail}`
      login.setStatus({ code: SpanStatusCode.ERROR, message })
    }
    login.end(endedAtMs)
  }

  async close(): Promise<void> {
    let limit: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, closeMs)
    })
    // What cannot be sent is counted where it fails.
    await Promise.race([this.#provider.shutdown().catch(() => {}), late])
    clearTimeout(limit)
    this.#drop('notTaken', this.#underWay)
    this.#underWay = 0
    this.#say()
  }

  #counting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        this.#waiting -= spans.length
        exporter.export(spans, (result) => {
          const logins = Math.min(this.#underWay, spans.filter(isLogin).length)
          this.#underWay -= logins
          if (result.code !== 0) {
            const { message, code } = (result.error ?? {}) as NodeJS.ErrnoException
            this.#error = (message || code || noAnswer).slice(0, 200)
            this.#drop('notTaken', logins)
          }
          done(result)
        })
      },
      shutdown: () => exporter.shutdown(),
    }
  }

  #drop(because: keyof Drops, logins = 1): void {
    if (logins === 0) return
    this.#dropped[because] += logins
    this.#report ??= setTimeout(() => this.#say(), reportEveryMs).unref()
  }

  #say(): void {
    clearTimeout(this.#report)
    if (this.#report === undefined) return
    this.#report = undefined
    const { tooMany, queueFull, notTaken } = this.#dropped
    const why = [
      ...(tooMany > 0 ? [`${tooMany} were beyond ${loginsPerSecond} a second`] : []),
      ...(queueFull > 0 ? [`${queueFull} came while the queue was full`] : []),
      ...(notTaken > 0 ? [`${notTaken} did ${this.#collector} not take: ${this.#error}`] : []),
    ]
    this.#log.warn({ tooMany, queueFull, notTaken, detail: why.join('; ') }, 'logins without spans')
    this.#dropped = noDrops()
    this.#error = noAnswer
  }
}

/** Logins that have no spans. */
interface Drops {
  /** Of a second that had so many. */
  tooMany: number
  /** Too many spans waited to be sent. */
  queueFull: number
  /** The collector did not take them. */
  notTaken: number
}

function noDrops(): Drops {
  return { tooMany: 0, queueFull: 0, notTaken: 0 }
}

const noAnswer = 'no answer; is there an OTLP collector that takes JSON over HTTP?'

function isLogin({ kind }: ReadableSpan): boolean {
  return kind === SpanKind.SERVER
}

function attributesOf(ended: EndedHandshake): Attributes {
  const { record, channel, tlsVersion, reason, errorCode } = ended
  const attributes: Attributes = {
    'db.system.name': 'mysql',
    'network.transport': channel === 'unix-socket' ? 'unix' : 'tcp',
    'saltgate.connection_id': record.id,
    'saltgate.channel': channel,
    'saltgate.outcome': ended.outcome,
  }
  for (const [name, value] of [
    ['client.address', record.address],
    ['client.port', record.port],
    ['network.peer.address', record.proxy?.address],
    ['network.peer.port', record.proxy?.port],
    ['tls.protocol.name', tlsVersion && 'tls'],
    ['tls.protocol.version', tlsVersion?.replace(/^TLSv/, '')],
    ['tls.cipher', tlsVersion && record.tls?.cipher],
    ['user.name', ended.user],
    ['db.namespace', record.login?.database],
    ['db.response.status_code', errorCode?.toString()],
    ['error.type', reason],
    ['saltgate.reason', reason],
    ['saltgate.phase', reason && ended.during],
    ['saltgate.plugin', ended.plugin],
    ['saltgate.account', ended.account],
    ['saltgate.client', record.login && programOf(record.login)],
    ['saltgate.change_user', ended.again || undefined],
  ] as const) {
    if (value !== undefined) attributes[name] = value
  }
  return attributes
}

/**
 * The span in which the client logs in, if it says so in its connection attributes.
 *
 * Spec: https://www.w3.org/TR/trace-context/#traceparent-header
 */
function parentOf(login: Login | undefined): Context {
  for (const [name, value] of login?.connectAttributes ?? []) {
    if (name.length !== 11 || value.length < 55 || value.length > 256 || Buffer.from(name).toString() !== 'traceparent')
      continue
    const [, form, traceId = '', spanId = '', flags = ''] =
      traceparent.exec(Buffer.from(value).toString('latin1')) ?? []
    const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
    const parent = { traceId, spanId, traceFlags, isRemote: true }
    // Later forms may say more behind what the first one has.
    if (form === undefined || form === 'ff' || (form === '00' && value.length !== 55)) return ROOT_CONTEXT
    return trace.isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
  }
  return ROOT_CONTEXT
}

const traceparent = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/

/** Spec: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
function samplerOf({ OTEL_TRACES_SAMPLER: name = '', OTEL_TRACES_SAMPLER_ARG: arg = '' }: NodeJS.ProcessEnv): Sampler {
  const ratio = arg === '' ? 1 : Number(arg)
  const root = name.endsWith('always_off')
    ? new AlwaysOffSampler()
    : name.endsWith('traceidratio')
      ? new TraceIdRatioBasedSampler(ratio >= 0 && ratio <= 1 ? ratio : 1)
      : new AlwaysOnSampler()
  return name === '' || name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}
