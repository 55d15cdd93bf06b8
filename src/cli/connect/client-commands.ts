/**
 * The commands of the client itself, as the mysql client has them: by name at the beginning of a line, where no statement has
 * begun, or by a backslash and a letter anywhere outside of quotes and comments.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/mysql-commands.html
 */

export interface ClientCommand {
  readonly name: string
  readonly letter: string
  /** What the argument is, where there may be one. */
  readonly argument?: string
  /** Of a command that is not offered: why. */
  readonly does: string
  readonly isOffered?: false
}

export const clientCommands = [
  { name: 'help', letter: 'h', argument: 'topic', does: 'Show this list; with a topic, ask the server.' },
  { name: '?', letter: '?', argument: 'topic', does: 'The same.' },
  { name: 'clear', letter: 'c', does: 'Forget the statement that was begun.' },
  { name: 'connect', letter: 'r', argument: 'database host', does: 'Connect anew; both arguments may be left out.' },
  { name: 'delimiter', letter: 'd', argument: 'text', does: 'Let statements end with this text.' },
  { name: 'ego', letter: 'G', does: 'Run the statement, a line per value.' },
  { name: 'exit', letter: 'q', does: 'Leave.' },
  { name: 'go', letter: 'g', does: 'Run the statement.' },
  { name: 'nopager', letter: 'n', does: 'Nothing: there is no pager.' },
  { name: 'notee', letter: 't', does: 'End tee.' },
  { name: 'nowarning', letter: 'w', does: 'Show no warnings.' },
  { name: 'print', letter: 'p', does: 'Show the statement that was begun.' },
  { name: 'prompt', letter: 'R', argument: 'text', does: 'Change the prompt; without text, back to the first.' },
  { name: 'quit', letter: 'q', does: 'Leave.' },
  {
    name: 'resetconnection',
    letter: 'x',
    does: 'Forget the state of the session: variables, locks, temporary tables.',
  },
  { name: 'sandbox', letter: '-', does: 'Refuse source and tee from here on.' },
  { name: 'source', letter: '.', argument: 'file', does: 'Run the statements of a file.' },
  { name: 'status', letter: 's', does: 'Show what is known about the connection.' },
  { name: 'tee', letter: 'T', argument: 'file', does: 'Write everything to the end of a file, too.' },
  { name: 'use', letter: 'u', argument: 'database', does: 'Change the database.' },
  { name: 'warnings', letter: 'W', does: 'Show warnings after every statement.' },
  { name: 'charset', letter: 'C', argument: 'name', does: 'everything is utf8mb4', isOffered: false },
  { name: 'edit', letter: 'e', does: 'it would start a program', isOffered: false },
  { name: 'pager', letter: 'P', argument: 'program', does: 'it would start a program', isOffered: false },
  { name: 'system', letter: '!', argument: 'program', does: 'it would start a program', isOffered: false },
] as const satisfies readonly ClientCommand[]

const byName: ReadonlyMap<string, ClientCommand> = new Map(clientCommands.map((row) => [row.name, row]))
const byLetter: ReadonlyMap<string, ClientCommand> = new Map(clientCommands.map((row) => [row.letter, row]))

export function commandByName(word: string): ClientCommand | undefined {
  return byName.get(word.toLowerCase())
}

export function commandByLetter(letter: string): ClientCommand | undefined {
  return byLetter.get(letter)
}

export function helpText(): string {
  const offered = clientCommands.filter((row: ClientCommand) => row.isOffered !== false)
  const lines = offered.map((row: ClientCommand) => {
    const usage = `${row.name}${row.argument === undefined ? '' : ` ${row.argument}`}`
    return `  ${usage.padEnd(24)} \\${row.letter}  ${row.does}\n`
  })
  return `A statement ends with ; or \\g, or with \\G to be shown with a line per value. Commands of this client:\n\n${lines.join('')}\n`
}
