import { capability } from '../../packets/capabilities.ts'
import type { HandshakeV10 } from '../../packets/handshake-v10.ts'
import { PacketWriter } from '../../wire/writer.ts'
import type { Persona } from '../persona.ts'
import { offered, withAsked } from './common.ts'
import { goSqlDriver } from './go-sql-driver.ts'

/** go-sql-driver/mysql 1.5: no attributes; after a switch to caching_sha2_password it hashes the NUL behind the nonce too. */
export const go15: Persona = goSqlDriver('1.5', {
  knownFrom: 'captures',
  capabilities: (greeting, asked) => withAsked(0x000aa281 | offered(greeting, capability.LONG_FLAG), asked),
  says: ({ code, message }) => `Error ${code}: ${message}`,
  plugins: [],
  quirks: { switchNonce: 'all', sslRequestFiller: fillerOfGreeting },
})

/**
 * It writes the SSLRequest over the greeting and does not clear the filler. What shows through are the greeting's bytes 9 to 31,
 * where it has put both parts of the nonce together.
 */
function fillerOfGreeting({ serverVersion, connectionId, authPluginData }: HandshakeV10): Uint8Array {
  const greeting = new PacketWriter().u8(10).nulString(serverVersion).u32(connectionId)
  return greeting.bytes(authPluginData.subarray(0, 20)).zeros(23).finish().slice(9, 32)
}
