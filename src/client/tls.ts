/**
 * TLS as users of MySQL know it: five modes, of which two prove the server. Node encrypts; what the certificate is worth is
 * judged here, before a secret is asked of any plugin.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/connection-options.html#option_general_ssl-mode
 */
import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext, type TLSSocket } from 'node:tls'
import { ConfigurationError } from '../errors/errors.ts'
import type { Peer } from '../machine/client-states.ts'
import type { ClientTlsOptions, TlsMode } from './options.ts'
import { isLocal, type Target, targetText } from './target.ts'

export interface PreparedTls {
  readonly mode: TlsMode
  readonly options: ConnectionOptions
  /** SHA-256 of the only certificate that is taken, in lower-case hex. */
  readonly fingerprint: string | undefined
  /** Whether the caller named who vouches for the server; then nobody else does. */
  readonly authorityGiven: boolean
  /** Sessions may be resumed among logins that share all that was verified. */
  readonly sessionKey: string
}

/** Throws: `ConfigurationError` when a PEM cannot be read, or options contradict each other. */
export function prepareTls(tls: ClientTlsOptions, target: Target): PreparedTls {
  const mode = tls.mode ?? (isLocal(target) ? 'PREFERRED' : 'VERIFY_IDENTITY')
  if (!modes.has(mode)) throw new ConfigurationError(`tls.mode is ${mode}; it takes ${[...modes].join(', ')}`)
  const fingerprint = tls.fingerprint?.replaceAll(':', '').toLowerCase()
  if (fingerprint !== undefined && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    throw new ConfigurationError('tls.fingerprint takes the 64 hex digits of a SHA-256')
  }
  if (tls.crl !== undefined && tls.ca === undefined) throw new ConfigurationError('tls.crl needs tls.ca beside it')
  const name = tls.serverName ?? (target.kind === 'tcp' ? target.host : 'localhost')
  const { ca, cert, key, passphrase, crl, minVersion = 'TLSv1.2', maxVersion, ciphers } = tls
  if (maxVersion !== undefined && maxVersion < minVersion) {
    throw new ConfigurationError(`tls.maxVersion is ${maxVersion}, and tls.minVersion ${minVersion}`)
  }
  const context = {
    minVersion,
    ...(ca !== undefined && { ca: ca as string }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(crl !== undefined && { crl: blocksOf(crl) }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
  }
  return {
    mode,
    fingerprint,
    authorityGiven: ca !== undefined || fingerprint !== undefined,
    sessionKey: mode === 'DISABLED' ? '' : sessionKey(mode, target, name, fingerprint, context),
    options: {
      secureContext: mode === 'DISABLED' ? undefined : contextOf(context),
      // Judged below, so that the login can say what is wrong, and MariaDB's password can prove what no authority does.
      rejectUnauthorized: false,
      // An address is no name for SNI, but is looked for in the certificate all the same.
      ...(isIP(name) === 0 && { servername: name }),
      host: name,
      ...(mode !== 'VERIFY_IDENTITY' && { checkServerIdentity: () => undefined }),
    },
  }
}

/**
 * Judges the server's certificate. A text says why it may not be talked to; `mayProveByPassword` leaves the proof of a certificate
 * that no authority vouches for to the end of the login.
 */
export function judgePeer(tls: PreparedTls, socket: TLSSocket, mayProveByPassword: boolean): Peer | string {
  const raw = socket.getPeerX509Certificate()?.raw
  if (raw === undefined) return 'the server has no certificate'
  const fingerprint = createHash('sha256').update(raw).digest()
  if (tls.fingerprint !== undefined) {
    return tls.fingerprint === fingerprint.toString('hex')
      ? { trust: 'identity', fingerprint }
      : "the server's certificate is not the pinned one"
  }
  if (tls.mode === 'REQUIRED' || tls.mode === 'PREFERRED') return { trust: 'none', fingerprint }
  if (socket.authorized) {
    return { trust: tls.mode === 'VERIFY_IDENTITY' ? 'identity' : 'authority', fingerprint }
  }
  const distrust = `the server's certificate is not trusted: ${distrustText(socket)}`
  return mayProveByPassword && !tls.authorityGiven ? { trust: 'by-password', fingerprint, distrust } : distrust
}

/** What a resumed handshake rests on: it shows no certificate again. */
interface Remembered {
  readonly session: Buffer
  readonly peer: Peer
  readonly subject: string
  readonly sinceMs: number
}

/** The last session of each kind of login: resuming it saves both sides the signature. */
const sessions = new Map<string, Remembered>()
const mostSessions = 256
/** Milliseconds after which a certificate is looked at again: it may have been revoked. */
const longestSession = 3_600_000

export function sessionFor(tls: PreparedTls): Remembered | undefined {
  const known = sessions.get(tls.sessionKey)
  if (known === undefined || performance.now() - known.sinceMs < longestSession) return known
  forgetSession(tls)
  return undefined
}

/** Only of a server that let a login in: what it proved is taken as proven when the session is resumed. */
export function rememberSession(tls: PreparedTls, session: Buffer, peer: Peer, subject: string): void {
  const sinceMs = sessions.get(tls.sessionKey)?.sinceMs ?? performance.now()
  sessions.delete(tls.sessionKey)
  sessions.set(tls.sessionKey, { session, peer, subject, sinceMs })
  if (sessions.size > mostSessions) sessions.delete(sessions.keys().next().value as string)
}

export function forgetSession(tls: PreparedTls): void {
  sessions.delete(tls.sessionKey)
}

/** Node reads the first list of revoked certificates in a PEM, and leaves the others out in silence. */
function blocksOf(pem: string | Buffer): string[] {
  const blocks = pem.toString().match(/-----BEGIN X509 CRL-----[^-]+-----END X509 CRL-----/g)
  if (blocks === null) throw new ConfigurationError('tls.crl holds no list of revoked certificates in PEM')
  return blocks
}

/** `authorizationError` is documented as an Error and is a code. */
function distrustText(socket: TLSSocket): string {
  const code = String((socket.authorizationError as unknown as { code?: string })?.code ?? socket.authorizationError)
  const certificate = socket.getPeerX509Certificate()
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `its names are ${certificate?.subjectAltName ?? certificate?.subject.replaceAll('\n', ', ') ?? 'none'} (${code})`
  }
  return code
}

/** Making a context costs more than a login: those with the same files share one. */
const contexts = new Map<string, ConnectionOptions['secureContext']>()

function contextOf(options: ConnectionOptions): ConnectionOptions['secureContext'] {
  const id = digestOf(options)
  const known = contexts.get(id)
  if (known !== undefined) return known
  let made: ConnectionOptions['secureContext']
  try {
    for (const pem of [options.ca, options.cert].flat()) if (pem !== undefined) new X509Certificate(pem as string)
    made = createSecureContext(options)
  } catch (error) {
    throw new ConfigurationError(
      `tls: ${(error as Error).message.replace(/^error:/, '')} (ca, cert, key and crl take PEM)`,
    )
  }
  contexts.set(id, made)
  if (contexts.size > mostSessions) contexts.delete(contexts.keys().next().value as string)
  return made
}

function sessionKey(mode: TlsMode, target: Target, name: string, pin: string | undefined, context: object): string {
  return [mode, targetText(target), name, pin ?? '', digestOf(context)].join('|')
}

function digestOf(options: object): string {
  const text = JSON.stringify(options, (_key, value) => (value instanceof Uint8Array ? value.toString() : value))
  return createHash('sha256').update(text).digest('base64')
}

const modes: ReadonlySet<string> = new Set(['DISABLED', 'PREFERRED', 'REQUIRED', 'VERIFY_CA', 'VERIFY_IDENTITY'])
