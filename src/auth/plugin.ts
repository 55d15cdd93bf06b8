/**
 * The contract of an authentication plugin: one file per plugin, named as on the wire, with both halves.
 *
 * A plugin sees opaque bytes, never packets or sockets, and draws no randomness. Its caller, the machine, has already
 * removed the 0x01 of AuthMoreData, handled OK, ERR and auth switch, refused the plugin on a channel that its `secrets`
 * declaration forbids (`machine/channel-policy.ts`), and checked the nonce's length.
 */
import type { DenyReason } from '../errors/deny-reasons.ts'

/** How the bytes travel. `tls` and `unix-socket` are secure: a password may cross them in clear. */
export type Channel = 'plaintext' | 'tls' | 'unix-socket'

/** What a client must have to log in by a plugin. */
export interface ClientPlugin {
  /** As on the wire. */
  readonly name: string
  /** Bytes of nonce that the server sends for this plugin, NUL not included; 0 when it sends none. */
  readonly nonceLength: number
  readonly secrets: 'never-sent' | 'sent-encrypted-or-on-secure-channel' | 'sent-in-clear'
  client(login: ClientLogin): ClientDialogue
  /**
   * What both sides can compute of the password alone, by which MariaDB 11.4 proves its certificate (machine/certificate-proof.ts).
   * Left out by plugins whose server learns the password.
   */
  passwordHash?(login: ClientLogin): Uint8Array
  /** MariaDB before 11 sends this plugin's packets, but the first, without the 0x01 of AuthMoreData. */
  readonly speaksBare?: true
  /** What AuthMoreData of the server says, in words, for whoever reads the story of a login. */
  meaningOf?(data: Uint8Array): string | undefined
}

export interface AuthPlugin extends ClientPlugin {
  /** What accounts call it, where that is not its name on the wire: MariaDB's `ed25519` is `client_ed25519` there. */
  readonly accountPlugin?: string
  /** What the server sends in the place of a nonce when it opens the exchange. */
  readonly opening?: Uint8Array
  /** The empty password is stored, and proven, like any other (MariaDB 11.8); elsewhere '' stands for it. */
  readonly storesEmptyPassword?: true
  server(proof: ServerProof): ServerDialogue
  /** Asks for the password whatever the first answer proves; of plugins that can do without it. */
  fully?(proof: ServerProof): ServerDialogue
  /**
   * Turns a password into the stored credential, or throws `ConfigurationError` when it cannot be stored.
   * Slow for the crypt plugins (milliseconds): off the event loop use `accounts/secret-checker.ts`.
   * Units: `salt` is 20 bytes in 0x01-0x7f without `$`; `rounds` is what the SHA-256 crypt plugins iterate.
   */
  store(password: Uint8Array, salt: Uint8Array, rounds: number): string
  /** Whether a stored credential is one that this plugin understands; the empty string is "no password". */
  understands(authString: string): boolean
}

/** What the client half may know. */
export interface ClientLogin {
  /** Without a trailing NUL; empty for "no password". Of the factor at hand. */
  readonly password: Uint8Array
  /** `nonceLength` bytes, or, of a plugin without a nonce, all that the server sent with the plugin's name. */
  readonly nonce: Uint8Array
  readonly channel: Channel
  /** 1, which it is when left out, 2 or 3. */
  readonly factor?: number
  /** The server's RSA key if the caller pinned one. */
  readonly serverPublicKey?: string
  /** Whether the client may ask the server for its key on a plaintext channel. */
  readonly mayRequestPublicKey: boolean
  /** The client's own nonce, fresh for this exchange: 32 bytes. */
  readonly clientNonce: Uint8Array
}

/** What the server half may know. Everything in it belongs to one attempt. */
export interface ServerProof {
  /** The client's first answer, computed for this plugin and this nonce. */
  readonly answer: Uint8Array
  readonly nonce: Uint8Array
  readonly channel: Channel
  /** The stored credentials: the current one, then the retained one of a dual password. Empty string: no password. */
  readonly authStrings: readonly string[]
  /**
   * SHA256(SHA256(password)) of credentials that passed full authentication before, in the order of `authStrings`: 32
   * bytes, or none where nothing is known.
   */
  readonly fastDigests: readonly Uint8Array[]
  /** The server's RSA public key (PEM, SPKI), if it has one to give. */
  readonly publicKey: string | undefined
  /** Whether the verdict is to carry what the proof gives away; left out: no, and it is wiped. */
  readonly recover?: boolean
}

/**
 * `yield` sends a payload and waits for the server's next one; an empty one sends nothing. A `Question` goes to the
 * application instead, and the answer comes back. The server ends the dialogue: the machine calls `return()` on OK, ERR or
 * a switch, so that `finally` can wipe secrets.
 */
export type ClientDialogue = Generator<Uint8Array | Question, void, Uint8Array>

/** What the server wants to know from a person. The answer is UTF-8, without NUL. */
export interface Question {
  /** In the server's words; control characters removed. */
  readonly ask: string
  /** Whether what is typed may be seen. */
  readonly echo: boolean
}

/** `yield` sends a payload (wrapped as AuthMoreData) and waits for the client's next one. */
export type ServerDialogue = Generator<Uint8Array, Verdict, Uint8Array>

export type Verdict =
  /**
   * The proof holds. `last` is sent as AuthMoreData before OK. `credential` says which of `authStrings` matched.
   * `recovered`, where it was asked for and the plugin can: the digest of the password that signs another server's nonce
   * (from-digest.ts), empty for "no password". A secret, and the caller's to wipe.
   */
  | {
      readonly verdict: 'accept'
      readonly last?: Uint8Array
      readonly credential: number
      readonly recovered?: Uint8Array
    }
  | { readonly verdict: 'deny'; readonly reason: DenyReason }
  /**
   * The plugin obtained a password; someone who may take time judges it against `authStrings`. `clear`: password + NUL, as on
   * the wire. `sealed`: RSA-OAEP(SHA-1) of (password + NUL) XOR nonce.
   */
  | { readonly verdict: 'check-secret'; readonly secret: Uint8Array; readonly form: 'clear' | 'sealed' }

export function isSecure(channel: Channel): boolean {
  return channel !== 'plaintext'
}
