/**
 * The system variables of a running server, and a session's view of them.
 *
 * Global values live in one immutable map that each change replaces. A session keeps the map of the moment when it
 * started, as MySQL copies the global values at login, and a map of its own only once it sets something: an idle session
 * costs two references.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/using-system-variables.html
 */
import { ConfigurationError, serverError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import type { SettingRow, SettingValue, ValueOf } from './setting-row.ts'
import { type Accepted, acceptStartupValue, acceptValue, type SettingWarning } from './setting-value.ts'
import { rememberedSettings, settingAliases } from './settings-remembered.ts'
import { settingsTable } from './settings-table.ts'

const allSettings = { ...settingsTable, ...rememberedSettings }

export type SettingName = keyof typeof allSettings
export type SettingOf<N extends SettingName> = ValueOf<(typeof allSettings)[N]>

export interface SettingEntry {
  readonly name: string
  readonly value: SettingValue
  readonly row: SettingRow
}

/** Called after a global value has changed, in the call that changed it; must not throw. */
export type SettingListener<N extends SettingName> = (value: SettingOf<N>, previous: SettingOf<N>) => void

export class Settings {
  #values: ReadonlyMap<string, SettingValue> = initialValues
  readonly #listeners = new Map<string, Set<(value: never, previous: never) => void>>()
  /** What the configuration had to be bent to, one sentence each. */
  readonly startupWarnings: string[] = []

  /**
   * Starts with the defaults and what the configuration says instead, read-only variables included.
   *
   * Throws: `ConfigurationError` for an unknown name or an impossible value.
   */
  constructor(configured: Readonly<Record<string, SettingValue>> = {}) {
    for (const [name, value] of Object.entries(configured)) this.setAtStartup(name, value)
    this.#replace('host_cache_size', this.#sized('host_cache_size', this.get('host_cache_size')))
  }

  /**
   * Reads a global value.
   *
   * Throws: `ServerError` 1193 for an unknown name.
   */
  get<N extends SettingName>(name: N): SettingOf<N>
  get(name: string): SettingValue
  get(name: string): SettingValue {
    const value = this.#values.get(name)
    return value === undefined ? (this.#values.get(rowNamed(name).name) ?? null) : value
  }

  /**
   * Sets a global value as SET GLOBAL does; `'DEFAULT'` is not special, see `resetGlobal`.
   *
   * Returns: a warning (1292) when a number was moved into its range.
   * Throws: as `acceptGlobal`.
   */
  setGlobal(name: string, value: SettingValue): readonly SettingWarning[] {
    const { name: known, value: accepted, warning } = acceptGlobal(name, value)
    this.#replace(known, accepted)
    return warning === undefined ? [] : [warning]
  }

  /** SET GLOBAL ... = DEFAULT: the built-in default, not the configured value. Throws: as `setGlobal`. */
  resetGlobal(name: string): void {
    const { name: known, row } = globalRowNamed(name)
    this.#replace(known, this.#sized(known, row.default))
  }

  /**
   * Sets any variable as the configuration does, or as the server does for what it finds out by itself: the port, the
   * host name. A number out of range is moved into it, with a line in `startupWarnings`.
   *
   * Throws: `ConfigurationError` for an unknown name or an impossible value.
   */
  setAtStartup(name: string, value: SettingValue): void {
    const { name: known, row } = startupRowNamed(name)
    const accepted = acceptStartupValue(known, row, value)
    if (accepted.warning !== undefined) {
      this.startupWarnings.push(`${known} cannot be ${value}: ${accepted.value} is used`)
    }
    this.#replace(known, accepted.value)
  }

  /** Listens for changes of a global value. Returns: a function that ends the listening. */
  onChange<N extends SettingName>(name: N, listener: SettingListener<N>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  /** All global values of now: a snapshot, which later changes replace and never alter. */
  get values(): ReadonlyMap<string, SettingValue> {
    return this.#values
  }

  /** Every global value, by name; variables that only sessions have are left out. */
  *entries(): Generator<SettingEntry> {
    for (const [name, row] of rows) {
      if (row.scope !== 'session') yield { name, value: this.get(name), row }
    }
  }

  /** The view of a new session. */
  session(): SessionSettings {
    return new SessionSettings(this)
  }

  /** -1 asks for a size that fits max_connections. */
  #sized(name: string, value: SettingValue): SettingValue {
    return name === 'host_cache_size' && value === -1 ? hostCacheSize(this.get('max_connections')) : value
  }

  #replace(name: string, value: SettingValue): void {
    const previous = this.#values.get(name)
    if (value === previous) return
    this.#values = new Map(this.#values).set(name, value)
    for (const listener of this.#listeners.get(name) ?? []) listener(value as never, previous as never)
  }
}

/** What one session sees; made by `Settings.session`. */
export class SessionSettings {
  readonly #global: Settings
  #start: ReadonlyMap<string, SettingValue>
  #own: Map<string, SettingValue> | undefined

  constructor(global: Settings) {
    this.#global = global
    this.#start = global.values
  }

  /**
   * Reads the session's value, or the global one of a variable that sessions do not have.
   *
   * Throws: `ServerError` 1193 for an unknown name.
   */
  get<N extends SettingName>(name: N): SettingOf<N>
  get(name: string): SettingValue
  get(name: string): SettingValue {
    const { name: known, row } = rowNamed(name)
    if (row.scope === 'global') return this.#global.get(known)
    const own = this.#own?.get(known)
    return own === undefined ? (this.#start.get(known) ?? null) : own
  }

  /**
   * Sets the session's value as SET SESSION does.
   *
   * Returns: a warning (1292) when a number was moved into its range.
   * Throws: as `acceptSession`.
   */
  set(name: string, value: SettingValue): readonly SettingWarning[] {
    const { name: known, value: accepted, warning } = acceptSession(name, value)
    this.#own ??= new Map()
    this.#own.set(known, accepted)
    return warning === undefined ? [] : [warning]
  }

  /** SET SESSION ... = DEFAULT: the global value of now. Throws: as `set`. */
  resetOne(name: string): void {
    this.set(name, this.#global.get(name))
  }

  /** Starts anew with the global values of now, as COM_RESET_CONNECTION and COM_CHANGE_USER do. */
  reset(): void {
    this.#start = this.#global.values
    this.#own = undefined
  }

  /** Every value that the session sees, by name. */
  *entries(): Generator<SettingEntry> {
    for (const [name, row] of rows) yield { name, value: this.get(name), row }
  }
}

/**
 * Finds the row of a name from the configuration, where `-` may stand for `_`.
 *
 * Throws: `ConfigurationError` with the nearest known name.
 */
export function startupRowNamed(name: string): { readonly name: string; readonly row: SettingRow } {
  const known = canonicalName(name.replaceAll('-', '_'))
  const row = rows.get(known)
  if (row === undefined) {
    throw new ConfigurationError(`unknown system variable '${name}'${didYouMean(name, rows.keys())}`)
  }
  return { name: known, row }
}

/**
 * Judges what SET GLOBAL would set, and sets nothing.
 *
 * Throws: `ServerError` 1193, 1228, 1231, 1232 or 1238.
 */
export function acceptGlobal(name: string, value: SettingValue): Accepted & { readonly name: string } {
  const { name: known, row } = globalRowNamed(name)
  // -1 is only for the configuration.
  const settable = known === 'host_cache_size' && row.type === 'integer' ? { ...row, min: 0 } : row
  return { name: known, ...acceptValue(known, settable, value) }
}

/**
 * Judges what SET SESSION would set, and sets nothing.
 *
 * Throws: `ServerError` 1193, 1229, 1231, 1232, 1238 or 1621.
 */
export function acceptSession(name: string, value: SettingValue): Accepted & { readonly name: string } {
  const { name: known, row } = rowNamed(name)
  if (!row.dynamic) throw serverError('ER_INCORRECT_GLOBAL_LOCAL_VAR', known, 'read only')
  if (row.scope === 'global') throw serverError('ER_GLOBAL_VARIABLE', known)
  if (row.sessionFixed) throw serverError('ER_VARIABLE_IS_READONLY', 'SESSION', known, 'SET GLOBAL')
  return { name: known, ...acceptValue(known, row, value) }
}

/** The row of a variable, if there is one. */
export function settingRow(name: string): SettingRow | undefined {
  return rows.get(canonicalName(name))
}

function globalRowNamed(name: string): { readonly name: string; readonly row: SettingRow } {
  const found = rowNamed(name)
  if (!found.row.dynamic) throw serverError('ER_INCORRECT_GLOBAL_LOCAL_VAR', found.name, 'read only')
  if (found.row.scope === 'session') throw serverError('ER_LOCAL_VARIABLE', found.name)
  return found
}

function rowNamed(name: string): { readonly name: string; readonly row: SettingRow } {
  const known = canonicalName(name)
  const row = rows.get(known)
  if (row === undefined) throw serverError('ER_UNKNOWN_SYSTEM_VARIABLE', name)
  return { name: known, row }
}

function canonicalName(name: string): string {
  const lower = name.toLowerCase()
  return settingAliases.get(lower) ?? lower
}

/** As mysqld sizes it: 128, one for each of the first 500 connections, one for each 20 beyond, 2000 at most. */
function hostCacheSize(maxConnections: number): number {
  return Math.min(2000, 128 + Math.min(500, maxConnections) + Math.max(0, Math.floor((maxConnections - 500) / 20)))
}

const rows: ReadonlyMap<string, SettingRow> = new Map<string, SettingRow>(
  Object.entries<SettingRow>(allSettings).sort(([left], [right]) => (left < right ? -1 : 1)),
)
const initialValues: ReadonlyMap<string, SettingValue> = new Map(Array.from(rows, ([name, row]) => [name, row.default]))
