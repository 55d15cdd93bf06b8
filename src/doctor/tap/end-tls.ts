/**
 * Ends TLS on both sides of an SSLRequest that has gone on to the server: the server's side first, so that the client is trusted with
 * nobody that the tap could not prove, then the client's, with a certificate of the tap's own.
 */
import type { Socket } from 'node:net'
import { connect, type SecureContext, TLSSocket } from 'node:tls'
import { judgePeer, type PreparedTls } from '../../client/tls.ts'
import type { SeenTls, Side } from '../observation.ts'
import { tlsNotReached } from '../tls/not-reached.ts'

export interface TlsEnding {
  /** With the certificate and key that clients are shown. */
  readonly clientSide: SecureContext
  /** How the server's certificate is judged. */
  readonly serverSide: PreparedTls
}

export interface TlsEnded {
  onSecure(sockets: Readonly<Record<Side, TLSSocket>>, facts: Omit<SeenTls, 'requested'>): void
  /** `at`: on whose side TLS could not begin. */
  onFailed(at: Side, why: string, facts: Omit<SeenTls, 'requested'>): void
}

/**
 * Both sockets must be without listeners for data. Bytes that the client sent behind its SSLRequest belong back into its socket.
 *
 * After: one of the two is called once, unless both sockets are destroyed before.
 */
export function endTls(
  sockets: Readonly<Record<Side, Socket>>,
  { clientSide, serverSide }: TlsEnding,
  on: TlsEnded,
): void {
  let settled = false
  const fail = (at: Side, why: string, facts: Omit<SeenTls, 'requested'>) => {
    if (settled) return
    settled = true
    on.onFailed(at, why, facts)
  }
  let certificates: Uint8Array[] = []
  const server = connect({ ...serverSide.options, socket: sockets.server })
  // The server may leave while the client takes its time, too.
  server.on('error', (error) => fail('server', codeOf(error), { ...tlsNotReached, certificates }))
  server.once('end', () => fail('server', left, { ...tlsNotReached, certificates }))
  server.once('secureConnect', () => {
    server.pause()
    const judged = judgePeer(serverSide, server, false)
    if (typeof judged === 'string') return fail('server', judged, tlsNotReached)
    certificates = chainOf(server)
    const client = new TLSSocket(sockets.client, { isServer: true, secureContext: clientSide })
    client.on('error', (error) => fail('client', codeOf(error), factsAt(client, certificates, error)))
    client.once('end', () => fail('client', left, { ...tlsNotReached, certificates }))
    client.once('secure', () => {
      if (settled) return
      settled = true
      on.onSecure({ client, server }, factsAt(client, certificates, undefined))
    })
  })
}

const left = 'it left during the TLS handshake'

function factsAt(
  client: TLSSocket,
  certificates: readonly Uint8Array[],
  error: Error | undefined,
): Omit<SeenTls, 'requested'> {
  const { servername } = client as TLSSocket & { servername?: string | false | null }
  // The tap takes the best that it is offered.
  const version = client.getProtocol() ?? undefined
  const alert = error === undefined ? undefined : /ALERT_(\w+)$/.exec(codeOf(error))?.[1]
  return {
    ...tlsNotReached,
    offered: version,
    version,
    cipher: client.getCipher()?.name,
    serverName: servername || undefined,
    certificates,
    alerts: alert === undefined ? [] : [{ from: 'client', level: 'fatal', description: alert.toLowerCase(), atMs: 0 }],
    resumed: client.isSessionReused(),
    inside: error === undefined ? 'seen' : 'not-reached',
  }
}

/** DER, the server's own first. */
function chainOf(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = []
  for (
    let at = socket.getPeerX509Certificate();
    at !== undefined && chain.length < longestChain;
    at = at.issuerCertificate
  ) {
    chain.push(at.raw)
  }
  return chain
}

const longestChain = 10

function codeOf(error: Error & { code?: string }): string {
  return error.code ?? error.message
}
