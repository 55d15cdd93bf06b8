import type { Persona } from '../persona.ts'
import { mariadbCommandLine } from './libmariadb.ts'

/** The mariadb command line of MariaDB 10.11, with Connector/C 3.3. */
export const mariadb1011: Persona = mariadbCommandLine({
  id: 'mariadb@10.11',
  title: 'mariadb command line 10.11',
  tls: 'off',
  clientVersion: '3.3.20',
  collationId: 33,
  plugins: ['client_ed25519', 'dialog'],
})
