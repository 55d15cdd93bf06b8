/**
 * The list of virtual tables; the only place to touch for a new one.
 */
import { characterSets } from './information-schema/character-sets.ts'
import { collationApplicability, collations } from './information-schema/collations.ts'
import { columns } from './information-schema/columns.ts'
import { emptyTables as emptyInformationTables } from './information-schema/empty-tables.ts'
import { engines } from './information-schema/engines.ts'
import { plugins } from './information-schema/plugins.ts'
import { processlist as informationProcesslist } from './information-schema/processlist.ts'
import { schemaPrivileges } from './information-schema/schema-privileges.ts'
import { schemata } from './information-schema/schemata.ts'
import { tables } from './information-schema/tables.ts'
import { userAttributes } from './information-schema/user-attributes.ts'
import { userPrivileges } from './information-schema/user-privileges.ts'
import { db, globalGrants } from './mysql/db.ts'
import { emptyTables as emptyGrantTables } from './mysql/empty-tables.ts'
import { user } from './mysql/user.ts'
import { sessionAccountConnectAttrs, sessionConnectAttrs } from './performance-schema/connect-attributes.ts'
import { hostCache } from './performance-schema/host-cache.ts'
import { processlist } from './performance-schema/processlist.ts'
import { globalStatus, sessionStatus } from './performance-schema/status.ts'
import { threads } from './performance-schema/threads.ts'
import { globalVariables, sessionVariables } from './performance-schema/variables.ts'
import { backends } from './saltgate/backends.ts'
import { denyReasons } from './saltgate/deny-reasons.ts'
import { handshakes } from './saltgate/handshakes.ts'
import { pairs } from './saltgate/pairs.ts'
import { phases } from './saltgate/phases.ts'
import { pools } from './saltgate/pools.ts'
import { refusals } from './saltgate/refusals.ts'
import { rules } from './saltgate/rules.ts'
import type { VirtualTable } from './table.ts'

const tablesOfDoors: readonly VirtualTable[] = [
  ...[informationProcesslist, schemata, tables, columns, engines, plugins, userPrivileges, schemaPrivileges],
  ...[userAttributes, characterSets, collations, collationApplicability, ...emptyInformationTables],
  ...[user, db, globalGrants, ...emptyGrantTables],
  ...[processlist, threads, hostCache, globalStatus, sessionStatus, globalVariables, sessionVariables],
  ...[sessionConnectAttrs, sessionAccountConnectAttrs],
  ...[handshakes, refusals, denyReasons, phases],
]

/** Those of every console, by schema and name. */
export const virtualTables = sorted(tablesOfDoors)

/** Those of the console of a gateway's administrators. */
export const gatewayTables = sorted([...tablesOfDoors, backends, pairs, pools, rules])

/** Names are found in any spelling. */
export function findTable(tables: readonly VirtualTable[], schema: string, name: string): VirtualTable | undefined {
  const wanted = `${schema}.${name}`.toLowerCase()
  return tables.find((table) => `${table.schema}.${table.name}`.toLowerCase() === wanted)
}

function sorted(tables: readonly VirtualTable[]): readonly VirtualTable[] {
  return tables.toSorted((a, b) => (a.schema === b.schema ? (a.name < b.name ? -1 : 1) : a.schema < b.schema ? -1 : 1))
}
