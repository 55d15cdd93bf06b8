/**
 * Which plugin may run on which channel, for both roles. A plugin declares what it does with secrets; this file decides,
 * and the machine obeys, at the first plugin of a login and again at each switch.
 *
 * A plugin that seals the password itself needs no permission here: its client half refuses before any secret byte when it
 * has no key and may not ask for one.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/cleartext-pluggable-authentication.html
 */
import { type AuthPlugin, type Channel, type ClientPlugin, isSecure } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { PeerTrust } from './login-steps.ts'

/** `why` fits the text of `ChannelRefused` and a log line; `reason` is for the server's side. */
export type ChannelDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: DenyReason; readonly why: string }

export interface ServerChannelPolicy {
  /** Whether accounts may have plugins that send the password in clear. */
  readonly allowClearPassword: boolean
}

export interface ClientChannelPolicy {
  /** The caller's opt-in to plugins that send the password in clear. */
  readonly allowClearPassword: boolean
  /** What TLS told of the server; `undefined` without TLS. */
  readonly peer: { readonly trust: PeerTrust; readonly distrust?: string } | undefined
}

export function judgeServerChannel(
  plugin: Pick<AuthPlugin, 'secrets'>,
  channel: Channel,
  { allowClearPassword }: ServerChannelPolicy,
): ChannelDecision {
  if (plugin.secrets !== 'sent-in-clear') return { allowed: true }
  // Switched off, the plugin does not exist; mysqld has no such server plugin either.
  if (!allowClearPassword) return { allowed: false, reason: 'plugin-unknown', why: 'clear passwords are not enabled' }
  return onSecureChannel(channel)
}

/** Encryption alone deserves no password in clear: whoever stands in between can encrypt too. */
export function judgeClientChannel(
  plugin: Pick<ClientPlugin, 'secrets' | 'passwordHash'>,
  channel: Channel,
  { allowClearPassword, peer }: ClientChannelPolicy,
): ChannelDecision {
  if (peer?.trust === 'by-password' && plugin.passwordHash === undefined) {
    return refused(`the server is not proven (${peer.distrust ?? 'its certificate is not trusted'})`)
  }
  if (plugin.secrets !== 'sent-in-clear') return { allowed: true }
  if (!allowClearPassword) return refused('sending the password in clear is not enabled')
  if (channel === 'tls' && peer?.trust !== 'identity') {
    return refused("the password would go in clear to a server whose certificate's name is not verified")
  }
  return onSecureChannel(channel)
}

function refused(why: string): ChannelDecision {
  return { allowed: false, reason: 'insecure-channel', why }
}

function onSecureChannel(channel: Channel): ChannelDecision {
  return isSecure(channel) ? { allowed: true } : refused('the password would cross a plaintext channel in clear')
}
