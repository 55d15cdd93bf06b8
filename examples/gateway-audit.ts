/**
 * One line of JSON for each verdict, and one for each end. No login without its line: `readAuthResult` waits for the file, and what
 * it throws refuses the client.
 *
 * mysql-proxy's auditing.lua printed address, user, and whether `read_auth_result` saw an OK. A line break in a user name made a line of
 * its own there, and nobody noticed a client that left.
 */
import { appendFile } from 'node:fs/promises'
import { defineConfig, type Hooks } from '../src/index.ts'

export function audit(file: string): Hooks {
  const write = (facts: object) => {
    const line = JSON.stringify({ at: new Date().toISOString(), ...facts })
    return appendFile(file, `${line}\n`, { mode: 0o600 })
  }
  return {
    async readAuthResult(result, { connectionId, address, channel }) {
      if (result.is === 'ok') {
        const { user, backend, backendUser } = result
        await write({ event: 'in', connectionId, address, channel, user, backend, backendUser })
      } else if (result.is === 'err') {
        const { code, reason } = result
        await write({ event: 'refused', connectionId, address, channel, code, reason })
      }
    },
    async disconnect({ user, reason, aliveMs }, { connectionId, address }) {
      await write({ event: 'end', connectionId, address, user, reason, aliveMs })
    },
  }
}

export const hooks = audit(process.env.AUDIT_FILE ?? 'logins.jsonl')

export default defineConfig({ gateway: { hooks } })
