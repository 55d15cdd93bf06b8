/**
 * What is kept of a login for others to see: process list, connection attributes, history. A stranger decides how much it
 * says of itself, and the last thousand refused ones are remembered, so all of it is bounded.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-connection-attribute-tables.html
 */
import type { Login } from '../machine/login.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import type { StatusCounters } from '../registry/status.ts'

/** Characters; no account, database or plugin has a name as long. */
const longestName = 256

/**
 * Bounds a login; an ordinary one is returned as it is.
 *
 * Units: `attributeBytes` is performance_schema_session_connect_attrs_size. As measured on 9.7, the attributes that fit are kept
 * whole, and one named `_truncated` before them says how many bytes were lost.
 */
export function shownLogin(login: Login, attributeBytes: number, status: StatusCounters): Login {
  const { user, database, authPluginName, connectAttributes = [] } = login
  const size = connectAttributes.reduce((sum, pair) => sum + sizeOf(pair), 0)
  if (size > status.Performance_schema_session_connect_attrs_longest_seen) {
    status.Performance_schema_session_connect_attrs_longest_seen = size
  }
  const long = user.length > longestName || (database?.length ?? 0) > longestName
  if (!long && (authPluginName?.length ?? 0) <= longestName && size <= attributeBytes) return login
  if (size > attributeBytes) status.Performance_schema_session_connect_attrs_lost++
  return {
    ...login,
    user: cut(user),
    database: database === undefined ? undefined : cut(database),
    authPluginName: authPluginName === undefined ? undefined : cut(authPluginName),
    connectAttributes: login.connectAttributes && fitting(login.connectAttributes, size, attributeBytes),
  }
}

/** Copies, so that the packet of 64 KiB that they came in can go. */
function fitting(attributes: ConnectAttributes, size: number, limit: number): ConnectAttributes {
  const kept: [Uint8Array, Uint8Array][] = []
  let keptSize = 0
  for (const pair of attributes) {
    if (keptSize + sizeOf(pair) > limit) continue
    keptSize += sizeOf(pair)
    kept.push([pair[0].slice(), pair[1].slice()])
  }
  if (keptSize === size) return kept
  return [[Buffer.from('_truncated'), Buffer.from(String(size - keptSize))], ...kept]
}

/** Through bytes: a plain slice of a string keeps the whole string alive. */
function cut(text: string): string {
  return text.length <= longestName ? text : Buffer.from(text.slice(0, longestName)).toString()
}

function sizeOf([key, value]: ConnectAttributes[number]): number {
  return lengthOf(key) + lengthOf(value)
}

/** With the length before it. */
function lengthOf(bytes: Uint8Array): number {
  return bytes.length + (bytes.length < 251 ? 1 : 3)
}
