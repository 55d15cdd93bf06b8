/**
 * Replays the client's half of a capture to our server's machine, which is given what the real server knew (its nonces,
 * its accounts, its key), and compares each packet that it sends with the real one, byte for byte.
 */
import type { Account } from '../../src/accounts/account.ts'
import { plugins } from '../../src/auth/plugins.ts'
import type { ServerErrorSymbol } from '../../src/errors/codes.ts'
import type { DenyReason } from '../../src/errors/deny-reasons.ts'
import { serverError } from '../../src/errors/errors.ts'
import type { Login } from '../../src/machine/login.ts'
import { accessDenied } from '../../src/machine/public-error.ts'
import { ServerHandshake } from '../../src/machine/server-handshake.ts'
import type { ServerInput } from '../../src/machine/server-states.ts'
import { decodeAuthNextFactor } from '../../src/packets/auth-next-factor.ts'
import { decodeAuthSwitchRequest } from '../../src/packets/auth-switch-request.ts'
import { decodeErr } from '../../src/packets/err.ts'
import { decodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { accountOf, type Capture, packetsOf, privateKeyOf } from './captures.ts'
import { mysqldTestPlugins } from './mysqld-test-plugins.ts'
import { inWords, type SentPacket } from './pair.ts'
import {
  answerOf,
  decoyOf,
  doubleSha256,
  isQuestion,
  policy,
  publicKeyOf,
  type Question,
  stranger,
  world,
} from './world.ts'

export interface Difference {
  /** In words; `nothing` when one side is silent. */
  readonly theirs: string
  readonly ours: string
  readonly theirPayload: Uint8Array | undefined
  readonly ourPayload: Uint8Array | undefined
}

export interface Replay {
  /** Packets of the server that are the same, byte for byte, sequence id included. */
  readonly same: number
  readonly differences: readonly Difference[]
  /** Whether the server sent an error instead of a greeting. */
  readonly turnedAway: boolean
}

export function replay(capture: Capture): Replay {
  const packets = packetsOf(capture)
  const [first] = packets
  if (first === undefined || first.payload[0] !== 10) return { same: 0, differences: [], turnedAway: true }
  const greeting = decodeHandshakeV10(first.payload)
  const greetingNonce = greeting.authPluginData.slice(0, 20)
  const key = privateKeyOf(capture)
  const server = {
    policy: policy({
      serverVersion: greeting.serverVersion,
      capabilities: greeting.capabilities,
      collationId: greeting.collationId,
      defaultPlugin: plugins.get(greeting.authPluginName!)!,
      plugins: new Map([...plugins, ...mysqldTestPlugins]),
      publicKey: key === undefined ? undefined : publicKeyOf(key),
    }),
    stranger: stranger({
      connectionId: greeting.connectionId,
      host: hostIn(capture),
      channel: capture.server.includes('unix') ? 'unix-socket' : 'plaintext',
    }),
  }
  const run = new Run(capture, key)
  const machine = ServerHandshake.greet(server.policy, server.stranger, greetingNonce)
  let at = run.play(machine, packets, 0)
  let login: Login | undefined = machine.state.at === 'ready' ? machine.state.login : undefined

  while (login !== undefined) {
    at = packets.findIndex(({ from, payload, sequenceId }, index) => {
      return index >= at && from === 'client' && payload[0] === 0x11 && sequenceId === 0
    })
    if (at === -1) break
    const again = ServerHandshake.changeUser(server.policy, server.stranger, login, greetingNonce, packets[at]!)
    at = run.play(again, packets, at + 1)
    login = again.state.at === 'ready' ? again.state.login : undefined
  }
  return { same: run.same, differences: run.differences, turnedAway: false }
}

class Run {
  readonly differences: Difference[] = []
  same = 0
  readonly #capture: Capture
  readonly #key: string | undefined

  constructor(capture: Capture, key: string | undefined) {
    this.#capture = capture
    this.#key = key
  }

  /** Returns where the dialogue stopped. */
  play(machine: ServerHandshake, packets: readonly SentPacket[], from: number): number {
    let at = from
    for (;;) {
      for (let effects = machine.take(); effects.length > 0; effects = machine.take()) {
        for (const effect of effects) {
          if (effect.do === 'send') {
            const theirs = packets[at]?.from === 'server' ? packets[at++] : undefined
            this.#compare(theirs, { from: 'server', payload: effect.payload, sequenceId: effect.sequenceId })
          } else if (isQuestion(effect)) {
            machine.step(this.#answer(effect, packets.slice(at)))
          }
        }
      }
      const next = packets[at]
      if (machine.state.at === 'ready' || machine.state.at === 'refused' || next === undefined) return at
      if (next.from === 'client') {
        at++
        machine.step({ is: 'packet', payload: next.payload, sequenceId: next.sequenceId })
        continue
      }
      const input = whatEndedIt(next)
      if (input === undefined) {
        this.#compare(next, undefined)
        return at
      }
      machine.step(input)
    }
  }

  #compare(theirs: SentPacket | undefined, ours: SentPacket | undefined): void {
    if (theirs && ours && theirs.sequenceId === ours.sequenceId && Buffer.compare(theirs.payload, ours.payload) === 0) {
      this.same++
      return
    }
    const before = theirs?.payload[0] === 10 ? [] : ['greeting']
    this.differences.push({
      theirs: theirs === undefined ? 'nothing' : inWords(theirs, before),
      ours: ours === undefined ? 'nothing' : inWords(ours, before),
      theirPayload: theirs?.payload,
      ourPayload: ours?.payload,
    })
  }

  #answer(question: Question, rest: readonly SentPacket[]): ServerInput {
    const capture = this.#capture
    const host = hostIn(capture)
    const end = rest.findIndex(({ from, payload }) => from === 'server' && (payload[0] === 0x00 || payload[0] === 0xff))
    const dialogue = rest.slice(0, end === -1 ? rest.length : end).filter(({ from }) => from === 'server')
    const asked = dialogue.flatMap(({ payload }) =>
      payload[0] === 0xfe
        ? [decodeAuthSwitchRequest(payload)]
        : payload[0] === 0x02
          ? [decodeAuthNextFactor(payload)]
          : [],
    )
    const nonces = asked.map(({ authPluginData: data }) => (data.length === 21 ? data.slice(0, 20) : data)).values()
    const hit = dialogue.some(({ payload }) => payload[0] === 0x01 && payload[1] === 0x03)
    const decision = question.do === 'admit' ? admission(question, rest[end], host) : undefined
    if (decision !== undefined) return decision
    return answerOf(
      world({
        accounts: { find: (user) => withRetained(accountOf(capture, user, host)) },
        decoy: (user) => decoyOf(user, accountPluginOf(asked[0]?.authPluginName ?? impliedPlugin(capture))),
        // What the cache of the server held is known from what it said.
        fastDigests: ({ user }) => (hit ? [doubleSha256(passwordOf(user))] : []),
        nextNonce: () => nonces.next().value ?? new Uint8Array(20),
        privateKey: this.#key ?? '',
        host,
      }),
      question,
    )
  }
}

