/** A front door for a backend that also shows its accounts, as the view of a real server does. */
import type { Account } from '../../src/accounts/account.ts'
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { accountColumns, accountsStatement } from '../../src/gateway/account-view.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import { silentLog } from '../../src/server/log.ts'
import type { Row } from '../../src/server/query.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { openDoor, type TestDoor } from '../support/door.ts'

export interface ViewedDoor {
  readonly door: TestDoor
  /** Where statements and accounts change, what is read next changes. */
  readonly source: MemoryAccounts
  /** The accounts as a gateway reads them; read once. */
  readonly accounts: BackendAccounts
  /** Every statement that came, oldest first. */
  readonly statements: string[]
  close(): Promise<void>
}

/** The gateway's own account there. */
export const watch = { user: 'watch', password: 'watching' } as const

export async function openViewedDoor(
  given: readonly AccountInput[],
  settings: Readonly<Record<string, SettingValue>> = {},
): Promise<ViewedDoor> {
  const source = new MemoryAccounts([watch, ...given])
  const statements: string[] = []
  const view = accountsStatement()
  const door = await openDoor({
    accounts: source,
    settings,
    databases: 'any',
    handler: () => (sql, session) => {
      statements.push(sql)
      const { account, database, userVariables } = session
      if (sql === 'SET @kept = 1') session.userVariables = new Map([['kept', 1]])
      if (sql === view) return { columns, rows: source.list().map(rowOf) }
      return [
        {
          who: `${account.user}@${account.host}`,
          database: database ?? null,
          variables: `${userVariables?.size ?? 0}`,
        },
      ]
    },
  })
  const from = () => ({ port: door.port, ...watch, getServerPublicKey: true })
  const accounts = new BackendAccounts({ from, leastBetweenMs: 20, log: silentLog })
  await accounts.start()
  const close = async () => {
    await accounts.close()
    await door.close()
  }
  return { door, source, accounts, statements, close }
}

function rowOf({ user, host, plugin, authString, locked }: Account): Row {
  const shown: Readonly<Record<string, string>> = {
    ...{ user, host, plugin, authentication_string: Buffer.from(authString).toString('hex') },
    ...{ account_locked: locked ? 'Y' : 'N', password_expired: 'N', password_changed: '1795184501' },
    ...{ ssl_type: '', default_lifetime: '0' },
  }
  return columns.map(({ name }) => shown[name] ?? null)
}

const columns = [...accountColumns, 'default_lifetime'].map((name) => ({ name }))
