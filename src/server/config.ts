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
import { didYouMean } from '../errors/nearest-name.ts'
import { syntaxErrorLine } from './config-syntax.ts'
import type { KeyMaterialOptions } from './key-material.ts'
import { parseListen } from './listen-address.ts'
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
  readonly listen: readonly string[]
  /** Absolute. */
  readonly data: string
  /** Canonical names, checked values; for `new Settings(...)`. Has no prototype. */
  readonly settings: Readonly<Record<string, SettingValue>>
  readonly databases: readonly string[]
  /** Absolute paths, in `settings` too. */
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string }
  readonly onQuery: OnQuery | undefined
}

/** Types the configuration in an editor; returns its argument. */
export function defineConfig(config: SaltgateConfig): SaltgateConfig {
  return config
}

/**
 * Loads the given file, or the first saltgate.config.{ts,mts,js,mjs,json} of `directory`, or nothing; `set` are the
 * `VAR=VALUE` of the command line and win over the file.
 *
 * Throws: `ConfigurationError` of one line: file, place, remedy.
 */
export async function loadConfig(options: {
  readonly directory: string
  readonly file?: string
  readonly set?: readonly string[]
}): Promise<LoadedConfig> {
  const directory = resolve(options.directory)
  const file = options.file === undefined ? await findFile(directory) : resolve(directory, options.file)
  const config = file === undefined ? {} : checked(file, await contentOf(file))
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
    listen: config.listen ?? ['127.0.0.1:3307'],
    data: resolve(base, config.data ?? 'saltgate-data'),
    settings,
    databases: config.databases ?? [],
    tls,
    onQuery: config.onQuery,
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
  listen: z.array(z.string().superRefine(parsesAsListen)).min(1).optional(),
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

function checked(file: string, content: unknown): z.infer<typeof schema> {
  const forbidden = prototypeKey(content, '')
  if (forbidden !== undefined) throw new ConfigurationError(`${file}: unknown key '${forbidden}': remove it`)
  const result = schema.safeParse(content)
  if (result.success) return result.data
  throw new ConfigurationError(`${file}: ${result.error.issues.map(describeIssue).join('; ')}`)
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(path[0] === 'tls' ? schema.shape.tls.unwrap().shape : schema.shape)
    return issue.keys
      .map(
        (key) =>
          `unknown key '${[...path, key].join('.')}'${didYouMean(key, known) || `: known are ${known.join(', ')}`}`,
      )
      .join('; ')
  }
  const place = path.length === 0 ? 'the configuration' : path.join('.')
  return `${place}: ${issue.message.replaceAll('\n', ' ')}`
}

/** zod passes over `__proto__` in silence; JSON.parse makes it an own key. */
function prototypeKey(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return `${path}${key}`
    const found = prototypeKey((value as Record<string, unknown>)[key], `${path}${key}.`)
    if (found !== undefined) return found
  }
  return undefined
}

function parsesAsListen(text: string, context: z.core.$RefinementCtx): void {
  try {
    parseListen(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
}
