/**
 * The part of an arrival that comes before all others when the connection is a proxy's: reads the PROXY header, and makes its
 * claim the client's address, for accounts, limits and the host cache alike.
 *
 * A proxy of `proxy_protocol_networks` must send the header, within a second; nobody else may. A client that is said to be on this
 * machine is refused: `localhost` accounts are not for those who come through a proxy.
 *
 * Spec: https://mariadb.com/kb/en/proxy-protocol-support/
 */
import { isLoopbackNetwork } from '../accounts/address.ts'
import type { DenyReason } from '../errors/deny-reasons.ts'
import { MalformedPacket } from '../errors/errors.ts'
import type { ConnectionRecord } from '../registry/connection-record.ts'
import type { Connection } from '../transport/connection.ts'
import { DeadlineList } from '../transport/deadlines.ts'
import type { PacketHandler } from '../transport/handlers.ts'
import { decodeProxyHeader, type ProxyHeader } from '../transport/proxy-protocol.ts'
import { canonicalAddress } from './addresses.ts'
import { ProxyNetworks } from './proxy-networks.ts'
import type { Settings } from './settings.ts'

/** Who is told how it went. */
export interface ProxiedOwner extends Pick<PacketHandler, 'onEnded' | 'onClosed'> {
  readonly connection: Connection
  readonly record: ConnectionRecord
  /** The record says who the client is; bytes behind the header are in the reader. */
  onClientKnown(): void
  onHeaderRefused(reason: DenyReason, detail: string): void
}

/** Proxies send their header together with the first bytes, or at once. Units: ms. */
const headerTimeMs = 1000

const waiting = new DeadlineList<Connection>({
  durationMs: headerTimeMs,
  onExpired: (connection) => (connection.handler as ProxyHeaderWait).onDeadline(),
})

/** Whether connections from there begin with a PROXY header. Shapes: `address` is canonical; `undefined` on a unix socket. */
export function isProxy(settings: Settings, address: string | undefined): boolean {
  const list = settings.get('proxy_protocol_networks')
  if (list !== latest.list) latest = { list, networks: new ProxyNetworks(list) }
  return latest.networks.include(address)
}

let latest = { list: '', networks: new ProxyNetworks('') }

/** After: the owner is told once, unless the connection ends before. */
export function awaitProxyHeader(owner: ProxiedOwner): void {
  owner.connection.handler = new ProxyHeaderWait(owner)
  waiting.add(owner.connection)
}

class ProxyHeaderWait implements PacketHandler {
  readonly wantsPacket = false
  readonly #owner: ProxiedOwner
  #seen: Uint8Array = new Uint8Array(0)

  constructor(owner: ProxiedOwner) {
    this.#owner = owner
  }

  onBytes(chunk: Uint8Array): void {
    const bytes = this.#seen.length === 0 ? chunk : Buffer.concat([this.#seen, chunk])
    let header: ProxyHeader | undefined
    try {
      header = decodeProxyHeader(bytes)
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error
      const reason = error.field === 'signature' ? 'proxy-header-missing' : 'proxy-header-malformed'
      return this.#owner.onHeaderRefused(reason, error.message)
    }
    if (header === undefined) {
      this.#seen = bytes
      return
    }
    const { connection } = this.#owner
    waiting.remove(connection)
    connection.reader.push(bytes.subarray(header.length))
    this.#believe(header)
  }

  onDeadline(): void {
    const detail = `${this.#seen.length} bytes of it within ${headerTimeMs} ms`
    this.#owner.onHeaderRefused('proxy-header-missing', detail)
  }

  onEnded(): void {
    this.#owner.onEnded()
  }

  onClosed(): void {
    this.#owner.onClosed()
  }

  onPacket(): void {}

  onFramingError(): void {}

  #believe({ source, tlvs }: ProxyHeader): void {
    const { record } = this.#owner
    record.proxy = { address: record.address, port: record.port, tlvs }
    if (source !== undefined) {
      const address = canonicalAddress(source.address)
      // What a connection is anyway can be claimed: HAProxy's health checks of version 1 name its own address.
      if (isLoopbackNetwork(address) && address !== record.address) {
        return this.#owner.onHeaderRefused('proxy-header-malformed', `it says that the client is at ${address}`)
      }
      record.address = address
      record.port = source.port
      // Between the client and the proxy is a network, wherever the proxy itself is.
      record.channel = 'plaintext'
    }
    this.#owner.onClientKnown()
  }
}
