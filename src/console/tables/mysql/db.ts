/**
 * mysql.db and mysql.global_grants: what accounts may do, beside the columns of mysql.user.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html
 */
import { accountToGrantRows } from '../../../accounts/columns.ts'
import { accountsSeen } from '../accounts-seen.ts'
import { columns, rowOf, type VirtualTable } from '../table.ts'

const flag = "enum('N','Y')"

const dbColumns = columns(
  `Host char(255) | Db char(64) | User char(32) | Select_priv ${flag} | Insert_priv ${flag} | Update_priv ${flag} |
  Delete_priv ${flag} | Create_priv ${flag} | Drop_priv ${flag} | Grant_priv ${flag} | References_priv ${flag} |
  Index_priv ${flag} | Alter_priv ${flag} | Create_tmp_table_priv ${flag} | Lock_tables_priv ${flag} |
  Create_view_priv ${flag} | Show_view_priv ${flag} | Create_routine_priv ${flag} | Alter_routine_priv ${flag} |
  Execute_priv ${flag} | Event_priv ${flag} | Trigger_priv ${flag}`,
)

export const db: VirtualTable = {
  schema: 'mysql',
  name: 'db',
  readers: 'select',
  columns: dbColumns,
  comment: 'Database privileges',
  rows: (viewer) =>
    accountsSeen(viewer).flatMap((account) => accountToGrantRows(account).db.map((row) => rowOf(dbColumns, row))),
}

const globalGrantColumns = columns(`USER char(32) | HOST char(255) | PRIV char(32) | WITH_GRANT_OPTION ${flag}`)

export const globalGrants: VirtualTable = {
  schema: 'mysql',
  name: 'global_grants',
  readers: 'select',
  columns: globalGrantColumns,
  comment: 'Extended global grants',
  rows: (viewer) =>
    accountsSeen(viewer).flatMap((account) =>
      accountToGrantRows(account).globalGrants.map((row) => rowOf(globalGrantColumns, row)),
    ),
}
