/** A gateway before a server that runs SQL, with a door for administrators: the two planes that may not mix. */
import { type AccountInput, MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { allPrivileges } from '../../src/accounts/privileges.ts'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { createConsole } from '../../src/console/console.ts'
import { openAdminDoor } from '../../src/console/gateway-console.ts'
import { viewOf } from '../../src/gateway/view.ts'
import type { FrontDoor } from '../../src/server/front-door.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { errorsInto, openDoor, type Refusal, refusalsOf, sharedKeys, type TestDoor, until } from './door.ts'
import { openTestGateway, type TestGateway } from './gateway.ts'

export interface AdminPlane {
  readonly backend: TestDoor
  readonly gateway: TestGateway
  readonly admin: FrontDoor
  readonly adminPort: number
  /** Of the door for administrators. */
  readonly refusals: readonly Refusal[]
  /** Logs in at a port of this machine, in clear. */
  login(port: number, user: string, password: string, options?: Partial<ConnectOptions>): Promise<Connection>
  /** The rows of one statement of an administrator. */
  ask(sql: string, as?: { readonly user: string; readonly password: string }): Promise<Record<string, unknown>[]>
  /** Asserts that every client has left before. */
  close(): Promise<void>
}

export const boss = { user: 'root', password: 'pw-of-admin-root' }
export const everything = new Set(allPrivileges)

/** Accounts of the server behind, of the gateway and of administrators, who have a `root` each. */
export async function openAdminPlane(
  administrators: readonly AccountInput[] = [],
  settings: Readonly<Record<string, SettingValue>> = {},
): Promise<AdminPlane> {
  let closeConsole = () => {}
  const backend = await openDoor({
    accounts: [
      { user: 'watch', password: 'pw-of-watch', privileges: everything },
      { user: 'app', password: 'pw-of-app' },
      { user: 'shared', password: 'pw-of-shared' },
    ],
    handler: (door) => {
      const { onQuery, close } = createConsole(door)
      closeConsole = close
      // By the number of a character set, which is what the pool asks for, the console knows none.
      return (sql, session, parameters) =>
        /^SET character_set_client=/.test(sql) ? [] : onQuery(sql, session, parameters)
    },
  })
  const gateway = await openTestGateway({
    backends: [
      {
        ...{ name: 'one', weight: 2, maxConnections: 50 },
        connect: {
          ...{ host: '127.0.0.1', port: backend.port, user: 'watch', password: 'pw-of-watch' },
          ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true },
        },
      },
    ],
    rules: [
      {
        ...{ name: 'clerks', user: 'clerk%', way: 'mapped', to: { backend: 'one' } },
        as: { user: 'shared', credential: { password: 'pw-of-shared' } },
      },
      { user: 'nobody', way: 'refuse' },
      { way: 'relay' },
    ],
    accounts: [
      { user: 'clerk1', password: 'pw-of-clerk' },
      { user: 'root', host: 'localhost', password: 'pw-of-data-root', privileges: everything },
      { user: 'twin', password: 'pw-of-data-twin' },
    ],
    settings,
  })
  const admin = await openAdminDoor({
    ...{ gateway: viewOf(gateway.gateway), administers: gateway.front.door },
    ...{ keys: await sharedKeys(), listen: ['127.0.0.1:0'] },
    accounts: new MemoryAccounts([{ ...boss, host: 'localhost', privileges: everything }, ...administrators]),
    log: errorsInto([]),
  })
  const listening = admin.listening[0]
  if (listening?.kind !== 'tcp') throw new Error('no TCP listener')
  const adminPort = listening.port
  const login: AdminPlane['login'] = (port, user, password, options = {}) =>
    connect({
      ...{ host: '127.0.0.1', port, user, password },
      ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true, ...options },
    })
  return {
    ...{ backend, gateway, admin, adminPort, refusals: refusalsOf(admin.door), login },
    ask: async (sql, { user, password } = boss) => {
      const connection = await login(adminPort, user, password)
      try {
        return (await connection.query<Record<string, unknown>>(sql)).rows
      } finally {
        await connection.close()
      }
    },
    close: async () => {
      try {
        await until(() => admin.door.registry.live.size === 0, 'every administrator is gone')
      } finally {
        await admin.close(0)
        await gateway.close()
        await backend.close()
        closeConsole()
      }
    },
  }
}
