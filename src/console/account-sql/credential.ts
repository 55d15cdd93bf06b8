/**
 * From an IDENTIFIED clause to what is stored: which plugin, which credential, which old one is kept.
 *
 * mysqld refuses further factors whose credential it would store itself (4052). Here every plugin may be one.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/password-management.html
 */
import { randomInt } from 'node:crypto'
import type { Account, Credential } from '../../accounts/account.ts'
import { plugins } from '../../auth/plugins.ts'
import { refusals } from '../../auth/refused-plugins.ts'
import { ConfigurationError, serverError } from '../../errors/errors.ts'
import type { AccountContext } from './session.ts'
import type { FactorChange, Identification } from './statements.ts'

export interface NewCredential extends Partial<Credential> {
  readonly plugin: string
  /** What would do in its place; `undefined`: as it was. */
  readonly alternatives: readonly Credential[] | undefined
  /** The plugin of the account when the statement names none: the credential is of no use if it changed meanwhile. */
  readonly madeFor: string | undefined
  /** The password that RANDOM PASSWORD made. */
  readonly generated: string | undefined
}

/** A change of the second factor or the third; DROP has no credential. */
export interface NewFactor {
  readonly change: FactorChange['change']
  readonly factor: number
  readonly credential: NewCredential | undefined
}

type Hashing = Pick<AccountContext, 'hashPassword'>

/**
 * Makes the credential that an IDENTIFIED clause asks for; `undefined` when the plugin cannot store the password.
 *
 * Throws: `ServerError` 1524 for an unknown plugin, 1827 for a stored credential that its plugin does not understand.
 */
export async function newCredential(
  identification: Identification | undefined,
  plugin: string,
  hashing: Hashing,
): Promise<NewCredential | undefined> {
  if (identification === undefined || identification.by === 'discard-old') {
    return { plugin, alternatives: undefined, madeFor: undefined, generated: undefined }
  }
  const named = identification.plugin
  const alternatives: Credential[] = []
  for (const one of identification.alternatives ?? []) {
    const made = await newCredential(one, '', hashing)
    if (made === undefined) return undefined
    alternatives.push({ plugin: made.plugin, authString: made.authString ?? '' })
  }
  const made = {
    plugin: named ?? plugin,
    madeFor: named === undefined ? plugin : undefined,
    generated: undefined,
    alternatives,
  }
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
        const none = password === '' && known.storesEmptyPassword !== true
        const authString = none ? '' : await hashing.hashPassword(made.plugin, password)
        return { ...made, authString, generated }
      } catch (error) {
        if (error instanceof ConfigurationError) return undefined
        throw error
      }
    }
  }
}

/**
 * Makes the credentials of further factors; `undefined` when a plugin cannot store its password.
 *
 * Throws: as `newCredential`; 1524 with an empty name for a factor without a plugin, as mysqld with authentication_policy `*,,`.
 */
export async function newFactors(
  changes: readonly FactorChange[] = [],
  hashing: Hashing,
): Promise<readonly NewFactor[] | undefined> {
  const made: NewFactor[] = []
  for (const one of changes) {
    const credential = one.change === 'DROP' ? undefined : await newCredential(one.identification, '', hashing)
    if (one.change !== 'DROP' && credential === undefined) return undefined
    made.push({ change: one.change, factor: one.factor, credential })
  }
  return made
}

/** The plugin whose password a statement means that names none: the first of an account's alternatives that stores one. */
export function passwordPlugin({ plugin, alternatives }: Account): string {
  return [plugin, ...alternatives.map((one) => one.plugin)].find((name) => !refusals.has(name)) ?? plugin
}

/**
 * Gives an account its new credential, as ALTER USER does: what would have done in its place does so no longer.
 *
 * Throws: `ServerError` 3878, 3894 or 3895 when the current password cannot be retained.
 */
export function withCredential(
  current: Account,
  { plugin, authString, alternatives }: NewCredential,
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
    alternatives: alternatives ?? current.alternatives,
    retainedAuthString: retain ? current.authString : oldStays ? current.retainedAuthString : undefined,
    // A plugin without a password leaves the account open: the manual has it ask for a new one at the next login.
    passwordExpired: identification.by === 'plugin' && !refusals.has(plugin),
    passwordChangedMs: nowMs,
  }
}

/**
 * Gives an account its new password and leaves its alternatives as they are, as SET PASSWORD of MariaDB does.
 *
 * Throws: as `withCredential`.
 */
export function withPassword(
  current: Account,
  credential: NewCredential,
  identification: Identification | undefined,
  nowMs: number,
): Account {
  const { alternatives } = current
  const { plugin, authString = '' } = credential
  const changed = withCredential(current, { ...credential, alternatives }, identification, nowMs)
  const at = alternatives.findIndex((one) => one.plugin === plugin)
  if (plugin === current.plugin || at === -1) return changed
  const { authString: own, retainedAuthString } = current
  return {
    ...changed,
    plugin: current.plugin,
    authString: own,
    retainedAuthString,
    alternatives: alternatives.with(at, { plugin, authString }),
  }
}

/**
 * Changes the second factor and the third.
 *
 * Throws: `ServerError` 4056 for one that is there already, 4057 for one that is not.
 */
export function withFactors(current: Account, changes: readonly NewFactor[]): Account {
  let factors = [...current.factors]
  const missing = (factor: number) => serverError('ER_MFA_METHOD_NOT_EXISTS', factor, factor)
  for (const { change, factor, credential } of changes) {
    const exists = current.factors[factor - 2] !== undefined
    if (change === 'ADD' && exists) throw serverError('ER_MFA_METHOD_EXISTS', factor, factor, factor, factor)
    if (change !== 'ADD' && !exists) throw missing(factor)
    if (change === 'ADD' && factors.length < factor - 2) throw missing(2)
    if (credential !== undefined) {
      factors[factor - 2] = { plugin: credential.plugin, authString: credential.authString ?? '' }
    }
  }
  const dropped = changes.filter(({ change }) => change === 'DROP').map(({ factor }) => factor)
  factors = factors.filter((_, i) => !dropped.includes(i + 2))
  return { ...current, factors }
}

/** 20 characters, the default of generated_random_password_length, without signs that need quoting in SQL or a shell. */
function randomPassword(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789,.-_+:=@%/'
  return Array.from({ length: 20 }, () => alphabet[randomInt(alphabet.length)]).join('')
}
