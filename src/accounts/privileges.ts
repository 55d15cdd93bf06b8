/**
 * The privileges that Saltgate knows: the static ones of `mysql.user`, in column order, and the dynamic ones that the
 * door itself asks for. The name in SQL, the column of mysql.user, and where it may be granted.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/privileges-provided.html
 */

export const privilegeColumns = {
  SELECT: 'Select_priv',
  INSERT: 'Insert_priv',
  UPDATE: 'Update_priv',
  DELETE: 'Delete_priv',
  CREATE: 'Create_priv',
  DROP: 'Drop_priv',
  RELOAD: 'Reload_priv',
  SHUTDOWN: 'Shutdown_priv',
  PROCESS: 'Process_priv',
  FILE: 'File_priv',
  'GRANT OPTION': 'Grant_priv',
  REFERENCES: 'References_priv',
  INDEX: 'Index_priv',
  ALTER: 'Alter_priv',
  'SHOW DATABASES': 'Show_db_priv',
  SUPER: 'Super_priv',
  'CREATE TEMPORARY TABLES': 'Create_tmp_table_priv',
  'LOCK TABLES': 'Lock_tables_priv',
  EXECUTE: 'Execute_priv',
  'REPLICATION SLAVE': 'Repl_slave_priv',
  'REPLICATION CLIENT': 'Repl_client_priv',
  'CREATE VIEW': 'Create_view_priv',
  'SHOW VIEW': 'Show_view_priv',
  'CREATE ROUTINE': 'Create_routine_priv',
  'ALTER ROUTINE': 'Alter_routine_priv',
  'CREATE USER': 'Create_user_priv',
  EVENT: 'Event_priv',
  TRIGGER: 'Trigger_priv',
  'CREATE TABLESPACE': 'Create_tablespace_priv',
  'CREATE ROLE': 'Create_role_priv',
  'DROP ROLE': 'Drop_role_priv',
} as const

export type StaticPrivilege = keyof typeof privilegeColumns

/** Granted on *.* only and kept in mysql.global_grants in MySQL. */
export const dynamicPrivileges = ['CONNECTION_ADMIN', 'SYSTEM_VARIABLES_ADMIN', 'APPLICATION_PASSWORD_ADMIN'] as const

export type DynamicPrivilege = (typeof dynamicPrivileges)[number]

export type Privilege = StaticPrivilege | DynamicPrivilege

/** What GRANT ... ON db.* may give. */
export const databasePrivileges: readonly StaticPrivilege[] = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'GRANT OPTION',
  'REFERENCES',
  'INDEX',
  'ALTER',
  'CREATE TEMPORARY TABLES',
  'LOCK TABLES',
  'EXECUTE',
  'CREATE VIEW',
  'SHOW VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EVENT',
  'TRIGGER',
]

export const allPrivileges: readonly Privilege[] = [
  ...(Object.keys(privilegeColumns) as StaticPrivilege[]),
  ...dynamicPrivileges,
]

/** Whether limits on connections do not hold for this account: it is there to find out what is wrong. */
export function isAdministrator(account: { readonly privileges: ReadonlySet<Privilege> }): boolean {
  return account.privileges.has('CONNECTION_ADMIN') || account.privileges.has('SUPER')
}
