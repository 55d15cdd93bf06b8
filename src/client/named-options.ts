/**
 * Connection options by MySQL's names (`ssl-mode`, `get-server-public-key`, ...), as URIs, option files and command lines write
 * them: what each name means in `ConnectOptions` is said here and nowhere else.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-options.html
 */
import { DEFAULT_CIPHERS } from 'node:tls'
import { ConfigurationError } from '../errors/errors.ts'
import { GivenValue, type ReadFile } from './named-values.ts'
import type { ClientTlsOptions, ConnectOptions, TlsMode } from './options.ts'

/** An option as somebody gave it. */
export interface NamedSetting {
  /** One of `namedOptions`. */
  readonly name: string
  /** `undefined`: given without a value. */
  readonly value: string | undefined
  /** Who said so, for messages: `the URI`, `/etc/my.cnf line 3`. */
  readonly origin: string
}

export interface NamedOption {
  /** A flag without a value is on. */
  readonly takes: 'value' | 'flag'
  /** Whether a URI may set it as a parameter: nothing that a URI says elsewhere, reads a token, or widens what a statement may do. */
  readonly inUri: boolean
  set(to: Draft, value: GivenValue): void
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }
type Draft = Writable<Omit<ConnectOptions, 'tls'>> & { tls: Writable<ClientTlsOptions> }

/** From the weakest to the strictest. */
export const tlsModes = ['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'] as const

export const namedOptions: ReadonlyMap<string, NamedOption> = new Map<string, NamedOption>([
  ['host', elsewhere((to, value) => assign(to, 'host', value.text))],
  ['port', elsewhere((to, value) => assign(to, 'port', value.integer(0, 65_535) || undefined))],
  ['socket', parameter((to, value) => assign(to, 'socketPath', value.text))],
  ['user', elsewhere((to, value) => assign(to, 'user', value.text))],
  ['password', elsewhere((to, value) => assign(to, 'password', value.text))],
  ['password2', elsewhere((to, value) => assign(to, 'password2', value.text))],
  ['password3', elsewhere((to, value) => assign(to, 'password3', value.text))],
  ['database', elsewhere((to, value) => assign(to, 'database', value.text || undefined))],

  ['ssl-mode', parameter((to, value) => assign(to.tls, 'mode', value.oneOf(tlsModes)))],
  // MariaDB's two flags; `tlsModeOf` makes a mode of them.
  ['ssl', flag((_to, value) => value.flag)],
  ['ssl-verify-server-cert', flag((_to, value) => value.flag)],
  ['ssl-ca', parameter((to, value) => add(to.tls, value.file))],
  ['ssl-capath', parameter((to, value) => add(to.tls, ...value.hashedFiles(/^[0-9a-f]{8}\.\d+$/)))],
  ['ssl-cert', parameter((to, value) => assign(to.tls, 'cert', value.file))],
  ['ssl-key', parameter((to, value) => assign(to.tls, 'key', value.file))],
  ['ssl-passphrase', elsewhere((to, value) => assign(to.tls, 'passphrase', value.text))],
  ['ssl-crl', parameter((to, value) => assign(to.tls, 'crl', value.file))],
  // Not to be ignored: what it revokes would be let in.
  ['ssl-crlpath', parameter((_to, value) => value.refuse('is not offered; put the lists into the file of ssl-crl'))],
  ['ssl-cipher', parameter((to, value) => assign(to.tls, 'ciphers', value.text))],
  ['tls-ciphersuites', parameter((_to, value) => value.text)],
  ['tls-version', parameter((to, value) => tlsVersions(to.tls, value.list(['TLSv1.2', 'TLSv1.3'])))],
  ['tls-sni-servername', parameter((to, value) => assign(to.tls, 'serverName', value.text))],
  ['ssl-fingerprint', parameter((to, value) => assign(to.tls, 'fingerprint', value.sha256))],

  ['default-auth', parameter((to, value) => assign(to, 'defaultAuth', value.text))],
  ['allow-plugins', parameter((to, value) => assign(to, 'allowPlugins', value.list()))],
  ['enable-cleartext-plugin', flag((to, value) => assign(to, 'enableCleartextPlugin', value.flag))],
  ['get-server-public-key', flag((to, value) => assign(to, 'getServerPublicKey', value.flag))],
  ['server-public-key-path', parameter((to, value) => assign(to, 'serverPublicKey', value.file.toString('latin1')))],
  // Read at the login: others renew the file.
  ['openid-token-file', elsewhere((to, value) => assign(to, 'openidToken', () => value.file.toString('utf8').trim()))],

  ['connect-timeout', parameter((to, value) => assign(to, 'connectTimeoutMs', seconds(value)))],
  ['connect-timeout-ms', parameter((to, value) => assign(to, 'connectTimeoutMs', value.integer(1, MAX_MS)))],
  ['connect-expired-password', flag((to, value) => assign(to, 'connectExpiredPassword', value.flag))],
  ['compress', flag((to, value) => assign(to, 'compress', value.flag ? ['zlib'] : []))],
  ['compression-algorithms', parameter((to, value) => assign(to, 'compress', algorithms(value)))],
  ['zstd-compression-level', parameter((to, value) => assign(to, 'zstdLevel', value.integer(1, 22)))],
  ['max-allowed-packet', parameter((to, value) => assign(to, 'maxAllowedPacket', value.bytes(1024, 1024 ** 3)))],
  ['keep-alive', flag((to, value) => assign(to, 'keepAlive', value.flag))],
  ['found-rows', flag((to, value) => assign(to, 'foundRows', value.flag))],
  ['multi-statements', { ...flag((to, value) => assign(to, 'multiStatements', value.flag)), inUri: false }],
  ['rows-as', parameter((to, value) => assign(to, 'rowsAs', value.oneOf(['object', 'array'])))],
  ['bigint', parameter((to, value) => assign(to, 'bigint', value.oneOf(['bigint', 'number', 'string'])))],
  ['json', parameter((to, value) => assign(to, 'json', value.oneOf(['text', 'parsed'])))],
])

