/**
 * mysql.user as the accounts are. Stored credentials are for administrators of accounts only: with them one can log in
 * (mysql_native_password, client_ed25519) or guess in peace.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/grant-tables.html
 */
import { accountToRow } from '../../../accounts/columns.ts'
import { accountsSeen } from '../accounts-seen.ts'
import { columns, rowOf, type VirtualTable } from '../table.ts'

const flag = "enum('N','Y')"

const userColumns = columns(
  `Host char(255) | User char(32) | Select_priv ${flag} | Insert_priv ${flag} | Update_priv ${flag} |
  Delete_priv ${flag} | Create_priv ${flag} | Drop_priv ${flag} | Reload_priv ${flag} | Shutdown_priv ${flag} |
  Process_priv ${flag} | File_priv ${flag} | Grant_priv ${flag} | References_priv ${flag} | Index_priv ${flag} |
  Alter_priv ${flag} | Show_db_priv ${flag} | Super_priv ${flag} | Create_tmp_table_priv ${flag} |
  Lock_tables_priv ${flag} | Execute_priv ${flag} | Repl_slave_priv ${flag} | Repl_client_priv ${flag} |
  Create_view_priv ${flag} | Show_view_priv ${flag} | Create_routine_priv ${flag} | Alter_routine_priv ${flag} |
  Create_user_priv ${flag} | Event_priv ${flag} | Trigger_priv ${flag} | Create_tablespace_priv ${flag} |
  ssl_type enum('','ANY','X509','SPECIFIED') | ssl_cipher blob | x509_issuer blob | x509_subject blob |
  max_questions int unsigned | max_updates int unsigned | max_connections int unsigned |
  max_user_connections int unsigned | plugin char(64) | authentication_string text null | password_expired ${flag} |
  password_last_changed timestamp null | password_lifetime smallint unsigned null | account_locked ${flag} |
  Create_role_priv ${flag} | Drop_role_priv ${flag} | Password_reuse_history smallint unsigned null |
  Password_reuse_time smallint unsigned null | Password_require_current ${flag} null | User_attributes json null`,
)

export const user: VirtualTable = {
  schema: 'mysql',
  name: 'user',
  readers: 'select',
  columns: userColumns,
  comment: 'Users and global privileges',
  rows: (viewer) => {
    const seesCredentials = viewer.session.account.privileges.has('CREATE USER')
    return accountsSeen(viewer).map((account) => {
      if (seesCredentials) return rowOf(userColumns, accountToRow(account))
      const row = accountToRow({ ...account, retainedAuthString: undefined })
      return rowOf(userColumns, { ...row, authentication_string: null })
    })
  },
}
