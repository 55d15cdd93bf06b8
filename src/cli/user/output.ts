/** What `saltgate user` prints: lines for people, or one JSON object per line. */
import { accountName } from '../../accounts/account.ts'
import { visible } from '../visible.ts'
import type { NamedUser } from './account-argument.ts'

/** `added 'app'@'%'`, and the password if one was made. */
export function printDone(done: string, name: NamedUser, options: { readonly json?: true }, password?: string): void {
  const { user, host } = name
  if (options.json) {
    printJson({ done, user, host, ...(password !== undefined && { password }) })
    return
  }
  printLine(`${done} ${accountName(name)}${password === undefined ? '' : ` with the password ${password}`}`)
}

export function printJson(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`)
}

/** Prints a line in which nothing moves the cursor. */
export function printLine(line: string): void {
  process.stdout.write(`${visible(line)}\n`)
}

/** Prints columns side by side, the first row as heading. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const shown = rows.map((row) => row.map(visible))
  const widths = shown[0]?.map((_, column) => Math.max(...shown.map((row) => [...(row[column] ?? '')].length))) ?? []
  for (const row of shown) {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`)
  }
}
