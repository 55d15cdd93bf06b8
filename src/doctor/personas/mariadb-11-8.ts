import type { Persona } from '../persona.ts'
import { errorLine } from './common.ts'
import { mariadbCommandLine } from './libmariadb.ts'

/** The mariadb command line of MariaDB 11.8, with Connector/C 3.4: TLS is required and the certificate wants proof. */
export const mariadb118: Persona = mariadbCommandLine({
  id: 'mariadb@11.8',
  title: 'mariadb command line 11.8',
  tls: 'required',
  clientVersion: '3.4.10',
  collationId: 45,
  plugins: ['client_ed25519', 'dialog', 'parsec'],
  quirks: { verifies: (distrust) => errorLine(2026, 'HY000', `TLS/SSL error: ${distrust}`) },
})
