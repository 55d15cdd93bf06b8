/** How a running server is reached: by a real client on each channel, and by the administrator. */
import { type Connection, createConnection } from 'mysql2/promise'
import { type ClientLogin, type ClientOutcome, login } from './clients.ts'
import type { ChannelName } from './expectations.ts'
import type { InstalledPeer } from './install.ts'
import type { RunningServer } from './servers.ts'

/** What is given besides where the server is; `sql` left out: who came in. */
export type Who = Pick<ClientLogin, 'user' | 'password'> & Partial<ClientLogin>

/** Logs in on one channel. Rejects as `login`. */
export function loginOver(
  to: RunningServer,
  channel: ChannelName,
  client: InstalledPeer,
  who: Who,
): Promise<ClientOutcome> {
  return login(client, {
    host: to.host,
    port: to.port,
    socket: channel === 'unix-socket' ? to.socket : undefined,
    tls: channel === 'tls' ? 'on' : 'off',
    sql: 'SELECT CURRENT_USER()',
    ...who,
  })
}

/** A session of root over the unix socket, by a client that is none of those under test. */
export function administrator({ socket, rootPassword }: RunningServer): Promise<Connection> {
  return createConnection({ socketPath: socket, user: 'root', password: rootPassword })
}
