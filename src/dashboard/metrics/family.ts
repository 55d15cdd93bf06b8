/** What one metric is, and how its values are read: the table of metrics, the page of the docs and the tests of `ops/` all stand on it. */
import type { TallySnapshot } from '../../registry/tally.ts'
import type { Watched } from '../watched.ts'

/** Labels are of fixed lists or from the configuration: no user, address or host is ever one, for there is no end of them. */
export interface Family {
  /** Of a counter it ends in `_total`. */
  readonly name: string
  /** `unknown`: mysqld_exporter does not say whether it only grows, and the name is that of mysqld_exporter. */
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'
  readonly labels: readonly string[]
  readonly help: string
  /** Called once for each scrape, and may be slow in handing out its values: it is paused between them. */
  read(seen: Seen): Iterable<Sample> | Promise<Iterable<Sample>>
}

export interface Sample {
  readonly value: number
  readonly labels?: Labels
  /** The same object for all lines that have them: so they are written once. */
  readonly sharedLabels?: Labels
  /** Of a histogram's lines: the name of the family and a suffix. */
  readonly metricName?: string
}

export type Labels = Readonly<Record<string, string | number>>

/** What all values of one scrape are read from. */
export interface Seen {
  readonly watched: Watched
  readonly stream: StreamCounts
  readonly tally: TallySnapshot
  readonly hosts: HostsSeen
}

/** Of the dashboard's own readers. */
export interface StreamCounts {
  readers(): number
  /** Messages that they were too slow for, since the start. */
  dropped(): number
}

export interface HostsSeen {
  readonly rows: number
  readonly blocked: number
  /** By kind, in lower case: `handshake`. */
  readonly errors: ReadonlyMap<string, number>
}
