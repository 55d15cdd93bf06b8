/** go-sql-driver/mysql: what its versions have in common. */
import type { Persona, PersonaAsked } from '../persona.ts'
import { greetingsOr, native } from './common.ts'

export function goSqlDriver(
  version: string,
  what: Pick<Persona, 'knownFrom' | 'capabilities' | 'says' | 'quirks' | 'attributes'> & {
    readonly plugins: readonly string[]
  },
): Persona {
  const { plugins, ...own } = what
  const known = new Set([native, 'caching_sha2_password', 'sha256_password', ...plugins])
  return {
    ...own,
    id: `go-sql-driver@${version}`,
    title: `go-sql-driver/mysql ${version}${what.knownFrom === 'captures' ? '' : ' (from documentation)'}`,
    tls: 'off',
    maxPacketSize: 0,
    collationId: () => 45,
    first: greetingsOr(known),
    knows: (plugin, _, { clearPassword }) => known.has(plugin) || (plugin === 'mysql_clear_password' && clearPassword),
    refuses: (plugin) =>
      plugin === 'mysql_clear_password'
        ? "this user requires clear text authentication. If you still want to use it, please add 'allowCleartextPasswords=1' to your DSN"
        : 'this authentication plugin is not supported',
    publicKey: () => 'ask',
    quirks: { ...what.quirks, oneSwitch: 'malformed packet' },
  }
}

/** Since 1.8. */
export function goAttributes({ at }: PersonaAsked): readonly (readonly [string, string])[] {
  return [
    ['_client_name', 'Go-MySQL-Driver'],
    ['_os', 'linux'],
    ['_platform', 'amd64'],
    ['_pid', String(at.pid)],
    ['_server_host', at.serverHost],
  ]
}
