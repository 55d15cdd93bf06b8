/**
 * What a client is told of a backend's error, and whose fault it is. A client that logged in there itself reads what the backend said; one
 * that the gateway logged in for learns nothing of host names, users and limits of which it knows nothing (T51).
 */
import {
  ClientError,
  ConfigurationError,
  MysqlError,
  receivedError,
  ServerError,
  serverError,
} from '../errors/errors.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import { accessDenied } from '../machine/public-error.ts'

export interface BackendOutcome {
  readonly error: MysqlError
  /** `backend`: another one may do better; `gateway`: it is configured so that none will; `client`: it is refused. */
  readonly blame: 'client' | 'backend' | 'gateway'
  /** For the log. */
  readonly detail?: string
}

/** Who has shown the backend that it may log in: the client itself, the gateway by what it recovered of the client's proof, or by a credential. */
export type ProvenBy = 'client' | 'its proof' | 'gateway'

/** Nobody is there for the client. */
export function noBackend(): MysqlError {
  return receivedError(2003, 'HY000', "Can't connect to MySQL server: no backend of the gateway is available")
}

export function denialOf(
  error: unknown,
  { provenBy, login, host }: { readonly provenBy: ProvenBy; readonly login: LoginFacts; readonly host: string },
): BackendOutcome {
  const detail = error instanceof Error ? error.message : 'a throw that is no Error'
  if (!(error instanceof MysqlError)) return { error: noBackend(), blame: 'gateway', detail }
  if (error instanceof ConfigurationError) return { error: noBackend(), blame: 'gateway', detail }
  if (error instanceof ServerError) {
    if (ofBackend.has(error.code)) return { error: noBackend(), blame: 'backend', detail }
    if (error.code === 1040) return { error: serverError('ER_CON_COUNT_ERROR'), blame: 'backend', detail }
    if (provenBy === 'client') return { error, blame: 'client', detail }
    if (provenBy === 'gateway' && ofIdentity.has(error.code)) return { error: noBackend(), blame: 'gateway', detail }
    return { ...inOwnWords(error, login, host), detail }
  }
  if (provenBy === 'client' && error instanceof ClientError && error.symbol === 'CR_AUTH_PLUGIN_ERR') {
    return { error: accessDenied(login.user, host, true), blame: 'client', detail }
  }
  return { error: noBackend(), blame: 'backend', detail }
}

/** The errors that are about the client, told again with what it knows. */
function inOwnWords(error: MysqlError, login: LoginFacts, host: string): Omit<BackendOutcome, 'detail'> {
  const { user, database = '' } = login
  switch (error.code) {
    case 1044:
      return { error: serverError('ER_DBACCESS_DENIED_ERROR', user, host, database), blame: 'client' }
    case 1049:
      return { error: serverError('ER_BAD_DB_ERROR', database), blame: 'client' }
    case 1045:
      return { error: accessDenied(user, host, true), blame: 'client' }
    case 1862:
    case 3118:
    case 1203:
    case 1226:
      return {
        error: receivedError(error.code, error.sqlState, 'The account of this session cannot be used at the backend'),
        blame: 'client',
      }
    default:
      return { error: noBackend(), blame: 'backend' }
  }
}

/** What is wrong with the one that the gateway logs in as. */
const ofIdentity = new Set([1045, 1862, 3118, 3955])

/** Blocked, shutting down, starting, offline, not let in from here: nothing that a client could mend. */
const ofBackend = new Set([1053, 1129, 1130, 1158, 1159, 1160, 1161, 3032, 3168])
