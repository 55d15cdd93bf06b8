/**
 * How a login comes to its proof once its account is known: by the answer that came with the login, by an auth switch, or
 * not at all. The order of the checks is that of mysqld.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */
import type { AuthPlugin, Channel } from '../auth/plugin.ts'
import { refusals } from '../auth/refused-plugins.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { capability, has } from '../packets/capabilities.ts'
import { judgeServerChannel } from './channel-policy.ts'
import type { Login } from './login.ts'
import type { LoginPolicy } from './server-states.ts'

export type WayToProof =
  /** The client computed its answer for this plugin, over the greeting's nonce. */
  | { readonly by: 'first-answer'; readonly plugin: AuthPlugin }
  | { readonly by: 'switch'; readonly plugin: AuthPlugin }
  | { readonly by: 'nothing'; readonly reason: DenyReason; readonly detail?: string }

/**
 * `pluginName` is the account's; `again`: an answer that came with the login is not taken from a client that can be
 * switched, as in COM_CHANGE_USER and behind a first exchange.
 */
export function wayToProof(
  login: Login,
  pluginName: string,
  channel: Channel,
  policy: LoginPolicy,
  again: boolean,
): WayToProof {
  // A client without CLIENT_PLUGIN_AUTH always means mysql_native_password, and cannot be switched.
  const switchable = has(login.capabilities, capability.PLUGIN_AUTH)
  if (!switchable && pluginName !== 'mysql_native_password') return { by: 'nothing', reason: 'no-plugin-auth' }
  // Such accounts are refused without an exchange: there is nothing to prove.
  const never = refusals.get(pluginName)
  if (never !== undefined) return { by: 'nothing', reason: never }
  const plugin = policy.plugins.get(pluginName)
  if (plugin === undefined) return { by: 'nothing', reason: 'plugin-unknown' }
  const allowed = judgeServerChannel(plugin, channel, policy)
  if (!allowed.allowed) return { by: 'nothing', reason: allowed.reason, detail: allowed.why }
  const answered = !again && policy.defaultPlugin === plugin && login.authPluginName === plugin.name
  return { by: answered || !switchable ? 'first-answer' : 'switch', plugin }
}
