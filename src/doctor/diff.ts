/**
 * Compares two logins, for the question why one gets in and the other does not: what differs, in which phase, and whether it can decide
 * a login. What must differ (nonces, scrambles, connection ids, times) is no difference.
 */
import { weightOfCapability } from './diff-capabilities.ts'
import type { Observation } from './observation.ts'
import type { ConnectionReport, ExchangeReport, FindingReport } from './report/connection-report.ts'
import { explainedReport } from './report/explained-report.ts'

export interface Difference {
  readonly phase: 'network' | 'greeting' | 'tls' | 'login' | 'authentication' | 'verdict'
  readonly what: string
  readonly a: string
  readonly b: string
  /** Whether it can decide that one login succeeds and the other fails. `yes`: proven, or by the rules of the protocol. */
  readonly decides: 'yes' | 'possibly' | 'no'
  readonly why: string
}

/** The most decisive difference first. A password tests the proofs of both. */
export function diffObservations(a: Observation, b: Observation, password?: Uint8Array): Difference[] {
  return diffReports(explainedReport(a, { password }), explainedReport(b, { password }))
}

/** The same of reports, which may come from `--json`. */
export function diffReports(a: ConnectionReport, b: ConnectionReport): Difference[] {
  const differences = rules.flatMap((rule) => rule(a, b) ?? [])
  return differences.toSorted((left, right) => ranks[left.decides] - ranks[right.decides])
}

const ranks = { yes: 0, possibly: 1, no: 2 } as const

type Rule = (a: ConnectionReport, b: ConnectionReport) => Difference | readonly Difference[] | undefined

/** In the order of their weight: of differences of one rank the first one found stands first. */
const rules: readonly Rule[] = [
  proofs,
  findings,
  protocols,
  greetings,
  brokenTls,
  users,
  judgedPlugins,
  answers,
  tls,
  databases,
  paths,
  capabilities,
  servers,
  clientAddresses,
  collations,
  serverCapabilities,
  tlsDetails,
  packetSizes,
  attributes,
  outcomes,
]

/** Of the last exchange that was tested: what came before it was switched away. */
function proofs(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const [left, right] = [a, b].map(({ exchanges }) => exchanges.findLast(({ proof }) => proof !== null)?.proof)
  if (left === undefined || right === undefined || left === null || right === null || left === right) return undefined
  const oneHolds = left === 'right' || right === 'right'
  const why = oneHolds ? 'one proof holds, the other does not' : 'both proofs are wrong, in different ways'
  return difference('authentication', 'proof', left, right, oneHolds ? 'yes' : 'possibly', why)
}

function findings(a: ConnectionReport, b: ConnectionReport): Difference[] {
  const only = (these: readonly FindingReport[], those: readonly FindingReport[]) =>
    these.filter(({ id }) => !those.some((other) => other.id === id))
  const said = (finding: FindingReport, isA: boolean): Difference => {
    const { id, title, certain, severity } = finding
    const decides = severity !== 'decisive' ? 'no' : certain ? 'yes' : 'possibly'
    const here = certain ? title : `possibly: ${title}`
    const why = `finding ${id} (${severity}, ${certain ? 'proven' : 'possible'}) is on this side only`
    return difference('authentication', id, isA ? here : '-', isA ? '-' : here, decides, why)
  }
  return [
    ...only(a.findings, b.findings).map((finding) => said(finding, true)),
    ...only(b.findings, a.findings).map((finding) => said(finding, false)),
  ]
}

function protocols(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const why = 'only a MySQL connection can become a login'
  return unequal('network', 'protocol', a.foreign ?? 'MySQL', b.foreign ?? 'MySQL', 'yes', why)
}

function greetings(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const said = ({ server, error }: ConnectionReport) =>
    server.version !== null
      ? 'greeted'
      : error === null
        ? 'no greeting'
        : `ERROR ${error.code} in the place of a greeting`
  const why = 'who is not greeted is refused for where he comes from or for when, not for his login'
  return unequal('greeting', 'greeting', said(a), said(b), 'yes', why)
}

