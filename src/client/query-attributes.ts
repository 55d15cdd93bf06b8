/**
 * Query attributes: named values beside a statement, which the server hands to `mysql_query_attribute_string()` and to its audit log.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/query-attributes.html
 */
import { ConfigurationError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import type { Parameter } from '../packets/parameters.ts'
import { parameterOf } from './rows/parameters.ts'

export type QueryAttributes = Readonly<Record<string, string | number | bigint | boolean | null | Date>>

/** Throws: `ConfigurationError` when the server cannot take attributes: they are never left out in silence. */
export function parametersOf(attributes: QueryAttributes | undefined, capabilities: number): Parameter[] {
  if (attributes === undefined) return []
  const entries = Object.entries(attributes)
  if (entries.length > 0 && !has(capabilities, capability.QUERY_ATTRIBUTES)) {
    throw new ConfigurationError('this server takes no query attributes (attributes)')
  }
  return entries.map(([name, value], i) => ({ ...parameterOf(value, i), name }))
}
