/**
 * Every way in which a login of the usual kind can go, and what must come of it: the manual's description of each plugin,
 * written down once more and independently of the machines.
 */
import type { Account } from '../../src/accounts/account.ts'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { scrambleNativePassword } from '../../src/auth/mysql-native-password.ts'
import type { Channel } from '../../src/auth/plugin.ts'
import { plugins } from '../../src/auth/plugins.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { serverError } from '../../src/errors/errors.ts'
import type { ServerState } from '../../src/machine/server-states.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { decodeHandshakeResponse41, encodeHandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { changeUser, clientOptions, meet, type Trail, usualCapabilities, utf8 } from './pair.ts'
import { decoyOf, doubleSha256, nonceSequence, policy, stranger, type World, world } from './world.ts'

const native = 'mysql_native_password'
const sha2 = 'caching_sha2_password'
const sha256 = 'sha256_password'
const clear = 'mysql_clear_password'
const ed25519 = 'ed25519'
const parsec = 'parsec'
const dialog = 'dialog'

export const channels: readonly Channel[] = ['plaintext', 'tls', 'unix-socket']

/** How the login comes to the account's plugin. */
export const routes = ['greeting', 'switch-back', 'switch', 'old-client', 'change-user', 'old-change-user'] as const
export type Route = (typeof routes)[number]

export interface Credentials {
  readonly name: string
  /** Of the account; `undefined`: there is none. */
  readonly stored: string | undefined
  readonly given: string
  /** The account's password passed full authentication before. */
  readonly remembered?: boolean
  readonly afterwards?: 'locked' | 'database-denied'
}

export const credentials: readonly Credentials[] = [
  { name: 'the right password', stored: 'right', given: 'right' },
  { name: 'the right password, remembered', stored: 'right', given: 'right', remembered: true },
  { name: 'a wrong password', stored: 'right', given: 'wrong' },
  { name: 'a wrong password, the right one remembered', stored: 'right', given: 'wrong', remembered: true },
  { name: 'no password where one is set', stored: 'right', given: '' },
  { name: 'no password where none is set', stored: '', given: '' },
  { name: 'a password where none is set', stored: '', given: 'right' },
  { name: 'an unknown user with a password', stored: undefined, given: 'right' },
  { name: 'an unknown user without a password', stored: undefined, given: '' },
  { name: 'a locked account and the right password', stored: 'right', given: 'right', afterwards: 'locked' },
  { name: 'a locked account and a wrong password', stored: 'right', given: 'wrong', afterwards: 'locked' },
  { name: 'a locked account without a password', stored: '', given: '', afterwards: 'locked' },
  { name: 'a denied database', stored: 'right', given: 'right', remembered: true, afterwards: 'database-denied' },
]

export interface Scenario extends Credentials {
  readonly plugin: string
  readonly channel: Channel
  readonly route: Route
}

export interface Outcome {
  readonly flow: readonly string[]
  readonly states: readonly ServerState['at'][]
  /** `undefined`: in. */
  readonly refusal: { readonly reason: DenyReason; readonly error: string } | undefined
}

/** Plugin by route: which of them can be had. A server without nonce of its own cannot greet with a plugin. */
export function possible(plugin: string, route: Route): boolean {
  return [native, sha2, sha256].includes(plugin) || !(route === 'greeting' || route === 'switch-back')
}

export function play(scenario: Scenario): Trail {
  const { plugin, channel, route, given } = scenario
  const server = {
    world: worldOf(scenario),
    policy: policy({ defaultPlugin: plugins.get(greets(scenario))! }),
    stranger: stranger({ channel: channel === 'tls' && !again(route) ? 'plaintext' : channel }),
  }
  if (again(route)) {
    const old = route === 'old-change-user'
    const capabilities = old ? (usualCapabilities & ~capability.PLUGIN_AUTH) >>> 0 : usualCapabilities
    const greetingNonce = nonceSequence(900).next().value
    const previous = { ...noLogin, capabilities, authPluginName: old ? undefined : plugin }
    const command = {
      user: utf8('mary'),
      authAnswer: old ? scrambleNativePassword(utf8(given), greetingNonce) : new Uint8Array(0),
      database: new Uint8Array(0),
      collationId: 255,
      authPluginName: old ? undefined : plugin,
      connectAttributes: undefined,
    }
    return changeUser({ ...server, previous, greetingNonce, password: given, command })
  }
  const capabilities = route === 'old-client' ? usualCapabilities & ~capability.PLUGIN_AUTH : usualCapabilities
  const client = clientOptions({ password: given, tls: channel === 'tls' ? 'required' : 'never', capabilities })
  if (route !== 'switch-back') return meet({ ...server, client })
  return meet({ ...server, client, rewriteLogin: (payload) => withOtherPlugin(payload, startsWith(scenario)) })
}

