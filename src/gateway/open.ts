/** Opens a gateway: the front door on its listeners, with the backends watched and the accounts read. */
import { randomBytes } from 'node:crypto'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import type { AccountSource } from '../accounts/source.ts'
import { serverError } from '../errors/errors.ts'
import type { ConnectionIds } from '../registry/registry.ts'
import { FrontDoor } from '../server/front-door.ts'
import type { KeyMaterial } from '../server/key-material.ts'
import { type Log, silentLog } from '../server/log.ts'
import type { Settings } from '../server/settings.ts'
import type { BackendOptions } from './backend.ts'
import { Backends } from './backends.ts'
import { Gateway, type GatewayRules } from './gateway.ts'
import type { PoolLimits } from './pool.ts'

export interface GatewayParts {
  readonly backends: readonly BackendOptions[]
  readonly rules: GatewayRules
  readonly pool: PoolLimits
  readonly monitor: { readonly intervalMs: number; readonly timeoutMs: number }
  /** The gateway's own accounts; none when left out. */
  readonly accounts?: AccountSource
  readonly settings: Settings
  readonly keys: KeyMaterial
  readonly listen: readonly string[]
  readonly decoySecret?: Uint8Array
  readonly log?: Log
  readonly reusePort?: boolean
  /** Of several processes that share the listeners: which this is, from 0. */
  readonly worker?: number
}

export interface OpenGateway {
  readonly gateway: Gateway
  readonly front: FrontDoor
  /** Nobody new comes in; transactions may end within `drainMs`. After: no socket, timer or worker is left. */
  close(drainMs?: number): Promise<void>
}

/** Throws (as a rejection): `ConfigurationError`; nothing stays open then. */
export async function openGateway(parts: GatewayParts): Promise<OpenGateway> {
  const { log = silentLog, decoySecret = randomBytes(32), settings, keys, listen, rules } = parts
  const backends = new Backends(parts.backends, { ...parts.monitor, log })
  let gateway: Gateway | undefined
  try {
    await backends.start()
    const front = await FrontDoor.open({
      ...{ settings, keys, listen, decoySecret, log, databases: 'any' },
      accounts: parts.accounts ?? new MemoryAccounts([]),
      // Sessions are the backends': nobody ever asks.
      handler: () => () => Promise.reject(serverError('ER_UNKNOWN_COM_ERROR')),
      gate: (door) => {
        gateway = new Gateway(door, backends, parts.pool, rules, { log, decoySecret })
        return gateway
      },
      connectionIds: connectionIdsOf(parts.worker ?? 0),
      ...(parts.reusePort !== undefined && { reusePort: parts.reusePort }),
    })
    const opened = gateway as Gateway | undefined
    if (opened === undefined) throw new Error('a front door without its gate')
    return {
      gateway: opened,
      front,
      close: async (drainMs = 60_000) => {
        await front.close(drainMs)
        await opened.close()
        await backends.close()
      },
    }
  } catch (error) {
    await gateway?.close()
    await backends.close()
    throw error
  }
}

/**
 * Above those that a backend reaches: a KILL by number means a client of the gateway, or a connection of the backend, and never
 * possibly both. Each process has numbers of its own.
 */
function connectionIdsOf(worker: number): ConnectionIds {
  const first = firstId + worker * idsPerWorker
  return { first, last: first + idsPerWorker - 1 }
}

/** Which of the processes has the connection, from 0; `undefined`: it is no client's of a gateway. */
export function workerOf(id: number): number | undefined {
  const worker = Math.floor((id - firstId) / idsPerWorker)
  return worker >= 0 && worker < mostWorkers ? worker : undefined
}

const firstId = 2 ** 30
const idsPerWorker = 2 ** 24

/** For a door of administrators: a KILL there means a client of the gateway, or one of their own. */
export const administratorIds: ConnectionIds = { first: 1, last: firstId - 1 }

/** Processes that may share the listeners. */
export const mostWorkers = 64
