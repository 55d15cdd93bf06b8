import type { Persona } from '../persona.ts'
import { pymysql } from './pymysql.ts'

/** PyMySQL 1.0.2: after a switch to caching_sha2_password it hashes the NUL behind the nonce too. */
export const pymysql102: Persona = pymysql('1.0.2', {
  tls: 'off',
  attributes: ({ at }) => [
    ['_client_name', 'pymysql'],
    ['_pid', String(at.pid)],
    ['_client_version', '1.0.2'],
  ],
  quirks: { switchNonce: 'all' },
})
