/**
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-plugins-table.html
 */
import { plugins as authPlugins } from '../../../auth/plugins.ts'
import { columns, type VirtualTable } from '../table.ts'

export const plugins: VirtualTable = {
  schema: 'information_schema',
  name: 'PLUGINS',
  readers: 'all',
  columns: columns(
    `PLUGIN_NAME varchar(64) | PLUGIN_VERSION varchar(20) | PLUGIN_STATUS varchar(10) | PLUGIN_TYPE varchar(80) |
    PLUGIN_TYPE_VERSION varchar(20) | PLUGIN_LIBRARY varchar(64) null | PLUGIN_LIBRARY_VERSION varchar(20) null |
    PLUGIN_AUTHOR varchar(64) null | PLUGIN_DESCRIPTION varchar(65535) null | PLUGIN_LICENSE varchar(80) null |
    LOAD_OPTION varchar(64)`,
  ),
  rows: () =>
    Array.from(authPlugins.keys(), (name) => [
      ...[name, '1.0', 'ACTIVE', 'AUTHENTICATION', '2.1', null, null, 'Saltgate', null, 'MIT', 'FORCE'],
    ]),
}