function brokenTls(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const broken = ({ tls: seen, login }: ConnectionReport) => {
    if (seen === null || login !== null) return 'not broken off'
    const alert = seen.alerts.find(({ description, level }) => level === 'fatal' && description !== 'close_notify')
    return alert === undefined ? 'not broken off' : `alert ${alert.description} of the ${alert.from}`
  }
  return unequal('tls', 'TLS handshake', broken(a), broken(b), 'yes', 'the login is sent inside TLS only')
}

function users(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const name = ({ user, changedUser }: ConnectionReport) => changedUser ?? user
  const [left, right] = [name(a), name(b)]
  if (left === null || right === null) return undefined
  return unequal('login', 'user', `'${left}'`, `'${right}'`, 'yes', 'another user is another account')
}

/** The plugin by which the server judged, or would have. */
function judgedPlugins(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const [left, right] = [a.plugins.at(-1), b.plugins.at(-1)]
  if (left === undefined || right === undefined) return undefined
  const why =
    'the account is judged by its own plugin: another one is another account, or a client that went another way'
  return unequal('authentication', 'last plugin', left, right, 'yes', why)
}

function answers(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const [left, right] = [a.exchanges.at(-1), b.exchanges.at(-1)]
  if (left === undefined || right === undefined || left.plugin !== right.plugin) return undefined
  const what = `answers to ${left.plugin}`
  const first = (exchange: ExchangeReport) => exchange.answers[0]
  if (first(left) !== first(right)) {
    const none = [first(left), first(right)].some((length) => length === undefined || length <= 1)
    const why = none
      ? 'one client answers, the other has no password or gives up'
      : 'a proof of another length is another proof'
    return difference('authentication', what, sayAnswers(left), sayAnswers(right), 'yes', why)
  }
  const why = 'one had to send the password itself: the server did not remember it, or did not take the scramble'
  return unequal('authentication', what, sayAnswers(left), sayAnswers(right), 'possibly', why)
}

function sayAnswers({ answers: lengths }: ExchangeReport): string {
  return lengths.length === 0 ? 'none' : `${lengths.join(', then ')} bytes`
}

function tls(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const why =
    'accounts with REQUIRE and require_secure_transport want TLS, and a password may be sent inside it as it is'
  return unequal('tls', 'channel', a.channel, b.channel, 'possibly', why)
}

function databases(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const said = ({ database }: ConnectionReport) => (database === null || database === '' ? 'none' : `'${database}'`)
  const why = 'a database that does not exist, or that the account may not use, refuses the login (1049, 1044)'
  return a.login === null || b.login === null
    ? undefined
    : unequal('login', 'database', said(a), said(b), 'possibly', why)
}

/** The way to the last plugin. */
function paths(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const path = ({ exchanges }: ConnectionReport) =>
    exchanges.map(({ plugin, by }) => (by === 'login' ? plugin : `${by} ${plugin}`)).join(', ')
  const why = 'each switch brings another nonce, which some clients take wrongly, and some follow no switch'
  return unequal('authentication', 'way of plugins', path(a), path(b), 'possibly', why)
}

function capabilities(a: ConnectionReport, b: ConnectionReport): Difference[] {
  if (a.login === null || b.login === null) return []
  return flagDifferences('login', 'client', a.login.capabilities, b.login.capabilities)
}

function serverCapabilities(a: ConnectionReport, b: ConnectionReport): Difference[] {
  return flagDifferences('greeting', 'server', a.server.capabilities, b.server.capabilities)
}

function flagDifferences(
  phase: Difference['phase'],
  who: string,
  left: readonly string[],
  right: readonly string[],
): Difference[] {
  const flags = [...new Set([...left, ...right])].filter((name) => left.includes(name) !== right.includes(name))
  const state = (all: readonly string[], name: string) => (all.includes(name) ? 'set' : 'clear')
  return flags.map((name) => {
    const { decides, why } = weightOfCapability(name)
    return difference(phase, `${name} of the ${who}`, state(left, name), state(right, name), decides, why)
  })
}

