/** Metrics as text, written by prom-client in pieces, so that other work gets its turn between them however many series there are. */
import { setImmediate } from 'node:timers/promises'
import { type Gauge, Registry, type RegistryContentType } from 'prom-client'
import type { Family, Sample, Seen } from './family.ts'

/**
 * Writes all that the families have to say; families without any values are left out.
 *
 * Spec: https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export async function expose(families: readonly Family[], seen: Seen, openMetrics: boolean): Promise<string> {
  const writer = new Writer(openMetrics)
  const pieces: string[] = []
  for (const family of families) {
    let begun = false
    for (const samples of inPieces(await family.read(seen))) {
      pieces.push(await writer.write(family, samples, begun))
      begun = true
      if (samples.length === pieceSize) await setImmediate()
    }
  }
  if (openMetrics) pieces.push('# EOF')
  return `${pieces.join('\n')}\n`
}

/** Lines that are written at one go: about a millisecond. */
const pieceSize = 500

class Writer {
  readonly #openMetrics: boolean
  readonly #registry = new Registry<RegistryContentType>()

  constructor(openMetrics: boolean) {
    this.#openMetrics = openMetrics
    if (openMetrics) this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  }

  /** `begun`: its name, type and help are written already. */
  async write({ name, type, help }: Family, samples: readonly Sample[], begun: boolean): Promise<string> {
    const metric = { ...this.#named(name, type), help, get: async () => ({ ...metric, values: samples }) }
    // prom-client asks a metric for its values, whatever it is; its types only know the four kinds that count by themselves.
    this.#registry.registerMetric(metric as unknown as Gauge)
    const text = await this.#registry.getSingleMetricAsString(metric.name)
    this.#registry.removeSingleMetric(metric.name)
    return begun ? text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1) : text
  }

  /** OpenMetrics calls a counter by its name without `_total`, which prom-client adds to its lines. */
  #named(name: string, type: Family['type']): { readonly name: string; readonly type: string } {
    if (!this.#openMetrics) return { name, type: type === 'unknown' ? 'untyped' : type }
    return { name: type === 'counter' ? name.replace(/_total$/, '') : name, type }
  }
}

function* inPieces(samples: Iterable<Sample>): Generator<readonly Sample[]> {
  let piece: Sample[] = []
  for (const sample of samples) {
    piece.push(sample)
    if (piece.length < pieceSize) continue
    yield piece
    piece = []
  }
  if (piece.length > 0) yield piece
}
