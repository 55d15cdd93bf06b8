/**
 * TLS of the server: which versions and ciphers it speaks, and who the client proved to be.
 *
 * Renegotiation is off, TLS 1.2 is the floor, and each context has ticket keys of its own: after a reload no session from
 * before it resumes, so nobody keeps an identity that the new policy would refuse. Client certificates are asked for
 * but never demanded here; the account decides (`tls-requirement.ts`), once it is known.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/using-encrypted-connections.html
 */
import { constants, randomBytes, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type TLSSocket, type TLSSocketOptions } from 'node:tls'
import { ConfigurationError } from '../errors/errors.ts'
import { type KeyMaterial, pemOf } from './key-material.ts'
import type { Settings } from './settings.ts'

/** What a TLS connection says of its client. Read it while the socket is open. */
export interface TlsPeer {
  /** As in the status variable Ssl_version: `TLSv1.3`. */
  readonly version: string
  /** OpenSSL's name, as in the status variable Ssl_cipher and in REQUIRE CIPHER. */
  readonly cipher: string
  /** Of the client's certificate in the form `/C=SE/O=Salt/CN=miner`; `undefined` when it sent none. */
  readonly subject: string | undefined
  readonly issuer: string | undefined
  /** The client has a certificate, and `ssl_ca` vouches for it. */
  readonly authorized: boolean
  /** OpenSSL's code, such as DEPTH_ZERO_SELF_SIGNED_CERT, of a certificate that was not accepted. */
  readonly authorizationError: string | undefined
}

/** From when to when a certificate is good. Milliseconds since 1970. */
export interface Validity {
  readonly fromMs: number
  readonly untilMs: number
}

/** The TLS context for new connections; `reload` replaces it and leaves running connections alone. */
export class ServerTls {
  readonly #settings: Settings
  #material: KeyMaterial
  #options: TLSSocketOptions | undefined
  /** Of the server's own certificate. */
  validity: Validity

  /** Throws: `ConfigurationError` when the settings allow no cipher or OpenSSL refuses the key. */
  constructor(material: KeyMaterial, settings: Settings) {
    this.#settings = settings
    this.#material = material
    this.#options = socketOptions(material, settings)
    this.validity = validityOf(material)
  }

  /** What `new tls.TLSSocket(socket, ...)` needs; `undefined` while tls_version is empty: TLS is off. */
  get options(): TLSSocketOptions | undefined {
    return this.#options
  }

  /**
   * Builds a new context from the settings of now and, if given, new key material (ALTER INSTANCE RELOAD TLS).
   *
   * Throws: `ConfigurationError`; the old context then stays in use.
   */
  reload(material: KeyMaterial = this.#material): void {
    this.#options = socketOptions(material, this.#settings)
    this.#material = material
    this.validity = validityOf(material)
  }
}

function validityOf({ cert }: KeyMaterial): Validity {
  const { validFrom, validTo } = new X509Certificate(cert)
  return { fromMs: Date.parse(validFrom), untilMs: Date.parse(validTo) }
}

/**
 * Builds a context from key material and the settings tls_version, ssl_cipher, tls_ciphersuites and
 * ssl_session_cache_timeout.
 *
 * Throws: `ConfigurationError` when tls_version is empty, no cipher is left, or OpenSSL refuses the key.
 */
export function createServerSecureContext(material: KeyMaterial, settings: Settings): SecureContext {
  const versions = settings.get('tls_version').split(',')
  if (versions[0] === '') throw new ConfigurationError('tls_version is empty: TLS is off')
  const ciphers = [settings.get('tls_ciphersuites') ?? tls13Ciphers, settings.get('ssl_cipher') || tls12Ciphers]
  try {
    return createSecureContext({
      cert: withIssuer(material.cert, material.ca),
      key: pemOf(material.key),
      ...(material.ca === undefined ? {} : { ca: material.ca }),
      minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
      maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
      ciphers: ciphers.filter((list) => list !== '').join(':'),
      honorCipherOrder: true,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      // Without it OpenSSL breaks off every resumption on which a client certificate was asked for.
      sessionIdContext: randomBytes(16).toString('hex'),
      sessionTimeout: settings.get('ssl_session_cache_timeout'),
    })
  } catch (error) {
    throw new ConfigurationError(
      `TLS cannot start (${error instanceof Error ? error.message : error}): check ssl_cert, ssl_key, ssl_cipher and tls_ciphersuites`,
    )
  }
}