function servers(a: ConnectionReport, b: ConnectionReport): Difference[] {
  const place = ({ server }: ConnectionReport) => `${server.address}:${server.port}`
  const why = 'two servers need not have the same accounts, plugins and passwords remembered'
  const greeted = a.server.version !== null && b.server.version !== null
  return [
    unequal('network', 'server', place(a), place(b), 'possibly', why),
    greeted
      ? unequal('greeting', 'server version', a.server.version ?? '', b.server.version ?? '', 'possibly', why)
      : undefined,
    greeted
      ? unequal(
          'greeting',
          'plugin of the greeting',
          a.server.plugin ?? '-',
          b.server.plugin ?? '-',
          'possibly',
          'clients begin with it, and accounts of other plugins need a switch',
        )
      : undefined,
  ].filter((one) => one !== undefined)
}

function clientAddresses(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const why = 'accounts are chosen by host, too: the same user from elsewhere may be another account'
  return unequal('network', 'address of the client', a.client.address, b.client.address, 'possibly', why)
}

function collations(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  if (a.login === null || b.login === null) return undefined
  const [left, right] = [a.login.collation, b.login.collation]
  const refused = [left, right].some((collation) => /^(?:ucs2|utf16|utf16le|utf32)_/.test(collation))
  if (refused) return unequal('login', 'collation', left, right, 'yes', 'servers refuse its character set (1231)')
  const foreign = [a, b].some(({ user, database }) => /[^ -~]/.test(`${user}${database ?? ''}`))
  const why = foreign
    ? 'names outside of ASCII are read in its character set'
    : 'names of ASCII are the same in it, and passwords are bytes'
  return unequal('login', 'collation', left, right, foreign ? 'possibly' : 'no', why)
}

function tlsDetails(a: ConnectionReport, b: ConnectionReport): Difference[] {
  if (a.tls === null || b.tls === null) return []
  const [left, right] = [a.tls, b.tls]
  const why = 'both have agreed on TLS'
  const serverName = 'a proxy may choose the server by it'
  return [
    unequal('tls', 'TLS version', left.version ?? '-', right.version ?? '-', 'no', why),
    unequal('tls', 'cipher', left.cipher ?? '-', right.cipher ?? '-', 'no', why),
    unequal('tls', 'server name', left.serverName ?? '-', right.serverName ?? '-', 'possibly', serverName),
  ].filter((one) => one !== undefined)
}

function packetSizes(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  if (a.login === null || b.login === null) return undefined
  const [left, right] = [a.login.maxPacketSize, b.login.maxPacketSize]
  return unequal('login', 'max packet size', String(left), String(right), 'no', 'it bounds commands, not the login')
}

/** Those that are of one process only are left out. */
function attributes(a: ConnectionReport, b: ConnectionReport): Difference[] {
  const left = new Map(a.login?.attributes)
  const right = new Map(b.login?.attributes)
  const all = [...new Set([...left.keys(), ...right.keys()])].filter((name) => name !== '_pid' && name !== '_thread')
  const why = 'attributes describe the client; no server asks for them'
  return all.flatMap(
    (name) => unequal('login', `attribute ${name}`, left.get(name) ?? '-', right.get(name) ?? '-', 'no', why) ?? [],
  )
}

function outcomes(a: ConnectionReport, b: ConnectionReport): Difference | undefined {
  const said = ({ outcome, error }: ConnectionReport) => (error === null ? outcome : `${outcome}: ERROR ${error.code}`)
  return unequal('verdict', 'outcome', said(a), said(b), 'no', 'it is what came of the others')
}

function unequal(
  phase: Difference['phase'],
  what: string,
  a: string,
  b: string,
  decides: Difference['decides'],
  why: string,
): Difference | undefined {
  return a === b ? undefined : difference(phase, what, a, b, decides, why)
}

function difference(
  phase: Difference['phase'],
  what: string,
  a: string,
  b: string,
  decides: Difference['decides'],
  why: string,
): Difference {
  return { phase, what, a, b, decides, why }
}
