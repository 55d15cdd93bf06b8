/** `saltgate user import`: accounts of a real server, as it prints them, into the account file. */
import { createReadStream } from 'node:fs'
import { type Account, accountName } from '../../accounts/account.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { NamedUser } from './account-argument.ts'
import { type DataOptions, withAccounts } from './accounts-file.ts'
import { type Adoption, adopt } from './adopt.ts'
import { accountsOfRows, rowsOf } from './import-rows.ts'
import { accountsOfStatements } from './import-statements.ts'
import { printJson, printLine } from './output.ts'
import { readAll } from './read-all.ts'

/** What a text has given. */
export interface Found {
  readonly accounts: readonly Account[]
  /** What is to be told beside the accounts: `refused` was meant and is not possible, `skipped` is no account of a person. */
  readonly remarks: readonly Remark[]
}

export interface Remark {
  readonly outcome: 'refused' | 'skipped' | 'note'
  readonly at: Place
  readonly why: string
}

/** The account that a row describes, or the line on which a statement begins. */
export type Place = NamedUser | { readonly line: number }

interface ImportOptions extends DataOptions {
  readonly dryRun?: true
  readonly replace?: true
}

export async function importAccounts(file: string, options: ImportOptions): Promise<void> {
  const dryRun = options.dryRun === true
  const text = await readAll(
    file === '-' ? process.stdin : createReadStream(file),
    file === '-' ? 'stdin' : file,
    LIMIT,
  )
  await withAccounts(options, dryRun ? 'pretend' : 'make', async ({ accounts, run }) => {
    const rows = rowsOf(text)
    const found = rows === undefined ? await accountsOfStatements(text, run) : accountsOfRows(rows)
    if (found.accounts.length === 0 && found.remarks.length === 0) throw new ConfigurationError(`${file}: ${NOTHING}`)
    const adoptions = adopt(accounts, found.accounts, { replace: options.replace === true, dryRun })
    report(found, adoptions, options)
    if (adoptions.includes('kept') || found.remarks.some(({ outcome }) => outcome === 'refused')) process.exitCode = 1
  })
}

function report({ accounts, remarks }: Found, adoptions: readonly Adoption[], { json, dryRun }: ImportOptions): void {
  const why = { added: undefined, replaced: undefined, kept: 'it exists already; --replace overwrites it' }
  const lines: readonly { outcome: Adoption | Remark['outcome']; at: Place; why: string | undefined }[] = [
    ...accounts.map(({ user, host }, i) => {
      const outcome = adoptions[i] as Adoption
      return { outcome, at: { user, host }, why: why[outcome] }
    }),
    ...remarks,
  ]
  if (json) {
    for (const { outcome, at, why } of lines) printJson({ outcome, ...at, why, dryRun })
    return
  }
  for (const { outcome, at, why } of lines) {
    const what = 'line' in at ? `line ${at.line}` : accountName(at)
    printLine(`${outcome.padEnd(8)} ${what}${why ? `: ${why}` : ''}`)
  }
  const counts = Map.groupBy(
    lines.filter(({ outcome }) => outcome !== 'note'),
    ({ outcome }) => outcome,
  )
  const summary = Array.from(counts, ([outcome, { length }]) => `${length} ${outcome}`).join(', ')
  printLine(`${summary}${dryRun ? ' (a dry run: nothing was changed)' : ''}`)
}

/** Bytes. */
const LIMIT = 64 * 1024 * 1024

const NOTHING =
  "holds no accounts: give CREATE USER statements (mysql -NBr -e 'SHOW CREATE USER ...'), rows of mysql.user with their heading (mysql -B -e 'SELECT * FROM mysql.user'), or such rows as JSON (mysqlsh)"
