/** The text in front of what is typed. */
import type { SessionFacts } from './session.ts'
import type { WaitingFor } from './statement-splitter.ts'
import { visibleText } from './visible-text.ts'

export const usualPrompt = 'saltgate [\\d]> '

/**
 * Fills in a template: `\d` the database, `\u` the user, `\h` the host or socket, `\p` the port, `\v` the server's version,
 * `\c` the number of statements, `\_` a space, `\n` a line break; any other letter stands for itself.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/mysql-commands.html
 */
export function promptText(template: string, facts: SessionFacts, statements: number): string {
  const { address } = facts
  const values: Readonly<Record<string, string>> = {
    d: facts.database ?? '(none)',
    u: facts.user,
    h: 'host' in address ? address.host : 'localhost',
    p: 'port' in address ? String(address.port) : address.socketPath,
    v: facts.serverVersion,
    c: String(statements),
    _: ' ',
    n: '\n',
  }
  return visibleText(template.replace(/\\(.)/gs, (_, letter: string) => values[letter] ?? letter))
}

/** On the lines of a statement behind its first: what would have to come for it to end. */
export function continuationPrompt(waitingFor: Exclude<WaitingFor, ''>): string {
  return `${(waitingFor === ';' ? '-' : waitingFor).padStart(5)}> `
}
