/**
 * Every authentication plugin: the only lists. mysql_old_password is absent on purpose, its scramble can be reversed.
 */
import { authenticationOpenidConnectClient } from './authentication-openid-connect-client.ts'
import { cachingSha2Password } from './caching-sha2-password.ts'
import { clientEd25519 } from './client-ed25519.ts'
import { dialog } from './dialog.ts'
import { mysqlClearPassword } from './mysql-clear-password.ts'
import { mysqlNativePassword } from './mysql-native-password.ts'
import { parsec } from './parsec.ts'
import type { AuthPlugin, ClientPlugin } from './plugin.ts'
import { refusedPlugins } from './refused-plugins.ts'
import { sha256Password } from './sha256-password.ts'

const bothHalves: readonly AuthPlugin[] = [
  cachingSha2Password,
  sha256Password,
  mysqlNativePassword,
  mysqlClearPassword,
  clientEd25519,
  parsec,
  dialog,
]

/** For servers: by the name that accounts use. */
export const plugins: ReadonlyMap<string, AuthPlugin> = new Map(
  [...bothHalves, ...refusedPlugins].map((plugin) => [plugin.accountPlugin ?? plugin.name, plugin]),
)

/** For clients: by the name on the wire. */
export const clientPlugins: ReadonlyMap<string, ClientPlugin> = new Map(
  [...bothHalves, authenticationOpenidConnectClient].map((plugin) => [plugin.name, plugin]),
)
