/**
 * Judges passwords against stored SHA-256 crypts, and makes such crypts, in a worker thread: one check costs about a
 * millisecond for each 5000 rounds. This half queues, bounds and shares out; crypt-worker.ts computes.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { wipe } from '../auth/primitives.ts'
import {
  formatCachingSha2,
  formatSha256Password,
  parseStoredCrypt,
  sha256PasswordRounds,
} from '../auth/sha256-crypt.ts'
import { batchSize, maxPasswordLength } from '../auth/sha256-crypt-kernel.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { ConfigurationError, MysqlError } from '../errors/errors.ts'
import type { IndexedCrypt, Proof, WorkerReply, WorkerRequest } from './crypt-worker.ts'
import { FairQueue } from './fair-queue.ts'

export interface SecretCheckerOptions {
  /** PEM of the RSA key that opens sealed secrets, 2048 bits or more; without it each sealed secret is malformed. */
  readonly privateKey?: string | undefined
  /** Checks that may wait; 1000 unless given. */
  readonly maxQueue?: number | undefined
}

export interface SecretJob {
  /** The current credential, then the retained one of a dual password. */
  readonly authStrings: readonly string[]
  /**
   * As it came on the wire. `clear`: password + NUL; `sealed`: RSA-OAEP(SHA-1) of (password + NUL) XOR nonce. Wiped by
   * the call.
   */
  readonly secret: Uint8Array
  readonly form: 'clear' | 'sealed'
  /** The 20 bytes with which a sealed secret is masked. */
  readonly nonce: Uint8Array
  /** Who asks, as in "the client's address": sources are served in turn. */
  readonly source: string
}

export type SecretOutcome =
  /** `credential` says which of `authStrings`; `fastDigest` is SHA256(SHA256(password)), 32 bytes. */
  | { readonly outcome: 'match'; readonly credential: number; readonly fastDigest: Uint8Array }
  | { readonly outcome: 'mismatch' }
  /** `why` is for the log: to the client it is the same refusal as a mismatch. */
  | {
      readonly outcome: 'malformed'
      readonly reason: 'secret-malformed' | 'stored-credential-unusable'
      readonly why: string
    }

/** A check that was not done: refuse the login for `reason`. */
export class CheckRefused extends MysqlError {
  readonly reason: DenyReason

  constructor(reason: 'verifier-overloaded' | 'verifier-failed', message: string, options?: ErrorOptions) {
    super('SALTGATE_CHECK_REFUSED', 0, 'HY000', message, options)
    this.reason = reason
  }
}

export class SecretChecker {
  readonly #waiting: FairQueue<Task>
  readonly #atWork = new Map<number, Task>()
  #privateKey: KeyObject | undefined
  #worker: Worker | undefined
  #nextId = 0
  #closed = false

  /** Throws: `ConfigurationError` when the private key is none, or not RSA of 2048 bits or more. */
  constructor({ privateKey, maxQueue = 1000 }: SecretCheckerOptions = {}) {
    this.#privateKey = readPrivateKey(privateKey)
    this.#waiting = new FairQueue(maxQueue)
  }

