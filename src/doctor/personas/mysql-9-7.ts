import type { Persona } from '../persona.ts'
import { mysqlCommandLine } from './libmysqlclient.ts'

/** The mysql command line of MySQL 9.7. */
export const mysql97: Persona = mysqlCommandLine({
  id: 'mysql@9.7',
  title: 'mysql command line 9.7',
  knownFrom: 'captures',
  attributes: ({ at }) => [
    ['_pid', String(at.pid)],
    ['_platform', 'x86_64'],
    ['_os', 'Linux'],
    ['_client_name', 'libmysql'],
    ['os_user', at.osUser],
    ['_client_version', '9.7.4'],
    ['program_name', 'mysql'],
  ],
})
