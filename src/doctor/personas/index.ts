/** All personas, in the order of the table that the doctor prints: the only list. */
import { ConfigurationError } from '../../errors/errors.ts'
import { didYouMean } from '../../errors/nearest-name.ts'
import type { Persona } from '../persona.ts'
import { connectorJ } from './connector-j-9-1.ts'
import { connectorPython } from './connector-python-26-7.ts'
import { go15 } from './go-sql-driver-1-5.ts'
import { go18 } from './go-sql-driver-1-8.ts'
import { go110 } from './go-sql-driver-1-10.ts'
import { mariadb1011 } from './mariadb-10-11.ts'
import { mariadb118 } from './mariadb-11-8.ts'
import { mysql80 } from './mysql-8-0.ts'
import { mysql97 } from './mysql-9-7.ts'
import { mysql2 } from './mysql2-3-24.ts'
import { mysqlnd } from './mysqlnd-8-2.ts'
import { nodeMariadb } from './node-mariadb-3-5.ts'
import { nodeMysql } from './node-mysql-2-18.ts'
import { pymysql102 } from './pymysql-1-0-2.ts'
import { pymysql111 } from './pymysql-1-1-1.ts'
import { pymysql120 } from './pymysql-1-2-0.ts'
import { sqlx } from './sqlx-0-8.ts'

export const personas: readonly Persona[] = [
  mysql80,
  mysql97,
  mariadb1011,
  mariadb118,
  pymysql102,
  pymysql111,
  pymysql120,
  connectorPython,
  mysql2,
  nodeMysql,
  nodeMariadb,
  go15,
  go18,
  go110,
  connectorJ,
  mysqlnd,
  sqlx,
]

/** The persona that `--as` names. Throws: `ConfigurationError` with the nearest name. */
export function personaOf(id: string): Persona {
  const persona = personas.find((one) => one.id === id)
  if (persona !== undefined) return persona
  const known = personas.map((one) => one.id)
  throw new ConfigurationError(`no persona is called ${id} (there are ${known.join(', ')})${didYouMean(id, known)}`)
}
