/**
 * Finds out whether a command is a KILL of a connection by number. Its number is that of the greeting, which is the gateway's: the
 * backend knows the connection by another.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/kill.html
 */
import { capability, has } from '../packets/capabilities.ts'
import { decodeComProcessKill } from '../packets/com-process-kill.ts'
import { decodeComQuery } from '../packets/com-query.ts'
import { command } from '../packets/commands.ts'

export interface KillOrder {
  readonly what: 'connection' | 'query'
  readonly id: number
}

/** The client that asks: what it proved to be, and how. */
export interface Killer {
  readonly user: string
  readonly host: string
  /** Names of different ways say nothing of each other. */
  readonly way: string
}

/** An error is for the client that asks. */
export type KillOutcome = 'done' | 'ER_NO_SUCH_THREAD' | 'ER_KILL_DENIED_ERROR'

/** Other processes, which have clients of the same gateway. */
export interface Siblings {
  /** Whether a connection is one of theirs. */
  own(id: number): boolean
  kill(killer: Killer, order: KillOrder): Promise<KillOutcome>
}

/** `undefined` for everything else. Only a statement that is nothing but a KILL counts. */
export function killOrder(payload: Uint8Array, capabilities: number): KillOrder | undefined {
  if (payload[0] === command.PROCESS_KILL) {
    return payload.length === 5 ? { what: 'connection', id: decodeComProcessKill(payload).connectionId } : undefined
  }
  if (payload.length > longest || payload.length < shortest || !mayBegin(payload, capabilities)) return undefined
  const text = Buffer.from(decodeComQuery(payload, capabilities).query).toString('latin1')
  const [, query, number] = statement.exec(text) ?? []
  if (number === undefined) return undefined
  const id = Number(number)
  return Number.isSafeInteger(id) ? { what: query !== undefined ? 'query' : 'connection', id } : undefined
}

/** Asked of every statement: whether its first letter is that of KILL, or of a comment. */
function mayBegin(payload: Uint8Array, capabilities: number): boolean {
  let at = 1
  if (has(capabilities, capability.QUERY_ATTRIBUTES)) {
    // Behind attributes, of which there are none as a rule, the text is found by reading them.
    if (payload[1] !== 0) return true
    at = 3
  }
  while ((payload[at] as number) <= 0x20) at++
  const first = payload[at]
  return first === 0x4b || first === 0x6b || first === 0x2f
}

/** The comment is what programs put in front of their statements. */
const statement =
  /^\s*(?:\/\*[^*]{0,100}\*\/\s*)?KILL\s+(?:(?:HARD|SOFT)\s+)?(?:CONNECTION\s+|(QUERY)\s+)?(\d{1,20})\s*;?\s*$/i

const shortest = 'xKILL 1'.length
const longest = 256
