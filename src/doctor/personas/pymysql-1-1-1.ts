import type { Persona } from '../persona.ts'
import { pymysql } from './pymysql.ts'

/** PyMySQL 1.1.1, the last that hashes the NUL behind the nonce of a switch to caching_sha2_password. */
export const pymysql111: Persona = pymysql('1.1.1', {
  tls: 'off',
  attributes: ({ at }) => [
    ['_client_name', 'pymysql'],
    ['_client_version', '1.1.1'],
    ['_pid', String(at.pid)],
  ],
  quirks: { switchNonce: 'all' },
})
