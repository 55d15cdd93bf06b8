/**
 * The tokens of Amazon RDS and Aurora as they cross the wire in the place of a password: a signed URL without its scheme. What is
 * read here is what anybody may know of it; the signature is looked at for its form only.
 *
 * Spec: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
 */
import { latin1 } from '../wire/reader.ts'
import type { Observation } from './observation.ts'

export interface IamToken {
  /** Of the endpoint that it was made for, without the port; lower case. */
  readonly host: string
  readonly user: string | undefined
  readonly region: string | undefined
  /** Milliseconds since 1970, from and until when it is good; `undefined` where its dates cannot be read. */
  readonly validMs: { readonly from: number; readonly until: number } | undefined
  /** Bytes. */
  readonly length: number
  /** What happened to it on its way; `undefined`: nothing. */
  readonly damage: string | undefined
}

/** The token that the client gave as its last password in clear, if it was one. */
export function iamTokenIn(seen: Observation): IamToken | undefined {
  const exchange = seen.exchanges.findLast(({ plugin }) => plugin === 'mysql_clear_password')
  const token = latin1(exchange?.answers[0] ?? new Uint8Array(0)).replace(/\0$/, '')
  const [, host, query] = /^([\w.-]+)(?::\d+)?\/?\?(.*Action=connect.*)$/s.exec(token) ?? []
  if (host === undefined || query === undefined) return undefined
  const fields = new URLSearchParams(query)
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(fields.get('X-Amz-Date') ?? '')
  const from = date === null ? Number.NaN : Date.parse(`${date.slice(1, 4).join('-')}T${date.slice(4).join(':')}Z`)
  const until = from + Number(fields.get('X-Amz-Expires') ?? Number.NaN) * 1000
  return {
    host: host.toLowerCase(),
    user: fields.get('DBUser') ?? undefined,
    region: fields.get('X-Amz-Credential')?.split('/')[2],
    validMs: Number.isNaN(until) ? undefined : { from, until },
    length: token.length,
    damage: damageOf(query),
  }
}

function damageOf(query: string): string | undefined {
  if (/X-Amz-Credential=[^&]*\//.test(query))
    return 'it was percent-decoded: the slashes in X-Amz-Credential are no %2F'
  const signature = /&X-Amz-Signature=([^&]*)/.exec(query)?.[1]
  if (signature === undefined) return 'it has no X-Amz-Signature: it was cut before'
  if (signature.length < 64) return `its signature has ${signature.length} of 64 digits: it was cut`
  return /^[0-9a-f]{64}$/.test(signature) ? undefined : 'something stands behind its signature'
}
