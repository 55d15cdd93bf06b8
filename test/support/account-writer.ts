/**
 * A process that changes accounts as fast as it can until it is killed. Each number that it prints is a transaction whose
 * commit has returned: `left` and `right` got the number as comment, and `u0`..`u49` in turn.
 *
 * Usage: account-writer.ts FILE FIRST_NUMBER
 */
import { writeSync } from 'node:fs'
import { account } from '../../src/accounts/defaults.ts'
import { SqliteAccounts } from '../../src/accounts/sqlite-accounts.ts'

const [path = '', first = '1'] = process.argv.slice(2)
const accounts = SqliteAccounts.open(path)
for (let number = Number(first); ; number++) {
  accounts.transact((edit) => {
    for (const user of ['left', `u${number % 50}`, 'right']) edit.put(account({ user, comment: String(number) }))
  })
  writeSync(1, `${number}\n`)
}
