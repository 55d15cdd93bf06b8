/** The two packets that a persona opens with. */
import { capability, has } from '../packets/capabilities.ts'
import type { ConnectAttributes } from '../packets/connect-attributes.ts'
import { encodeHandshakeResponse41 } from '../packets/handshake-response-41.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'
import { encodeSslRequest } from '../packets/ssl-request.ts'
import { PacketWriter } from '../wire/writer.ts'
import type { Persona, PersonaAsked } from './persona.ts'

export function encodePersonaSslRequest(persona: Persona, asked: PersonaAsked, greeting: HandshakeV10): Uint8Array {
  const { sslRequestFiller } = persona.quirks ?? {}
  const filler = sslRequestFiller?.(greeting)
  return encodeSslRequest({ ...headOf(persona, asked, greeting), ...(filler !== undefined && { filler }) })
}

/** `plugin` is `undefined` of a client that knows nothing of plugins. */
export function encodePersonaLogin(
  persona: Persona,
  asked: PersonaAsked,
  greeting: HandshakeV10,
  plugin: string | undefined,
  answer: Uint8Array,
): Uint8Array {
  const head = headOf(persona, asked, greeting)
  const attributes = has(head.capabilities, capability.CONNECT_ATTRS)
    ? encoded(persona.attributes?.(asked) ?? [])
    : undefined
  const login = {
    ...head,
    user: Buffer.from(asked.user, 'utf8'),
    authAnswer: answer,
    database: has(head.capabilities, capability.CONNECT_WITH_DB)
      ? Buffer.from(asked.database ?? '', 'utf8')
      : undefined,
    authPluginName: has(head.capabilities, capability.PLUGIN_AUTH) ? plugin : undefined,
    connectAttributes: attributes,
    zstdLevel: undefined,
  }
  const payload = encodeHandshakeResponse41(login)
  if (attributes === undefined || !persona.quirks?.longAttributesLength) return payload
  const block = new PacketWriter()
  for (const [name, value] of attributes) block.lenencBytes(name).lenencBytes(value)
  const bytes = block.finish()
  const before = payload.length - new PacketWriter().lenencBytes(bytes).finish().length
  return new PacketWriter().bytes(payload.subarray(0, before)).u8(0xfc).u16(bytes.length).bytes(bytes).finish()
}

function headOf(persona: Persona, asked: PersonaAsked, greeting: HandshakeV10) {
  const capabilities = persona.capabilities(greeting, asked)
  const mysql = has(capabilities, capability.LONG_PASSWORD)
  return {
    capabilities,
    maxPacketSize: persona.maxPacketSize,
    collationId: persona.collationId(greeting),
    mariadbCapabilities: mysql ? 0 : (persona.mariadbCapabilities?.(greeting) ?? 0),
  }
}

function encoded(attributes: readonly (readonly [string, string])[]): ConnectAttributes {
  return attributes.map(([name, value]) => [Buffer.from(name, 'utf8'), Buffer.from(value, 'utf8')] as const)
}
