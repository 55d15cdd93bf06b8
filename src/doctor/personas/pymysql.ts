/** PyMySQL, with the package `cryptography` and without `pynacl`: what its versions have in common. */
import type { Persona, PersonaAsked, PersonaQuirks } from '../persona.ts'
import { native, withAsked } from './common.ts'

export function pymysql(
  version: string,
  what: {
    readonly tls: Persona['tls']
    attributes(asked: PersonaAsked): readonly (readonly [string, string])[]
    readonly quirks: PersonaQuirks
  },
): Persona {
  return {
    id: `pymysql@${version}`,
    title: `PyMySQL ${version}`,
    knownFrom: 'captures',
    tls: what.tls,
    capabilities: (_, asked) => withAsked(0x003aa205, asked),
    maxPacketSize: 0x00ffffff,
    collationId: () => 45,
    first: ({ authPluginName = native }) =>
      greeted.has(authPluginName) ? { plugin: authPluginName, answer: 'computed' } : { plugin: '', answer: 'empty' },
    attributes: what.attributes,
    knows: (plugin) => greeted.has(plugin) || plugin === 'mysql_clear_password',
    refuses: (plugin) => {
      if (plugin === 'client_ed25519') {
        return "RuntimeError: 'pynacl' package is required for ed25519_password auth method"
      }
      if (plugin === 'dialog') return 'IndexError: index out of range'
      return `pymysql.err.OperationalError: (2059, "Authentication plugin '${plugin}' not configured")`
    },
    says: ({ code, message }) => `pymysql.err.OperationalError: (${code}, ${pythonText(message)})`,
    publicKey: () => 'ask',
    quirks: {
      ...what.quirks,
      empty: { sha256_password: 'nothing' },
      passwordEncoding: {
        latin1: true,
        orSays: "UnicodeEncodeError: 'latin-1' codec can't encode characters in the password",
      },
    },
  }
}

const greeted = new Set([native, 'caching_sha2_password', 'sha256_password'])

/** Python's repr of a text. */
function pythonText(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\')
  return text.includes("'") && !text.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`
}
