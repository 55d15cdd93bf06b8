/**
 * The keys and certificates of a server: found, checked, and on a first start made.
 *
 * Files in the data directory carry MySQL's names, so that they can be exchanged with a mysqld's. What exists is never
 * overwritten: half a set or a broken file stops the start and says which file, because quietly making a new key would lock
 * out every client that pinned the old one. Private keys are `KeyObject`s: printing or serialising them shows nothing.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/creating-ssl-rsa-files-using-mysql.html
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { access, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigurationError } from '../errors/errors.ts'

export interface KeyMaterial {
  /** PEM, leaf first. */
  readonly cert: string
  readonly key: KeyObject
  /** PEM: who may sign client certificates. `undefined`: clients are not asked for one. */
  readonly ca: string | undefined
  /** What an operator should know, one sentence each: an expired certificate, a key that others can read. */
  readonly warnings: readonly string[]
  /** The key pair for passwords without TLS; in memory it is made at the first call (100 ms and more). */
  rsa(): Promise<RsaKeyPair>
}

export interface RsaKeyPair {
  readonly privateKey: KeyObject
  /** PEM (SPKI), as sent to a client that asks for it. */
  readonly publicKey: string
}

export interface KeyMaterialOptions {
  /** Left out: everything stays in memory and is new at each start. Made when it does not exist. */
  readonly dataDir?: string
  /** Paths that replace the files of the data directory: the first two together, the last alone or with them. */
  readonly sslCert?: string
  readonly sslKey?: string
  readonly sslCa?: string
}

/**
 * Loads the key material, and makes what is missing as a whole set.
 *
 * After: with a data directory, it holds ca.pem, ca-key.pem, server-cert.pem, server-key.pem (unless a certificate was
 * given), private_key.pem and public_key.pem; keys have mode 0600. One process at a time may make them.
 * Throws: `ConfigurationError` naming the file and the remedy.
 */
export async function loadKeyMaterial(options: KeyMaterialOptions): Promise<KeyMaterial> {
  const { dataDir, sslCert, sslKey, sslCa } = options
  if ((sslCert === undefined) !== (sslKey === undefined)) {
    throw new ConfigurationError('ssl_cert and ssl_key belong together: give both or none')
  }
  if (dataDir !== undefined) {
    await mkdir(dataDir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw new ConfigurationError(`cannot make the data directory ${dataDir} (${codeOf(error)})`)
    })
  }

  const warnings: string[] = []
  const pair =
    sslCert !== undefined && sslKey !== undefined
      ? { ...(await readCertificate(sslCert, sslKey, warnings)), ca: undefined }
      : dataDir !== undefined
        ? await certificatesIn(dataDir, warnings)
        : await newCertificates()
  const ca = sslCa === undefined ? pair.ca : await readCa(sslCa)

  const stored = dataDir === undefined ? undefined : await rsaIn(dataDir, warnings)
  let rsa = stored && Promise.resolve(stored)
  return {
    cert: pair.cert,
    key: pair.key,
    ca,
    warnings,
    rsa() {
      rsa ??= newRsa()
      return rsa
    },
  }
}

async function certificatesIn(dataDir: string, warnings: string[]) {
  const [ca, caKey, cert, key] = ['ca.pem', 'ca-key.pem', 'server-cert.pem', 'server-key.pem'].map((name) =>
    join(dataDir, name),
  ) as [string, string, string, string]

  // ca-key.pem may be absent: whoever has signed what is needed keeps it elsewhere.
  if (await completeSet([ca, cert, key], [caKey])) {
    return { ...(await readCertificate(cert, key, warnings)), ca: await readCa(ca) }
  }
  const made = await newCertificates()
  await writeNew(caKey, pemOf(made.caKey), 0o600)
  await writeNew(ca, made.ca, 0o644)
  await writeNew(key, pemOf(made.key), 0o600)
  await writeNew(cert, made.cert, 0o644)
  return made
}

async function newCertificates() {
  const { makeCertificates } = await import('./self-made-certificate.ts')
  const { caCert, ...made } = await makeCertificates(hostname(), Date.now())
  return { ...made, ca: caCert }
}

