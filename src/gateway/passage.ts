/**
 * One client on its way through the gateway: which hooks and rules decide about it, who judges its login, and how its backend session is
 * opened. Made when the client is accepted; it keeps the configuration that was in force then.
 */
import { FullAuthenticationWanted } from '../auth/from-digest.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { MysqlError } from '../errors/errors.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import { ownOk } from '../machine/login-ok.ts'
import { accessDenied } from '../machine/public-error.ts'
import type { LoginPolicy, OwnProof } from '../machine/server-states.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Admitted, Login } from '../server/login.ts'
import { peerOf } from '../server/login.ts'
import type { Denial, Greeting, Judge, LoginSide, Passage, SessionRequest } from '../server/passage.ts'
import type { TlsPeer } from '../server/tls-context.ts'
import { type BackendOutcome, denialOf, noBackend } from './backend-errors.ts'
import { logIn } from './backend-login.ts'
import type { Backend } from './backends.ts'
import { ownCredential, wantsOf, wishOf } from './claim.ts'
import type { Configured, Gateway } from './gateway.ts'
import type { Refusal } from './hook-answers.ts'
import type { AuthResultSeen, Go } from './hooks.ts'
import type { KillOrder } from './kill-order.ts'
import type { Link } from './link.ts'
import { Pair } from './pair.ts'
import { isPoolFull, type Pool } from './pool.ts'
import { RelayTurn } from './relay-turn.ts'
import { Relinking } from './relinking.ts'
import type { BookedRule } from './rule-book.ts'
import type { BackendLogin, Route } from './rules.ts'
import { clientSeen, loginSeen } from './seen.ts'
import { standIn } from './stand-in.ts'

export class ClientPassage implements Passage {
  readonly #gateway: Gateway
  readonly #configured: Configured
  readonly record: ConnectionRecord
  /** What the client was greeted with; COM_CHANGE_USER goes by it too. */
  policy: LoginPolicy | undefined = undefined
  /** Of the session that is open, or was opened for the login at hand. */
  link: Link | undefined = undefined
  rule: BookedRule | undefined = undefined
  pair: Pair | undefined = undefined
  /** Of transaction mode, where a session has more than one link, one after the other. */
  relinking: Relinking | undefined = undefined
  /** What `connectServer` chose. */
  #route: Route = {}
  #go: Go | undefined = undefined
  /** Who the login at hand says to be. */
  #user = ''
  #lastBackend: string | undefined = undefined
  #relay: RelayTurn | undefined = undefined
  #over = false

  constructor(gateway: Gateway, configured: Configured, record: ConnectionRecord) {
    this.#gateway = gateway
    this.#configured = configured
    this.record = record
  }

  greeting(): Greeting | Promise<Greeting> {
    const { hooks } = this.#configured
    if (hooks === undefined) return this.#greet()
    return after(hooks.connectServer(clientSeen(this.record)), (decision) => {
      if (decision?.do === 'refuse') return this.#refusedGreeting(decision)
      this.#route = decision?.to ?? {}
      return this.#showGreeting()
    })
  }

  judge(login: LoginFacts, peer: TlsPeer | undefined, again: boolean): Judge | Promise<Judge> {
    const { hooks } = this.#configured
    this.#go = undefined
    this.#user = login.user
    this.#forgetProof()
    const hook = again ? 'changeUser' : 'readAuth'
    if (hooks?.has(hook) !== true) return this.#judgeOf(login)
    return after(hooks[hook](loginSeen(login, peer), clientSeen(this.record)), (decision) => {
      if (decision?.do === 'refuse') return { by: 'nobody', ...this.#denialOf(decision) }
      this.#go = decision
      return this.#judgeOf(login)
    })
  }

  onDenied(denial: Denial): Denial | Promise<Denial> {
    const { hooks, backendAccounts } = this.#configured
    // What was changed there a moment ago is right for the next attempt.
    if (this.#judgedBy === 'backend' && staleReasons.has(denial.reason)) void backendAccounts?.afterRefusal(this.#user)
    if (hooks?.has('readAuthResult') !== true) return denial
    const { code, sqlState, message } = denial.error ?? accessDenied('', this.record.host, false)
    return this.#result({ is: 'err', code, sqlState, message, reason: denial.reason }, denial)
  }

  open(request: SessionRequest, to: LoginSide): void {
    const { own } = request
    if (own === undefined) this.#openRelayed(request, to)
    else this.#openPooled(request, own, to)
  }

  onRelayedAnswer(answer: Uint8Array): void {
    this.#relay?.onAnswer(answer)
  }

  onAdmitted(login: Login, admitted: Admitted, greetingNonce: Uint8Array): void {
    const { link } = this
    if (link === undefined) throw new Error('a session without a backend')
    new Pair(this, login, admitted, greetingNonce, link)
  }

  /** `reason` is `undefined` at the end of a session. */
  onRefused(reason: DenyReason | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#forgetProof()
    this.#relay?.abandon()
    const backend = this.#lastBackend
    // The session of a login that was refused behind its proof; that of a pair has gone back already.
    if (this.link !== undefined) this.release(this.link, true)
    const { user, acceptedAtMs } = this.record
    void this.#configured.hooks?.disconnect(
      { user, backend, reason, aliveMs: Date.now() - acceptedAtMs },
      clientSeen(this.record),
    )
    this.#gateway.forget(this)
  }

  /** A link that served this client is free. `clean`: nothing is under way on it; `known`: and nothing on it has to be undone. */
  release(link: Link, clean: boolean, known = false): void {
    if (this.link === link) this.link = undefined
    if (!clean) link.destroy()
    else this.#gateway.pool.release(link, this.rule?.pool !== 'off' && this.rule?.way !== 'relay', known)
  }

  get pool(): Pool {
    return this.#gateway.pool
  }

  /** Whether a KILL is the gateway's to carry out. Sessions that share a backend user may not reach each other by its numbers. */
  mayMean({ id }: KillOrder): boolean {
    return this.rule?.way === 'mapped' || this.#gateway.passages.has(id) || this.#gateway.siblings?.own(id) === true
  }

  kill(by: Pair | undefined, order: KillOrder): void {
    void this.#gateway.kill(by, order)
  }

  get #judgedBy(): 'own' | 'backend' | undefined {
    const { rule } = this
    if (rule?.way === 'backend') return 'backend'
    return rule?.way === 'mapped' ? (rule.check ?? 'own') : 'own'
  }

