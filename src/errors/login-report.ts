/** What is known of a login that failed: with the error, everything that a person needs to see why. */

export interface LoginReport {
  /** `host:port` or the socket's path. */
  readonly target: string
  readonly user: string
  /** How far it came: a phase of `machine/phases.ts`, or `dial` before the greeting's connection stood. */
  readonly phase: string
  /** The plugin at work, if one was. */
  readonly plugin: string | undefined
  /** Of a multi-factor account: 1 to 3. */
  readonly factor: number
  readonly channel: 'plaintext' | 'tls' | 'unix-socket'
  /** Whether what the server said can be trusted to come from it: false for all that came before a proven TLS channel. */
  readonly authenticated: boolean
  /** What each side offered, as names of capabilities and plugins; `undefined` before it had spoken. */
  readonly server:
    | { readonly version: string; readonly plugin: string | undefined; readonly capabilities: readonly string[] }
    | undefined
  readonly client: { readonly plugin: string; readonly capabilities: readonly string[] } | undefined
  /** Milliseconds from the first act to the failure, and to the greeting. */
  readonly elapsedMs: number
  readonly greetingMs: number | undefined
  /** What to do about it, in a sentence or two; `undefined` when nobody knows better than the message. */
  readonly hint: string | undefined
}
