/**
 * COLLATIONS, and the table of the same rows that only says to which character set they belong.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-collations-table.html
 */
import { characterSets } from '../../../packets/character-sets.ts'
import { columns, type VirtualTable } from '../table.ts'

export const collations: VirtualTable = {
  schema: 'information_schema',
  name: 'COLLATIONS',
  readers: 'all',
  columns: columns(
    `COLLATION_NAME varchar(64) | CHARACTER_SET_NAME varchar(64) | ID bigint unsigned | IS_DEFAULT varchar(3) |
    IS_COMPILED varchar(3) | SORTLEN int unsigned | PAD_ATTRIBUTE enum('PAD SPACE','NO PAD')`,
  ),
  rows: () =>
    characterSets.flatMap((set) =>
      set.collations
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, id, sortLength, padAttribute }) => [
          ...[name, set.name, id, name === set.defaultCollation ? 'Yes' : '', 'Yes', sortLength, padAttribute],
        ]),
    ),
}

export const collationApplicability: VirtualTable = {
  schema: 'information_schema',
  name: 'COLLATION_CHARACTER_SET_APPLICABILITY',
  readers: 'all',
  columns: columns('COLLATION_NAME varchar(64) | CHARACTER_SET_NAME varchar(64)'),
  rows: () => characterSets.flatMap((set) => set.collations.map(({ name }) => [name, set.name])),
}
