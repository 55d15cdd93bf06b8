/**
 * The PROXY header that goes to a backend ahead of everything else, where it is configured to want one (`sendProxy`): it says for whom a
 * connection is, so that the accounts of the backend see the client's address and not the gateway's.
 *
 * Spec: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 */
import type { ConnectionRecord } from '../registry/connection-record.ts'
import { encodeProxyHeader } from '../transport/proxy-protocol.ts'
import type { BackendOptions } from './backend.ts'

/**
 * For a connection that serves one client; without a client, for the gateway's own. `undefined` where none is wanted.
 *
 * A client on a unix socket has no address: the backend is told that the gateway speaks for itself.
 */
export function proxyHeader(
  { sendProxy }: BackendOptions,
  client: Pick<ConnectionRecord, 'address' | 'port'> | undefined,
): Uint8Array | undefined {
  if (sendProxy === undefined) return undefined
  const { address, port = 0 } = client ?? {}
  if (address === undefined)
    return encodeProxyHeader(sendProxy, { source: undefined, destination: undefined, tlvs: none })
  // Where the client was going is nobody's concern behind the gateway, but has to be of the same family.
  const destination = { address: address.includes(':') ? '::' : '0.0.0.0', port: 0 }
  return encodeProxyHeader(sendProxy, { source: { address, port }, destination, tlvs: none })
}

const none: ReadonlyMap<number, Uint8Array> = new Map()
