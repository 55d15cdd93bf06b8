/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-schema-privileges-table.html
 */
import { accountName } from '../../../accounts/account.ts'
import { accountsSeen } from '../accounts-seen.ts'
import { columns, type VirtualTable } from '../table.ts'

export const schemaPrivileges: VirtualTable = {
  schema: 'information_schema',
  name: 'SCHEMA_PRIVILEGES',
  readers: 'all',
  columns: columns(
    `GRANTEE varchar(292) | TABLE_CATALOG varchar(512) | TABLE_SCHEMA varchar(64) | PRIVILEGE_TYPE varchar(64) |
    IS_GRANTABLE varchar(3)`,
  ),
  rows: (viewer) =>
    accountsSeen(viewer).flatMap((account) =>
      [...account.databases].flatMap(([database, privileges]) =>
        [...privileges]
          .filter((name) => name !== 'GRANT OPTION')
          .map((name) => [
            ...[accountName(account), 'def', database, name, privileges.has('GRANT OPTION') ? 'YES' : 'NO'],
          ]),
      ),
    ),
}
