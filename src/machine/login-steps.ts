/**
 * What happened in a login, seen by the client: the story that `--explain` prints and that a failed login's error carries.
 * Lengths and names, never content.
 */
import type { Channel } from '../auth/plugin.ts'

export type LoginStep =
  /** `address` is `host:port` or a path. */
  | { readonly is: 'name-resolved'; readonly host: string; readonly addresses: readonly string[] }
  | { readonly is: 'connected'; readonly address: string }
  | {
      readonly is: 'greeting'
      readonly serverVersion: string
      readonly connectionId: number
      readonly capabilities: number
      /** 0 from MySQL. */
      readonly mariadbCapabilities: number
      /** Low byte only. */
      readonly collationId: number
      /** `undefined` without CLIENT_PLUGIN_AUTH. */
      readonly plugin: string | undefined
      readonly tlsOffered: boolean
      readonly bytes: number
    }
  | { readonly is: 'tls-requested' }
  | {
      readonly is: 'tls-established'
      readonly protocol: string
      readonly cipher: string
      readonly trust: PeerTrust
      readonly subject: string
      readonly reused: boolean
    }
  | {
      readonly is: 'login-sent'
      readonly user: string
      readonly database: string | undefined
      readonly capabilities: number
      readonly plugin: string
      readonly answerBytes: number
      readonly channel: Channel
    }
  | { readonly is: 'auth-switch'; readonly plugin: string; readonly dataBytes: number }
  | { readonly is: 'next-factor'; readonly factor: number; readonly plugin: string; readonly dataBytes: number }
  | {
      readonly is: 'server-data'
      readonly plugin: string
      readonly bytes: number
      readonly meaning: string | undefined
    }
  | { readonly is: 'answer-sent'; readonly plugin: string; readonly bytes: number }
  | { readonly is: 'asked'; readonly plugin: string; readonly question: string }
  | { readonly is: 'ok'; readonly certificateProven: boolean }
  | { readonly is: 'refused'; readonly code: number; readonly sqlState: string; readonly message: string }

/**
 * How far the peer of a TLS channel is proven. `identity`: authority and name, or a pinned certificate. `authority`: only that.
 * `by-password`: not yet; the server must prove its certificate by the password (MariaDB 11.4). `none`: encrypted, to anybody.
 */
export type PeerTrust = 'identity' | 'authority' | 'by-password' | 'none'