  /**
   * Judges a secret against the stored credentials of one account.
   *
   * A clear secret must end in its only NUL; of a sealed one the password ends at the first NUL. Both as mysqld has it.
   * Throws (as a rejection): `CheckRefused` when too much is waiting or the worker failed; `ConfigurationError` when a
   * sealed secret comes without its 20 bytes of nonce.
   * After: `secret` is wiped.
   */
  async check({ authStrings, secret, form, nonce, source }: SecretJob): Promise<SecretOutcome> {
    const own = Uint8Array.from(secret)
    wipe(secret)
    if (form === 'sealed' && nonce.length !== 20) {
      throw new ConfigurationError(`a sealed secret is masked with 20 bytes of nonce, not with ${nonce.length}`)
    }
    const credentials = authStrings.flatMap((authString, credential): IndexedCrypt[] => {
      const crypt = parseStoredCrypt(authString)
      return crypt === undefined ? [] : [{ ...crypt, credential }]
    })
    const malformed = form === 'clear' ? whyMalformed(own) : undefined
    if (malformed !== undefined || credentials.length === 0) {
      wipe(own)
      if (malformed !== undefined) return { outcome: 'malformed', reason: 'secret-malformed', why: malformed }
      if (authStrings.every((authString) => authString === '')) return { outcome: 'mismatch' }
      return { outcome: 'malformed', reason: 'stored-credential-unusable', why: 'is no SHA-256 crypt' }
    }
    const proof: Proof =
      form === 'clear' ? { form, secret: withoutNul(own) } : { form, secret: own, nonce: Uint8Array.from(nonce) }
    const reply = await this.#submit(source, (id) => ({ ask: 'check', id, credentials, ...proof }), proof.secret)
    switch (reply.is) {
      case 'match':
        return { outcome: 'match', credential: reply.credential, fastDigest: reply.fastDigest }
      case 'malformed':
        return { outcome: 'malformed', reason: 'secret-malformed', why: reply.why }
      default:
        return { outcome: 'mismatch' }
    }
  }

  /**
   * Opens a sealed secret and leaves its mask on; `undefined` when it does not decrypt with the key. For an account source that judges
   * passwords by itself, and for whoever wants to know why one was refused.
   *
   * Throws (as a rejection): `CheckRefused` as `check`.
   * After: `secret` is wiped; the opened text is the caller's to wipe.
   */
  async open(secret: Uint8Array, source: string): Promise<Uint8Array | undefined> {
    const own = Uint8Array.from(secret)
    wipe(secret)
    const reply = await this.#submit(source, (id) => ({ ask: 'open', id, secret: own }), own)
    return reply.is === 'opened' ? reply.text : undefined
  }

  /**
   * Makes a stored credential; `rounds` is of no effect for sha256_password, which always has 5000.
   *
   * Units: `password` has no NUL at its end and is not wiped; `salt` is 20 bytes in 0x01-0x7f without `$`.
   * Throws (as a rejection): `ConfigurationError` when the password is longer than 256 bytes, or salt or rounds cannot
   * be stored; `CheckRefused` as `check`.
   */
  async hashPassword(
    plugin: 'caching_sha2_password' | 'sha256_password',
    password: Uint8Array,
    salt: Uint8Array,
    rounds: number,
  ): Promise<string> {
    if (password.length > maxPasswordLength) {
      throw new ConfigurationError(`a password has at most ${maxPasswordLength} bytes`)
    }
    const [format, iterations] =
      plugin === 'sha256_password' ? [formatSha256Password, sha256PasswordRounds] : [formatCachingSha2, rounds]
    const crypt = { salt: Uint8Array.from(salt), rounds: iterations }
    // For its checks: what cannot be stored need not be computed.
    format({ ...crypt, hash: '' })
    const own = Uint8Array.from(password)
    const reply = await this.#submit('', (id) => ({ ask: 'hash', id, password: own, ...crypt }), own)
    return format({ ...crypt, hash: reply.is === 'hashed' ? reply.hash : '' })
  }

  /**
   * Replaces the key that opens sealed secrets, for every check from now on; those that wait included.
   *
   * Throws: `ConfigurationError` as the constructor.
   */
  setPrivateKey(pem: string | undefined): void {
    this.#privateKey = readPrivateKey(pem)
    this.#worker?.postMessage({ ask: 'use-key', privateKey: this.#privateKey } satisfies WorkerRequest)
  }

