/**
 * Brings a link into the state that a session needs: its default database, its character set, and in transaction mode the system variables
 * that the session has set. Whatever it takes is sent in one write.
 *
 * Spec: https://dev.mysql.com/doc/c-api/9.7/en/mysql-reset-connection.html
 */
import { capability, has } from '../packets/capabilities.ts'
import { charsetOfCollation } from '../packets/character-sets.ts'
import { encodeComInitDb } from '../packets/com-init-db.ts'
import { encodeComQuery } from '../packets/com-query.ts'
import { command } from '../packets/commands.ts'
import { type Link, type SessionStart, unknown } from './link.ts'
import { trackAll } from './session-state.ts'

/** Whether nothing is left to do. */
export function fits(link: Link, { database, collationId, variables = '' }: SessionStart): boolean {
  return (
    !link.leftovers &&
    link.database !== unknown &&
    link.database === database &&
    link.collationId === collationId &&
    link.variables === variables
  )
}

/**
 * `renew` makes a session without a default database of a link that has one: COM_CHANGE_USER.
 *
 * Throws: what the server makes of it, and then nothing is known of the state of the link.
 */
export async function setUp(link: Link, start: SessionStart, renew: (link: Link) => Promise<void>): Promise<void> {
  const { database, collationId, variables = '' } = start
  const renewed = database === undefined && link.database !== undefined
  const anew = link.variables !== variables || (collationId === undefined && link.collationId !== undefined)
  const requests: Uint8Array[] = []
  if (renewed) await renew(link)
  // What a session has set is found by name; how to take it back is not.
  if (anew && (!renewed || collationId === undefined)) requests.push(reset)
  if ((anew || renewed) && link.tracks) requests.push(query(link, trackAll))
  if (collationId !== undefined && !renewed && (anew || link.collationId !== collationId)) {
    requests.push(setCollation(link, collationId))
    // The character set of the login is not that of the session.
    if (!anew && variables !== '') requests.push(query(link, `SET ${variables}`))
  }
  if ((anew || renewed) && variables !== '') requests.push(query(link, `SET ${variables}`))
  if (database !== undefined && link.database !== database) requests.push(initDb(database))
  if (link.leftovers && !anew && !renewed) requests.push(query(link, forget))
  await link.run(...requests)
  link.database = database
  link.collationId = collationId
  link.variables = variables
  link.leftovers = false
}

/** Makes the server tell what statements change. */
export async function track(link: Link): Promise<void> {
  if (!has(link.capabilities, capability.SESSION_TRACK)) return
  await link.run(query(link, trackAll))
  link.tracks = true
}

/** What a session leaves is undone, and what a reset undoes too much is done again. Throws: what the server makes of it. */
export async function undo(link: Link): Promise<void> {
  link.database = unknown
  const requests: Uint8Array[] = [reset]
  if (link.tracks) requests.push(query(link, trackAll))
  if (link.collationId !== undefined) requests.push(setCollation(link, link.collationId))
  const answers = await link.run(...requests, query(link, askDatabase))
  link.variables = ''
  link.leftovers = false
  const [row] = answers.at(-1)?.rows ?? []
  if (row?.defaultDatabase === null) link.database = undefined
  else if (typeof row?.defaultDatabase === 'string') {
    link.database = Buffer.from(row.defaultDatabase, 'hex').toString('utf8')
  }
}

/** A statement of its own takes the warnings of the last one away, too. */
const forget = 'SET last_insert_id=0'

const reset = Uint8Array.of(command.RESET_CONNECTION)

function initDb(database: string): Uint8Array {
  return encodeComInitDb({ database: Buffer.from(database, 'utf8') })
}

/** As the collation of a login does: its character set for all, by name, for MariaDB takes only a default collation's number for one. */
function setCollation(link: Link, id: number): Uint8Array {
  // What MariaDB does not know of MySQL's numbers it takes for its default at a login, and for an error here.
  const known = link.isMysql || id < firstOfMysql8 ? id : utf8mb4
  const charset = charsetOfCollation(known) ?? 'utf8mb4'
  const sql = `SET character_set_client=${charset}, character_set_results=${charset}, collation_connection=${known}`
  return query(link, sql)
}

function query({ capabilities }: Link, sql: string): Uint8Array {
  return encodeComQuery({ query: Buffer.from(sql, 'latin1'), attributes: [] }, capabilities)
}

/** Asked rather than followed: what tells of a change of it can be switched off. In digits, as no character set garbles them. */
const askDatabase = 'SELECT HEX(DATABASE()) AS defaultDatabase'

const firstOfMysql8 = 255
const utf8mb4 = 45
