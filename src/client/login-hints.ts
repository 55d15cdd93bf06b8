/**
 * What to do about a login that failed: the first row of one table that fits. A hint never repeats the error, and never says
 * more than the error and the report prove; where several causes look alike from here, it names them all.
 */
import { type MysqlError, ServerError } from '../errors/errors.ts'
import type { LoginReport } from '../errors/login-report.ts'
import { clientHints } from './login-hints-client.ts'
import { type ForeignPeer, foreignPeer } from './login-hints-peers.ts'
import { serverHints } from './login-hints-server.ts'

export interface HintRow {
  /** Stable, for tests and documentation. */
  readonly id: string
  /** Numbers of the errors that it is for; `any` where the sign alone says enough. */
  readonly codes: readonly number[] | 'any'
  /** How the failure is told from others with the same number, in words, for docs/login-failures.md. */
  readonly sign?: string
  readonly when?: (failure: Failure) => boolean
  /** `{plugin}` and `{target}` stand for those of the report. */
  readonly hint: string
}

/** A failed login as the rows see it. */
export interface Failure {
  readonly error: MysqlError
  readonly report: Omit<LoginReport, 'hint'>
  /** The texts and codes of the error and of what caused it. */
  readonly words: string
  readonly peer: ForeignPeer | undefined
}

/**
 * The hint for a failed login, in a sentence or two; `undefined` when nobody knows better than the message.
 *
 * Units: `firstBytes` is what the peer sent first, 8 bytes if it sent so many; it shows who answers on a wrong port.
 */
export function hintFor(
  error: MysqlError,
  report: Omit<LoginReport, 'hint'>,
  firstBytes: Uint8Array = new Uint8Array(0),
): string | undefined {
  const { target, plugin = report.server?.plugin ?? 'another plugin' } = report
  const places = { target, plugin }
  const hint = hintRowFor(error, report, firstBytes)?.hint
  return hint?.replace(/\{(plugin|target)\}/g, (_, name: keyof typeof places) => presentable(places[name]))
}

/** The row behind `hintFor`. */
export function hintRowFor(
  error: MysqlError,
  report: Omit<LoginReport, 'hint'>,
  firstBytes: Uint8Array = new Uint8Array(0),
): HintRow | undefined {
  const failure = { error, report, words: wordsOf(error), peer: foreignPeer(firstBytes) }
  // What a server says cannot choose among the rows for what happened on this side.
  const rows = error instanceof ServerError ? serverHints : clientHints
  return rows.find(
    ({ codes, when }) => (codes === 'any' || codes.includes(error.code)) && (when === undefined || when(failure)),
  )
}

function wordsOf(error: MysqlError): string {
  const words: string[] = []
  let cause: unknown = error
  for (let depth = 0; cause instanceof Error && depth < 4; depth++) {
    const { code } = cause as { code?: unknown }
    words.push(cause.message, typeof code === 'string' ? code : '')
    cause = cause.cause
  }
  return words.join(' ')
}

/** A plugin's name is the server's word, and hints are printed on terminals. */
function presentable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
}