  /** Starts the worker now rather than with the first check. */
  warm(): void {
    if (!this.#closed) this.#worker ??= this.#start()
  }

  /** Ends the worker. Checks that are not done are refused, and so is every later one. */
  async close(): Promise<void> {
    this.#closed = true
    const refusal = new CheckRefused('verifier-failed', 'the password check is shut down')
    for (let task = this.#waiting.next(); task !== undefined; task = this.#waiting.next()) refuse(task, refusal)
    this.#refuseAtWork(refusal)
    // A process with nothing else to do would end before the promise is settled.
    this.#worker?.ref()
    await this.#worker?.terminate()
  }

  #submit(
    source: string,
    request: (id: number) => WorkerRequest,
    secret: Uint8Array<ArrayBuffer>,
  ): Promise<WorkerReply> {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerReply>()
    const id = this.#nextId++
    const task: Task = { id, request: request(id), secret, resolve, reject }
    if (this.#closed) {
      refuse(task, new CheckRefused('verifier-failed', 'the password check is shut down'))
      return promise
    }
    const displaced = this.#waiting.push(source, task)
    if (displaced) refuse(displaced, new CheckRefused('verifier-overloaded', 'too many password checks are waiting'))
    this.#handOut()
    return promise
  }

  /** Gives the worker enough for the batch that it computes and for the next; the rest waits here, in fair order. */
  #handOut(): void {
    while (this.#atWork.size < 2 * batchSize) {
      const task = this.#waiting.next()
      if (task === undefined) break
      this.#worker ??= this.#start()
      this.#atWork.set(task.id, task)
      this.#worker.ref()
      this.#worker.postMessage(task.request, [task.secret.buffer])
    }
  }

  #start(): Worker {
    const file = import.meta.url.endsWith('.ts') ? './crypt-worker.ts' : './crypt-worker.js'
    // The flags of this process are not the worker's: with --input-type, say, it would not start.
    const worker = new Worker(new URL(file, import.meta.url), { execArgv: [] })
    let failure: unknown
    worker.on('message', (reply: WorkerReply) => this.#settle(worker, reply))
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', () => this.#lose(worker, failure))
    worker.unref()
    worker.postMessage({ ask: 'use-key', privateKey: this.#privateKey } satisfies WorkerRequest)
    return worker
  }

  #settle(worker: Worker, reply: WorkerReply): void {
    this.#atWork.get(reply.id)?.resolve(reply)
    this.#atWork.delete(reply.id)
    this.#handOut()
    // An idle worker must not keep the process alive.
    if (this.#atWork.size === 0) worker.unref()
  }

  #lose(worker: Worker, cause: unknown): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    if (this.#closed) return
    this.#refuseAtWork(new CheckRefused('verifier-failed', 'the thread that checks passwords died', { cause }))
    this.#handOut()
  }

  #refuseAtWork(refusal: CheckRefused): void {
    // Their secrets are no longer here to wipe: they were moved.
    for (const { reject } of this.#atWork.values()) reject(refusal)
    this.#atWork.clear()
  }
}

interface Task {
  readonly id: number
  readonly request: WorkerRequest
  /** Moved to the worker with the request. */
  readonly secret: Uint8Array<ArrayBuffer>
  readonly resolve: (reply: WorkerReply) => void
  readonly reject: (refusal: CheckRefused) => void
}

function refuse({ secret, reject }: Task, refusal: CheckRefused): void {
  wipe(secret)
  reject(refusal)
}

/** What is wrong with a clear secret, if anything. */
function whyMalformed(secret: Uint8Array): string | undefined {
  const nul = secret.indexOf(0)
  if (nul < 0) return 'has no NUL at its end'
  if (nul < secret.length - 1) return 'goes on after its NUL'
  return nul > maxPasswordLength ? `is longer than ${maxPasswordLength} bytes` : undefined
}

function withoutNul(secret: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return secret.subarray(0, -1)
}

function readPrivateKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    // Without the cause: it might quote the key.
    throw new ConfigurationError(
      'the private key for password exchange cannot be read: give an unencrypted RSA key in PEM',
    )
  }
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0
  if (bits < 2048)
    throw new ConfigurationError('the private key for password exchange must be RSA of 2048 bits or more')
  return key
}
