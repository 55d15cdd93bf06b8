/** The client's front: from options to a connection that is in. */
import { whileWanted } from './cancel.ts'
import { Connection } from './connection.ts'
import { Login } from './login.ts'
import type { ConnectOptions } from './options.ts'
import { promptOf, secretsOf } from './secrets.ts'
import { type Identity, identityOf, type Settings, settle } from './settings.ts'
import { parseConnectionUri } from './uri.ts'

/**
 * Logs in to a MySQL or MariaDB server.
 *
 *     await using connection = await connect('mysql://app@db.example.com/shop?ssl-mode=VERIFY_IDENTITY')
 *     const { rows } = await connection.query('SELECT 1 AS one')
 *
 * Throws: `ConfigurationError` before anything is opened; `ServerError` for a refusal; `ClientError` and `ProtocolViolation` for
 * what went wrong on the way. Each but the first has `login`: how far it came, what both sides offered, and a hint.
 * After a throw nothing is left open.
 */
export async function connect(options: ConnectOptions | string): Promise<Connection> {
  const given = typeof options === 'string' ? parseConnectionUri(options) : options
  return await connectWith(settle(given), identityOf(given), given.signal)
}

/** The same for options that were checked before: what a pool calls again and again. */
export async function connectWith(
  settings: Settings,
  identity: Identity,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  signal?.throwIfAborted()
  const given = secretsOf(identity, settings)
  const secrets = given instanceof Promise ? await whileWanted(given, signal) : given
  const again = (as: Identity) => connectWith(settings, { ...as, database: undefined }, undefined)
  return await new Promise<Connection>((resolve, reject) => {
    const end = {
      entered: (entered: ConstructorParameters<typeof Connection>[2]) =>
        resolve(new Connection(settings, identity, entered, again)),
      failed: reject,
    }
    new Login(settings, identity, secrets, promptOf(settings.options), end, signal).start()
  })
}
