import type { Finding } from '../finding.ts'

const common: ReadonlySet<string> = new Set(['mysql_native_password', 'caching_sha2_password', 'sha256_password'])

export const finding: Finding = {
  id: 'default-plugin-rare',
  title: 'The default plugin of the server is one that some clients do not know, and leave at',
  severity: 'risk',
  affects:
    'sqlx and early Boost.MySQL leave at the greeting, whatever the plugin of the account is; others are switched, at the price of a round trip',
  remedy: {
    server:
      'Set default_authentication_plugin (authentication_policy in MySQL 8.4) to one that all clients know; the accounts keep theirs.',
  },
  reference: 'https://github.com/boostorg/mysql/issues/115',
  onProbe({ greeting }) {
    const plugin = greeting?.authPluginName
    if (plugin === undefined || common.has(plugin)) return undefined
    return { certain: true, lines: [`the greeting names ${plugin}`] }
  },
}
