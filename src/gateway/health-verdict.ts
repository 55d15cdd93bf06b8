/** What a failure says about the server that it happened with: not every error of a login is one of the server. */
import { ClientError, ConfigurationError, MysqlError, ProtocolViolation, ServerError } from '../errors/errors.ts'

/**
 * - `unreachable`: no name, no route, no answer in time. `refused`: nobody listens there. `lost`: the connection broke.
 * - `full`: it has no room. `blocked`: it takes nobody from this host. `unavailable`: it starts, shuts down, or was put offline. These three
 *   it says itself.
 * - `tls`, `protocol`: it was reached, and cannot be spoken with.
 * - `denied`: it answers, and does not want this user. `given-up`: the login was ended on this side.
 */
export type FailureKind =
  | 'unreachable'
  | 'refused'
  | 'lost'
  | 'full'
  | 'blocked'
  | 'unavailable'
  | 'tls'
  | 'protocol'
  | 'denied'
  | 'given-up'

export interface Failure {
  readonly kind: FailureKind
  /** Words of this program only: nothing that the other side made up, and no secret. */
  readonly reason: string
}

export function judge(error: unknown): Failure {
  if (error instanceof ServerError) {
    const kind = kindOfCode.get(error.code) ?? 'denied'
    return { kind, reason: `${kind}: it answers ${error.code} (${error.symbol})` }
  }
  const kind = kindOf(error)
  const said =
    error instanceof ClientError || error instanceof ProtocolViolation ? error.message : 'the login failed here'
  return { kind, reason: `${kind}: ${said}` }
}

function kindOf(error: unknown): FailureKind {
  if (error instanceof ProtocolViolation) return 'protocol'
  if (!(error instanceof MysqlError) || error instanceof ConfigurationError) return 'given-up'
  switch (error.symbol) {
    case 'CR_CONN_HOST_ERROR':
    case 'CR_CONNECTION_ERROR':
      // A unix socket without a file, or with a file that nobody has open, is as good as a closed port.
      return /\((?:ECONNREFUSED|ENOENT)\)/.test(error.message) ? 'refused' : 'unreachable'
    case 'CR_UNKNOWN_HOST':
      return 'unreachable'
    case 'CR_SERVER_LOST':
      return /because (?:the caller|its owner)/.test(error.message) ? 'given-up' : 'lost'
    case 'CR_SERVER_GONE_ERROR':
      return 'lost'
    case 'CR_SSL_CONNECTION_ERROR':
      return 'tls'
    case 'CR_VERSION_ERROR':
    case 'CR_SERVER_HANDSHAKE_ERR':
    case 'CR_MALFORMED_PACKET':
      return 'protocol'
    default:
      return 'given-up'
  }
}

/** Of those that are about the server as a whole. 1203 and 1226 are limits of one user. */
const kindOfCode: ReadonlyMap<number, FailureKind> = new Map([
  [1040, 'full'],
  [1135, 'full'],
  [1129, 'blocked'],
  [1130, 'blocked'],
  [1053, 'unavailable'],
  [3032, 'unavailable'],
  [3168, 'unavailable'],
  // What a server says of a connection that breaks before its eyes.
  [1158, 'lost'],
  [1159, 'lost'],
  [1160, 'lost'],
  [1161, 'lost'],
])
