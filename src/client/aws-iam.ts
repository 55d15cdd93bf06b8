/**
 * Logs in to Amazon RDS and Aurora without a password: the token that takes its place is a request for `rds-db:connect`, signed
 * with the caller's AWS credentials by Signature Version 4 and good for 15 minutes. It crosses the wire as it is
 * (`mysql_clear_password`), so it needs `enableCleartextPlugin` and TLS with a verified name.
 *
 * Spec: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
 */
import { createHash, createHmac } from 'node:crypto'
import { ConfigurationError } from '../errors/errors.ts'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
}

export interface AwsIamTokenOptions {
  /** The endpoint's own name: a token for an alias of it is refused by the server. */
  readonly host: string
  readonly port: number
  readonly user: string
  /** Left out: the one in the endpoint's name. */
  readonly region?: string
  /** Or who has some: asked for each token. */
  readonly credentials: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>)
  /** Milliseconds since 1970; left out: the clock. */
  readonly now?: number
}

/**
 * Signs a token; as a `password` option: `({ host, port, user }) => awsIamToken({ host, port, user, credentials })`.
 *
 * Throws: `ConfigurationError` when the region is neither given nor in the host's name, or the credentials are incomplete.
 * Spec: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export async function awsIamToken(options: AwsIamTokenOptions): Promise<string> {
  const { port, user, region = rdsRegion(options.host), now } = options
  if (region === undefined) {
    throw new ConfigurationError(`the AWS region is not in the name '${options.host}': say which (aws-iam-region)`)
  }
  if (user === '') throw new ConfigurationError('an IAM token is signed for a user: say which')
  const given = options.credentials
  const { accessKeyId, secretAccessKey, sessionToken } = typeof given === 'function' ? await given() : given
  if (!accessKeyId || !secretAccessKey)
    throw new ConfigurationError('the AWS credentials lack an access key or its secret')

  const host = `${options.host.toLowerCase()}:${port}`
  const time = new Date(now ?? Date.now()).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = [time.slice(0, 8), region, 'rds-db', 'aws4_request']
  const query = Object.entries({
    Action: 'connect',
    DBUser: user,
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': [accessKeyId, ...scope].join('/'),
    'X-Amz-Date': time,
    'X-Amz-Expires': String(lifetimeSeconds),
    ...(sessionToken && { 'X-Amz-Security-Token': sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${name}=${percentEncoded(value)}`)
    .join('&')
  const request = ['GET', '/', query, `host:${host}`, '', 'host', sha256('')].join('\n')
  const toSign = [algorithm, time, scope.join('/'), sha256(request)].join('\n')
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`)
  return `${host}/?${query}&X-Amz-Signature=${hmac(key, toSign).toString('hex')}`
}

/** The region in the name of an RDS or Aurora endpoint. */
export function rdsRegion(host: string): string | undefined {
  const [, region, china] =
    /\.([a-z]{2}(?:-[a-z]+)+-\d+)\.rds\.amazonaws\.com$|\.rds\.(cn-[a-z]+-\d+)\.amazonaws\.com\.cn$/i.exec(host) ?? []
  return (region ?? china)?.toLowerCase()
}

/** Of RFC 3986; `encodeURIComponent` leaves a few more as they are. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

const algorithm = 'AWS4-HMAC-SHA256'
/** What RDS takes at most. */
const lifetimeSeconds = 900
