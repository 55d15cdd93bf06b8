/** What many clients do alike. */
import { receivedError } from '../../errors/errors.ts'
import { capability, has } from '../../packets/capabilities.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import type { PersonaAsked, PersonaFirst } from '../persona.ts'

/** The word with CLIENT_SSL and CLIENT_CONNECT_WITH_DB as this login needs them. */
export function withAsked(word: number, { tls, database }: PersonaAsked): number {
  const db = database === undefined || database === '' ? 0 : capability.CONNECT_WITH_DB
  return (word | (tls ? capability.SSL : 0) | db) >>> 0
}

/** These bits, of those that the server has. */
export function offered({ capabilities }: HandshakeV10, bits: number): number {
  return (capabilities & bits) >>> 0
}

/** The greeting's plugin if the client has it, else mysql_native_password. */
export function greetingsOr(known: ReadonlySet<string>): (greeting: HandshakeV10) => PersonaFirst {
  return ({ authPluginName = native }) => ({
    plugin: known.has(authPluginName) ? authPluginName : native,
    answer: 'computed',
  })
}

/** MariaDB clears the bit that MySQL always sets. */
export function isMariadb({ capabilities }: HandshakeV10): boolean {
  return !has(capabilities, capability.LONG_PASSWORD)
}

/** Whether the version that a server tells is this one or later. */
export function isSince({ serverVersion }: HandshakeV10, ...version: readonly number[]): boolean {
  const told = serverVersion.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0)
  for (const [i, wanted] of version.entries()) {
    const has = told[i] ?? 0
    if (has !== wanted) return has > wanted
  }
  return true
}

/** As the mysql command line prints errors. */
export function errorLine(code: number, sqlState: string, message: string): string {
  return `ERROR ${code} (${sqlState}): ${message}`
}

export const native = 'mysql_native_password'

/** `ER_ACCESS_DENIED_ERROR` of 1045. */
export function symbolOf(code: number): string {
  return receivedError(code, undefined, '').symbol
}