/** The name in `namedOptions` that is meant: `_` is `-`, and some options have two names. */
export function canonicalName(written: string): string {
  const name = written.replaceAll('_', '-')
  return aliases.get(name) ?? name
}

const aliases: ReadonlyMap<string, string> = new Map([
  ['password1', 'password'],
  ['authentication-openid-connect-client-id-token-file', 'openid-token-file'],
  ['ssl-fp', 'ssl-fingerprint'],
  ['tls-fp', 'ssl-fingerprint'],
  ['socket-path', 'socket'],
  ['zstd-level', 'zstd-compression-level'],
])

/** What remains of settings given one after the other: of each option, and of different words for the same thing, the last. */
export function lastSaid<Setting extends NamedSetting>(settings: Iterable<Setting>): Map<string, Setting> {
  const said = new Map<string, Setting>()
  for (const setting of settings) {
    for (const name of [setting.name, ...(overruled.get(setting.name) ?? [])]) said.delete(name)
    said.set(setting.name, setting)
  }
  return said
}

const overruled: ReadonlyMap<string, readonly string[]> = new Map([
  ['ssl-mode', ['ssl', 'ssl-verify-server-cert']],
  ['ssl', ['ssl-mode']],
  ['ssl-verify-server-cert', ['ssl-mode']],
  ['compress', ['compression-algorithms']],
  ['compression-algorithms', ['compress']],
  ['connect-timeout', ['connect-timeout-ms']],
  ['connect-timeout-ms', ['connect-timeout']],
])

/**
 * Turns settings into options; of those with the same name the last counts.
 *
 * Throws: `ConfigurationError` that names the option and who gave it, never its value where that is a secret.
 */
export function connectOptionsOf(settings: Iterable<NamedSetting>, readFile: ReadFile): ConnectOptions {
  const said = lastSaid(settings)
  const draft: Draft = { tls: {} }
  for (const setting of said.values()) {
    const option = namedOptions.get(setting.name)
    if (option === undefined) throw new ConfigurationError(`${setting.origin}: unknown option '${setting.name}'`)
    option.set(draft, new GivenValue(setting, readFile))
  }
  assign(draft.tls, 'mode', tlsModeOf(said))
  assign(draft.tls, 'ciphers', cipherList(draft.tls.ciphers, said.get('tls-ciphersuites')?.value))
  const { tls, ...options } = draft
  return Object.keys(tls).length === 0 ? options : { ...options, tls }
}

/** The TLS mode that the settings ask for, in MySQL's words or in MariaDB's; `undefined` when they say nothing of it. */
export function tlsModeOf(said: ReadonlyMap<string, NamedSetting>): TlsMode | undefined {
  const value = (name: string) => {
    const setting = said.get(name)
    return setting && new GivenValue(setting)
  }
  const mode = value('ssl-mode')
  if (mode !== undefined) return mode.oneOf(tlsModes)
  const [ssl, verify] = [value('ssl')?.flag, value('ssl-verify-server-cert')?.flag]
  if (ssl === false) return 'DISABLED'
  if (verify === false) return 'REQUIRED'
  return ssl || verify ? 'VERIFY_IDENTITY' : undefined
}

function parameter(set: NamedOption['set']): NamedOption {
  return { takes: 'value', inUri: true, set }
}

function flag(set: NamedOption['set']): NamedOption {
  return { takes: 'flag', inUri: true, set }
}

function elsewhere(set: NamedOption['set']): NamedOption {
  return { takes: 'value', inUri: false, set }
}

function assign<T, Key extends keyof T>(to: T, key: Key, value: T[Key] | undefined): void {
  if (value === undefined) delete to[key]
  else to[key] = value
}

function add(tls: Draft['tls'], ...authorities: readonly Buffer[]): void {
  tls.ca = [...((tls.ca as readonly Buffer[] | undefined) ?? []), ...authorities]
}

function tlsVersions(tls: Draft['tls'], versions: readonly ('TLSv1.2' | 'TLSv1.3')[]): void {
  tls.minVersion = versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3'
  tls.maxVersion = versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2'
}

/** Node has one list where MySQL has two options: what only one of them names leaves the other half as it is. */
function cipherList(cipher: string | undefined, suites: string | undefined): string | undefined {
  if (cipher === undefined && suites === undefined) return undefined
  const defaults = DEFAULT_CIPHERS.split(':')
  const ofTls12 = cipher ?? defaults.filter((name) => !name.startsWith('TLS_')).join(':')
  const ofTls13 = suites ?? defaults.filter((name) => name.startsWith('TLS_')).join(':')
  return [ofTls13, ofTls12].filter((list) => list !== '').join(':')
}

/** MySQL's 0 is the system's own time limit, which may be minutes: here it leaves the default. */
function seconds(value: GivenValue): number | undefined {
  return value.integer(0, MAX_MS / 1000) * 1000 || undefined
}

function algorithms(value: GivenValue): ('zstd' | 'zlib')[] {
  return value.list(['zstd', 'zlib', 'uncompressed']).filter((name) => name !== 'uncompressed')
}

/** What a timer can hold, in whole seconds. */
const MAX_MS = 2_147_483_000
