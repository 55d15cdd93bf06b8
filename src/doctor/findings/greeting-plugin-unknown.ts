import type { Finding } from '../finding.ts'
import { leftAtGreeting } from '../reading.ts'

/** Those that every client of the last years knows. */
const usual: ReadonlySet<string> = new Set([
  'mysql_native_password',
  'caching_sha2_password',
  'sha256_password',
  'mysql_clear_password',
])

export const finding: Finding = {
  id: 'greeting-plugin-unknown',
  title: 'The client leaves at the greeting, which names a plugin that some clients do not know',
  severity: 'decisive',
  affects:
    'sqlx and early Boost.MySQL: they give up at a default plugin that they do not know, whatever that of the account is',
  remedy: {
    client: 'Upgrade the driver, or use another one.',
    server:
      'Set default_authentication_plugin (authentication_policy in MySQL 8.4) to one that all clients know; the accounts keep theirs.',
  },
  reference: 'https://github.com/boostorg/mysql/issues/115',
  onLogin(seen) {
    const plugin = seen.greeting?.authPluginName
    if (plugin === undefined || usual.has(plugin) || !leftAtGreeting(seen)) return undefined
    const lines = [
      `the greeting names ${plugin}; the client closes after it without a word`,
      'a health check that only looks at the greeting looks the same',
    ]
    return { certain: false, lines }
  },
}
