/**
 * System variables, as two tables and as SHOW VARIABLES.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-system-variable-tables.html
 */
import { shownValue } from '../../../server/setting-value.ts'
import { columns, type Viewer, type VirtualTable } from '../table.ts'

const variableColumns = columns('VARIABLE_NAME varchar(64) | VARIABLE_VALUE varchar(1024) null')

export const globalVariables: VirtualTable = {
  schema: 'performance_schema',
  name: 'global_variables',
  readers: 'all',
  columns: variableColumns,
  rows: (viewer) => systemVariables(viewer, 'global'),
}

export const sessionVariables: VirtualTable = {
  schema: 'performance_schema',
  name: 'session_variables',
  readers: 'all',
  columns: variableColumns,
  rows: (viewer) => systemVariables(viewer, 'session'),
}

/** Name and value as SHOW VARIABLES prints it, by name. */
export function systemVariables({ door, session }: Viewer, scope: 'global' | 'session'): [string, string][] {
  const settings = scope === 'global' ? door.settings : session.settings
  return Array.from(settings.entries(), ({ name, value }) => [name, shownValue(value)])
}