async function readCertificate(certPath: string, keyPath: string, warnings: string[]) {
  const cert = await readText(certPath)
  const key = await readPrivateKey(keyPath, warnings)
  const leaf = parseCertificate(certPath, cert)
  if (!leaf.checkPrivateKey(key)) {
    throw new ConfigurationError(`${keyPath} is not the key of ${certPath}: put back the pair that belongs together`)
  }
  if (Date.parse(leaf.validTo) < Date.now()) {
    warnings.push(`${certPath} expired on ${leaf.validTo}: clients that verify the server refuse it`)
  }
  return { cert, key }
}

async function readCa(path: string): Promise<string> {
  const text = await readText(path)
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [text]
  for (const block of blocks) parseCertificate(path, block)
  return text
}

async function rsaIn(dataDir: string, warnings: string[]): Promise<RsaKeyPair> {
  const privatePath = join(dataDir, 'private_key.pem')
  const publicPath = join(dataDir, 'public_key.pem')
  if (!(await completeSet([privatePath, publicPath], []))) {
    const made = await newRsa()
    await writeNew(privatePath, pemOf(made.privateKey), 0o600)
    await writeNew(publicPath, made.publicKey, 0o644)
    return made
  }
  const privateKey = await readPrivateKey(privatePath, warnings)
  if (privateKey.asymmetricKeyType !== 'rsa' || (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new ConfigurationError(`${privatePath} must be an RSA key of at least 2048 bits: remove it and ${publicPath}`)
  }
  // Clients may have pinned the file's text, so the file is served, not a rendering of the private key's other half.
  const publicKey = await readText(publicPath)
  if (publicKey.replace(/\s/g, '') !== publicPemOf(privateKey).replace(/\s/g, '')) {
    throw new ConfigurationError(
      `${publicPath} is not the public half of ${privatePath}: restore the one that was changed, or remove both`,
    )
  }
  return { privateKey, publicKey }
}

async function newRsa(): Promise<RsaKeyPair> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  return { privateKey, publicKey: publicPemOf(privateKey) }
}

function publicPemOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string
}

/** A private key as PEM (PKCS #8). */
export function pemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** Whether all required files are there; throws when only some of the files are. */
async function completeSet(required: readonly string[], optional: readonly string[]): Promise<boolean> {
  const missing = await absentOf(required)
  if (missing.length === 0) return true
  const absent = [...missing, ...(await absentOf(optional))]
  const present = [...required, ...optional].filter((path) => !absent.includes(path))
  if (present.length === 0) return false
  throw new ConfigurationError(
    `${missing.join(' and ')} missing, but ${present.join(', ')} present: restore what is missing, or remove the rest to have all made anew`,
  )
}

async function absentOf(paths: readonly string[]): Promise<string[]> {
  const absent: string[] = []
  for (const path of paths) {
    await access(path).catch(() => absent.push(path))
  }
  return absent
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigurationError(`cannot read ${path} (${codeOf(error)}): check the path and its permissions`)
  }
}

async function readPrivateKey(path: string, warnings: string[]): Promise<KeyObject> {
  const text = await readText(path)
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
    warnings.push(`${path} can be read by others than its owner: chmod 600 ${path}`)
  }
  if (text.includes('ENCRYPTED')) {
    throw new ConfigurationError(
      `${path} is protected by a passphrase: store it without one (openssl pkey -in ${path} -out ...)`,
    )
  }
  try {
    return createPrivateKey(text)
  } catch {
    // OpenSSL's own message is left out: it adds nothing, and nothing of a key file may reach a log.
    throw new ConfigurationError(
      `${path} is not a private key in PEM: restore it, or remove the whole set to have it made anew`,
    )
  }
}

function parseCertificate(path: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new ConfigurationError(
      `${path} is not a certificate in PEM: restore it, or remove the whole set to have it made anew`,
    )
  }
}

/**
 * Writes a file that must not exist. The empty file claims the name, so that of two processes one fails; the rename
 * then brings the whole content at once.
 */
async function writeNew(path: string, content: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await (await open(path, 'wx', mode)).close()
    await writeFile(temporary, content, { mode, flush: true })
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new ConfigurationError(
      codeOf(error) === 'EEXIST'
        ? `${path} appeared while it was being made: another process uses this data directory; start again`
        : `cannot write ${path} (${codeOf(error)}): check the permissions of the data directory`,
    )
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
