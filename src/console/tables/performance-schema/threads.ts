/**
 * One row per connection; the threads of a server that is none of MySQL's are nobody's business.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/performance-schema-threads-table.html
 */
import type { ConnectionRecord } from '../../../registry/connection-record.ts'
import { processes } from '../process.ts'
import { columns, rowOf, type VirtualTable } from '../table.ts'

const threadColumns = columns(
  `THREAD_ID bigint unsigned | NAME varchar(128) | TYPE varchar(10) | PROCESSLIST_ID bigint unsigned null |
  PROCESSLIST_USER varchar(32) null | PROCESSLIST_HOST varchar(255) null | PROCESSLIST_DB varchar(64) null |
  PROCESSLIST_COMMAND varchar(16) null | PROCESSLIST_TIME bigint null | PROCESSLIST_STATE varchar(64) null |
  PROCESSLIST_INFO longtext null | PARENT_THREAD_ID bigint unsigned null | ROLE varchar(64) null |
  INSTRUMENTED enum('YES','NO') | HISTORY enum('YES','NO') | CONNECTION_TYPE varchar(16) null |
  THREAD_OS_ID bigint unsigned null | RESOURCE_GROUP varchar(64) null |
  EXECUTION_ENGINE enum('PRIMARY','SECONDARY') null | CONTROLLED_MEMORY bigint unsigned |
  MAX_CONTROLLED_MEMORY bigint unsigned | TOTAL_MEMORY bigint unsigned | MAX_TOTAL_MEMORY bigint unsigned |
  TELEMETRY_ACTIVE enum('YES','NO')`,
)

export const threads: VirtualTable = {
  schema: 'performance_schema',
  name: 'threads',
  readers: 'select',
  columns: threadColumns,
  rows: (viewer) =>
    processes(viewer).map((process) =>
      rowOf(threadColumns, {
        THREAD_ID: process.id,
        NAME: 'thread/sql/one_connection',
        TYPE: 'FOREGROUND',
        PROCESSLIST_ID: process.id,
        PROCESSLIST_COMMAND: process.authenticated ? process.command : 'Sleep',
        ...(process.authenticated && {
          PROCESSLIST_USER: process.user,
          PROCESSLIST_HOST: process.record.host,
          PROCESSLIST_DB: process.database,
          PROCESSLIST_TIME: process.seconds,
          PROCESSLIST_STATE: process.state || null,
          PROCESSLIST_INFO: process.info,
          CONNECTION_TYPE: connectionType(process.record),
        }),
        INSTRUMENTED: 'YES',
        HISTORY: 'YES',
        EXECUTION_ENGINE: 'PRIMARY',
        CONTROLLED_MEMORY: 0,
        MAX_CONTROLLED_MEMORY: 0,
        TOTAL_MEMORY: 0,
        MAX_TOTAL_MEMORY: 0,
        TELEMETRY_ACTIVE: 'NO',
      }),
    ),
}

function connectionType({ channel }: ConnectionRecord): string {
  return { plaintext: 'TCP/IP', tls: 'SSL/TLS', 'unix-socket': 'Socket' }[channel]
}
