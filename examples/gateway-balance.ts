/**
 * Balances by hand: the backend with the fewest clients gets the next one, and of several such the one that has waited longest.
 *
 * mysql-proxy's `connect_server` of tutorial-keepalive.lua and ro-balance.lua walked `proxy.global.backends` and set
 * `proxy.connection.backend_ndx`. The gateway balances by weight and health without any hook; write one where you know better than that.
 */
import { defineConfig, type Hooks } from '../src/index.ts'

export function balance(backends: readonly string[]): Hooks {
  const clients = new Map(backends.map((backend) => [backend, 0]))
  const chosen = new Map<number, string>()
  return {
    connectServer({ connectionId }) {
      const fewest = Math.min(...clients.values())
      const [backend] = [...clients].find(([, count]) => count === fewest) ?? []
      if (backend === undefined) return
      chosen.set(connectionId, backend)
      // To the end of the map: its turn comes after that of all others.
      clients.delete(backend)
      clients.set(backend, fewest + 1)
      return { do: 'go', to: { backend } }
    },
    disconnect(_ended, { connectionId }) {
      const backend = chosen.get(connectionId)
      if (backend === undefined) return
      chosen.delete(connectionId)
      clients.set(backend, (clients.get(backend) ?? 1) - 1)
    },
  }
}

export const hooks = balance(['db-1', 'db-2', 'db-3'])

export default defineConfig({ gateway: { hooks } })
