/**
 * From a caller's options to what a login needs: checked once, before anything is opened, so that what cannot work fails with a
 * `ConfigurationError` that names the option.
 */
import { createPublicKey, randomBytes } from 'node:crypto'
import { hostname, platform, release } from 'node:os'
import { clientPlugins } from '../auth/plugins.ts'
import { ConfigurationError } from '../errors/errors.ts'
import type { ClientOptions } from '../machine/client-states.ts'
import { capability, mariadbCapability } from '../packets/capabilities.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { ConnectOptions, PasswordSource, TlsMode } from './options.ts'
import { isLocal, type Target, targetOf } from './target.ts'
import { type PreparedTls, prepareTls } from './tls.ts'

/** All that stays the same for each login with these options; passwords are asked for at each. */
export interface Settings {
  readonly options: ConnectOptions
  readonly target: Target
  readonly tls: PreparedTls
  readonly timeoutMs: number
  readonly maxAllowedPacket: number
  readonly login: Omit<ClientOptions, 'passwords' | 'user' | 'database'>
  /** Bytes that go ahead of the protocol: a PROXY header. */
  readonly preamble?: Uint8Array
}

/** Whom to log in as: what `changeUser` can change. */
export interface Identity {
  readonly user: string
  readonly database: string | undefined
  readonly passwords: readonly (PasswordSource | undefined)[]
  readonly openidToken: PasswordSource | undefined
}

const defaultTimeoutMs = 10_000
const defaultMaxPacket = 64 << 20
const largestPacket = 1 << 30

/** Throws: `ConfigurationError`. */
export function settle(options: ConnectOptions): Settings {
  const target = targetOf(options)
  const tls = prepareTls(options.tls ?? {}, target)
  const { connectTimeoutMs: timeoutMs = defaultTimeoutMs, maxAllowedPacket = defaultMaxPacket } = options
  if (!(timeoutMs > 0 && timeoutMs <= 0x7fffffff)) {
    throw new ConfigurationError(`connectTimeoutMs is ${timeoutMs}; it takes 1 to 2147483647`)
  }
  if (!(Number.isInteger(maxAllowedPacket) && maxAllowedPacket >= 1024 && maxAllowedPacket <= largestPacket)) {
    throw new ConfigurationError(`maxAllowedPacket is ${maxAllowedPacket}; it takes 1024 to ${largestPacket} bytes`)
  }
  const { zstdLevel = 3 } = options
  if (!(Number.isInteger(zstdLevel) && zstdLevel >= 1 && zstdLevel <= 22)) {
    throw new ConfigurationError(`zstdLevel is ${zstdLevel}; it takes 1 to 22`)
  }
  const { serverPublicKey } = options
  if (serverPublicKey !== undefined && !isRsaKey(serverPublicKey)) {
    throw new ConfigurationError('serverPublicKey is not the PEM of an RSA key')
  }
  const attributes = attributesOf(options)
  return {
    options,
    target,
    tls,
    timeoutMs,
    maxAllowedPacket,
    login: {
      capabilities: capabilitiesOf(options),
      mariadbCapabilities: mariadbCapability.EXTENDED_METADATA,
      collationId: utf8mb4,
      maxPacketSize: maxAllowedPacket,
      tls: loginTls(tls.mode, target),
      plugins: pluginsOf(options),
      allowClearPassword: options.enableCleartextPlugin ?? false,
      mayRequestPublicKey: options.getServerPublicKey ?? false,
      attributesOnPlaintext: isLocal(target),
      compressions: compressionsOf(options),
      zstdLevel,
      random,
      ...(options.defaultAuth !== undefined && { defaultPlugin: options.defaultAuth }),
      ...(serverPublicKey !== undefined && { serverPublicKey }),
      ...(attributes !== undefined && { connectAttributes: attributes }),
    },
  }
}

