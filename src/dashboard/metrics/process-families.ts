/** What prom-client knows of a process: CPU, memory, file descriptors, garbage collection, the event loop. Of several processes: of this one. */
import { collectDefaultMetrics, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client'
import type { Family, Sample } from './family.ts'

/** Made once for a door: it starts a timer and an observer, which nothing stops, but which keep no process alive. */
export function processFamilies(): readonly Family[] {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 })
  return registry
    .getMetricsAsArray()
    .filter(({ name }) => !countsHandles(name))
    .map((metric) => {
      const { name, help } = metric
      const type = metric.type as unknown as Family['type']
      // The types leave out that a metric can be asked, and that a histogram names its lines.
      const { get } = metric as unknown as { get(): Promise<Values> }
      return {
        name,
        type,
        help: help.replaceAll('"', "'"),
        labels: [],
        read: async () => (await get.call(metric)).values,
      }
    })
}

type Values = Omit<MetricObjectWithValues<MetricValue<string>>, 'values'> & { readonly values: Sample[] }

/** They visit every socket at each scrape, and break the rules for names: gauges that end in `_total`. */
function countsHandles(name: string): boolean {
  return name.startsWith('nodejs_active_')
}
