/**
 * While a file is there, only administrators get in: `touch maintenance` before the work, `rm maintenance` after it. Sessions stay.
 *
 * mysql-proxy's tutorial-states.lua turned a user away in `read_auth` with an error of its own; drivers retry by number, so this one is
 * MySQL's: 3032, offline mode. The name of an administrator gets as far as the proof of the password, and no further.
 */
import { existsSync } from 'node:fs'
import { defineConfig, type Hooks } from '../src/index.ts'

export function maintenance(file: string, administrators: readonly string[]): Hooks {
  return {
    readAuth({ user }) {
      if (administrators.includes(user) || !existsSync(file)) return
      return { do: 'refuse', code: 3032, detail: `${file} is there` }
    },
  }
}

export const hooks = maintenance('maintenance', ['root', 'dba'])

export default defineConfig({ gateway: { hooks } })