/** Throws: `ConfigurationError`. */
export function identityOf(options: ConnectOptions): Identity {
  const { user = '', database, password, password2, password3, openidToken } = options
  for (const [name, text] of [
    ['user', user],
    ['database', database ?? ''],
  ] as const) {
    if (typeof text !== 'string') throw new ConfigurationError(`${name} is a ${typeof text}, not a string`)
    if (text.includes('\0')) throw new ConfigurationError(`${name} holds a NUL character`)
  }
  return { user, database, passwords: [password, password2, password3], openidToken }
}

function loginTls(mode: TlsMode, target: Target): ClientOptions['tls'] {
  if (mode === 'DISABLED') return 'never'
  if (mode === 'PREFERRED') return target.kind === 'socket' ? 'never' : 'preferred'
  return 'required'
}

function pluginsOf({ allowPlugins }: ConnectOptions): ClientOptions['plugins'] {
  if (allowPlugins === undefined) return clientPlugins
  const unknown = allowPlugins.find((name) => !clientPlugins.has(name))
  if (unknown !== undefined) throw new ConfigurationError(`allowPlugins names ${unknown}, which is not known here`)
  return new Map([...clientPlugins].filter(([name]) => allowPlugins.includes(name)))
}

function capabilitiesOf({ multiStatements, foundRows, connectExpiredPassword }: ConnectOptions): number {
  let wanted =
    capability.LONG_PASSWORD |
    capability.LONG_FLAG |
    capability.LOCAL_FILES |
    capability.PROTOCOL_41 |
    capability.TRANSACTIONS |
    capability.SECURE_CONNECTION |
    capability.MULTI_RESULTS |
    capability.PS_MULTI_RESULTS |
    capability.PLUGIN_AUTH |
    capability.PLUGIN_AUTH_LENENC_CLIENT_DATA |
    capability.SESSION_TRACK |
    capability.DEPRECATE_EOF |
    capability.QUERY_ATTRIBUTES |
    capability.MULTI_FACTOR_AUTHENTICATION
  if (multiStatements) wanted |= capability.MULTI_STATEMENTS
  if (foundRows) wanted |= capability.FOUND_ROWS
  if (connectExpiredPassword) wanted |= capability.CAN_HANDLE_EXPIRED_PASSWORDS
  return wanted >>> 0
}

function isRsaKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

function compressionsOf({ compress = [] }: ConnectOptions): number[] {
  if (!Array.isArray(compress)) throw new ConfigurationError(`compress is ${compress}; it takes an array`)
  return compress.map((algorithm) => {
    if (algorithm !== 'zstd' && algorithm !== 'zlib') throw new ConfigurationError(`compress names ${algorithm}`)
    return algorithm === 'zstd' ? capability.ZSTD_COMPRESSION_ALGORITHM : capability.COMPRESS
  })
}

function attributesOf({ connectAttributes }: ConnectOptions): ConnectAttributes | undefined {
  if (connectAttributes === false) return undefined
  if (connectAttributes === undefined) return ourEncodedAttributes
  return encoded({ ...ourAttributes, ...connectAttributes })
}

function encoded(attributes: Readonly<Record<string, unknown>>): ConnectAttributes {
  return Object.entries(attributes).map(([key, value]) => {
    if (typeof value !== 'string') throw new ConfigurationError(`connectAttributes.${key} is a ${typeof value}`)
    return [Buffer.from(key, 'utf8'), Buffer.from(value, 'utf8')] as const
  })
}

/** Drawn for a hundred logins at once: to ask for each costs as much as a scramble. What a client draws is no secret. */
let drawn = Buffer.alloc(0)

function random(length: number): Uint8Array {
  if (drawn.length < length) drawn = randomBytes(4096)
  const some = drawn.subarray(0, length)
  drawn = drawn.subarray(length)
  return some
}

/** The names that MySQL's own clients use. */
const ourAttributes: Readonly<Record<string, string>> = {
  _client_name: 'saltgate',
  _os: `${platform()} ${release()}`,
  _pid: String(process.pid),
  _platform: process.arch,
  _source_host: hostname(),
  _runtime_version: `node ${process.versions.node}`,
}

const ourEncodedAttributes = encoded(ourAttributes)

/** utf8mb4_general_ci: the one that every server since 5.5 knows, and whose id fits the greeting's byte. */
const utf8mb4 = 45
