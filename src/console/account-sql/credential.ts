/**
 * From an IDENTIFIED clause to what is stored: which plugin, which credential, which old one is kept.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/password-management.html
 */
import { randomInt } from 'node:crypto'
import type { Account } from '../../accounts/account.ts'
import { plugins } from '../../auth/plugins.ts'
import { refusals } from '../../auth/refused-plugins.ts'
import { ConfigurationError, serverError } from '../../errors/errors.ts'
import type { AccountContext } from './session.ts'
import type { Identification } from './statements.ts'

export interface NewCredential {
  readonly plugin: string
  /** `undefined`: as it was. */
  readonly authString: string | undefined
  /** The plugin of the account when the statement names none: the credential is of no use if it changed meanwhile. */
  readonly madeFor: string | undefined
  /** The password that RANDOM PASSWORD made. */
  readonly generated: string | undefined
}

/**
 * Makes the credential that an IDENTIFIED clause asks for; `undefined` when the plugin cannot store the password.
 *
 * Throws: `ServerError` 1524 for an unknown plugin, 1827 for a stored credential that its plugin does not understand.
 */
export async function newCredential(
  identification: Identification | undefined,
  plugin: string,
  { hashPassword }: Pick<AccountContext, 'hashPassword'>,
): Promise<NewCredential | undefined> {
  if (identification === undefined || identification.by === 'discard-old') {
    return { plugin, authString: undefined, madeFor: undefined, generated: undefined }
  }
  const named = identification.plugin
  const made = { plugin: named ?? plugin, madeFor: named === undefined ? plugin : undefined, generated: undefined }
  const known = plugins.get(made.plugin)
  if (known === undefined) throw serverError('ER_PLUGIN_IS_NOT_LOADED', made.plugin)
  switch (identification.by) {
    case 'plugin':
      return { ...made, authString: '' }
    case 'stored':
      if (!known.understands(identification.authString)) throw serverError('ER_PASSWORD_FORMAT')
      return { ...made, authString: identification.authString }
    case 'password':
    case 'random-password': {
      const generated = identification.by === 'random-password' ? randomPassword() : undefined
      const password = identification.by === 'password' ? identification.password : (generated ?? '')
      try {
        return { ...made, authString: password === '' ? '' : await hashPassword(made.plugin, password), generated }
      } catch (error) {
        if (error instanceof ConfigurationError) return undefined
        throw error
      }
    }
  }
}

/**
 * Gives an account its new credential, as ALTER USER does.
 *
 * Throws: `ServerError` 3878, 3894 or 3895 when the current password cannot be retained.
 */
export function withCredential(
  current: Account,
  { plugin, authString }: NewCredential,
  identification: Identification | undefined,
  nowMs: number,
): Account {
  if (identification?.by === 'discard-old') return { ...current, retainedAuthString: undefined }
  if (identification === undefined || authString === undefined) return current
  const { user, host } = current
  const changesPlugin = plugin !== current.plugin
  const retain = identification.by !== 'plugin' && identification.retain
  if (retain && changesPlugin) throw serverError('ER_PASSWORD_CANNOT_BE_RETAINED_ON_PLUGIN_CHANGE', user, host)
  if (retain && current.authString === '') throw serverError('ER_SECOND_PASSWORD_CANNOT_BE_EMPTY', user, host)
  if (retain && authString === '') throw serverError('ER_CURRENT_PASSWORD_CANNOT_BE_RETAINED', user, host)
  const oldStays = !changesPlugin && authString !== ''
  return {
    ...current,
    plugin,
    authString,
    retainedAuthString: retain ? current.authString : oldStays ? current.retainedAuthString : undefined,
    // A plugin without a password leaves the account open: the manual has it ask for a new one at the next login.
    passwordExpired: identification.by === 'plugin' && !refusals.has(plugin),
    passwordChangedMs: nowMs,
  }
}

/** 20 characters, the default of generated_random_password_length, without signs that need quoting in SQL or a shell. */
function randomPassword(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789,.-_+:=@%/'
  return Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
