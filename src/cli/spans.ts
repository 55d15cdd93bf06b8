/** OpenTelemetry spans of the logins of a door, where the environment names a collector. */
import { openSpans, otlpEndpoint } from '../dashboard/spans.ts'
import type { Door } from '../server/door.ts'
import type { Log } from '../server/log.ts'

export interface DoorSpans {
  /** Sends what waits, within two seconds. */
  close(): Promise<void>
}

/** Throws (as a rejection): `ConfigurationError` for a collector's address that is none. */
export async function openDoorSpans({ registry }: Pick<Door, 'registry'>, log: Log): Promise<DoorSpans> {
  const endpoint = otlpEndpoint(process.env)
  if (endpoint === undefined) return { close: async () => {} }
  const spans = await openSpans({ endpoint, log })
  registry.listeners.add(spans)
  return spans
}
