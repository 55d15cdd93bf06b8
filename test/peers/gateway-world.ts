/**
 * Real servers with gateways before them: what the tests of `gateway-*.ts` log in to. Each server has two gateways, one for each way to
 * reach it (in clear, and by TLS), with the same rules: the name of a user says by which way it is authenticated.
 */
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type { ConnectOptions } from '../../src/client/options.ts'
import { accountViewStatements } from '../../src/gateway/account-view.ts'
import { BackendAccounts } from '../../src/gateway/backend-accounts.ts'
import type { Rule } from '../../src/gateway/rules.ts'
import { silentLog } from '../../src/server/log.ts'
import { openTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { type Plugin, plugins } from './expectations.ts'
import { type InstalledPeer, installed, type Peer, type PeerName } from './install.ts'
import { pamService } from './pam.ts'
import { type RunningServer, startMariadbd, startMysqld } from './servers.ts'

/** How a leg is protected. */
export const legs = ['plain', 'tls'] as const
export type Leg = (typeof legs)[number]

export interface ServerKind {
  readonly name: 'MySQL 9.7' | 'MariaDB 10.11' | 'MariaDB 11.8'
  readonly peer: PeerName
  readonly product: 'MySQL' | 'MariaDB'
  /** Those that its accounts can have. */
  readonly plugins: readonly Plugin[]
  readonly settings: readonly string[]
}

export const serverKinds: readonly ServerKind[] = [
  {
    ...{ name: 'MySQL 9.7', peer: 'mysqld', product: 'MySQL' },
    plugins: ['caching_sha2_password', 'sha256_password'],
    settings: ['--max-connect-errors=1000000'],
  },
  {
    ...{ name: 'MariaDB 10.11', peer: 'mariadbd', product: 'MariaDB' },
    plugins: ['mysql_native_password', 'ed25519'],
    settings: ['--max-connect-errors=1000000', '--plugin-load-add=auth_ed25519'],
  },
  {
    ...{ name: 'MariaDB 11.8', peer: 'mariadbd 11.8', product: 'MariaDB' },
    plugins: ['caching_sha2_password', 'parsec', 'dialog'],
    settings: ['--max-connect-errors=1000000', '--plugin-load-add=auth_mysql_sha2;auth_parsec;auth_pam'],
  },
]

export const ways = ['relay', 'own', 'backend', 'mapped'] as const
export type TestedWay = (typeof ways)[number]

/** Of every account that a client logs in to. PAM knows no other. */
export const rightPassword = 'pw-right'

/** Whom the gateway logs in as where clients are mapped. */
export const sharedUser = 'shared'
const behind = 'pw-behind'

export function userOf(way: TestedWay, plugin: Plugin): string {
  return `${way}_${plugins[plugin]}`
}

/** What comes from the pool logs in nowhere: only where clients are mapped are connections kept. */
export const rules: readonly Rule[] = [
  { user: 'relay\\_%', way: 'relay' },
  { user: 'own\\_%', way: 'own', credentials: { password: behind }, pool: 'off' },
  { user: 'backend\\_%', way: 'backend', pool: 'off' },
  { user: 'mapped\\_%', way: 'mapped', as: { user: sharedUser, credential: { password: behind } } },
]

export interface GatewayWorld {
  readonly kind: ServerKind
  readonly server: RunningServer
  /** On the server itself. */
  readonly root: Connection
  /** By the leg to the backend. */
  readonly gateways: Readonly<Record<Leg, TestGateway>>
  /** What is remembered of passwords is forgotten by everybody, so that caching_sha2_password does full authentication. */
  forget(): Promise<void>
  /** Ends all; asserts that nothing of the clients is left. */
  close(): Promise<void>
}

/** Starts a server of the kind, with its accounts, and the two gateways. */
export async function openWorld(peers: readonly Peer[], kind: ServerKind): Promise<GatewayWorld> {
  const server = await startServer(peers, kind)
  const closers: (() => Promise<void>)[] = [() => server.stop()]
  const close = async () => {
    for (const closer of closers.reverse()) await closer()
  }
  try {
    const root = await connect(reach(server))
    closers.push(() => root.close())
    for (const sql of accountsOf(kind)) await root.query(sql)
    const accounts = new BackendAccounts({
      from: () => ({ ...reach(server), ...watcher }),
      leastBetweenMs: 1,
      log: silentLog,
    })
    closers.push(() => accounts.close())
    await accounts.start()
    const open = async (leg: Leg): Promise<TestGateway> => {
      const gateway = await openTestGateway({ ...before(server, leg), rules, with: { backendAccounts: accounts } })
      closers.push(() => gateway.close())
      return gateway
    }
    const gateways = { plain: await open('plain'), tls: await open('tls') }
    const forget = async () => {
      // MariaDB remembers no password; and while its tables of accounts are read again, its caching_sha2_password refuses right ones.
      if (kind.product === 'MySQL') await root.query('FLUSH PRIVILEGES')
      for (const { gateway } of Object.values(gateways)) {
        gateway.configured.ownRealm.fastDigests.clear()
        gateway.configured.backendRealm?.fastDigests.clear()
      }
    }
    return { kind, server, root, gateways, forget, close }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

/** The part of a gateway's options that says which server is behind it, and that its own accounts are there. */
export function before(
  server: RunningServer,
  leg: Leg,
): Pick<TestGatewayOptions, 'backends' | 'accounts' | 'settings'> {
  return {
    backends: [{ name: 'one', connect: { ...reach(server, leg), ...watcher } }],
    accounts: (Object.keys(plugins) as Plugin[]).flatMap((plugin) =>
      (['own', 'mapped'] as const).map((way) => ({ user: userOf(way, plugin), password: rightPassword, plugin })),
    ),
    settings: { saltgate_allow_clear_password: true },
  }
}

/** How root reaches a server; both legs are proven or on this machine. */
export function reach({ host, port, ca = '' }: RunningServer, leg: Leg = 'tls'): ConnectOptions {
  const root = { host, port, user: 'root', password: '' }
  return leg === 'tls'
    ? { ...root, tls: { mode: 'VERIFY_IDENTITY', ca } }
    : { ...root, tls: { mode: 'DISABLED' }, getServerPublicKey: true }
}

export function startServer(peers: readonly Peer[], { peer, product, settings }: ServerKind): Promise<RunningServer> {
  const start = product === 'MySQL' ? startMysqld : startMariadbd
  return start(peers, installed(peers, peer) as InstalledPeer, settings, 'ours')
}

/** The gateway's own account. */
export const watcher = { user: 'gateway', password: 'pw-gateway' } as const

/** The statements that make all accounts of a server. */
export function accountsOf(kind: ServerKind): string[] {
  const { product } = kind
  const statements = [
    'CREATE DATABASE test',
    `CREATE USER '${watcher.user}'@'%' IDENTIFIED BY '${watcher.password}'`,
    // What KILL QUERY takes, and to see who is the primary.
    ...(product === 'MySQL'
      ? [`GRANT CONNECTION_ADMIN ON *.* TO '${watcher.user}'@'%'`]
      : [`GRANT CONNECTION ADMIN ON *.* TO '${watcher.user}'@'%'`]),
  ]
  const users = [sharedUser, ...(Object.keys(plugins) as Plugin[]).map((plugin) => userOf('own', plugin))]
  for (const user of users) {
    statements.push(`CREATE USER '${user}'@'%' IDENTIFIED BY '${behind}'`)
    statements.push(`GRANT ALL ON test.* TO '${user}'@'%'`)
  }
  for (const plugin of kind.plugins) {
    for (const way of ['relay', 'backend'] as const) {
      const user = userOf(way, plugin)
      statements.push(`CREATE USER '${user}'@'%' IDENTIFIED ${identified(product, plugin)}`)
      statements.push(`GRANT ALL ON test.* TO '${user}'@'%'`)
    }
  }
  return [...statements, ...accountViewStatements(product, { gateway: { user: watcher.user, host: '%' } })]
}

function identified(product: ServerKind['product'], plugin: Plugin): string {
  if (product === 'MySQL') return `WITH ${plugin} BY '${rightPassword}'`
  return plugin === 'dialog' ? `VIA pam USING '${pamService}'` : `VIA ${plugin} USING PASSWORD('${rightPassword}')`
}
