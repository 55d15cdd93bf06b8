/** Connections by `node:tls` in memory, with what lay on the wire between the two, as a capture would have it. */
import { readFileSync } from 'node:fs'
import { type Duplex, duplexPair } from 'node:stream'
import { type ConnectionOptions, connect, createSecureContext, TLSSocket, type TlsOptions } from 'node:tls'
import { KeyLog } from '../../src/doctor/tls/key-log.ts'
import { TlsWatch } from '../../src/doctor/tls/tls-watch.ts'
import type { Segment } from './pcap.ts'

export interface TappedTls {
  readonly segments: readonly Segment[]
  readonly keyLog: string
  /** What each side said inside. */
  readonly said: { readonly client: string; readonly server: string }
  readonly cipher: string
  readonly version: string
  readonly reused: boolean
  /** Of the client, for a resumption: the last ticket or session that it got. */
  readonly session: Buffer | undefined
  /** The client's view of the server's certificate. */
  readonly certificate: Uint8Array | undefined
  readonly error: Error | undefined
}

/** OpenSSL's SSL_OP_NO_ENCRYPT_THEN_MAC, for `secureOptions`. */
export const noEncryptThenMac = 2 ** 19

const folder = new URL('../vectors/tls-watch/', import.meta.url)

/** A connection that was recorded elsewhere: `early-data` or `key-update`. */
export function recordedTls(name: string): Pick<TappedTls, 'segments' | 'keyLog'> {
  const { keyLog, segments }: { keyLog: string[]; segments: { from: Segment['from']; hex: string }[] } = JSON.parse(
    readFileSync(new URL(`${name}.json`, folder), 'utf8'),
  )
  return {
    keyLog: keyLog.join('\n'),
    segments: segments.map(({ from, hex }) => ({ from, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) })),
  }
}

/** What somebody beside a connection, with these keys, hears and knows of it. */
export function watched(
  segments: readonly Segment[],
  keyLog?: string,
): { said: { client: string; server: string }; facts: ReturnType<TlsWatch['facts']> } {
  const keys = new KeyLog()
  if (keyLog !== undefined) keys.add(keyLog)
  const said = { client: '', server: '' }
  const watch = new TlsWatch(keyLog === undefined ? undefined : keys, {
    plaintext: (from, bytes) => {
      said[from] += Buffer.from(bytes).toString('latin1')
    },
  })
  for (const { from, bytes } of segments) watch.push(from, bytes, 0)
  return { said, facts: watch.facts() }
}

/** `rsa` or `ecdsa`, for the name door.test. */
export function certificateOf(kind: 'rsa' | 'ecdsa'): { cert: string; key: string } {
  const read = (ending: string) => readFileSync(new URL(`${kind}.${ending}`, folder), 'latin1')
  return { cert: read('pem'), key: read('key') }
}

export interface Talk {
  readonly client?: ConnectionOptions
  readonly server?: TlsOptions
  /** What is said in turn, the client first; each waits for the other. */
  readonly lines?: readonly string[]
  /** Runs before the handshake. */
  readonly prepare?: (client: TLSSocket, server: TLSSocket) => void
  /** Runs before the line of this number, counted from 0. */
  readonly before?: (line: number, client: TLSSocket, server: TLSSocket) => void | Promise<void>
}

/** Shakes hands, lets the two talk, closes, and hands out what was on the wire. */
export async function talkOverTls({
  client = {},
  server = {},
  lines = ['ping', 'pong'],
  prepare,
  before,
}: Talk): Promise<TappedTls> {
  const segments: Segment[] = []
  const [clientEnd, clientWire] = duplexPair()
  const [serverEnd, serverWire] = duplexPair()
  tap('client', clientWire, serverWire)
  tap('server', serverWire, clientWire)

  const { pskCallback, ...context } = server
  const inside = new TLSSocket(serverEnd, {
    isServer: true,
    secureContext: createSecureContext(context),
    ...(server.requestCert && { requestCert: true, rejectUnauthorized: server.rejectUnauthorized ?? true }),
    ...(pskCallback && { pskCallback }),
  } as ConstructorParameters<typeof TLSSocket>[1])
  const outside = connect({
    socket: clientEnd,
    rejectUnauthorized: false,
    servername: 'door.test',
    checkServerIdentity: () => undefined,
    ...client,
  })

  prepare?.(outside, inside)

  let keyLog = '# written by the test\n'
  let session: Buffer | undefined
  outside.on('keylog', (line: Buffer) => {
    keyLog += line.toString('latin1')
  })
  outside.on('session', (one) => {
    session = one
  })
  const said = { client: '', server: '' }
  const { promise: failed, reject: fail } = Promise.withResolvers<never>()
  for (const side of [outside, inside]) side.on('error', fail)
  inside.on('data', (data) => {
    said.client += data
  })
  outside.on('data', (data) => {
    said.server += data
  })

  let error: Error | undefined
  let details = { cipher: '', version: '', reused: false, certificate: undefined as Uint8Array | undefined }
  const conversation = async () => {
    await Promise.all([once(outside, 'secureConnect'), once(inside, 'secure')])
    details = {
      cipher: outside.getCipher().name,
      version: outside.getProtocol() ?? '',
      reused: outside.isSessionReused(),
      certificate: outside.getPeerX509Certificate()?.raw,
    }
    for (const [number, line] of lines.entries()) {
      await before?.(number, outside, inside)
      const [from, to, side] =
        number % 2 === 0 ? [outside, inside, 'client' as const] : [inside, outside, 'server' as const]
      const goal = said[side].length + line.length
      from.write(line)
      while (said[side].length < goal) await once(to, 'data')
    }
    // What the server sends with its end, tickets among it, has to be read before the client goes.
    inside.end()
    await once(outside, 'end')
  }
  try {
    await Promise.race([conversation(), failed])
  } catch (reason) {
    error = reason as Error
    // An alert may still be under way to the other side.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  outside.destroy()
  inside.destroy()
  return { segments, keyLog, said, session, error, ...details }

  function tap(from: Segment['from'], source: Duplex, target: Duplex): void {
    source.on('data', (bytes: Buffer) => {
      segments.push({ from, bytes: Uint8Array.from(bytes) })
      // Not at once: a side that is still writing would lose the alert that it answers with.
      setImmediate(() => target.write(bytes))
    })
    source.on('end', () => setImmediate(() => target.end()))
  }
}

function once(socket: TLSSocket, event: string): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()))
}
