/** Follows a login step by step, so that its failure can say how far it came and what both sides offered. */
import type { Channel } from '../auth/plugin.ts'
import { ConfigurationError, type MysqlError } from '../errors/errors.ts'
import type { LoginStep, PeerTrust } from '../machine/login-steps.ts'
import { names } from '../packets/capabilities.ts'
import { hintFor } from './login-hints.ts'
import type { Identity, Settings } from './settings.ts'
import { targetText } from './target.ts'

export class LoginStory {
  readonly #settings: Settings
  readonly #identity: Identity
  readonly #startedMs = performance.now()
  #greetingMs: number | undefined = undefined
  #plugin: string | undefined = undefined
  #factor = 1
  #listenerFailure: ConfigurationError | undefined = undefined
  #greeting: Extract<LoginStep, { is: 'greeting' }> | undefined = undefined
  #login: Extract<LoginStep, { is: 'login-sent' }> | undefined = undefined

  constructor(settings: Settings, identity: Identity) {
    this.#settings = settings
    this.#identity = identity
  }

  tell(step: LoginStep): void {
    if (step.is === 'greeting') {
      this.#greetingMs = this.#elapsedMs()
      this.#greeting = step
    } else if (step.is === 'login-sent') {
      this.#login = step
      this.#plugin = step.plugin
    } else if (step.is === 'auth-switch' || step.is === 'next-factor') this.#plugin = step.plugin
    if (step.is === 'next-factor') this.#factor = step.factor
    try {
      this.#settings.options.onStep?.(step, this.#elapsedMs())
    } catch (cause) {
      this.#listenerFailure ??= new ConfigurationError('onStep threw', { cause })
    }
  }

  /** What the caller's onStep threw first: whoever drives the login ends it. */
  get listenerFailure(): ConfigurationError | undefined {
    return this.#listenerFailure
  }

  /** Writes the report, with its hint, into the error that ended the login. Units: `firstBytes` as for `hintFor`. */
  fail(error: MysqlError, channel: Channel, trust: PeerTrust | undefined, firstBytes?: Uint8Array): MysqlError {
    const greeting = this.#greeting
    const login = this.#login
    const report = {
      target: targetText(this.#settings.target),
      user: this.#identity.user,
      phase: error.phase ?? 'dial',
      plugin: this.#plugin,
      factor: this.#factor,
      channel,
      authenticated: channel === 'unix-socket' || trust === 'identity' || trust === 'authority',
      server: greeting && {
        version: greeting.serverVersion,
        plugin: greeting.plugin,
        capabilities: names(greeting.capabilities),
      },
      client: login && { plugin: login.plugin, capabilities: names(login.capabilities) },
      elapsedMs: this.#elapsedMs(),
      greetingMs: this.#greetingMs,
    }
    error.login = { ...report, hint: hintFor(error, report, firstBytes) }
    return error
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedMs
  }
}
