/** The options of a connection as they may stand in a configuration, where no compiler has looked at them. */
import { z } from 'zod'
import { tlsModes } from '../client/named-options.ts'
import type { ClientTlsOptions, ConnectOptions } from '../client/options.ts'

const callable = z.custom((value) => typeof value === 'function', 'must be a function')
const secret = z.union([z.string(), z.instanceof(Uint8Array), callable], 'must be text, bytes or a function').optional()
const pem = z.union([z.string(), z.instanceof(Uint8Array)], 'must be PEM').optional()
const text = z.string().optional()
const flag = z.boolean().optional()
const count = z.number().int().optional()

const tlsShape = z.strictObject({
  mode: z.enum(tlsModes).optional(),
  ca: z
    .union(
      [z.string(), z.instanceof(Uint8Array), z.array(z.union([z.string(), z.instanceof(Uint8Array)]))],
      'must be PEM',
    )
    .optional(),
  cert: pem,
  key: pem,
  passphrase: text,
  crl: pem,
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional(),
  maxVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional(),
  ciphers: text,
  serverName: text,
  fingerprint: text,
} satisfies Record<keyof ClientTlsOptions, z.ZodType>)

/** The options of a client, to the last key; what a value means, and whether it can work, is judged by `settle`. */
export const connectShape = z.strictObject({
  host: text,
  port: count,
  socketPath: text,
  user: text,
  password: secret,
  password2: secret,
  password3: secret,
  database: text,
  tls: tlsShape.optional(),
  defaultAuth: text,
  allowPlugins: z.array(z.string()).optional(),
  enableCleartextPlugin: flag,
  getServerPublicKey: flag,
  serverPublicKey: text,
  openidToken: secret,
  prompt: callable.optional(),
  connectTimeoutMs: count,
  connectAttributes: z
    .union([z.literal(false), z.record(z.string(), z.string())], 'must be false, or texts by name')
    .optional(),
  compress: z.array(z.enum(['zstd', 'zlib'])).optional(),
  zstdLevel: count,
  multiStatements: flag,
  foundRows: flag,
  connectExpiredPassword: flag,
  maxAllowedPacket: count,
  keepAlive: flag,
  signal: z.instanceof(AbortSignal).optional(),
  onStep: callable.optional(),
  rowsAs: z.enum(['object', 'array']).optional(),
  bigint: z.enum(['bigint', 'number', 'string']).optional(),
  json: z.enum(['text', 'parsed']).optional(),
} satisfies Record<keyof ConnectOptions, z.ZodType>)
