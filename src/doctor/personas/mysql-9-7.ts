import type { Persona } from '../persona.ts'
import { mysqlCommandLine } from './libmysqlclient.ts'

/** The mysql command line of MySQL 9.7. */
export const mysql97: Persona = mysqlCommandLine(
  {
    id: 'mysql@9.7',
    title: 'mysql command line 9.7',
    knownFrom: 'captures',
  },
  '9.7.4',
)
