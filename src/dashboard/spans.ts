/**
 * Logins as spans of OpenTelemetry, for whoever has a collector. This half knows only whether there is one, so that nothing of OpenTelemetry is
 * loaded where there is none; `login-spans.ts` makes the spans.
 */
import { ConfigurationError } from '../errors/errors.ts'
import type { HandshakeListener } from '../registry/registry.ts'
import type { Log } from '../server/log.ts'

export interface SpansOptions {
  /** Where a collector takes OTLP over HTTP as JSON. */
  readonly endpoint: string
  /** Sent with each request, besides those of OTEL_EXPORTER_OTLP_HEADERS. */
  readonly headers?: Readonly<Record<string, string>>
  readonly log: Log
}

export interface Spans extends HandshakeListener {
  /** Sends what is left, which ends after two seconds at the latest. */
  close(): Promise<void>
}

/** Begins to send. The collector need not be there. */
export async function openSpans(options: SpansOptions): Promise<Spans> {
  const { LoginSpans } = await import('./login-spans.ts')
  return new LoginSpans(options)
}

/**
 * Where spans go, by the variables that all programs with OpenTelemetry have in common; `undefined`: nowhere.
 *
 * Throws: `ConfigurationError` when that is no address.
 * Spec: https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */
export function otlpEndpoint(env: NodeJS.ProcessEnv): string | undefined {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined
  if (!(env.OTEL_TRACES_EXPORTER || 'otlp').split(',').includes('otlp')) return undefined
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ofTraces, OTEL_EXPORTER_OTLP_ENDPOINT: ofAll } = env
  if (ofTraces) return checked(ofTraces, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  if (!ofAll) return undefined
  return `${checked(ofAll, 'OTEL_EXPORTER_OTLP_ENDPOINT').replace(/\/$/, '')}/v1/traces`
}

/** The address itself may hold a password, and is not shown. */
function checked(endpoint: string, variable: string): string {
  const url = URL.parse(endpoint)
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return endpoint
  throw new ConfigurationError(`${variable} is no http:// or https:// address, such as http://localhost:4318`)
}
