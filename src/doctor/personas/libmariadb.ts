/** The mariadb command line and its library, Connector/C: what 10.11 and 11.8 have in common. */
import type { Persona, PersonaQuirks } from '../persona.ts'
import { errorLine, native, offered, withAsked } from './common.ts'

/** A mariadb command line, installed under the name mysql as distributions do. */
export function mariadbCommandLine(what: {
  readonly id: string
  readonly title: string
  readonly tls: Persona['tls']
  readonly clientVersion: string
  readonly collationId: number
  readonly plugins: readonly string[]
  readonly quirks?: PersonaQuirks
}): Persona {
  const known = new Set([native, 'caching_sha2_password', 'sha256_password', 'mysql_clear_password', ...what.plugins])
  return {
    id: what.id,
    title: what.title,
    knownFrom: 'captures',
    tls: what.tls,
    capabilities: (greeting, asked) => withAsked(0x00bfa284 | offered(greeting, 1), asked),
    mariadbCapabilities: (greeting) => 0x1d & greeting.mariadbCapabilities,
    maxPacketSize: 0x00100000,
    collationId: () => what.collationId,
    // For a plugin that it has not it names the one of the greeting all the same, and answers nothing.
    first: ({ authPluginName = native }) => ({
      plugin: authPluginName,
      answer: known.has(authPluginName) ? 'computed' : 'empty',
    }),
    attributes: ({ at }) => [
      ['_os', 'Linux'],
      ['_client_name', 'libmariadb'],
      ['_pid', String(at.pid)],
      ['_client_version', what.clientVersion],
      ['_platform', 'x86_64'],
      ['program_name', 'mysql'],
      ['_server_host', at.serverHost],
    ],
    knows: (plugin) => known.has(plugin),
    refuses: (plugin) =>
      errorLine(
        2059,
        'HY000',
        `Plugin ${plugin} could not be loaded: ${plugin}.so: cannot open shared object file: No such file or directory`,
      ),
    says: ({ code, sqlState = 'HY000', message }) => errorLine(code, sqlState, message),
    publicKey: () => 'ask',
    ...(what.quirks !== undefined && { quirks: what.quirks }),
  }
}
