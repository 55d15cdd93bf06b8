import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { sayError, wasRefused } from '../reading.ts'

export const finding: Finding = {
  id: 'no-password-given',
  title: 'The client gives no password, and the account has one',
  severity: 'decisive',
  affects:
    'Empty environment variables and secrets, a password in a group of the option file that this program does not read, "-p password" with a blank, which makes it the database',
  remedy: {
    client:
      'Look at where the password comes from: a variable that is not exported, a file that this user cannot read, --password=... without a blank. An option of its own beats MYSQL_PWD and the option file.',
  },
  reference: 'https://dev.mysql.com/doc/refman/9.7/en/problems-connecting.html',
  onLogin(seen) {
    const last = seen.exchanges.at(-1)
    if (last === undefined || last.answers.length === 0 || !wasRefused(seen, 1045)) return undefined
    // A NUL alone is how libmysqlclient says it.
    if (last.answers.some((answer) => answer.length > 1 || (answer[0] ?? 0) !== 0)) return undefined
    const line = `the answer to ${last.plugin} has ${last.answers[0]?.length === 0 ? 'no bytes' : 'one byte, a NUL'}: no password`
    const database = seen.login?.database?.length
    const blank = database ? ['a database is given: is it the password, put behind "-p" with a blank?'] : []
    return { certain: true, lines: [line, sayClient(fingerprintOf(seen)), ...sayError(seen), ...blank] }
  },
}
