/**
 * The worker thread in which passwords are opened (RSA) and crypted: milliseconds each, which the event loop of the
 * logins does not have. It takes what waits, up to four crypts at a time, and never waits for more.
 *
 * It starts with a crypt whose result is known: a kernel that computes wrongly here judges nobody.
 */
import { constants, createPublicKey, type KeyObject, privateDecrypt } from 'node:crypto'
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { equal, sha256, wipe, xor } from '../auth/primitives.ts'
import { type StoredCrypt, sha256Crypts } from '../auth/sha256-crypt.ts'
import { batchSize, maxPasswordLength } from '../auth/sha256-crypt-kernel.ts'

export type WorkerRequest =
  | { readonly ask: 'use-key'; readonly privateKey: KeyObject | undefined }
  | ({ readonly ask: 'check'; readonly id: number; readonly credentials: readonly IndexedCrypt[] } & Proof)
  | { readonly ask: 'open'; readonly id: number; readonly secret: Uint8Array<ArrayBuffer> }
  | {
      readonly ask: 'hash'
      readonly id: number
      readonly password: Uint8Array<ArrayBuffer>
      readonly salt: Uint8Array
      readonly rounds: number
    }

export type Proof =
  /** At most 256 bytes, without the NUL. */
  | { readonly form: 'clear'; readonly secret: Uint8Array<ArrayBuffer> }
  | { readonly form: 'sealed'; readonly secret: Uint8Array<ArrayBuffer>; readonly nonce: Uint8Array }

/** `credential` is the index that the caller knows it by. */
export type IndexedCrypt = StoredCrypt & { readonly credential: number }

export type WorkerReply =
  | { readonly id: number; readonly is: 'match'; readonly credential: number; readonly fastDigest: Uint8Array }
  | { readonly id: number; readonly is: 'mismatch' }
  | { readonly id: number; readonly is: 'malformed'; readonly why: string }
  | { readonly id: number; readonly is: 'hashed'; readonly hash: string }
  /** Still masked; `undefined`: it does not decrypt. */
  | { readonly id: number; readonly is: 'opened'; readonly text: Uint8Array | undefined }

/** One password with the crypts that are asked of it. */
interface Job {
  readonly password: Uint8Array
  readonly hashes: string[]
  left: number
  /** Once `hashes` is complete. */
  reply(): WorkerReply
}

interface Crypt {
  readonly job: Job
  readonly index: number
  readonly salt: Uint8Array
  readonly rounds: number
}

const known = {
  password: 'Saltgate',
  salt: 'twenty bytes of salt',
  rounds: 1000,
  hash: 'e8cfI6b3uju2EAXWUqsOTjyRyZ8dvRbZjOEIaiXATB6',
}
const port = parentPort
let privateKey: KeyObject | undefined
let modulus = new Uint8Array()
let waiting: Crypt[] = []

checkKernel()
port?.on('message', work)

function work(first: WorkerRequest): void {
  accept(first)
  for (;;) {
    while (waiting.length < batchSize) {
      const next: { message: WorkerRequest } | undefined = port === null ? undefined : receiveMessageOnPort(port)
      if (next === undefined) break
      accept(next.message)
    }
    if (waiting.length === 0) return
    computeBatch()
  }
}

function accept(request: WorkerRequest): void {
  switch (request.ask) {
    case 'use-key':
      privateKey = request.privateKey
      modulus = privateKey === undefined ? new Uint8Array() : modulusOf(privateKey)
      return
    case 'check': {
      const { id, credentials } = request
      const { password, why } = request.form === 'clear' ? { password: request.secret, why: undefined } : open(request)
      enqueue(password, credentials, (hashes) => {
        if (why !== undefined) return { id, is: 'malformed', why }
        const matching = credentials.filter(({ hash }, index) => sameHash(hash, hashes[index] ?? ''))[0]
        // An empty password is the absence of one, whatever is stored.
        if (matching === undefined || password.length === 0) return { id, is: 'mismatch' }
        const once = sha256(password)
        const fastDigest = Uint8Array.from(sha256(once))
        wipe(once)
        return { id, is: 'match', credential: matching.credential, fastDigest }
      })
      return
    }
    case 'open': {
      const { id, secret } = request
      const text = decrypt(secret)
      port?.postMessage({ id, is: 'opened', text } satisfies WorkerReply)
      if (text !== undefined) wipe(text)
      return
    }
    case 'hash': {
      const { id, password } = request
      enqueue(password, [request], ([hash = '']) => ({ id, is: 'hashed', hash }))
      return
    }
  }
}