  #forgetProof(): void {
    this.relinking?.wipe()
    this.relinking = undefined
  }

  #greet(): Greeting {
    const policy = this.#gateway.policy(undefined)
    if (policy === undefined) return { reason: 'backend-unavailable', error: noBackend() }
    this.policy = policy
    return { policy }
  }

  #showGreeting(): Greeting | Promise<Greeting> {
    const greeting = this.#greet()
    const { hooks } = this.#configured
    if (!('policy' in greeting) || hooks?.has('readHandshake') !== true) return greeting
    const { serverVersion, capabilities, defaultPlugin } = greeting.policy
    const seen = { serverVersion, capabilities, plugin: defaultPlugin.name, backend: this.#route.backend }
    return after(hooks.readHandshake(seen, clientSeen(this.record)), (decision): Greeting => {
      if (decision?.do === 'refuse') return this.#refusedGreeting(decision)
      const policy = this.#gateway.policy(decision) ?? greeting.policy
      this.policy = policy
      return { policy }
    })
  }

  #refusedGreeting(refusal: Refusal): Greeting {
    const { reason, detail, error = accessDenied('', this.record.host, false) } = refusal
    return { reason, error, detail }
  }

  #denialOf({ reason, detail, error }: Refusal): Denial {
    return { reason, detail, error: error ?? accessDenied(this.#user, this.record.host, false) }
  }

  #judgeOf(login: LoginFacts): Judge {
    const { rules, ownRealm, backendRealm } = this.#configured
    const rule = rules.find(login.user, peerOf(this.record))
    const denied = (reason: DenyReason, detail: string): Judge => {
      return { by: 'nobody', reason, detail, error: accessDenied(login.user, this.record.host, false) }
    }
    if (rule === undefined) return denied('no-rule', 'no rule matches')
    this.rule = this.#go?.as === undefined ? rule : mappedBy(rule, this.#go.as)
    switch (this.rule.way) {
      case 'refuse':
        return denied('no-rule', `rule ${rule.name ?? rule.number} refuses`)
      case 'relay':
        return { by: 'backend', account: standIn(login.user) }
      default: {
        const realm = this.#judgedBy === 'backend' ? backendRealm : ownRealm
        return realm === undefined ? denied('no-rule', 'there are no such accounts here') : { by: 'realm', realm }
      }
    }
  }

  get #chosen(): Route {
    return { ...this.rule?.to, ...this.#route, ...this.#go?.to }
  }

  #openRelayed({ login }: SessionRequest, to: LoginSide): void {
    const tried = new Set<Backend>()
    const backend = this.#gateway.backends.choose(this.#chosen, tried)
    if (backend === undefined) return this.#refuse(to, undefined, { error: noBackend(), blame: 'gateway' })
    const relay = new RelayTurn(this.record.channel, this.#heard(to), this.#gateway)
    this.#relay = relay
    backend.connections++
    const open = logIn({
      ...wantsOf({ record: this.record, configured: this.#configured, login }, backend, ''),
      as: { user: login.user, database: this.#database(login), signer: relay.signer },
      attributes: login.connectAttributes,
      relayed: relay,
      onEnd: countDown,
    })
    open
      .then(
        (link) => this.#onOpened(link, login, to),
        (error: unknown) => {
          backend.connections--
          backend.onFailure(error)
          relay.settled.then(() => this.#refuse(to, backend, this.#outcomeOf(error, login)))
        },
      )
      .catch((error: unknown) => this.#gateway.onDefect(error, this.record))
  }

  #openPooled({ login, account }: SessionRequest, own: OwnProof, to: LoginSide): void {
    const { signer } = own.proof
    const { rule, record } = this
    const gateway = this.#gateway
    const claim = {
      ...{ gateway, record, rule, login, account },
      configured: this.#configured,
      database: this.#database(login),
    }
    if (rule?.pool === 'transaction') {
      this.relinking?.wipe()
      this.relinking = new Relinking(claim, this.#chosen, signer, own.attempt.plugin.name)
    }
    const tried = new Set<Backend>()
    let outcome: BackendOutcome | undefined
    const end = (refusal: BackendOutcome, backend?: Backend): void => {
      signer?.bytes.fill(0)
      this.#refuse(to, backend, refusal)
    }
    const onOpened = (link: Link): void => {
      signer?.bytes.fill(0)
      this.#onOpened(link, login, to)
    }
    const attempt = (): void => {
      const backend = gateway.backends.choose(this.#chosen, tried)
      if (backend === undefined) return end(outcome ?? { error: noBackend(), blame: 'gateway' })
      const link = gateway.pool.acquire(wishOf(claim, backend, signer))
      if (!(link instanceof Promise)) return onOpened(link)
      link.then(onOpened, (error: unknown) => onFailed(error, backend)).catch(broken)
    }
    const onFailed = (error: unknown, backend: Backend): void => {
      if (error instanceof FullAuthenticationWanted && !this.#over) {
        signer?.bytes.fill(0)
        return to.wantsPassword()
      }
      // That the gateway's own limits are reached says nothing of the backend.
      if (!isPoolFull(error)) backend.onFailure(error)
      outcome = this.#outcomeOf(error, login)
      tried.add(backend)
      // Nothing of the session has begun: another backend will do as well.
      if (outcome.blame === 'backend' && !this.#over) attempt()
      else end(outcome, backend)
    }
    const broken = (error: unknown): void => {
      gateway.onDefect(error, record)
      end(this.#outcomeOf(error, login))
    }
    try {
      attempt()
    } catch (error) {
      broken(error)
    }
  }

  #outcomeOf(error: unknown, login: LoginFacts): BackendOutcome {
    const { host } = this.record
    const provenBy =
      this.rule?.way === 'relay' ? 'client' : ownCredential(this.rule) === undefined ? 'its proof' : 'gateway'
    return denialOf(error, { provenBy, login, host })
  }

  #database(login: LoginFacts): string | undefined {
    return this.#go?.database ?? login.database
  }

  #onOpened(link: Link, login: LoginFacts, to: LoginSide): void {
    this.#relay = undefined
    link.backend.onSuccess()
    if (this.#over) return this.release(link, true)
    this.link = link
    this.#lastBackend = link.backend.name
    const ok = { ...ownOk(login, link.statusFlags) }
    const { hooks } = this.#configured
    if (hooks?.has('readAuthResult') !== true) return to.ready(ok)
    const { user } = login
    const seen = { is: 'ok', user, backend: link.backend.name, backendUser: this.rule?.as?.user ?? user } as const
    after(hooks.readAuthResult(seen, clientSeen(this.record)), (decision) => {
      if (decision === undefined) to.ready(ok)
      else to.refused(this.#denialOf(decision))
    })
  }

  /** A client that is asked what a backend wants to know: the hook hears it first. */
  #heard(to: LoginSide): LoginSide {
    const { hooks } = this.#configured
    if (hooks?.has('readAuthResult') !== true) return to
    const ask: LoginSide['ask'] = (packet, answered) => {
      const seen =
        packet.kind === 'more-data'
          ? ({ is: 'more-data', bytes: packet.data.length } as const)
          : ({ is: packet.kind, plugin: packet.plugin } as const)
      after(hooks.readAuthResult(seen, clientSeen(this.record)), (decision) => {
        if (decision === undefined) to.ask(packet, answered)
        else to.refused(this.#denialOf(decision))
      })
    }
    return { ...to, ask }
  }

  #refuse(to: LoginSide, backend: Backend | undefined, outcome: BackendOutcome): void {
    const { error, blame, detail } = outcome
    const reason = blame === 'client' ? 'backend-refused' : 'backend-unavailable'
    const denial = { reason, error, detail: detail ?? backend?.name ?? '' } as const
    after(this.onDenied(denial), (final) => to.refused(final))
  }

  #result(seen: AuthResultSeen, denial: Denial): Denial | Promise<Denial> {
    const { hooks } = this.#configured
    return after(hooks?.readAuthResult(seen, clientSeen(this.record)), (decision) =>
      decision === undefined
        ? denial
        : { ...denial, ...decision, error: decision.error ?? (denial.error as MysqlError) },
    )
  }
}

/** Refusals that the accounts of a minute ago may be to blame for. */
const staleReasons: ReadonlySet<DenyReason> = new Set([
  'unknown-account',
  'scramble-mismatch',
  'secret-mismatch',
  'password-not-empty',
  'no-password',
  'account-locked',
  'password-expired',
])

/** Outside of any closure: a link lives long, and would hold all that its login could reach. */
function countDown({ backend }: Link): void {
  backend.connections--
}

function mappedBy(rule: BookedRule, as: BackendLogin): BookedRule {
  const check = rule.way === 'backend' || rule.check === 'backend' ? 'backend' : 'own'
  return { ...rule, way: 'mapped', check, as, pool: rule.pool }
}

/** Goes on at once where there is nothing to wait for. */
function after<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}