/** Tells what the handshake established. Call it after the socket's `secure` event and before it closes. */
export function describePeer(socket: TLSSocket): TlsPeer {
  const certificate = socket.getPeerX509Certificate()
  const error = certificate && verifyError(socket)
  return {
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.name ?? '',
    subject: certificate && oneLineName(certificate.subject),
    issuer: certificate && oneLineName(certificate.issuer),
    authorized: certificate !== undefined && error === undefined,
    authorizationError: error,
  }
}

/**
 * Writes a distinguished name as OpenSSL's X509_NAME_oneline does, which is what REQUIRE SUBJECT and ISSUER hold: `/` before
 * each part, `/` and `+` inside a value escaped, bytes outside of ASCII as `\xHH`. `name` is Node's form, one part a line.
 */
export function oneLineName(name: string | undefined): string {
  if (name === undefined || name === '') return ''
  return name
    .split('\n')
    .map((part) => `/${part.split(' + ').map(oneLineValue).join('+')}`)
    .join('')
}

function oneLineValue(typeAndValue: string): string {
  const equals = typeAndValue.indexOf('=')
  const value = typeAndValue
    .slice(equals + 1)
    .replace(/\\([0-9A-F]{2}|.)/gs, (_, escaped: string) =>
      escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
    )
  let line = typeAndValue.slice(0, equals + 1)
  for (const byte of Buffer.from(value)) {
    const character = String.fromCharCode(byte)
    if (byte < 0x20 || byte > 0x7e) line += `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
    else line += character === '/' || character === '+' ? `\\${character}` : character
  }
  return line
}

/**
 * OpenSSL's verdict on the client's certificate. Node fills in `socket.authorized` only for sockets that a `tls.Server`
 * accepted, so the handle is asked; if a future Node has no such method, nobody is authorized.
 */
function verifyError(socket: TLSSocket): string | undefined {
  const handle = (socket as { ssl?: { verifyError?: () => { code?: string } | null | undefined } | null }).ssl
  if (typeof handle?.verifyError !== 'function') return 'UNVERIFIED'
  const error = handle.verifyError()
  return error ? (error.code ?? 'UNVERIFIED') : undefined
}

/**
 * A certificate without its chain, signed by a CA that the context knows, makes OpenSSL build and verify that chain anew
 * in every handshake, which costs as much as the handshake's own signature. So the chain is completed here, once.
 */
function withIssuer(cert: string, ca: string | undefined): string {
  if (ca === undefined || cert.split(pemBegin).length > 2) return cert
  const leaf = new X509Certificate(cert)
  const issuer = ca
    .split(pemBegin)
    .slice(1)
    .map((body) => pemBegin + body)
    .find((pem) => leaf.checkIssued(new X509Certificate(pem)))
  return issuer === undefined ? cert : `${cert.trimEnd()}\n${issuer}`
}

const pemBegin = '-----BEGIN CERTIFICATE-----'

function socketOptions(material: KeyMaterial, settings: Settings): TLSSocketOptions | undefined {
  if (settings.get('tls_version') === '') return undefined
  return {
    isServer: true,
    secureContext: createServerSecureContext(material, settings),
    // Without a CA of ours Node would trust every public one, so then nobody is asked.
    requestCert: material.ca !== undefined,
    rejectUnauthorized: false,
  }
}

const tls13Ciphers = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
/** Forward secrecy and authenticated encryption only. */
const tls12Ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')
