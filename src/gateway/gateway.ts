/**
 * The gateway: the front door, with servers behind it. It holds what all its connections share, the backends, the pool and the
 * configuration that is in force; each client has a passage of its own (`passage.ts`), and once it is in, a pair (`pair.ts`).
 */

import { plugins } from '../auth/plugins.ts'
import { changeOfUser } from '../client/change-of-user.ts'
import { connectWith } from '../client/connect.ts'
import { identityOf } from '../client/settings.ts'
import { serverError } from '../errors/errors.ts'
import type { LoginPolicy } from '../machine/server-states.ts'
import { capability } from '../packets/capabilities.ts'
import { encodeErr } from '../packets/err.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Door } from '../server/door.ts'
import type { Log } from '../server/log.ts'
import type { Gate } from '../server/passage.ts'
import { Realm } from '../server/realm.ts'
import { okPacket } from './answers.ts'
import type { BackendFacts } from './backend.ts'
import type { BackendAccounts } from './backend-accounts.ts'
import { type BackendIdentity, type LoginWants, settingsFor } from './backend-login.ts'
import type { Backends } from './backends.ts'
import { offeredTo } from './capabilities.ts'
import type { Hooks, Show } from './hooks.ts'
import { HookRunner } from './hooks-runner.ts'
import type { Killer, KillOrder, KillOutcome, Siblings } from './kill-order.ts'
import type { Link } from './link.ts'
import type { Pair } from './pair.ts'
import { ClientPassage } from './passage.ts'
import { Pool, type PoolLimits } from './pool.ts'
import { proxyHeader } from './proxy-header.ts'
import type { OwnKey } from './relay-turn.ts'
import { RuleBook } from './rule-book.ts'
import type { Rule } from './rules.ts'

/** What a reload can change. */
export interface GatewayRules {
  readonly rules: readonly Rule[]
  /** Files of credentials are found from here. */
  readonly base?: string
  readonly hooks?: Hooks
  /** Of each hook. Units: ms. */
  readonly hookTimeoutMs: number
  /** The accounts of the backends, for rules that ask them. */
  readonly backendAccounts?: BackendAccounts
  readonly tlsPolicy: 'backend-at-least-client' | 'any'
  readonly localInfile: boolean
  readonly compression: boolean
  /** In place of the backends' version. */
  readonly serverVersion?: string
}

/** What connections go by that begin now. */
export interface Configured extends Omit<GatewayRules, 'rules' | 'hooks'> {
  /** Grows with each reload: what was opened by an older credential is not used for a newer one. */
  readonly generation: number
  readonly rules: RuleBook
  readonly hooks: HookRunner | undefined
  readonly ownRealm: Realm
  readonly backendRealm: Realm | undefined
}

export class Gateway implements Gate, OwnKey {
  readonly backends: Backends
  readonly pool: Pool
  readonly passages = new Map<number, ClientPassage>()
  /** Of a gateway of several processes: the others. */
  siblings: Siblings | undefined = undefined
  readonly #door: Door
  readonly #log: Log
  readonly #decoySecret: Uint8Array
  #configured: Configured
  /** The greeting of now, and what it was made of. */
  #greeting: { readonly facts: BackendFacts; readonly base: LoginPolicy; readonly policy: LoginPolicy } | undefined

  /** Throws: `ConfigurationError`. */
  constructor(
    door: Door,
    backends: Backends,
    limits: PoolLimits,
    rules: GatewayRules,
    { log, decoySecret }: { readonly log: Log; readonly decoySecret: Uint8Array },
  ) {
    this.#door = door
    this.#log = log
    this.#decoySecret = decoySecret
    this.backends = backends
    this.pool = new Pool(limits, log)
    this.#configured = this.#configure(rules, 1)
  }

  get configured(): Configured {
    return this.#configured
  }

  get publicKey(): string | undefined {
    return this.#door.policy.publicKey
  }

