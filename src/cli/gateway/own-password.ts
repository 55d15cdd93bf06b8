/**
 * The password of the gateway's own account, where it does not stand in the configuration: of the environment, or, though others can see it
 * there, of the command line.
 */
import { ConfigurationError } from '../../errors/errors.ts'
import type { GatewaySettings } from '../../gateway/config.ts'
import { withPassword } from '../../gateway/config-backends.ts'

export class OwnPassword {
  /** For the log. */
  readonly warnings: readonly string[]
  readonly #password: string | undefined

  private constructor(password: string | undefined, warnings: readonly string[]) {
    this.#password = password
    this.warnings = warnings
  }

  /**
   * Takes SALTGATE_BACKEND_PASSWORD out of the environment, where children and hooks would see it, and passwords among the URIs of the
   * command line out of the list of processes.
   *
   * Throws: `ConfigurationError`.
   */
  static take(to: readonly string[]): OwnPassword {
    const { SALTGATE_BACKEND_PASSWORD: password } = process.env
    delete process.env.SALTGATE_BACKEND_PASSWORD
    if (password === '') throw new ConfigurationError('SALTGATE_BACKEND_PASSWORD is empty: unset it')
    if (!to.some(showsPassword)) return new OwnPassword(password, [])
    // Node overwrites the arguments by the title.
    process.title = 'saltgate'
    return new OwnPassword(password, [
      '--to holds a password, which others on this machine could read: put it into the configuration file, or into SALTGATE_BACKEND_PASSWORD',
    ])
  }

  /** Of another process, which was told it. */
  static of(password: string | undefined): OwnPassword {
    return new OwnPassword(password, [])
  }

  /** For other processes of this gateway. */
  get password(): string | undefined {
    return this.#password
  }

  /** Gives it to every backend that has a user and no password. */
  fillIn(settings: GatewaySettings): GatewaySettings {
    const password = this.#password
    if (password === undefined) return settings
    return {
      ...settings,
      backends: settings.backends.map((backend) => {
        const { user, password: said } = backend.connect
        return user !== undefined && said === undefined ? withPassword(backend, password) : backend
      }),
    }
  }
}

/** Passwords that settings hold as such. */
export function secretsIn({ backends, rules }: GatewaySettings): readonly string[] {
  const ofRules = rules.rules.flatMap(({ credentials, as }) => [credentials, as?.credential])
  return [
    ...backends.map(({ connect: { password } }) => password),
    ...ofRules.map((credential) => credential && 'password' in credential && credential.password),
  ].filter((secret) => typeof secret === 'string' && secret !== '') as string[]
}

/** What is no URI is refused later, with a better word than this one would have. */
function showsPassword(uri: string): boolean {
  return /^[^/?#]*:\/\/[^/]*:[^/]*@/.test(uri)
}
