/**
 * Tokens that let their bearer in until they expire: OpenID's (a JSON Web Token) and AWS's (a signed URL). One that has expired
 * is refused here, before it travels: the server would say no more than 1045.
 *
 * Spec: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
 * Spec: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
import { type ClientError, clientError } from '../errors/errors.ts'

/** The error for an expired token; `undefined` for a good one, and for what is no token. Units: `nowMs` since 1970. */
export function expiredToken(secret: Uint8Array, nowMs: number): ClientError | undefined {
  const text = Buffer.from(secret.buffer, secret.byteOffset, secret.length).toString('latin1')
  const [plugin, untilMs] = awsToken.test(text)
    ? ['mysql_clear_password', awsExpiry(text)]
    : ['authentication_openid_connect_client', openidExpiry(text)]
  if (untilMs === undefined || untilMs > nowMs) return undefined
  return clientError('CR_AUTH_PLUGIN_ERR', plugin, `the token expired at ${new Date(untilMs).toISOString()}`)
}

const awsToken = /^[\w.-]+:\d+\/\?.*\bX-Amz-Signature=/

function awsExpiry(text: string): number | undefined {
  const query = new URLSearchParams(text.slice(text.indexOf('?')))
  const [, ...date] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? []
  const [year, month, day, hour, minute, second] = date.map(Number) as [number, number, number, number, number, number]
  const untilMs = Date.UTC(year, month - 1, day, hour, minute, second) + 1000 * Number(query.get('X-Amz-Expires'))
  return Number.isNaN(untilMs) ? undefined : untilMs
}

function openidExpiry(text: string): number | undefined {
  const [, claims] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text) ?? []
  if (claims === undefined) return undefined
  try {
    const { exp } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
    return typeof exp === 'number' ? 1000 * exp : undefined
  } catch {
    return undefined
  }
}