  async unseal(sealed: Uint8Array): Promise<Uint8Array> {
    return (await this.#door.secrets.open(sealed, 'relay')) ?? new Uint8Array(0)
  }

  receive(record: ConnectionRecord): ClientPassage {
    const passage = new ClientPassage(this, this.#configured, record)
    this.passages.set(record.id, passage)
    return passage
  }

  forget({ record }: ClientPassage): void {
    this.passages.delete(record.id)
  }

  /** Takes over new rules and hooks. Connections keep those that they began with. Throws: `ConfigurationError`; nothing is changed then. */
  reload(rules: GatewayRules): void {
    this.#configured = this.#configure(rules, this.#configured.generation + 1)
    this.#greeting = undefined
    this.pool.discard(() => false)
  }

  /** What clients are greeted with; `undefined` while nothing is known of any backend. */
  policy(show: Show | undefined): LoginPolicy | undefined {
    const facts = this.backends.facts()
    if (facts === undefined) return undefined
    const base = this.#door.policy
    if (this.#greeting?.facts !== facts || this.#greeting.base !== base) {
      this.#greeting = { facts, base, policy: this.#policyOf(facts, base) }
    }
    const { policy } = this.#greeting
    if (show === undefined) return policy
    const { serverVersion = policy.serverVersion, plugin = policy.defaultPlugin.name, withoutCapabilities = 0 } = show
    return {
      ...{ ...policy, serverVersion },
      defaultPlugin: plugins.get(plugin) ?? policy.defaultPlugin,
      capabilities: (policy.capabilities & ~withoutCapabilities) >>> 0,
    }
  }

  /** Makes a session of a link anew, as the same user: COM_CHANGE_USER. */
  async renew(link: Link, as: BackendIdentity, wants: Omit<LoginWants, 'as' | 'onEnd'>): Promise<void> {
    const { loggedIn: before } = link
    if (before === undefined) throw new Error('a link that cannot be made anew')
    const settings = settingsFor({ ...wants, as, onEnd: () => {} })
    const { user, database, signer } = as
    const passwords = [signer.bytes, new Uint8Array(0), new Uint8Array(0)]
    const task = changeOfUser(
      settings,
      { user, database, passwords: [], openidToken: undefined },
      { passwords, tokens: new Map() },
      {
        before: () => before,
        channel: link.channel,
        conversation: link.conversation,
        prompt: () => Promise.reject(new Error('nobody to ask')),
        entered: (loggedIn) => {
          link.loggedIn = loggedIn
        },
      },
    )
    link.conversation.submit(task.command)
    await task.done
  }

  /**
   * Carries out a KILL of a client's connection, here or in another process. `by` is the client that asks, and gets the answer; left out,
   * it is the gateway's own administrator. Returns whether it was done.
   */
  async kill(by: Pair | undefined, order: KillOrder): Promise<boolean> {
    const { what, id } = order
    if (by !== undefined && what === 'connection' && this.passages.get(id)?.pair === by) {
      by.end(serverError('ER_QUERY_INTERRUPTED'))
      return true
    }
    const killer = by && { user: by.account.user, host: by.account.host, way: by.way }
    const outcome =
      killer !== undefined && this.siblings?.own(id) === true
        ? await this.siblings.kill(killer, order)
        : await this.killFor(killer, order)
    by?.answer(outcome === 'done' ? okPacket(by.capabilities) : errorPacket(outcome, id))
    return outcome === 'done'
  }

  /** Of a connection of this process; the killer may be in another one, and may kill what is of the same account. */
  async killFor(killer: Killer | undefined, { what, id }: KillOrder): Promise<KillOutcome> {
    const target = this.passages.get(id)?.pair
    if (target === undefined) return 'ER_NO_SUCH_THREAD'
    if (killer !== undefined && !isOf(killer, target)) return 'ER_KILL_DENIED_ERROR'
    if (what === 'connection') {
      const running = target.isBusy ? target.link : undefined
      target.end(undefined)
      // A server notices late that nobody waits any more for what it does.
      if (running !== undefined) void this.#endAt(running)
      return 'done'
    }
    try {
      const { link } = target
      // In transaction mode there may be none: then nothing runs.
      if (link !== undefined) await this.#killQuery(link, target)
      return 'done'
    } catch (error) {
      this.#log.warn({ err: error, connection: id }, 'KILL QUERY could not be carried out')
      return 'ER_KILL_DENIED_ERROR'
    }
  }

  /** A defect of ours costs one connection, and is not kept quiet. */
  onDefect(error: unknown, { id }: ConnectionRecord): void {
    this.#log.error({ err: error, connection: id }, 'the gateway failed')
  }

  async close(): Promise<void> {
    await this.pool.close()
  }

  /** By the time that there is a connection for it, the link may serve somebody else; once it is under way, it may not. */
  async #killQuery(link: Link, target: Pair): Promise<void> {
    link.awaitsKill = true
    try {
      await this.#killAt(link, 'QUERY', () => target.link === link)
    } finally {
      link.awaitsKill = false
      target.settle()
    }
  }

  async #endAt(link: Link): Promise<void> {
    try {
      await this.#killAt(link, 'CONNECTION', () => true)
    } catch (error) {
      this.#log.warn({ err: error, backend: link.backend.name }, 'what a killed connection ran could not be ended')
    }
  }

