/** What a server shows to strangers: its greeting, which versions of TLS it takes, and its certificate. */
import { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type SecureVersion, type TLSSocket } from 'node:tls'
import type { ConnectOptions } from '../client/options.ts'
import type { Settings } from '../client/settings.ts'
import { prepareTls } from '../client/tls.ts'
import { MysqlError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { decodeHandshakeV10, type HandshakeV10 } from '../packets/handshake-v10.ts'
import { encodeSslRequest } from '../packets/ssl-request.ts'
import { encodeFrame, FrameReader } from '../wire/framer.ts'
import { dialWatched } from './examine-socket.ts'
import type { Probe, ProbedTls } from './probe.ts'

/** What could be seen. A server that is not there, or is none, leaves all of it `undefined`: a login says why. */
export async function examineTls(
  options: ConnectOptions,
  settings: Settings,
): Promise<Pick<Probe, 'connectMs' | 'greeting' | 'greetingMs' | 'tls'>> {
  const versions = new Map<SecureVersion, string>()
  let seen: Look | undefined
  let shown: Pick<ProbedTls, 'chain' | 'distrust'> | undefined
  for (const version of tlsVersions) {
    const look = await lookAt(options, settings, version)
    seen ??= look
    if (look.tls === undefined) break
    versions.set(version, look.tls.verdict)
    shown ??= look.tls.shown
  }
  const { connectMs, greeting, greetingMs } = seen ?? {}
  const tls = versions.size === 0 ? undefined : { versions, chain: [], distrust: undefined, ...shown }
  return { connectMs, greeting, greetingMs, tls }
}

/** The newest first: what it shows is what most clients see. */
const tlsVersions = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'] as const

interface Look extends Partial<Pick<Probe, 'connectMs' | 'greeting' | 'greetingMs'>> {
  /** `undefined` where TLS is not offered, or was not asked for. */
  readonly tls?: {
    readonly verdict: string
    readonly shown: Pick<ProbedTls, 'chain' | 'distrust'> | undefined
  }
}

async function lookAt(options: ConnectOptions, settings: Settings, version: SecureVersion): Promise<Look> {
  const deadline = AbortSignal.timeout(settings.timeoutMs)
  const startedMs = performance.now()
  let socket: Socket
  try {
    socket = (await dialWatched(settings.target, deadline)).socket
  } catch (error) {
    if (error instanceof MysqlError) return {}
    throw error
  }
  const connectMs = performance.now() - startedMs
  const onLate = () => socket.destroy()
  let overTls = false
  deadline.addEventListener('abort', onLate, { once: true })
  try {
    const greeting = await greetingOf(socket)
    if (greeting === undefined) return { connectMs }
    const seen = { connectMs, greeting, greetingMs: performance.now() - startedMs - connectMs }
    const wanted = settings.target.kind === 'tcp' && settings.tls.mode !== 'DISABLED'
    if (!wanted || !has(greeting.capabilities, capability.SSL)) return seen
    socket.write(encodeFrame(encodeSslRequest(sslRequest), 1))
    overTls = true
    return { ...seen, tls: await speakTls(socket, options, settings, version) }
  } finally {
    deadline.removeEventListener('abort', onLate)
    // Never the socket under a TLS one: to free it inside a TLS event crashes Node.
    if (!overTls) socket.destroy()
  }
}

/** `undefined` when something else comes, or nothing. After: the socket is paused, and nobody listens. */
async function greetingOf(socket: Socket): Promise<HandshakeV10 | undefined> {
  const reader = new FrameReader(largestGreeting)
  const { promise, resolve } = Promise.withResolvers<HandshakeV10 | undefined>()
  const onData = (chunk: Buffer) => {
    try {
      reader.push(chunk)
      const payload = reader.next()?.payload
      if (payload !== undefined) resolve(payload[0] === 0xff ? undefined : decodeHandshakeV10(payload))
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      resolve(undefined)
    }
  }
  const onEnd = () => resolve(undefined)
  socket.on('data', onData).once('close', onEnd).once('end', onEnd).on('error', onEnd)
  const greeting = await promise
  socket.pause().off('data', onData).off('close', onEnd).off('end', onEnd)
  return greeting
}

async function speakTls(socket: Socket, options: ConnectOptions, settings: Settings, version: SecureVersion) {
  const { ca, cert, key, passphrase } = options.tls ?? {}
  const { promise, resolve } = Promise.withResolvers<NonNullable<Look['tls']>>()
  const failed = (error: NodeJS.ErrnoException) => resolve({ verdict: error.code ?? error.message, shown: undefined })
  try {
    // The strictest mode, so that Node judges name and authority; nothing is made of its verdict but a report.
    const { secureContext: _, ...strict } = prepareTls(
      { ...options.tls, mode: 'VERIFY_IDENTITY' },
      settings.target,
    ).options
    const tls: TLSSocket = connectTls({
      ...strict,
      socket,
      secureContext: createSecureContext({
        minVersion: version,
        maxVersion: version,
        // Old versions know only digests that OpenSSL forbids otherwise.
        ciphers: 'DEFAULT:@SECLEVEL=0',
        ...(ca !== undefined && { ca: ca as string }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(passphrase !== undefined && { passphrase }),
      }),
    })
    tls.once('secureConnect', () => resolve({ verdict: 'accepted', shown: shownBy(tls) }))
    tls.on('error', failed)
    tls.once('close', () => failed(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    promise.finally(() => tls.destroy())
  } catch (error) {
    // This OpenSSL does not speak the version.
    socket.destroy()
    failed(error as NodeJS.ErrnoException)
  }
  return await promise
}

function shownBy(tls: TLSSocket): Pick<ProbedTls, 'chain' | 'distrust'> {
  const chain: ProbedTls['chain'][number][] = []
  const known = new Set<string>()
  let at = tls.getPeerCertificate(true) as ReturnType<TLSSocket['getPeerCertificate']> & {
    issuerCertificate?: typeof at
  }
  // A certificate that signs itself is its own issuer.
  while (at?.raw !== undefined && !known.has(at.fingerprint256) && chain.length < longestChain) {
    known.add(at.fingerprint256)
    chain.push(described(new X509Certificate(at.raw)))
    at = at.issuerCertificate as typeof at
  }
  const distrust = tls.authorized ? undefined : String(tls.authorizationError)
  return { chain, distrust }
}

function described(certificate: X509Certificate): ProbedTls['chain'][number] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
  return {
    subject: certificate.subject.replaceAll('\n', ', '),
    issuer: certificate.issuer.replaceAll('\n', ', '),
    names: certificate.subjectAltName ?? '',
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    x509Version: versionOf(certificate.raw),
    key: `${type} ${details?.modulusLength ?? details?.namedCurve ?? ''}`.trimEnd(),
  }
}

/** Stands first in what is signed, as [0] EXPLICIT INTEGER, or not at all: then it is 1 (RFC 5280, 4.1). */
function versionOf(der: Uint8Array): number {
  const signed = contentOf(der, 0)
  const first = contentOf(der, signed)
  return der[first] === 0xa0 ? (der[first + 4] ?? 0) + 1 : 1
}

/** Where the content of the element at `at` begins. */
function contentOf(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f)
}

const sslRequest = {
  capabilities:
    capability.LONG_PASSWORD |
    capability.PROTOCOL_41 |
    capability.SSL |
    capability.SECURE_CONNECTION |
    capability.PLUGIN_AUTH,
  maxPacketSize: 1 << 24,
  collationId: 45,
  mariadbCapabilities: 0,
}

/** Bytes. */
const largestGreeting = 1024
const longestChain = 10
