/**
 * The active examination of a server: its name, its greeting, its TLS, and then logins as different clients would do them.
 *
 * It is a guest. Logins follow one another; no password but the given one is ever tried; and since a client with a defect gives a
 * wrong proof of the right password, a login of our own stands between any two that do not get in: the server's counters of
 * failed logins and interrupted handshakes never see two in a row, and what they block ends the examination.
 */
import { randomBytes } from 'node:crypto'
import { connect } from '../client/connect.ts'
import type { Connection } from '../client/connection.ts'
import type { ConnectOptions } from '../client/options.ts'
import { secretsOf } from '../client/secrets.ts'
import { identityOf, type Settings, settle } from '../client/settings.ts'
import { isLocal, targetText } from '../client/target.ts'
import { ConfigurationError, MysqlError, ServerError } from '../errors/errors.ts'
import { capability, has } from '../packets/capabilities.ts'
import { type Attempted, loginAs } from './examine-login.ts'
import { examineNames } from './examine-names.ts'
import { examineTls } from './examine-tls.ts'
import type { Persona } from './persona.ts'
import type { PersonaLogin } from './persona-handshake.ts'
import type { Attempt, Probe } from './probe.ts'

export interface ExamineOptions {
  readonly personas: readonly Persona[]
  /** Whom to log in as, at the same server, to make it forget passwords: needs the RELOAD privilege. Left out: it is not made to. */
  readonly coldBy?: ConnectOptions
  /** Milliseconds for all logins together; default 300,000. */
  readonly limitMs?: number
  readonly signal?: AbortSignal
  /** Told what is being done, for people who wait. */
  readonly onStep?: (doing: string) => void
}

export interface Examination {
  readonly probe: Probe
  /** What was not done, and why. */
  readonly notes: readonly string[]
}

/**
 * Examines the server that `options` lead to. A login is tried in every way that the TLS mode of `options` permits: in clear only
 * where that is DISABLED or PREFERRED.
 *
 * Throws: `ConfigurationError` for options that cannot work. All else is in the result.
 */
export async function examine(options: ConnectOptions, how: ExamineOptions): Promise<Examination> {
  const settings = settle(options)
  const { password, password2, password3, ...rest } = options
  const { passwords } = await secretsOf(identityOf(options), settings)
  const [first, second, third] = passwords as [Uint8Array, Uint8Array, Uint8Array]
  const own = { ...rest, password: first, password2: second, password3: third }
  return await new Examiner(own, settings, passwords, how).run()
}

type Way = Pick<Attempt, 'tls' | 'cache'>

class Examiner {
  readonly #options: ConnectOptions
  readonly #settings: Settings
  readonly #passwords: readonly Uint8Array[]
  readonly #how: ExamineOptions
  readonly #notes: string[] = []
  readonly #attempts: Attempt[] = []
  readonly #startedMs = performance.now()
  #cold: Connection | undefined = undefined
  #failure: Probe['failure'] = undefined
  /** Whether a login of our own got in, so that a refusal can only be the client's defect. */
  #passwordIsRight = false
  #isWarm = false

  constructor(options: ConnectOptions, settings: Settings, passwords: readonly Uint8Array[], how: ExamineOptions) {
    this.#options = options
    this.#settings = settings
    this.#passwords = passwords
    this.#how = how
  }

