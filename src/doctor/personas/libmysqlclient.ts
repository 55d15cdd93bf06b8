/** The mysql command line and its library: what 8.0 and 9.7 have in common. */
import type { Persona, PersonaAsked } from '../persona.ts'
import { errorLine, native, withAsked } from './common.ts'

/** A mysql command line that runs statements given to it; `version` is what it says of itself. */
export function mysqlCommandLine(what: Pick<Persona, 'id' | 'title' | 'knownFrom'>, version: string): Persona {
  return {
    ...what,
    attributes: ({ at }: PersonaAsked) => [
      ['_pid', String(at.pid)],
      ['_platform', 'x86_64'],
      ['_os', 'Linux'],
      ['_client_name', 'libmysql'],
      ['os_user', at.osUser],
      ['_client_version', version],
      ['program_name', 'mysql'],
    ],
    tls: 'preferred',
    capabilities: (_, asked) => withAsked(0x19bfa285, asked),
    maxPacketSize: 0x01000000,
    collationId: () => 255,
    // A plugin that it cannot load, or may not begin with, gets nothing; the server has to switch.
    first: ({ authPluginName: plugin = native }, channel) => {
      const unavailable = !builtIn.has(plugin) || (plugin === 'mysql_clear_password' && channel === 'plaintext')
      return unavailable ? { plugin: 'caching_sha2_password', answer: 'computed' } : { plugin, answer: 'computed' }
    },
    knows: (plugin, _, { clearPassword }) => (plugin === 'mysql_clear_password' ? clearPassword : builtIn.has(plugin)),
    refuses: (plugin) =>
      errorLine(
        2059,
        'HY000',
        `Authentication plugin '${plugin}' cannot be loaded: ${
          plugin === 'mysql_clear_password'
            ? 'plugin not enabled'
            : `${plugin}.so: cannot open shared object file: No such file or directory`
        }`,
      ),
    says: ({ code, sqlState = 'HY000', message }) =>
      code === 1862
        ? 'Please use --connect-expired-password option or invoke mysql in interactive mode.'
        : errorLine(code, sqlState, message),
    // For sha256_password it asks without being told to.
    publicKey: (plugin) =>
      plugin === 'sha256_password'
        ? 'ask'
        : {
            orSays: errorLine(
              2061,
              'HY000',
              `Authentication plugin '${plugin}' reported error: Authentication requires secure connection.`,
            ),
          },
    quirks: { empty: { caching_sha2_password: 'nul' } },
  }
}

/** With mysql_native_password, which in 9.x is a file beside the program. */
const builtIn = new Set([native, 'caching_sha2_password', 'sha256_password', 'mysql_clear_password'])
