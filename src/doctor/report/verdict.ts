/** The end of a login in one sentence. */
import type { Found } from '../finding.ts'
import type { Observation } from '../observation.ts'
import { nameText } from './fields.ts'

/** `found` is in the order of `findIn`: the first decisive one that is certain completes the sentence. */
export function verdictOn(seen: Observation, found: readonly Found[]): string {
  const cause = found.find(({ finding, evidence }) => finding.severity === 'decisive' && evidence.certain)
  const because = cause === undefined || seen.outcome === 'ok' ? '' : ` Why: ${lowerFirst(cause.finding.title)}.`
  return `${ending(seen)}${because}`
}

function ending(seen: Observation): string {
  const { outcome, error, exchanges, tls, channel } = seen
  const user = whoLogsIn(seen)
  if (seen.foreign !== undefined) return `This is no MySQL connection: ${foreigners[seen.foreign]}.`
  if (outcome === 'ok') {
    // The last plugin of each factor: those before it were switched away.
    const judged = exchanges.slice(lastBegin(seen)).map(({ factor, plugin }) => [factor, plugin] as const)
    const plugins = [...new Map(judged).values()]
    const over =
      channel === 'tls'
        ? ` over ${tls?.version ?? 'TLS'}`
        : channel === 'unix-socket'
          ? ' over a unix socket'
          : ' without TLS'
    return `${user} logged in by ${plugins.join(', then ')}${over}.`
  }
  if (outcome === 'refused' && error !== undefined) {
    const state = error.sqlState === undefined ? '' : ` (${error.sqlState})`
    const whom = seen.greeting === undefined ? 'the client before any greeting' : user
    return `The server refused ${whom}: ERROR ${error.code}${state}: ${error.message}`.replace(/(?<![.!?])$/, '.')
  }
  return `${upperFirst(whoLeft(seen))} ${howFar(seen)}.`
}

/** The name of the last login on the connection. */
function whoLogsIn({ packets, login }: Observation): string {
  const change = packets.findLast(({ kind, fields }) => kind === 'COM_CHANGE_USER' && fields !== undefined)
  const fields = (change?.fields ?? login) as { user?: Uint8Array; collationId?: number } | undefined
  if (fields?.user === undefined) return 'the client'
  const name = nameText(fields.user, fields.collationId ?? 0)
  return name === '' ? 'The anonymous user' : `'${name}'`
}

/** Where the exchanges of the last login begin. */
function lastBegin({ exchanges }: Observation): number {
  return Math.max(
    0,
    exchanges.findLastIndex(({ by }) => by === 'login' || by === 'change-user'),
  )
}

function whoLeft({ end, stopped }: Observation): string {
  if (stopped !== undefined && end.how === 'open') return `decoding stopped (${stopped})`
  if (end.how === 'open' || end.by === undefined) return 'the capture ends'
  return end.how === 'rst' ? `the ${end.by} reset the connection` : `the ${end.by} hung up`
}

function howFar({ greeting, sslRequest, login, tls, packets, exchanges, channel }: Observation): string {
  const last = packets.at(-1)
  if (greeting === undefined) return packets.length === 0 ? 'before the server said anything' : 'before a greeting'
  if (channel === 'tls' && login === undefined) {
    const alert = tls?.alerts.find(({ description }) => description !== 'close_notify')
    if (alert !== undefined) return `in TLS, after the ${alert.from} had sent the alert ${alert.description}`
    if (tls?.inside === 'no-keys') return 'inside TLS, where nothing can be read without its keys (--keylog)'
    return 'inside TLS, before a login could be read'
  }
  if (sslRequest !== undefined && login === undefined) return 'after the request for TLS, which never began'
  if (login === undefined) return 'after the greeting, without a login'
  const plugin = exchanges.at(-1)?.plugin
  switch (last?.kind) {
    case 'AuthSwitchRequest':
      return `after it was asked for ${plugin}`
    case 'AuthNextFactor':
      return `after it was asked for another factor, by ${plugin}`
    case 'AuthMoreData':
      return `in the middle of ${plugin}, without an answer to the server`
    default:
      return `before a verdict on its login by ${plugin ?? 'no plugin'}`
  }
}

const foreigners: Readonly<Record<NonNullable<Observation['foreign']>, string>> = {
  http: 'one side speaks HTTP',
  tls: 'TLS begins with the first byte, where MySQL begins with a greeting in clear',
  ssh: 'one side speaks SSH',
  'x-protocol': 'the server speaks the X protocol, which has a port of its own',
  postgresql: 'one side speaks the protocol of PostgreSQL',
  text: 'the first bytes are plain text',
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}
