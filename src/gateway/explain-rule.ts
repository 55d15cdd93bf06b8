/** `saltgate gateway --explain-rule user@host`: which rule decides about a client, why the ones before it do not, and what happens then. */
import type { PeerHost } from '../accounts/account.ts'
import { parseAddress } from '../accounts/address.ts'
import { canonicalAddress } from '../server/addresses.ts'
import { credentialText } from './credentials.ts'
import type { Hooks } from './hooks.ts'
import { type BookedRule, type Comparison, type RuleBook, ruleName } from './rule-book.ts'
import type { Route, Way } from './rules.ts'

/** Plain data, for `--json`; it holds no secret. */
export interface RuleExplanation {
  readonly user: string
  readonly host: string
  readonly rules: readonly {
    /** `rule 2 (readers)` */
    readonly rule: string
    /** `undefined`: an earlier rule decides. */
    readonly matches: boolean | undefined
    readonly why: string
  }[]
  /** Of the rule that decides: its number, 0 being the default; `undefined`: none does, and the client is refused. */
  readonly decides: number | undefined
  readonly way: Way
  /** What then happens, in the order of a login. */
  readonly follows: readonly { readonly question: string; readonly answer: string }[]
}

/**
 * Explains the rules for a client. `host` is an address, or a name, as which the client's address is then taken to be known;
 * `localhost` is a client of the unix socket.
 */
export function explainRule(book: RuleBook, user: string, host: string, hooks: Hooks = {}): RuleExplanation {
  const comparisons = book.compare(user, peerAt(host))
  const decider = comparisons.findIndex((comparison) => comparison.user && comparison.host)
  const rule = comparisons[decider]?.rule
  return {
    ...{ user, host },
    rules: comparisons.map((comparison, i) => ({
      rule: ruleName(comparison.rule),
      matches: decider >= 0 && i > decider ? undefined : comparison.user && comparison.host,
      why: decider >= 0 && i > decider ? `${ruleName(rule as BookedRule)} decides` : why(comparison, host),
    })),
    decides: rule?.number,
    way: rule?.way ?? 'refuse',
    follows: [...consequences(rule, user), ...hooksWithASay(hooks, rule)],
  }
}

/** For people: lines without a newline at the end. */
export function ruleExplanationText({ user, host, rules, way, follows }: RuleExplanation): string {
  const ruleWidth = Math.max(...rules.map(({ rule }) => rule.length))
  const questionWidth = Math.max(...follows.map(({ question }) => question.length))
  return [
    `${user}@${host}`,
    ...rules.map(({ rule, matches, why }) => {
      const verdict = matches === undefined ? '-' : matches ? 'yes' : 'no'
      return `  ${rule.padEnd(ruleWidth)}  ${verdict.padEnd(3)}  ${why}`
    }),
    `way: ${way}`,
    ...follows.map(({ question, answer }) => `  ${question.padEnd(questionWidth)}  ${answer}`),
  ].join('\n')
}

function peerAt(host: string): PeerHost {
  if (parseAddress(host) !== undefined) return { address: canonicalAddress(host), name: undefined }
  return { address: undefined, name: host }
}

function why({ rule, user, host }: Comparison, from: string): string {
  if (rule.number === 0) return 'there are no rules, and then everybody is relayed'
  if (!user) return `the user is not like '${rule.user}'`
  if (!host) return `${from} does not match '${rule.host}'${whatWouldTell(rule.host ?? '', from)}`
  const users = rule.user === undefined ? 'every user' : `users like '${rule.user}'`
  return `it is for ${users}, from ${rule.host === undefined ? 'everywhere' : `'${rule.host}'`}`
}

/** A client has an address, and perhaps a name, of which only one was given. */
function whatWouldTell(pattern: string, from: string): string {
  const [network = ''] = pattern.split('/', 1)
  const isAboutAddresses = parseAddress(network) !== undefined || /^[\d.%_]+$/.test(pattern)
  if (from === 'localhost') return isAboutAddresses ? ': localhost is the unix socket' : ''
  if (parseAddress(from) === undefined) return isAboutAddresses ? ': ask with its address' : ''
  return isAboutAddresses ? '' : ': that is for a name, which clients have only with skip_name_resolve=OFF'
}

function consequences(rule: BookedRule | undefined, user: string): RuleExplanation['follows'] {
  if (rule === undefined)
    return [{ question: 'who judges', answer: 'nobody: no rule matches, and the client is refused' }]
  if (rule.way === 'refuse') return [{ question: 'who judges', answer: 'nobody: the client is refused' }]
  return [
    { question: 'who judges', answer: judgeText(rule) },
    { question: 'at the backend', answer: backendLoginText(rule, user) },
    { question: 'which backend', answer: routeText(rule.to ?? {}) },
    { question: 'its connection', answer: connectionTexts[rule.pool] },
  ]
}

function judgeText({ way, check }: BookedRule): string {
  if (way === 'relay') return 'the backend: its nonce goes to the client, and its verdict comes back'
  return way === 'backend' || check === 'backend'
    ? 'the accounts of the backend, as the gateway has read them there'
    : "the gateway's own accounts"
}

function backendLoginText({ way, as, credentials }: BookedRule, user: string): string {
  if (way === 'relay') return `'${user}', as whom the client proves itself there`
  if (as !== undefined) return `'${as.user}', by ${credentialText(as.credential)}`
  return `'${user}', by ${credentials === undefined ? "what the client's own proof gives away" : credentialText(credentials)}`
}

function routeText({ backend, role }: Route): string {
  if (backend === undefined) return role === undefined ? 'any that is up, by weight' : `a ${role} that is up, by weight`
  return role === undefined ? `'${backend}'` : `'${backend}', while it is a ${role}`
}

function hooksWithASay(hooks: Hooks, rule: BookedRule | undefined): RuleExplanation['follows'] {
  const asked =
    rule === undefined ? (['connectServer'] as const) : (['connectServer', 'readAuth', 'readAuthResult'] as const)
  const names = asked.filter((name) => hooks[name] !== undefined)
  if (names.length === 0) return []
  return [{ question: 'hooks', answer: `${names.join(', ')} may still decide otherwise` }]
}

const connectionTexts: Readonly<Record<BookedRule['pool'], string>> = {
  off: 'a fresh one, which ends with the client',
  session: 'shared: handed on when the client has left',
  transaction: 'shared: handed on after each transaction',
}
