/**
 * Which plugin may run on which channel, for both roles. A plugin declares what it does with secrets; this file decides,
 * and the machine obeys, at the first plugin of a login and again at each switch.
 *
 * A plugin that seals the password itself needs no permission here: its client half refuses before any secret byte when it
 * has no key and may not ask for one.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/cleartext-pluggable-authentication.html
 */
import { type AuthPlugin, type Channel, isSecure } from '../auth/plugin.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'

/** `why` fits the text of `ChannelRefused` and a log line; `reason` is for the server's side. */
export type ChannelDecision =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly reason: DenyReason; readonly why: string }

export interface ServerChannelPolicy {
  /** Whether accounts may have plugins that send the password in clear. */
  readonly allowClearPassword: boolean
}

export interface ClientChannelPolicy {
  /**
   * The caller's opt-in. Encryption alone deserves none, whoever stands in between can encrypt too: over TLS set it only
   * when the server's certificate and name are verified.
   */
  readonly allowClearPassword: boolean
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

export function judgeClientChannel(
  plugin: Pick<AuthPlugin, 'secrets'>,
  channel: Channel,
  { allowClearPassword }: ClientChannelPolicy,
): ChannelDecision {
  if (plugin.secrets !== 'sent-in-clear') return { allowed: true }
  if (!allowClearPassword) {
    return { allowed: false, reason: 'insecure-channel', why: 'sending the password in clear is not enabled' }
  }
  return onSecureChannel(channel)
}

function onSecureChannel(channel: Channel): ChannelDecision {
  return isSecure(channel)
    ? { allowed: true }
    : { allowed: false, reason: 'insecure-channel', why: 'the password would cross a plaintext channel in clear' }
}