/** What the documentation says must happen. */
export function expected(scenario: Scenario): Outcome {
  const { plugin, channel, route, given, stored, afterwards } = scenario
  // mysqld trusts a unix socket with a clear password, but its sha256_password does not.
  const secure = channel === 'tls' || (channel === 'unix-socket' && plugin !== sha256)
  const unknown = stored === undefined
  const flow: string[] = []
  const states: ServerState['at'][] = []
  let reason: DenyReason | undefined
  let usesPassword = given !== ''

  if (again(route)) {
    flow.push('COM_CHANGE_USER')
  } else {
    flow.push(`greeting (${greets(scenario)})`)
    states.push('await-login')
    if (channel === 'tls') {
      flow.push('SSLRequest')
      states.push('await-tls', 'await-login-over-tls')
    }
    const named = startsWith(scenario)
    const length = route === 'switch-back' ? 0 : firstAnswer(named, given, secure)
    flow.push(`response (${route === 'old-client' ? 'no plugin name' : named}, ${length} bytes)`)
  }
  states.push('await-account')

  const old = route === 'old-client' || route === 'old-change-user'
  const refusesAlways = refusing[plugin]
  if (old && plugin !== native) return refused('no-plugin-auth', serverError('ER_NOT_SUPPORTED_AUTH_MODE').message)
  if (refusesAlways !== undefined) {
    usesPassword = false
    return refused(
      refusesAlways,
      refusesAlways === 'peer-identity' ? "Access denied for user 'mary'@'localhost'" : denied(),
    )
  }
  if ((plugin === clear || plugin === dialog) && !secure) {
    usesPassword = false
    return refused('insecure-channel', denied())
  }

  if (route !== 'greeting' && !old) {
    const name = plugin === ed25519 ? 'client_ed25519' : plugin
    flow.push(`switch (${name}, ${switchData[plugin] ?? 21} bytes)`)
    states.push('await-switch-answer')
    const asksForKey = plugin === sha256 && given !== '' && !secure
    flow.push(asksForKey ? 'key request (01)' : `reply (${firstAnswer(plugin, given, secure)} bytes)`)
  }

  if (plugin === ed25519) {
    // Also an empty password signs.
    usesPassword = true
    if (stored === '') reason = 'stored-credential-unusable'
    else if (stored !== given) reason = 'scramble-mismatch'
  } else if (plugin === parsec) {
    usesPassword = false
    if (stored === '') reason = 'stored-credential-unusable'
    else {
      flow.push('01 +20 bytes', 'reply (96 bytes)')
      states.push('await-auth-answer')
      if (stored !== given) reason = 'scramble-mismatch'
    }
  } else if (given === '') {
    // "No password" is the whole proof, and mysql_clear_password never takes it.
    if (stored !== '' || plugin === clear) reason = 'no-password'
  } else if (plugin === native) {
    if (stored === '') reason = 'password-not-empty'
    else if (stored !== given) reason = 'scramble-mismatch'
  } else if (plugin === sha2 && scenario.remembered && given === stored) {
    flow.push('01 03')
  } else {
    if (plugin === sha2) {
      flow.push('01 04')
      states.push('await-auth-answer')
      flow.push(secure ? `reply (${given.length + 1} bytes)` : 'key request (02)')
    }
    if (!secure) {
      flow.push('public key', 'reply (256 bytes)')
      if (plugin === sha256) states.push('await-auth-answer')
    }
    states.push('await-secret-check')
    if (stored !== given) reason = 'secret-mismatch'
  }
  states.push('await-admission')
  if (unknown) reason = 'unknown-account'
  if (reason !== undefined) return refused(reason, denied())
  if (afterwards === 'locked')
    return refused('account-locked', "Access denied for user 'mary'@'localhost'. Account is locked.")
  if (afterwards === 'database-denied')
    return refused('database-denied', "Access denied for user 'mary'@'%' to database 'shut'")
  return { flow: [...flow, 'OK'], states: [...states, 'ready'], refusal: undefined }

  function refused(why: DenyReason, message: string): Outcome {
    const code = codes[why] ?? 1045
    return {
      flow: [...flow, `ERR ${code}`],
      states: [...states, 'refused'],
      refusal: { reason: why, error: `${code} (${sqlStates[code]}) ${message}` },
    }
  }

  function denied(): string {
    return `Access denied for user 'mary'@'localhost' (using password: ${usesPassword ? 'YES' : 'NO'})`
  }
}

