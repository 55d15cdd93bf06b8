/**
 * Plugins that accounts may name and that never let anyone in here. They exist so that such an account is refused with its
 * true reason. mysqld refuses them without an auth switch, whatever the client sent.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/no-login-pluggable-authentication.html
 */
import type { DenyReason } from '../errors/deny-reasons.ts'
import { ConfigurationError, clientError } from '../errors/errors.ts'
import { decided, deny } from './dialogues.ts'
import type { AuthPlugin } from './plugin.ts'

/** Plugin name -> why it refuses. auth_socket is MySQL's name and unix_socket MariaDB's; Node cannot see a peer's identity. */
export const refusals: ReadonlyMap<string, DenyReason> = new Map<string, DenyReason>([
  ['mysql_no_login', 'no-login'],
  ['auth_socket', 'peer-identity'],
  ['unix_socket', 'peer-identity'],
])

export const refusedPlugins: readonly AuthPlugin[] = [...refusals].map(([name, reason]) => ({
  name,
  nonceLength: 0,
  secrets: 'never-sent',
  client() {
    throw clientError('CR_AUTH_PLUGIN_CANNOT_LOAD', name, 'it has no client side')
  },
  server: () => decided(deny(reason)),
  store() {
    throw new ConfigurationError(`${name} stores no password`)
  },
  understands: () => true,
}))
