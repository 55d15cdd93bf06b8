/**
 * The configuration file, `saltgate.config.ts`: found, loaded, checked to the last key, and merged with `--set`.
 *
 * Everything wrong with it becomes one line that names the file, the place and the remedy. What the file holds is read
 * key by key into objects of our own, so that a crafted `__proto__` sets nothing.
 */
import { access, readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { ConfigurationError } from '../errors/errors.ts'
import { checkedShape, listenText } from './config-shape.ts'
import { syntaxErrorLine } from './config-syntax.ts'
import type { KeyMaterialOptions } from './key-material.ts'
import type { OnQuery } from './query.ts'
import type { SettingValue } from './setting-row.ts'
import { acceptStartupValue } from './setting-value.ts'
import { type SettingName, startupRowNamed } from './settings.ts'

export interface SaltgateConfig {
  /** `HOST:PORT`, `[IPv6]:PORT` or the path of a unix socket; 127.0.0.1:3307 when left out. */
  readonly listen?: readonly string[]
  /** Data directory, from the file's directory; `saltgate-data` when left out. */
  readonly data?: string
  /** System variables by MySQL's names; sizes may be written as '64M'. */
  readonly settings?: Readonly<Partial<Record<SettingName, string | number | bigint | boolean | null>>>
  /** Databases that exist, besides those that the accounts name. */
  readonly databases?: readonly string[]
  /** PEM files, from the file's directory; made by itself when left out. The variables ssl_cert, ssl_key and ssl_ca win. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string }
  /** Answers statements instead of the console. */
  readonly onQuery?: OnQuery
}

export interface LoadedConfig {
  /** Absolute; `undefined` when there is no file. */
  readonly file: string | undefined
  /** Where relative paths start: the file's directory, or that which was searched. Absolute. */
  readonly base: string
  readonly listen: readonly string[]
  /** Absolute. */
  readonly data: string
  /** Canonical names, checked values; for `new Settings(...)`. Has no prototype. */
  readonly settings: Readonly<Record<string, SettingValue>>
  readonly databases: readonly string[]
  /** Absolute paths, in `settings` too. */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string }
  readonly onQuery: OnQuery | undefined
  /** What the file has under the names of the caller's `sections`, each as its schema made it. */
  readonly sections: Readonly<Record<string, unknown>>
}

/**
 * Loads the given file, or the first saltgate.config.{ts,mts,js,mjs,json} of `directory`, or nothing; `set` are the
 * `VAR=VALUE` of the command line and win over the file. `sections` are further keys that the file may have, for parts of
 * the program that this one knows nothing of.
 *
 * Throws: `ConfigurationError` of one line: file, place, remedy.
 */
export async function loadConfig(options: {
  readonly directory: string
  readonly file?: string
  readonly set?: readonly string[]
  readonly sections?: Readonly<Record<string, z.ZodType>>
}): Promise<LoadedConfig> {
  const { sections = {} } = options
  const directory = resolve(options.directory)
  const file = options.file === undefined ? await findFile(directory) : resolve(directory, options.file)
  const content = file === undefined ? {} : await contentOf(file)
  const optional = Object.entries(sections).map(([name, section]) => [name, section.optional()])
  const whole = checkedShape(
    schema.extend(Object.fromEntries(optional)),
    content,
    file === undefined ? '' : `${file}: `,
  )
  const config: z.infer<typeof schema> = whole
  const base = file === undefined ? directory : dirname(file)

  const settings: Record<string, SettingValue> = Object.create(null)
  for (const [name, value] of Object.entries(config.settings ?? {})) {
    applySetting(settings, name, value, `${file}: settings.${name}`)
  }
  for (const assignment of options.set ?? []) {
    const equals = assignment.indexOf('=')
    if (equals < 1) throw new ConfigurationError(`--set ${assignment}: write --set VARIABLE=VALUE`)
    const name = assignment.slice(0, equals).trim()
    applySetting(settings, name, assignment.slice(equals + 1).trim(), `--set ${name}`)
  }

  const tls: { cert?: string; key?: string; ca?: string } = {}
  for (const part of ['cert', 'key', 'ca'] as const) {
    const path = settings[`ssl_${part}`] || config.tls?.[part]
    if (typeof path !== 'string') continue
    tls[part] = resolve(base, path)
    settings[`ssl_${part}`] = tls[part]
  }
  return {
    file,
    base,
    listen: config.listen ?? ['127.0.0.1:3307'],
    data: resolve(base, config.data ?? 'saltgate-data'),
    settings,
    databases: config.databases ?? [],
    tls,
    onQuery: config.onQuery,
    sections: Object.fromEntries(Object.keys(sections).map((name) => [name, whole[name]])),
  }
}

/** The files of `tls` as `loadKeyMaterial` takes them. */
export function serverKeys({ tls }: LoadedConfig): Pick<KeyMaterialOptions, 'sslCert' | 'sslKey' | 'sslCa'> {
  const { cert, key, ca } = tls
  return {
    ...(cert !== undefined && { sslCert: cert }),
    ...(key !== undefined && { sslKey: key }),
    ...(ca !== undefined && { sslCa: ca }),
  }
}

function applySetting(into: Record<string, SettingValue>, name: string, value: SettingValue, where: string): void {
  try {
    const { name: known, row } = startupRowNamed(name)
    acceptStartupValue(known, row, value)
    // The value itself is kept: `Settings` bends it into its range and warns.
    into[known] = value
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new ConfigurationError(`${where}: ${error.message}`)
  }
}

async function findFile(directory: string): Promise<string | undefined> {
  for (const extension of ['ts', 'mts', 'js', 'mjs', 'json']) {
    const path = join(directory, `saltgate.config.${extension}`)
    const found = await access(path).then(
      () => true,
      () => false,
    )
    if (found) return path
  }
  return undefined
}

async function contentOf(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`${file}: cannot be read (${error.code}): check the path given with --config`)
  })
  try {
    if (extname(file) === '.json') return JSON.parse(text)
    // Node keeps what it has imported once; the query makes it a module of its own. What the file imports stays as it is.
    const module = await import(`${pathToFileURL(file).href}?read=${++reads}`)
    if (module.default === undefined) {
      throw new ConfigurationError(`${file}: nothing is exported: write export default defineConfig({ ... })`)
    }
    return module.default
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const { line, remedy } = await syntaxErrorLine(file, text, error)
    const place = line === undefined ? file : `${file}:${line}`
    const what = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    throw new ConfigurationError(`${place}: ${what}: ${remedy}`)
  }
}

let reads = 0

const schema = z.strictObject({
  listen: z.array(listenText).min(1).optional(),
  data: z.string().min(1).optional(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null()])).optional(),
  databases: z.array(z.string().min(1).max(64)).optional(),
  tls: z
    .strictObject({
      cert: z.string().min(1).optional(),
      key: z.string().min(1).optional(),
      ca: z.string().min(1).optional(),
    })
    .optional(),
  onQuery: z.custom<OnQuery>((value) => typeof value === 'function', 'must be a function').optional(),
})
