/** The door itself and the servers behind it, as the dashboard tells them. */
import { identityOf } from '../gateway/link-identity.ts'
import { showListen } from '../server/listen-address.ts'
import { version } from '../version.ts'
import type { BackendsSeen, DoorFacts } from './contract.ts'
import type { Watched } from './watched.ts'

export function doorFacts(
  { administered, gateway, listening }: Watched,
  history: { readonly sinceMs: number },
): DoorFacts {
  const { settings, registry } = administered
  return {
    kind: gateway === undefined ? 'front door' : 'gateway',
    version,
    serverVersion: settings.get('version'),
    listening: listening.map(showListen),
    startedAtMs: registry.startedAtMs,
    connectTimeoutMs: settings.get('connect_timeout') * 1000,
    // 0 turns off that they go when the door is full; who waits too long is to be seen all the same.
    patienceMs: settings.get('saltgate_stranger_patience') || 1000,
    maxConnections: settings.get('max_connections'),
    certificateEndsMs: administered.certificate?.untilMs ?? null,
    historySinceMs: history.sinceMs,
  }
}

/** `undefined` of a door without any. */
export function backendsSeen({ gateway }: Watched): BackendsSeen | undefined {
  if (gateway === undefined) return undefined
  return {
    backends: gateway.backends().map((backend) => ({
      name: backend.name,
      address: backend.address,
      state: backend.state,
      role: backend.role,
      reason: backend.reason ?? null,
      version: backend.serverVersion ?? null,
      connections: backend.connections,
      maxConnections: backend.maxConnections,
      waiting: backend.waiting,
      changedAtMs: backend.changedAtMs,
    })),
    pools: gateway.pools().map(({ key, open, idle, waiting }) => {
      const { backend, user } = identityOf(key)
      return { backend, user, open, busy: open - idle, idle, waiting }
    }),
  }
}
