import type { Persona } from '../persona.ts'
import { mysqlCommandLine } from './libmysqlclient.ts'

/**
 * The mysql command line of MySQL 8.0, from documentation.
 *
 * Spec: https://dev.mysql.com/doc/refman/8.0/en/performance-schema-connection-attribute-tables.html
 */
export const mysql80: Persona = mysqlCommandLine(
  {
    id: 'mysql@8.0',
    title: 'mysql command line 8.0 (from documentation)',
    knownFrom: 'documentation',
  },
  '8.0.44',
)
