/**
 * A client of the field as its packets show it: flags, first plugin, character set, attributes, and the defects that decide logins.
 * One file each in `personas/`. The packets of a persona are those of the real client, but for nonce, proof, process ids and names of
 * machine and person.
 */
import type { Channel } from '../auth/plugin.ts'
import type { HandshakeV10 } from '../packets/handshake-v10.ts'

export interface Persona {
  /** `pymysql@1.1.1`: what `--as` takes. */
  readonly id: string
  /** As its users call it. */
  readonly title: string
  /** Whether captures of the real client prove the packets; otherwise they are what its documentation and source say. */
  readonly knownFrom: 'captures' | 'documentation'
  /** `preferred`: TLS if the server offers it; `off`: only when told to; `required`: by default. */
  readonly tls: 'preferred' | 'off' | 'required'
  /** The capability word of its login, CLIENT_SSL and CLIENT_CONNECT_WITH_DB as they go out. */
  capabilities(greeting: HandshakeV10, asked: PersonaAsked): number
  /** What it sends where it clears CLIENT_LONG_PASSWORD; left out: nothing. */
  mariadbCapabilities?(greeting: HandshakeV10): number
  /** Bytes. */
  readonly maxPacketSize: number
  collationId(greeting: HandshakeV10): number
  /**
   * The plugin that it names in its login (`undefined`: mysql_native_password, unsaid), and whether its answer is computed for it or
   * left empty. No result: it leaves, with what `refuses` says.
   */
  first(greeting: HandshakeV10, channel: Channel): PersonaFirst | undefined
  /** In the order of the wire. */
  attributes?(asked: PersonaAsked): readonly (readonly [name: string, value: string])[]
  /** Plugins that it can be switched to, on this channel. */
  knows(plugin: string, channel: Channel, asked: PersonaAsked): boolean
  /** What it says when it does not: the error that its user sees. */
  refuses(plugin: string, channel: Channel): string
  /** How it hands on an ERR of the server. */
  says(error: PersonaError): string
  /** What it does where the password needs the server's key: asks for it, or says this, unless its user opted in. */
  publicKey(plugin: string): 'ask' | { readonly orSays: string }
  /** Where it does otherwise than the plugin's manual. */
  readonly quirks?: PersonaQuirks
}

export interface PersonaFirst {
  readonly plugin: string | undefined
  readonly answer: 'computed' | 'empty'
}

export interface PersonaAsked {
  readonly user: string
  readonly database: string | undefined
  readonly tls: boolean
  /** Whether its user opted in to mysql_clear_password, by whatever option it has for that. */
  readonly clearPassword: boolean
  /** What it says of where it runs. */
  readonly at: PersonaPlace
}

export interface PersonaPlace {
  readonly pid: number
  readonly hostName: string
  readonly osUser: string
  /** The server, as the user named it. */
  readonly serverHost: string
}

export interface PersonaError {
  readonly code: number
  /** `undefined` of an ERR before the greeting. */
  readonly sqlState: string | undefined
  readonly message: string
  /** 0 before the greeting. */
  readonly connectionId: number
}

export interface PersonaQuirks {
  /** Which bytes of a switch's data it takes for the nonce of caching_sha2_password; the first 20 unless given. */
  readonly switchNonce?: 'all' | 'all-but-the-last' | 'without-trailing-nul'
  /** It hashes nonce and digest the wrong way round for caching_sha2_password. */
  readonly nonceFirst?: true
  /** After a switch it still seals the password with the greeting's nonce. */
  readonly sealsWithGreetingNonce?: true
  /** In the place of the key request it sends the password as it is, on a plaintext channel. */
  readonly clearOnPlaintext?: true
  /** How it says "no password" to a plugin, where it does not say what the plugin's manual does. */
  readonly empty?: Readonly<Record<string, 'nothing' | 'nul' | 'sealed' | 'hashed-after-switch'>>
  /** The password's bytes; `orSays` is raised for a password that has none. */
  readonly passwordEncoding?: { readonly latin1: true; readonly orSays: string }
  /** It leaves the NUL behind a clear password out, for these plugins. */
  readonly withoutNul?: readonly string[]
  /** It follows one switch only; what it says of a second. */
  readonly oneSwitch?: string
  /** By default it wants the server's certificate proven, by an authority or the password; what it says when it is not. */
  readonly verifies?: (distrust: string) => string
  /** The length of its attributes always takes three bytes. */
  readonly longAttributesLength?: true
  /** What lies in the filler of its SSLRequest: 23 bytes. */
  readonly sslRequestFiller?: (greeting: HandshakeV10) => Uint8Array
}