/** Bytes behind the plugin's name, where it is not a nonce of 20 and its NUL. */
const switchData: Readonly<Record<string, number>> = {
  [clear]: 0,
  [ed25519]: 32,
  [parsec]: 32,
  [dialog]: '\x04Password: '.length,
}

const refusing: Readonly<Record<string, DenyReason>> = {
  mysql_no_login: 'no-login',
  auth_socket: 'peer-identity',
  unix_socket: 'peer-identity',
}

const codes: Partial<Record<DenyReason, number>> = {
  'no-plugin-auth': 1251,
  'peer-identity': 1698,
  'account-locked': 3118,
  'database-denied': 1044,
}

const sqlStates: Readonly<Record<number, string>> = {
  1044: '42000',
  1045: '28000',
  1251: '08004',
  1698: '28000',
  3118: 'HY000',
}

function again(route: Route): boolean {
  return route === 'change-user' || route === 'old-change-user'
}

/** The plugin of the greeting. */
function greets({ plugin, route }: Scenario): string {
  if (route === 'greeting' || route === 'switch-back') return plugin
  return plugin === sha2 ? native : sha2
}

/** The plugin that the client begins with. */
function startsWith({ plugin, route }: Scenario): string {
  if (route === 'old-client') return native
  if (route === 'switch-back') return plugin === native ? sha2 : 'no_such_plugin'
  return greets({ plugin, route } as Scenario)
}

/** Bytes of a client's first answer. */
function firstAnswer(plugin: string, given: string, secure: boolean): number {
  switch (plugin) {
    case native:
      return given === '' ? 0 : 20
    case sha2:
      return given === '' ? 0 : 32
    case ed25519:
      return 64
    case parsec:
      return 0
    case sha256:
      return given === '' || !secure ? 1 : given.length + 1
    default:
      return given.length + 1
  }
}

function withOtherPlugin(payload: Uint8Array, authPluginName: string): Uint8Array {
  return encodeHandshakeResponse41({
    ...decodeHandshakeResponse41(payload),
    authPluginName,
    authAnswer: new Uint8Array(0),
  })
}

function worldOf({ plugin, stored, remembered, afterwards }: Scenario): World {
  return world({
    accounts: accountsWith(plugin, stored),
    decoy: (user) => decoyOf(user, plugin),
    fastDigests: () => (remembered ? [doubleSha256('right')] : []),
    admission: ({ candidate, login }) => deniedBy(afterwards, candidate.account, login.user),
  })
}

function deniedBy(afterwards: Credentials['afterwards'], { host }: Account, user: string) {
  if (afterwards === undefined) return undefined
  const error =
    afterwards === 'locked'
      ? serverError('ER_ACCOUNT_HAS_BEEN_LOCKED', user, 'localhost')
      : serverError('ER_DBACCESS_DENIED_ERROR', user, host, 'shut')
  return { is: 'denied' as const, reason: afterwards === 'locked' ? ('account-locked' as const) : afterwards, error }
}

/** Hashing a password takes a millisecond: each account is made once. */
const made = new Map<string, MemoryAccounts>()

function accountsWith(plugin: string, stored: string | undefined): MemoryAccounts {
  const key = `${plugin} ${stored}`
  let accounts = made.get(key)
  if (accounts === undefined) {
    const password = plugin in refusing || stored === undefined ? {} : { password: stored }
    accounts = new MemoryAccounts(stored === undefined ? [] : [{ user: 'mary', plugin, ...password }])
    made.set(key, accounts)
  }
  return accounts
}

const noLogin = {
  user: 'somebody',
  database: undefined,
  collationId: 255,
  maxPacketSize: 1 << 24,
  connectAttributes: undefined,
  mariadbCapabilities: 0,
  zstdLevel: undefined,
}
