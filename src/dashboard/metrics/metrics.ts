/**
 * What Prometheus reads of a door. Everything is counted elsewhere and only read here, so a scrape costs a login nothing but its turn on the
 * event loop, and that is given back between pieces.
 */
import { Registry } from 'prom-client'
import type { Watched } from '../watched.ts'
import { expose } from './exposition.ts'
import { families } from './families.ts'
import type { Family, StreamCounts } from './family.ts'
import { processFamilies } from './process-families.ts'
import { sumHosts } from './sum-hosts.ts'

export class Metrics {
  /** Of OpenMetrics. */
  readonly contentType: string = Registry.OPENMETRICS_CONTENT_TYPE
  /** Of the older text. */
  readonly plainContentType: string = Registry.PROMETHEUS_CONTENT_TYPE
  readonly #watched: Watched
  readonly #stream: StreamCounts
  readonly #families: readonly Family[]

  constructor(watched: Watched, stream: StreamCounts) {
    this.#watched = watched
    this.#stream = stream
    this.#families = [...families, ...processFamilies()]
  }

  /** All metrics: as OpenMetrics, or in Prometheus' older text for who does not name `application/openmetrics-text` in its Accept. */
  async render(openMetrics = true): Promise<string> {
    const watched = this.#watched
    const { administered } = watched
    await administered.elsewhere?.catchUp()
    const tally = administered.registry.tally.snapshot(performance.now())
    const seen = { watched, stream: this.#stream, tally, hosts: await sumHosts(administered) }
    return expose(this.#families, seen, openMetrics)
  }
}
