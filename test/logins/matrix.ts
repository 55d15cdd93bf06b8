/**
 * Every way into a server by our client: plugin x channel x what the server remembers x case x way, each tried for real. What
 * must come out is in expectations.ts.
 */
import assert from 'node:assert/strict'
import { connect } from '../../src/client/connect.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { MysqlError } from '../../src/errors/errors.ts'
import { pamService } from '../peers/pam.ts'
import {
  type CaseName,
  type ChannelName,
  caseNames,
  cases,
  channels,
  expectedOf,
  isPossible,
  isRemembered,
  isSame,
  type Outcome,
  type Plugin,
  type ServerName,
  type Way,
  ways,
} from './expectations.ts'

export interface ServerUnderTest {
  readonly name: ServerName
  readonly host: string
  readonly port: number
  readonly socketPath: string
  /** PEM of who signed the certificate, which is for `host`. */
  readonly ca: string
  /** Those that it can ask for. */
  readonly plugins: readonly Plugin[]
  /** Runs a statement as an administrator. */
  admin(sql: string): Promise<unknown>
  /** Makes the server forget every password that it has seen in clear. */
  flush(): Promise<unknown>
}

type Connection = Awaited<ReturnType<typeof connect>>

/** Whether the server has seen the account's password lately: what caching_sha2_password does not ask for again. */
const memories = ['cold', 'warm'] as const

export interface Cell {
  readonly plugin: Plugin
  readonly channel: ChannelName
  readonly memory: (typeof memories)[number]
  readonly name: CaseName
  readonly way: Way
  readonly got: Outcome
  /** All that is permitted. */
  readonly expected: readonly Outcome[]
  /** Whether caching_sha2_password was content without the password itself; and whether it should have been. */
  readonly fast: boolean
  readonly expectedFast: boolean
}

/** The accounts of a run, made once per server. */
export async function makeAccounts(server: ServerUnderTest): Promise<void> {
  // Of the server's default plugin, which every client knows on every channel.
  await server.admin("CREATE USER 'gate'@'%' IDENTIFIED BY 'pw-right'")
  for (const plugin of server.plugins) {
    for (const name of caseNames) {
      const { options, password } = cases[name]
      if (options === undefined || !isPossible(server.name, plugin, name)) continue
      await server.admin(createUser(server.name, plugin, userOf(plugin, name), password, options))
    }
  }
}

/** All cells of one plugin on one channel. After `makeAccounts`. */
export async function runRow(server: ServerUnderTest, plugin: Plugin, channel: ChannelName): Promise<Cell[]> {
  const cells: Cell[] = []
  const names = caseNames.filter((name) => isPossible(server.name, plugin, name))
  for (const memory of memories) {
    for (const way of ways) {
      if (memory === 'cold') await server.flush()
      const tried = names.map(async (name) => {
        const user = userOf(plugin, name)
        if (memory === 'warm') await attempt(server, channel, 'login', user, cases[name].password)
        const came = await attempt(server, channel, way, user, cases[name].given)
        const expected = expectedOf(server.name, server.plugins, { plugin, channel, name, way })
        const expectedFast = memory === 'warm' && isRemembered(server.name, plugin, name)
        return { plugin, channel, memory, name, way, ...came, expected, expectedFast }
      })
      // Each has an account of its own. Together, because MariaDB answers a refused COM_CHANGE_USER after a second.
      cells.push(...(await Promise.all(tried)))
    }
  }
  return cells
}

/** All cells of a server. After: its accounts are there. */
export async function runMatrix(server: ServerUnderTest): Promise<Cell[]> {
  await makeAccounts(server)
  const cells: Cell[] = []
  for (const plugin of server.plugins) {
    for (const channel of channels) cells.push(...(await runRow(server, plugin, channel)))
  }
  return cells
}

/** The cells that are not as they must be, a line for each. */
export function surprises(cells: readonly Cell[]): string[] {
  return cells
    .filter((cell) => !cell.expected.some((one) => isSame(one, cell.got)) || cell.fast !== cell.expectedFast)
    .map(({ plugin, channel, memory, name, way, got, expected, fast, expectedFast }) => {
      const where = [plugin, channel, memory, name, way].join(', ')
      const wanted = expected.map((one) => show(one, expectedFast)).join(' or ')
      return `${where}: ${show(got, fast)}, not ${wanted}`
    })
}

/** How our client reaches a server on a channel. */
export function optionsFor(server: ServerUnderTest, channel: ChannelName): ConnectOptions {
  const { host, port, socketPath, ca } = server
  const allowed = { enableCleartextPlugin: true, getServerPublicKey: true }
  switch (channel) {
    case 'plaintext':
      return { ...allowed, host, port, tls: { mode: 'DISABLED' } }
    case 'tls':
      return { ...allowed, host, port, tls: { mode: 'VERIFY_IDENTITY', ca } }
    case 'unix-socket':
      return { ...allowed, socketPath }
  }
}

interface Came {
  readonly got: Outcome
  readonly fast: boolean
}

async function attempt(
  server: ServerUnderTest,
  channel: ChannelName,
  way: Way,
  user: string,
  password: string,
): Promise<Came> {
  const meanings: (string | undefined)[] = []
  const options: ConnectOptions = {
    ...optionsFor(server, channel),
    onStep: (step) => {
      if (step.is === 'server-data') meanings.push(step.meaning)
    },
  }
  let connection: Connection | undefined
  let got: Outcome
  try {
    if (way === 'COM_CHANGE_USER') {
      connection = await connect({ ...options, user: 'gate', password: 'pw-right' })
      meanings.length = 0
      await connection.changeUser({ user, password })
    } else {
      connection = await connect({ ...options, user, password })
    }
    const { rows } = await connection.query('SELECT CURRENT_USER() AS who')
    got = { in: String(rows[0]?.who).replace(user, '%u') }
  } catch (error) {
    assert(error instanceof MysqlError, String(error))
    assert.equal(error.login?.user, user)
    assert.equal(error.login.channel, channel)
    got = { symbol: error.symbol, code: error.code, sqlState: error.sqlState }
  } finally {
    await connection?.close()
  }
  return { got, fast: meanings.includes('fast authentication succeeded') }
}

/** The account of a case: 32 characters at most. */
export function userOf(plugin: Plugin, name: CaseName): string {
  return `${plugin}_${name}`
}

function createUser(server: ServerName, plugin: Plugin, user: string, password: string, options: string): string {
  const account = accountPlugins[server.startsWith('MariaDB') ? 'mariadb' : 'mysql'][plugin] ?? plugin
  if (account === 'pam') return `CREATE USER '${user}'@'%' IDENTIFIED VIA pam USING '${pamService}' ${options}`
  const identified = server.startsWith('MariaDB')
    ? `VIA ${account} USING PASSWORD('${password}')`
    : `WITH ${account} BY '${password}'`
  return `CREATE USER '${user}'@'%' IDENTIFIED ${identified} ${options}`
}

/** What accounts call a plugin, where it is not its name on the wire. */
const accountPlugins: Record<'mysql' | 'mariadb', Partial<Record<Plugin, string>>> = {
  mysql: { client_ed25519: 'ed25519' },
  mariadb: { client_ed25519: 'ed25519', dialog: 'pam', mysql_clear_password: 'pam' },
}

function show(outcome: Outcome, fast: boolean): string {
  const text = 'in' in outcome ? `in as ${outcome.in}` : `${outcome.symbol} ${outcome.code} (${outcome.sqlState})`
  return fast ? `${text} by fast authentication` : text
}
