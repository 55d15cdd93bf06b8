/**
 * Sends who only reads to the replicas: users whose name says so, and programs that say so in a connect attribute.
 *
 * mysql-proxy's rw-splitting.lua looked at each statement, and sent a SELECT elsewhere while the temporary tables, variables and locks
 * of its session stayed behind. Here the login decides, and the session stays where it began.
 */
import { defineConfig, type Hooks } from '../src/index.ts'

export const hooks: Hooks = {
  readAuth({ user, attributes }) {
    const reads = user.endsWith('_ro') || attributes.get('access') === 'read-only'
    return { do: 'go', to: { role: reads ? 'replica' : 'primary' } }
  },
}

export default defineConfig({ gateway: { hooks } })
