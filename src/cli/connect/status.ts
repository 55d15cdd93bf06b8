/** What `status` shows, in the mysql client's layout. */
import { duration } from './footer.ts'
import { rowsOf } from './print-statement.ts'
import type { Abortable, Session, SessionFacts } from './session.ts'
import { visibleText } from './visible-text.ts'

/** Asks the server for what the connection does not know. Throws: `MysqlError`. */
export async function statusText(
  session: Session,
  delimiter: string,
  outfile: string,
  abortable: Abortable,
): Promise<string> {
  const facts = session.describe()
  const [user, database] = await firstRow(session, 'SELECT USER(), DATABASE()', abortable)
  const [, uptime] = await firstRow(session, "SHOW GLOBAL STATUS LIKE 'Uptime'", abortable)
  const lines = [
    ['Connection id', facts.connectionId],
    ['Current database', database ?? ''],
    ['Current user', user ?? facts.user],
    ['SSL', facts.tls === undefined ? 'Not in use' : `Cipher in use is ${facts.tls.cipher}, ${facts.tls.version}`],
    ['Using outfile', `'${outfile}'`],
    ['Using delimiter', delimiter],
    ['Server version', facts.serverVersion],
    ['Protocol version', 10],
    ...connection(facts),
    ...(uptime === undefined ? [] : [['Uptime', duration(Number(uptime), 0)]]),
  ]
  const shown = lines.map(([label, value]) => {
    const start = `${label}:`
    return `${start}${'\t'.repeat(3 - Math.floor(start.length / 8))}${visibleText(String(value))}\n`
  })
  return `--------------\n${shown.join('')}--------------\n\n`
}

function connection({ address }: SessionFacts): readonly (readonly [string, string | number])[] {
  if ('socketPath' in address) {
    return [
      ['Connection', 'Localhost via UNIX socket'],
      ['UNIX socket', address.socketPath],
    ]
  }
  return [
    ['Connection', `${address.host} via TCP/IP`],
    ['TCP port', address.port],
  ]
}

async function firstRow(session: Session, sql: string, abortable: Abortable): Promise<readonly unknown[]> {
  let first: readonly unknown[] | undefined
  for await (const event of session.query(sql, abortable)) first ??= rowsOf(event)[0]
  return first ?? []
}
