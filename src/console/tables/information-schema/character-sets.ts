/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-character-sets-table.html
 */
import { characterSets as all } from '../../../packets/character-sets.ts'
import { columns, type VirtualTable } from '../table.ts'

export const characterSets: VirtualTable = {
  schema: 'information_schema',
  name: 'CHARACTER_SETS',
  readers: 'all',
  columns: columns(
    'CHARACTER_SET_NAME varchar(64) | DEFAULT_COLLATE_NAME varchar(64) | DESCRIPTION varchar(2048) | MAXLEN int unsigned',
  ),
  rows: () =>
    all.map(({ name, defaultCollation, description, maxLength }) => [name, defaultCollation, description, maxLength]),
}
