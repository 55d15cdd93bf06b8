/**
 * authentication_openid_connect_client: the client hands over an identity token (a signed JSON Web Token), which lets its
 * bearer in until it expires. The token takes the place of the password. Only the shape is looked at here: whether it has
 * expired is for those who have a clock, and whether it is right for the server.
 *
 *     int<1>          capability flag, 0x01
 *     string<lenenc>  the token
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/openid-pluggable-authentication.html
 */
import { clientError } from '../errors/errors.ts'
import { deliver } from './password-exchange.ts'
import type { ClientDialogue, ClientLogin, ClientPlugin } from './plugin.ts'

export const authenticationOpenidConnectClient: ClientPlugin = {
  name: 'authentication_openid_connect_client',
  nonceLength: 0,
  secrets: 'sent-in-clear',

  /** Throws: `ClientError` when the password is no token, before a byte of it leaves. */
  client({ password: token }: ClientLogin): ClientDialogue {
    if (!isSignedToken(token)) {
      const why = 'it needs an identity token, three parts of base64url with dots between, and was given none'
      throw clientError('CR_AUTH_PLUGIN_ERR', this.name, why)
    }
    if (token.length > longest) throw clientError('CR_AUTH_PLUGIN_ERR', this.name, 'the token exceeds 65535 bytes')
    const head = token.length < 0xfb ? [0x01, token.length] : [0x01, 0xfc, token.length & 0xff, token.length >> 8]
    return deliver(this.name, Buffer.concat([Uint8Array.from(head), token]))
  },
}

/** On the bytes: nobody could wipe a string. An unsigned token, whose third part is empty, is none. */
function isSignedToken(token: Uint8Array): boolean {
  const dots = Array.from(token.keys()).filter((i) => token[i] === dot)
  const [first = 0, second = 0] = dots
  const hasThreeParts = dots.length === 2 && first > 0 && second > first + 1 && second < token.length - 1
  return hasThreeParts && token.every((byte) => byte === dot || base64url.has(byte))
}

const longest = 0xffff
const dot = 0x2e
const base64url: ReadonlySet<number> = new Set(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'),
)
