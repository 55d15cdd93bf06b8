import type { Persona } from '../persona.ts'
import { pymysql } from './pymysql.ts'

/** PyMySQL 1.2.0: TLS where the server offers it, and the right nonce. */
export const pymysql120: Persona = pymysql('1.2.0', {
  tls: 'preferred',
  attributes: ({ at }) => [
    ['_client_name', 'pymysql'],
    ['_client_version', '1.2.0'],
    ['_pid', String(at.pid)],
  ],
  quirks: { switchNonce: 'without-trailing-nul' },
})
