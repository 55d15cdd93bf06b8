/** A login in a capture, as the hooks of a gateway would have seen it. */
import { isIP } from 'node:net'
import type { Observation, SeenPacket } from '../../doctor/observation.ts'
import type { AuthResultSeen, LoginSeen } from '../../gateway/hooks.ts'
import type { RecordedLogin } from '../../gateway/hooks-replay.ts'
import { decodeName } from '../../machine/collations.ts'
import type { ComChangeUser } from '../../packets/com-change-user.ts'
import type { Err } from '../../packets/err.ts'
import type { HandshakeResponse41 } from '../../packets/handshake-response-41.ts'

/** Names of users that no session had are not in a capture: `backend` is the address of the server. */
export function recordedLogin(seen: Observation): RecordedLogin {
  const { client, server, channel, greeting, durationMs } = seen
  const backend = `${server.address}:${server.port}`
  const sessions: { login: LoginSeen; results: AuthResultSeen[] }[] = []
  for (const packet of seen.packets) {
    const login = loginOf(packet)
    if (login !== undefined) sessions.push({ login, results: [] })
    const session = sessions.at(-1)
    const last = session?.results.at(-1)
    // What comes behind the verdict is answers to commands.
    if (session === undefined || last?.is === 'ok' || last?.is === 'err') continue
    const result = resultOf(packet, session.login.user, backend)
    if (result !== undefined) session.results.push(result)
  }
  const [first, ...changes] = sessions
  return {
    client: {
      connectionId: greeting?.connectionId ?? seen.number,
      address: isIP(client.address) === 0 ? undefined : client.address,
      port: client.port === 0 ? undefined : client.port,
      hostName: undefined,
      channel,
      proxyTlvs: undefined,
    },
    greeting: greeting && {
      serverVersion: greeting.serverVersion,
      capabilities: greeting.capabilities,
      plugin: greeting.authPluginName ?? 'mysql_native_password',
      backend,
    },
    login: first?.login,
    results: first?.results ?? [],
    changes,
    aliveMs: durationMs,
  }
}

function loginOf({ from, kind, fields }: SeenPacket): LoginSeen | undefined {
  if (from !== 'client' || fields === undefined) return undefined
  if (kind !== 'HandshakeResponse41' && kind !== 'COM_CHANGE_USER') return undefined
  const said = fields as unknown as HandshakeResponse41 & ComChangeUser
  const { collationId = utf8mb4, authPluginName: plugin, connectAttributes = [] } = said
  const text = (bytes: Uint8Array) => decodeName(bytes, collationId) ?? Buffer.from(bytes).toString('latin1')
  const database = said.database === undefined ? '' : text(said.database)
  return {
    user: text(said.user),
    database: database === '' ? undefined : database,
    plugin,
    capabilities: said.capabilities ?? 0,
    collationId,
    attributes: new Map(connectAttributes.map(([key, value]) => [text(key), text(value)])),
    certificate: undefined,
  }
}

function resultOf(
  { from, kind, fields, length }: SeenPacket,
  user: string,
  backend: string,
): AuthResultSeen | undefined {
  if (from !== 'server') return undefined
  const plugin = String((fields as { authPluginName?: unknown } | undefined)?.authPluginName ?? '')
  switch (kind) {
    case 'Ok':
      return { is: 'ok', user, backend, backendUser: user }
    case 'Err': {
      const { code = 0, sqlState = 'HY000', message = '' } = (fields ?? {}) as Partial<Err>
      return { is: 'err', code, sqlState, message, reason: 'backend-refused' }
    }
    case 'AuthSwitchRequest':
      return { is: 'auth-switch', plugin }
    case 'AuthNextFactor':
      return { is: 'next-factor', plugin }
    case 'AuthMoreData':
      return { is: 'more-data', bytes: length - 1 }
    default:
      return undefined
  }
}

const utf8mb4 = 45
