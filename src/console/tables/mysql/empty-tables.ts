/**
 * Grant tables and others of the mysql database that tools ask and that are empty here.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/system-schema.html
 */
import { columns, type VirtualTable } from '../table.ts'

const columnsOf: Readonly<Record<string, string>> = {
  tables_priv: `
    Host char(255) | Db char(64) | User char(32) | Table_name char(64) | Grantor varchar(288) |
    Timestamp timestamp | Table_priv set | Column_priv set('Select','Insert','Update','References')`,
  columns_priv: `
    Host char(255) | Db char(64) | User char(32) | Table_name char(64) | Column_name char(64) |
    Timestamp timestamp | Column_priv set('Select','Insert','Update','References')`,
  procs_priv: `
    Host char(255) | Db char(64) | User char(32) | Routine_name char(64) |
    Routine_type enum('FUNCTION','PROCEDURE','LIBRARY') | Grantor varchar(288) |
    Proc_priv set('Execute','Alter Routine','Grant') | Timestamp timestamp`,
  proxies_priv: `
    Host char(255) | User char(32) | Proxied_host char(255) | Proxied_user char(32) | With_grant tinyint(1) |
    Grantor varchar(288) | Timestamp timestamp`,
  role_edges: `
    FROM_HOST char(255) | FROM_USER char(32) | TO_HOST char(255) | TO_USER char(32) |
    WITH_ADMIN_OPTION enum('N','Y')`,
  default_roles: `
    HOST char(255) | USER char(32) | DEFAULT_ROLE_HOST char(255) | DEFAULT_ROLE_USER char(32)`,
  time_zone: `
    Time_zone_id int unsigned | Use_leap_seconds enum('Y','N')`,
  time_zone_name: `
    Name char(64) | Time_zone_id int unsigned`,
  component: `
    component_id int unsigned | component_group_id int unsigned | component_urn text`,
  plugin: `
    name varchar(64) | dl varchar(128)`,
  func: `
    name char(64) | ret tinyint | dl char(128) | type enum('function','aggregate')`,
}

export const emptyTables: readonly VirtualTable[] = Object.entries(columnsOf).map(([name, text]) => ({
  schema: 'mysql',
  name,
  readers: 'select',
  columns: columns(text),
  rows: () => [],
}))