/** What is decided about a proof besides itself: which of it follows from the error's code alone, the texts are ours. */
function admission({ attempt, proof }: Extract<Question, { do: 'admit' }>, last: SentPacket | undefined, host: string) {
  if (last?.payload[0] !== 0xff) return undefined
  const { code } = decodeErr(last.payload)
  // Authentication comes first, and only the block of an account is seen with a wrong password.
  if (!proof.holds && code !== 3955) return undefined
  const { login, candidate, usedPassword } = attempt
  const { user, database = '' } = login
  const denied = (reason: DenyReason, symbol: ServerErrorSymbol, ...values: (string | number)[]) => ({
    is: 'denied' as const,
    reason,
    error: serverError(symbol, ...values),
  })
  switch (code) {
    case 1040:
      return denied('too-many-connections', 'ER_CON_COUNT_ERROR')
    case 1044:
      return denied('database-denied', 'ER_DBACCESS_DENIED_ERROR', user, candidate.account.host, database)
    case 1045:
      // Of the accounts with more factors: the second one failed.
      if (user.startsWith('mfa')) return undefined
      return { is: 'denied' as const, reason: 'tls-required' as const, error: accessDenied(user, host, usedPassword) }
    case 1049:
      return denied('database-unknown', 'ER_BAD_DB_ERROR', database)
    case 1203:
      return denied('user-connections', 'ER_TOO_MANY_USER_CONNECTIONS', user)
    case 1226:
      return denied(
        'account-connections',
        'ER_USER_LIMIT_REACHED',
        user,
        user === 'rate' ? 'max_connections_per_hour' : 'max_user_connections',
        1,
      )
    case 1862:
      return denied('password-expired', 'ER_MUST_CHANGE_PASSWORD_LOGIN')
    case 3032:
      return denied('offline-mode', 'ER_SERVER_OFFLINE_MODE')
    case 3118:
    case 4151:
      return denied('account-locked', 'ER_ACCOUNT_HAS_BEEN_LOCKED', user, host)
    case 3159:
      return denied('secure-transport-required', 'ER_SECURE_TRANSPORT_REQUIRED')
    case 3955:
      return denied(
        'account-blocked',
        'ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK',
        user,
        host,
        1,
        1,
        2,
      )
    default:
      return undefined
  }
}

/** The input behind an error that no packet of the client caused. */
function whatEndedIt({ payload }: SentPacket): ServerInput | undefined {
  if (payload[0] !== 0xff) return undefined
  switch (decodeErr(payload).code) {
    case 1153:
      return { is: 'abort', reason: 'packet-too-large' }
    case 1158:
      return { is: 'ended' }
    case 1159:
      return { is: 'deadline' }
    default:
      return undefined
  }
}

/** The server resolved the client's name; it is seen in errors only. */
function hostIn({ outcome }: Capture): string {
  if (outcome === null || outcome === 'OK') return 'localhost'
  return /for user '.*?'@'([^%']+)'/.exec(outcome.message)?.[1] ?? 'localhost'
}

/** What accounts call a plugin, by its name on the wire. */
function accountPluginOf(name: string): string {
  for (const [accountPlugin, plugin] of plugins) if (plugin.name === name) return accountPlugin
  return name
}

/** An unknown user who was not switched pretends the plugin of the greeting. */
function impliedPlugin(capture: Capture): string {
  return /\((\w+)\)/.exec(capture.flow[0] ?? '')?.[1] ?? ''
}

/** The second password of the account `dual` was not recorded with the others. */
function withRetained(account: Account | undefined): Account | undefined {
  if (account?.user !== 'dual') return account
  retained ??= plugins.get('caching_sha2_password')!.store(Buffer.from('pw-new'), new Uint8Array(20).fill(0x61), 5000)
  return { ...account, retainedAuthString: retained }
}

let retained: string | undefined

/** The passwords of all captured accounts follow one rule, with few exceptions. */
function passwordOf(user: string): string {
  if (user === 'dual') return 'pw-new'
  return user.startsWith('mfa') && user !== 'mfa' ? 'pw-mfa' : `pw-${user}`
}
