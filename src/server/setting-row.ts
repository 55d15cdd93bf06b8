/**
 * The shape of a system variable: what the tables of settings are made of.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html
 */

/** `bigint` for the few variables that go up to 2^64-1. */
export type SettingValue = number | bigint | boolean | string | null

interface AnyRow {
  /** `both`: each session starts with a copy of the global value. */
  readonly scope: 'global' | 'session' | 'both'
  /** `false`: SET is refused (1238); the configuration and the server itself can still set it. */
  readonly dynamic: boolean
  /** `true`: the session's copy is read-only (1621). */
  readonly sessionFixed: boolean
  readonly description: string
}

export interface IntegerRow<V extends number | bigint = number | bigint> extends AnyRow {
  readonly type: 'integer'
  readonly default: V
  readonly min: V
  readonly max: V
  /** Values are rounded down to a multiple of it. */
  readonly block: number
  /** A value out of range is refused (1231) instead of moved into it. */
  readonly strict: boolean
}

export interface BooleanRow extends AnyRow {
  readonly type: 'boolean'
  readonly default: boolean
}

export interface EnumRow<V extends string = string> extends AnyRow {
  readonly type: 'enum'
  readonly default: V
  readonly values: readonly V[]
}

/** A list of names, kept as one text with commas, in the order of `values`. */
export interface SetRow extends AnyRow {
  readonly type: 'set'
  readonly default: string
  readonly values: readonly string[]
  /** Names that stand for several: ANSI, TRADITIONAL. */
  readonly expands: Readonly<Record<string, string>>
}

export interface StringRow<V extends string | null = string | null> extends AnyRow {
  readonly type: 'string'
  /** `null` among the values makes the variable nullable. */
  readonly default: V
  readonly nullable: boolean
  /** Returns the text to keep, or throws the server error that MySQL gives. */
  readonly accept: ((text: string) => string) | undefined
  /** What is accepted, in words. */
  readonly takes: string
}

export type SettingRow = IntegerRow | BooleanRow | EnumRow | SetRow | StringRow

export type Scope = AnyRow['scope']

/** The type of a variable's value, from its row. */
export type ValueOf<Row extends SettingRow> =
  Row extends IntegerRow<infer V>
    ? V
    : Row extends BooleanRow
      ? boolean
      : Row extends EnumRow<infer V>
        ? V
        : Row extends StringRow<infer V>
          ? V
          : string

export function integer<V extends number | bigint>(
  initial: V,
  range: readonly [min: NoInfer<Wide<V>>, max: NoInfer<Wide<V>>],
  scope: Scope,
  description: string,
  block = 1,
): IntegerRow<Wide<V>> {
  const [min, max] = range
  const row = { ...common(scope, description), type: 'integer', strict: false } as const
  return { ...row, default: initial as unknown as Wide<V>, min, max, block }
}

export function boolean(initial: boolean, scope: Scope, description: string): BooleanRow {
  return { ...common(scope, description), type: 'boolean', default: initial }
}

/** The position of a value is the number that SET takes for it. */
export function oneOf<const V extends string>(
  initial: NoInfer<V>,
  values: readonly V[],
  scope: Scope,
  description: string,
): EnumRow<V> {
  return { ...common(scope, description), type: 'enum', default: initial, values }
}

export function setOf(
  initial: string,
  values: readonly string[],
  scope: Scope,
  description: string,
  expands: Readonly<Record<string, string>> = {},
): SetRow {
  return { ...common(scope, description), type: 'set', default: initial, values, expands }
}

export function text(
  initial: string,
  scope: Scope,
  description: string,
  accept?: (text: string) => string,
  takes = takenByDefault(accept),
): StringRow<string> {
  return { ...common(scope, description), type: 'string', default: initial, nullable: false, accept, takes }
}

export function nullableText(
  initial: string | null,
  scope: Scope,
  description: string,
  accept?: (text: string) => string,
): StringRow<string | null> {
  const takes = takenByDefault(accept)
  return { ...common(scope, description), type: 'string', default: initial, nullable: true, accept, takes }
}

/** No statement can change the variable. */
export function readOnly<Row extends SettingRow>(row: Row): Row {
  return { ...row, dynamic: false }
}

/** SET refuses what is out of range. */
export function strict<V extends number | bigint>(row: IntegerRow<V>): IntegerRow<V> {
  return { ...row, strict: true }
}

/** Only SET GLOBAL can change the variable; sessions see the value that they started with. */
export function sessionFixed<Row extends SettingRow>(row: Row): Row {
  return { ...row, sessionFixed: true }
}

function takenByDefault(accept: StringRow['accept']): string {
  return accept === undefined ? 'text' : 'a name that MySQL knows'
}

type Wide<V> = V extends number ? number : bigint

function common(scope: Scope, description: string): AnyRow {
  return { scope, dynamic: true, sessionFixed: false, description }
}
