/**
 * Every authentication plugin, by its name on the wire: the only list. mysql_old_password is absent on purpose, its
 * scramble can be reversed.
 */
import { cachingSha2Password } from './caching-sha2-password.ts'
import { mysqlClearPassword } from './mysql-clear-password.ts'
import { mysqlNativePassword } from './mysql-native-password.ts'
import type { AuthPlugin } from './plugin.ts'
import { refusedPlugins } from './refused-plugins.ts'
import { sha256Password } from './sha256-password.ts'

export const plugins: ReadonlyMap<string, AuthPlugin> = new Map(
  [cachingSha2Password, sha256Password, mysqlNativePassword, mysqlClearPassword, ...refusedPlugins].map((plugin) => [
    plugin.name,
    plugin,
  ]),
)