  /** Over a connection of the gateway's own account: the link itself is busy with what is to be killed. */
  async #killAt(link: Link, what: 'CONNECTION' | 'QUERY', isWanted: () => boolean): Promise<void> {
    const { options, settings } = link.backend
    const preamble = proxyHeader(options, undefined)
    const own = preamble === undefined ? settings : { ...settings, preamble }
    const connection = await connectWith(own, identityOf(options.connect), undefined)
    try {
      if (isWanted()) await connection.query(`KILL ${what} ${link.connectionId}`)
    } finally {
      await connection.close()
    }
  }

  #policyOf(facts: BackendFacts, base: LoginPolicy): LoginPolicy {
    const { localInfile, compression, serverVersion = facts.serverVersion } = this.#configured
    const ssl = (base.capabilities & capability.SSL) !== 0
    return {
      ...base,
      ...offeredTo(facts, { localInfile, ssl, compression }),
      serverVersion,
      collationId: facts.collationId,
      defaultPlugin: plugins.get(facts.plugin) ?? base.defaultPlugin,
      hasBackend: true,
    }
  }

  #configure({ rules, hooks, ...rest }: GatewayRules, generation: number): Configured {
    const names = this.backends.all.map(({ name }) => name)
    const knows = (name: string) => this.backends.all.some((backend) => backend.name === name)
    const book = new RuleBook(rules, names, rest.base)
    for (const warning of book.warnings) this.#log.warn({}, warning)
    const { settings, secrets } = this.#door
    const { backendAccounts: accounts, hookTimeoutMs: timeoutMs } = rest
    const known = this.#configured?.backendAccounts === accounts ? this.#configured?.backendRealm : undefined
    const backendRealm =
      known ??
      (accounts && new Realm({ accounts, settings, secrets, decoySecret: this.#decoySecret, handsOnPasswords: true }))
    return {
      ...{ ...rest, generation, backendRealm },
      rules: book,
      hooks: hooks && new HookRunner(hooks, { timeoutMs, log: this.#log, knows }),
      ownRealm: this.#door.realm,
    }
  }
}

function isOf({ user, host, way }: Killer, { account, way: by }: Pair): boolean {
  return user === account.user && host === account.host && way === by
}

function errorPacket(symbol: 'ER_NO_SUCH_THREAD' | 'ER_KILL_DENIED_ERROR', id: number): Uint8Array {
  const { code, sqlState, message } = serverError(symbol, id)
  return encodeErr({ code, sqlState, message })
}