  async run(): Promise<Examination> {
    const { target } = this.#settings
    this.#tell('looking up the name')
    const names = target.kind === 'socket' ? undefined : await examineNames(target.host)
    this.#tell('asking for greeting and TLS')
    const looked = await examineTls(this.#options, this.#settings)
    try {
      await this.#openCold(looked.greeting?.capabilities ?? 0)
      await this.#logInOurselves()
      if (this.#failure === undefined) await this.#tryAll(this.#ways(looked.greeting?.capabilities ?? 0))
    } finally {
      await this.#cold?.close()
    }
    const probe = {
      target: targetText(target),
      names,
      ...looked,
      attempts: this.#attempts,
      failure: this.#failure,
    }
    return { probe, notes: this.#notes }
  }

  async #tryAll(ways: readonly Way[]): Promise<void> {
    const { personas, signal, limitMs = 300_000 } = this.#how
    for (const persona of personas) {
      for (const way of ways) {
        if (signal?.aborted || performance.now() - this.#startedMs > limitMs) {
          this.#notes.push(`the rest was not tried: ${signal?.aborted ? 'interrupted' : `${limitMs} ms are over`}`)
          return
        }
        await this.#try(persona, way)
        if (this.#failure !== undefined) return
      }
    }
  }

  async #try(persona: Persona, way: Way): Promise<void> {
    this.#tell(`${persona.title}, ${wayText(way)}`)
    if (way.cache === 'cold') await this.#forget()
    else if (way.cache === 'warm' && !this.#isWarm) await this.#logInOurselves()
    if (this.#failure !== undefined) return
    const attempted = await loginAs(this.#loginOf(persona, way), this.#settings, this.#attempts.length + 1)
    const { seen, says } = attempted
    this.#attempts.push({ persona: persona.id, ...way, seen, says })
    if (attempted.isIn) this.#isWarm = true
    else await this.#afterFailure(attempted)
  }

  /** Between two that fail there is always one that gets in; where none can, the first refusal is the last. */
  async #afterFailure({ error }: Attempted): Promise<void> {
    if (this.#passwordIsRight) return await this.#logInOurselves()
    if (error === undefined) return
    const { code, sqlState = 'HY000', message } = error
    this.#failure = { code, sqlState, message, login: undefined }
    this.#notes.push(
      'the rest was not tried: a wrong password cannot be told from a defect, and the server counts both',
    )
  }

  async #logInOurselves(): Promise<void> {
    try {
      const connection = await connect({
        ...this.#options,
        ...(isLocal(this.#settings.target) && { getServerPublicKey: true }),
        ...(this.#how.signal !== undefined && { signal: this.#how.signal }),
      })
      await connection.close()
      this.#passwordIsRight = true
      this.#isWarm = true
    } catch (error) {
      if (!(error instanceof MysqlError) || error instanceof ConfigurationError) throw error
      if (this.#how.signal?.aborted) return
      // Ours may lack what another client has: a plugin, a permission. A server that says no says it to all.
      const decisive = error instanceof ServerError || this.#passwordIsRight || !reachedLogin.has(error.phase ?? '')
      const { code, sqlState, message, login } = error
      if (decisive) this.#failure = { code, sqlState, message, login }
      else this.#notes.push(`a login of our own does not get in: ${message}`)
    }
  }

  async #openCold(capabilities: number): Promise<void> {
    const { coldBy } = this.#how
    if (coldBy === undefined || isMariadb(capabilities)) return
    try {
      const cold = await connect({ ...coldBy, ...(isLocal(this.#settings.target) && { getServerPublicKey: true }) })
      this.#cold = cold
      await cold.query('FLUSH PRIVILEGES')
    } catch (error) {
      if (!(error instanceof MysqlError) || error instanceof ConfigurationError) throw error
      this.#notes.push(`no cold logins: ${error.message}`)
      await this.#cold?.close()
      this.#cold = undefined
    }
  }

  async #forget(): Promise<void> {
    this.#isWarm = false
    try {
      await this.#cold?.query('FLUSH PRIVILEGES')
    } catch (error) {
      if (!(error instanceof MysqlError)) throw error
      const { code, sqlState, message, login } = error
      this.#failure = { code, sqlState, message: `FLUSH PRIVILEGES: ${message}`, login }
    }
  }

  #ways(capabilities: number): readonly Way[] {
    const { target, tls } = this.#settings
    const caches: readonly Attempt['cache'][] =
      isMariadb(capabilities) || !this.#passwordIsRight
        ? ['as-it-is']
        : this.#cold === undefined
          ? ['warm']
          : ['cold', 'warm']
    const channels: boolean[] = []
    if (tls.mode === 'DISABLED' || tls.mode === 'PREFERRED') channels.push(false)
    else this.#notes.push(`no logins in clear: ssl-mode is ${tls.mode}, PREFERRED permits them`)
    if (target.kind === 'socket') this.#notes.push('no logins by TLS: a unix socket needs none')
    else if (tls.mode === 'DISABLED') this.#notes.push('no logins by TLS: ssl-mode is DISABLED')
    else if (!has(capabilities, capability.SSL)) this.#notes.push('no logins by TLS: the server does not offer it')
    else channels.push(true)
    return channels.flatMap((byTls) => caches.map((cache) => ({ tls: byTls, cache })))
  }

  #loginOf(persona: Persona, { tls }: Way): PersonaLogin {
    const { user = '', database, enableCleartextPlugin, getServerPublicKey, serverPublicKey } = this.#options
    const { target } = this.#settings
    return {
      persona,
      asked: {
        user,
        database,
        tls,
        clearPassword: enableCleartextPlugin ?? false,
        // The names of this machine and its user are nobody's business, and decide no login.
        at: {
          pid: process.pid,
          hostName: 'localhost',
          osUser: 'saltgate',
          serverHost: target.kind === 'tcp' ? target.host : 'localhost',
        },
      },
      passwords: this.#passwords,
      mayRequestPublicKey: getServerPublicKey ?? false,
      serverPublicKey,
      local: isLocal(target),
      channel: target.kind === 'socket' ? 'unix-socket' : 'plaintext',
      random: randomBytes,
    }
  }

  #tell(doing: string): void {
    this.#how.onStep?.(doing)
  }
}

/** `plain, warm`; `TLS`. */
export function wayText({ tls, cache }: Way): string {
  return `${tls ? 'TLS' : 'plain'}${cache === 'as-it-is' ? '' : `, ${cache}`}`
}

/** MariaDB remembers no passwords: there is nothing to make cold. */
function isMariadb(capabilities: number): boolean {
  return capabilities !== 0 && !has(capabilities, capability.LONG_PASSWORD)
}

const reachedLogin: ReadonlySet<string> = new Set(['verdict', 'question'])
