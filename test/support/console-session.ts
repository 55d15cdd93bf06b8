/**
 * A door without listeners, its console, and sessions in it, for tests of statements.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { allPrivileges } from '../../src/accounts/privileges.ts'
import { redactPasswords } from '../../src/console/account-sql/redact.ts'
import { type Console, createConsole } from '../../src/console/console.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { ConnectionRecord } from '../../src/registry/connection-record.ts'
import { Door } from '../../src/server/door.ts'
import { silentLog } from '../../src/server/log.ts'
import type { QueryResult, RowsResult, Session, Value } from '../../src/server/query.ts'
import { Settings } from '../../src/server/settings.ts'

export interface TestConsole {
  readonly door: Door
  readonly console: Console
  /** A session of this account, as if it had logged in over TCP. */
  login(user: string, host?: string): TestSession
  close(): Promise<void>
}

export interface TestSession extends Session {
  abort: AbortController
  /** Runs a text; several statements give several results. */
  run(sql: string, ...parameters: Value[]): Promise<QueryResult>
  /** Runs one statement that gives rows: an object for each, by column name. */
  rows(sql: string, ...parameters: Value[]): Promise<Record<string, Value>[]>
  /** Code and text of the error that a statement ends with. */
  error(sql: string): Promise<string>
}

export const root: AccountInput = { user: 'root', host: 'localhost', privileges: new Set(allPrivileges) }

export function openConsole(accounts: readonly AccountInput[] = [root, { user: 'ann', host: '%' }]): TestConsole {
  const settings = new Settings()
  const store = new MemoryAccounts(accounts)
  const door = new Door({
    accounts: store,
    settings,
    onQuery: () => [],
    redact: redactPasswords,
    log: silentLog,
    databases: [],
    decoySecret: new Uint8Array(32),
    tls: undefined,
    rsaPrivateKey: undefined,
    rsaPublicKey: undefined,
    loopDelay: monitorEventLoopDelay(),
  })
  const made = createConsole(door)
  return {
    door,
    console: made,
    login: (user, host = 'localhost') => {
      const account = store.list().find((one) => one.user === user)
      if (account === undefined) throw new Error(`no account of ${user}`)
      const record = new ConnectionRecord(door.registry.nextId(), 'plaintext', '127.0.0.1', 40_000, door.now())
      Object.assign(record, { hostName: host, user, accountName: `${account.user}@${account.host}`, phase: 'ready' })
      door.registry.add(record, door.now())
      return session(door, made, record, account)
    },
    close: async () => {
      made.close()
      await door.close()
    },
  }
}

function session(door: Door, made: Console, record: ConnectionRecord, account: Session['account']): TestSession {
  const result: TestSession = {
    id: record.id,
    user: record.user as string,
    host: record.host,
    account,
    record,
    settings: door.settings.session(),
    capabilities: capability.MULTI_STATEMENTS,
    mustChangePassword: false,
    multiStatements: true,
    database: undefined,
    inTransaction: false,
    autocommit: true,
    warnings: [],
    userVariables: undefined,
    affectedRows: 0n,
    lastInsertId: 0n,
    abort: new AbortController(),
    get signal() {
      return result.abort.signal
    },
    run: async (sql, ...parameters) => {
      record.command = 'Query'
      record.state = 'executing'
      record.info = door.redact(sql)
      return made.onQuery(sql, result, parameters)
    },
    rows: async (sql, ...parameters) => {
      const { columns, rows } = (await result.run(sql, ...parameters)) as RowsResult
      const all: Record<string, Value>[] = []
      for await (const row of rows) all.push(Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])))
      return all
    },
    error: (sql) =>
      result.run(sql).then(
        () => 'no error',
        (error: { code?: number; message: string; stack: string }) =>
          error.code === undefined ? error.stack : `${error.code} ${error.message}`,
      ),
  }
  return result
}
