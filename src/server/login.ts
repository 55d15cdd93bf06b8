/**
 * One stranger on their way in: drives the login machine over a connection, and answers its questions from the door's
 * accounts, keys and limits. On the hot path everything happens inside the socket's data events; only names that must be looked
 * up, slow password checks and slow account sources wait.
 *
 * The same driver runs COM_CHANGE_USER, inside a session that stands still meanwhile.
 */
import { type Account, accountName, type PeerHost } from '../accounts/account.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import type { MysqlError } from '../errors/errors.ts'
import { nonceBytes } from '../machine/exchanges.ts'
import type { Login as LoginFacts } from '../machine/login.ts'
import { phases } from '../machine/phases.ts'
import type { ServerHandshake } from '../machine/server-handshake.ts'
import type { Attempt, Candidate, Proof, ServerEffect, ServerInput } from '../machine/server-states.ts'
import type { ConnectionRecord, Killed } from '../registry/connection-record.ts'
import type { Connection } from '../transport/connection.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { admit, refusalBeforeRelay } from './admission.ts'
import type { Door } from './door.ts'
import type { Denial, Judge, LoginSide, Passage } from './passage.ts'
import type { Realm } from './realm.ts'
import { shownLogin } from './shown-login.ts'
import type { ShownProof } from './shown-proof.ts'
import { describePeer, type TlsPeer } from './tls-context.ts'
import { tellReceived, tellSent } from './told-packets.ts'

/** What a login that got in hands over. */
export interface Admitted {
  readonly account: Account
  readonly mustChangePassword: boolean
  /** By `door.userConnections`, and to be released there. */
  readonly counted: boolean
}

export interface LoginOwner {
  /** The OK packet is queued; packets behind it are commands. */
  onAdmitted(login: Login, admitted: Admitted): void
  /** The ERR packet, if there is one, was sent and the connection is closing. */
  onRefused(login: Login): void
}

export class Login implements PacketHandler {
  readonly door: Door
  readonly connection: Connection
  readonly record: ConnectionRecord
  readonly machine: ServerHandshake
  /** What TLS proved of the peer; `undefined` without TLS. */
  peer: TlsPeer | undefined
  /** For whoever counts the end of this login to hand on to `door.nearProofs`. */
  readonly shown: ShownProof | undefined
  readonly #owner: LoginOwner
  readonly #passage: Passage | undefined
  /** Whose accounts judge; known when the account is looked for. */
  #realm: Realm
  #admitted: Admitted | undefined = undefined
  #settled = false
  /** The account was looked up in this turn: nobody can have changed it since. */
  #justFound = false
  /** The password itself was judged, not a scramble. */
  #fullAuthentication = false

  constructor(
    door: Door,
    connection: Connection,
    record: ConnectionRecord,
    machine: ServerHandshake,
    peer: TlsPeer | undefined,
    owner: LoginOwner,
    passage: Passage | undefined,
  ) {
    this.door = door
    this.connection = connection
    this.record = record
    this.machine = machine
    this.peer = peer
    this.shown = door.nearProofs.follow()
    this.#owner = owner
    this.#passage = passage
    this.#realm = door.realm
  }

  get wantsPacket(): boolean {
    return this.machine.wantsPacket
  }

  /** Carries out what the machine asked for before anybody listened: the greeting. */
  start(): void {
    if (this.machine.again) this.record.beginAgain(this.door.now())
    this.#run(this.machine.take())
    this.#settle()
  }

  onPacket(payload: Uint8Array, sequenceId: number): void {
    const { state } = this.machine
    this.shown?.onPacket(state, payload)
    tellReceived(this.record.story, state, payload)
    this.#feed({ is: 'packet', payload, sequenceId })
  }

  onFramingError(error: MysqlError): void {
    // As in mysqld, the sequence id counts first: what has another one, such as an HTTP request, is no packet of MySQL.
    const ours = this.connection.reader.takeLeftover()[3] === this.machine.sequenceId
    const tooLarge = ours && error.symbol === 'ER_NET_PACKET_TOO_LARGE'
    this.abort(tooLarge ? 'packet-too-large' : 'out-of-order', error.message)
  }

  onEnded(): void {
    this.#feed({ is: 'ended' })
  }

  onClosed(): void {
    this.#feed({ is: 'ended' })
  }

  onDeadline(): void {
    this.#feed({ is: 'deadline' })
  }

  /** KILL, or the end of the server. */
  kill(what: Killed): void {
    this.abort(reasonOf(what))
  }

