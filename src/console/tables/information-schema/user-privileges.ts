/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-user-privileges-table.html
 */
import { accountName } from '../../../accounts/account.ts'
import { accountsSeen } from '../accounts-seen.ts'
import { columns, type VirtualTable } from '../table.ts'

export const userPrivileges: VirtualTable = {
  schema: 'information_schema',
  name: 'USER_PRIVILEGES',
  readers: 'all',
  columns: columns(
    'GRANTEE varchar(292) | TABLE_CATALOG varchar(512) | PRIVILEGE_TYPE varchar(64) | IS_GRANTABLE varchar(3)',
  ),
  rows: (viewer) =>
    accountsSeen(viewer).flatMap((account) => {
      const grantable = account.privileges.has('GRANT OPTION') ? 'YES' : 'NO'
      const names = [...account.privileges].filter((name) => name !== 'GRANT OPTION')
      return (names.length === 0 ? ['USAGE'] : names).map((name) => [accountName(account), 'def', name, grantable])
    }),
}