function enqueue(
  password: Uint8Array,
  crypts: readonly { readonly salt: Uint8Array; readonly rounds: number }[],
  reply: (hashes: readonly string[]) => WorkerReply,
): void {
  const hashes: string[] = []
  const job: Job = { password, hashes, left: crypts.length, reply: () => reply(hashes) }
  for (const [index, { salt, rounds }] of crypts.entries()) waiting.push({ job, index, salt, rounds })
}

/** Crypts the first that waits together with others of as many rounds. */
function computeBatch(): void {
  const rounds = waiting[0]?.rounds ?? 0
  const batch = waiting.filter((crypt) => crypt.rounds === rounds).slice(0, batchSize)
  waiting = waiting.filter((crypt) => !batch.includes(crypt))
  const hashes = sha256Crypts(
    batch.map(({ job, salt }) => ({ password: job.password, salt })),
    rounds,
  )
  for (const [index, crypt] of batch.entries()) {
    const { job } = crypt
    job.hashes[crypt.index] = hashes[index] ?? ''
    job.left--
    if (job.left > 0) continue
    port?.postMessage(job.reply())
    wipe(job.password)
  }
}

/**
 * Opens RSA-OAEP(SHA-1) of (password + NUL) XOR nonce. What cannot be opened yields a dummy of a common length, so that
 * it costs the same crypt as a wrong password.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
function open({ secret, nonce }: { secret: Uint8Array; nonce: Uint8Array }): {
  password: Uint8Array
  why: string | undefined
} {
  const masked = decrypt(secret)
  if (masked === undefined) return { password: new Uint8Array(8), why: 'does not decrypt with the key of this server' }
  const text = xor(masked, nonce)
  wipe(masked)
  // mysqld reads a C string: what follows the first NUL does not count.
  const length = text.indexOf(0)
  const password = text.slice(0, Math.max(0, Math.min(length, maxPasswordLength)))
  wipe(text)
  if (length < 0) return { password: new Uint8Array(8), why: 'decrypts to a text without NUL' }
  return { password, why: length > maxPasswordLength ? tooLong : undefined }
}

const tooLong = `is longer than ${maxPasswordLength} bytes`

function decrypt(sealed: Uint8Array): Uint8Array | undefined {
  if (privateKey === undefined) return undefined
  // What is no number below the modulus would fail before the decryption, and so sooner.
  const possible = sealed.length === modulus.length && Buffer.compare(sealed, modulus) < 0
  try {
    return privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      possible ? sealed : new Uint8Array(modulus.length).fill(1),
    )
  } catch {
    // Why it failed must not matter: padding errors are an oracle.
    return undefined
  }
}

/** Big-endian, without leading zeros. */
function modulusOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).n ?? '', 'base64url'))
}

function sameHash(one: string, other: string): boolean {
  return equal(Buffer.from(one, 'latin1'), Buffer.from(other, 'latin1'))
}

function checkKernel(): void {
  const input = { password: Buffer.from(known.password), salt: Buffer.from(known.salt) }
  const alone = sha256Crypts([input], known.rounds)
  const together = sha256Crypts(Array(batchSize).fill(input), known.rounds)
  if ([...alone, ...together].some((hash) => hash !== known.hash)) {
    throw new Error('the SHA-256 crypt computes wrongly on this machine')
  }
}
