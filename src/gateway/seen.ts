/** What hooks get to see of a connection: plain data. */
import type { Login as LoginFacts } from '../machine/login.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { TlsPeer } from '../server/tls-context.ts'
import type { ClientSeen, LoginSeen } from './hooks.ts'

export function clientSeen(record: ConnectionRecord): ClientSeen {
  const { id: connectionId, address, port, hostName, channel } = record
  return { connectionId, address, port, hostName, channel, proxyTlvs: record.proxy?.tlvs }
}

export function loginSeen(login: LoginFacts, peer: TlsPeer | undefined): LoginSeen {
  const { user, database, authPluginName: plugin, capabilities, collationId, connectAttributes = [] } = login
  const { subject, issuer, authorized } = peer ?? {}
  return {
    ...{ user, database, plugin, capabilities, collationId },
    attributes: new Map(connectAttributes.map(([key, value]) => [text(key), text(value)])),
    certificate: authorized && subject !== undefined && issuer !== undefined ? { subject, issuer } : undefined,
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}