  abort(reason: DenyReason, detail?: string): void {
    this.#feed({ is: 'abort', reason, ...(detail !== undefined && { detail }) })
    this.connection.flush()
  }

  #feed(input: ServerInput): void {
    if (this.#settled) return
    this.#justFound = false
    this.machine.step(input)
    this.#run(this.machine.take())
    this.#settle()
  }

  /**
   * Answers may come at once, and then their effects are run here too. An account source is somebody else's code: what it
   * throws, or breaks by what it returns, ends this login and no other.
   */
  #run(effects: ServerEffect[]): void {
    try {
      for (const effect of effects) this.#carryOut(effect)
    } catch (error) {
      this.#failed(error)
    }
  }

  #carryOut(effect: ServerEffect): void {
    switch (effect.do) {
      case 'send':
        tellSent(this.record.story, effect.payload)
        this.connection.send(effect.payload, effect.sequenceId)
        break
      case 'start-tls':
        this.#startTls()
        break
      case 'find-account':
        this.record.enter('account', this.door.now())
        this.record.login = shownLogin(
          effect.login,
          this.door.settings.get('performance_schema_session_connect_attrs_size'),
          this.door.registry.status,
        )
        this.shown?.onFirstAnswer(this.machine.state)
        this.#findJudge(effect.login)
        break
      case 'check-secret':
        this.#checkSecret(effect.attempt, effect.secret, effect.form)
        break
      case 'admit':
        this.#admit(effect.attempt, effect.proof)
        break
      case 'open-backend': {
        const { login, account, own } = effect
        // A relayed login is admitted by nobody but the backend.
        this.#admitted ??= { account, mustChangePassword: false, counted: false }
        this.#passage?.open({ login, account, own }, this.#side)
        break
      }
      case 'relay-answer':
        this.#passage?.onRelayedAnswer(effect.answer)
        break
      case 'close':
        this.connection.refuse()
        break
    }
  }

  #answer(input: ServerInput): void {
    this.machine.step(input)
    this.#run(this.machine.take())
  }

  /** An answer that came later: packets that were held back may flow again. */
  #answerLate(input: ServerInput): void {
    if (this.#settled) return
    this.#feed(input)
    this.connection.flush()
    if (this.machine.wantsPacket || this.#settled) this.connection.resume()
  }

  #settle(): void {
    // What is wrong behind an SSLRequest is found out, and settled, while the effects of the request are carried out.
    if (this.#settled) return
    const { state, phase } = this.machine
    this.record.enter(phase, this.door.now())
    if (state.at === 'ready' && this.#admitted !== undefined) {
      this.#settled = true
      this.connection.deadlineList?.remove(this.connection)
      this.#owner.onAdmitted(this, this.#admitted)
    } else if (state.at === 'refused') {
      this.#settled = true
      // What the door granted, the backend may have refused.
      if (this.#admitted?.counted) this.door.userConnections.release(this.#admitted.account)
      this.#owner.onRefused(this)
    }
  }

  #startTls(): void {
    const options = this.door.tls?.options
    if (options === undefined)
      return this.#answer({ is: 'tls-failed', detail: 'TLS was switched off during the login' })
    this.door.registry.status.Ssl_accepts++
    this.connection.startTls({
      options,
      onSecure: (socket) => {
        this.peer = describePeer(socket)
        this.record.tls = this.peer
        this.record.channel = 'tls'
        this.door.registry.status.Ssl_finished_accepts++
        if (socket.isSessionReused()) this.door.registry.status.Ssl_session_cache_hits++
        this.#answerLate({ is: 'tls-established' })
      },
      onFailure: (detail) => this.#answerLate({ is: 'tls-failed', detail }),
      onPlaintext: () => this.#answerLate({ is: 'abort', reason: 'plaintext-before-tls' }),
    })
  }

  #findJudge(login: LoginFacts): void {
    const judge = this.#passage?.judge(login, this.peer, this.machine.again)
    if (judge === undefined) return this.#findAccount(login.user)
    if (!(judge instanceof Promise)) return this.#onJudge(login, judge, (input) => this.#answer(input))
    judge
      .then((known) => this.#onJudge(login, known, (input) => this.#answerLate(input)))
      .catch((error: unknown) => this.#failedLate(error))
  }

  #onJudge(login: LoginFacts, judge: Judge, answer: (input: ServerInput) => void): void {
    if (judge.by === 'nobody') return answer({ is: 'denied', ...judge })
    if (judge.by === 'backend') {
      const refusal = refusalBeforeRelay(this.door, this.record)
      return answer(refusal === undefined ? { is: 'relay', account: judge.account } : { is: 'denied', ...refusal })
    }
    this.#realm = judge.realm
    this.#findAccount(login.user, answer)
  }

  #findAccount(user: string, answer = (input: ServerInput) => this.#answer(input)): void {
    const found = this.#realm.accounts.find(user, peerOf(this.record))
    if (!(found instanceof Promise)) {
      this.#justFound = true
      return answer({ is: 'account', ...this.#candidate(user, found) })
    }
    found
      .then((account) => this.#answerLate({ is: 'account', ...this.#candidate(user, account) }))
      .catch((error: unknown) => this.#failedLate(error))
  }

  #candidate(user: string, account: Account | undefined): { candidate: Candidate; nonces: Uint8Array } {
    const realm = this.#realm
    const real = account !== undefined
    // Made for those who exist, too: what a decoy costs when it is made must not tell who does not.
    const decoy = realm.decoy(user, this.record.host)
    const known = account ?? decoy
    this.record.plugin = known.plugin
    this.record.account = account && accountName(account)
    const fastDigests = real ? realm.digestsOf(known) : []
    return {
      candidate: { account: known, decoy: !real, fastDigests },
      nonces: this.door.nonces.next(nonceBytes(known)),
    }
  }

  #checkSecret(attempt: Attempt, secret: Uint8Array, form: 'clear' | 'sealed'): void {
    this.#fullAuthentication = true
    if (this.shown !== undefined) this.shown.secretForm = form
    this.#realm
      .judgeSecret(attempt, secret, form, this.record)
      .then((proof) => this.#answerLate({ is: 'secret-checked', proof }))
      .catch((error: unknown) => this.#failedLate(error))
  }

  #admit(attempt: Attempt, proof: Proof): void {
    this.shown?.onVerdict(this.#realm, attempt, proof.holds)
    // Admitted before: the backend wanted the password that the client has now given.
    if (proof.holds && this.#admitted !== undefined) return this.#answer({ is: 'admitted', statusFlags: autocommit })
    const admission = admit(this.door, this.#realm, this.record, attempt, proof, this.peer, this.#justFound)
    if (!admission.admitted) {
      if (proof.holds) proof.signer?.bytes.fill(0)
      return this.#deny(admission)
    }
    this.#admitted = { ...admission, counted: true }
    if (attempt.plugin.name === 'caching_sha2_password' && attempt.usedPassword) {
      if (this.#fullAuthentication) this.door.registry.status.Saltgate_full_authentications++
      else this.door.registry.status.Saltgate_fast_authentications++
    }
    this.#answer({ is: 'admitted', statusFlags: autocommit })
  }

  #deny(denial: Denial): void {
    const final = this.#passage?.onDenied(denial) ?? denial
    if (!(final instanceof Promise)) return this.#answer({ is: 'denied', ...final })
    final.then((late) => this.#answerLate({ is: 'denied', ...late })).catch((error: unknown) => this.#failedLate(error))
  }

  /** How the backend answers; at once, or later. */
  get #side(): LoginSide {
    return {
      ready: (ok) => this.#answerLate({ is: 'backend-ready', ok }),
      refused: (denial) => this.#answerLate({ is: 'denied', ...denial }),
      ask: (packet, answered) => this.#answerLate({ is: 'backend-asks', packet, answered }),
      wantsPassword: () => this.#answerLate({ is: 'backend-wants-password' }),
    }
  }

  #failed(error: unknown): void {
    this.door.log.error({ err: error, connection: this.record.id }, brokenSource)
    this.#answer({ is: 'abort', reason: 'verifier-failed', detail: brokenSource })
  }

  #failedLate(error: unknown): void {
    this.door.log.error({ err: error, connection: this.record.id }, brokenSource)
    this.#answerLate({ is: 'abort', reason: 'verifier-failed', detail: brokenSource })
  }

  yieldPlace(patienceMs: number): boolean {
    const waited = this.door.now() - this.record.phaseSinceMs
    if (phases[this.machine.phase].turn === 'decision' || waited < patienceMs) return false
    this.abort('gave-way')
    return true
  }
}

/** Where a client comes from, as accounts see it. */
export function peerOf({ address, hostName }: ConnectionRecord): PeerHost {
  return { address, name: hostName ?? (address === undefined ? 'localhost' : undefined) }
}

/** Why a login ended that was killed. */
export function reasonOf(what: Killed): DenyReason {
  return what === 'shutdown' ? 'shutting-down' : 'killed'
}

const autocommit = 0x0002

const brokenSource = 'the account source or the password check failed'
