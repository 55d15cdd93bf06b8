/** The captures of real logins in `test/vectors/captures`, as packets, with the accounts and keys of their servers. */
import { readFileSync } from 'node:fs'
import type { Account, Credential } from '../../src/accounts/account.ts'
import { account } from '../../src/accounts/defaults.ts'
import { FrameReader } from '../../src/wire/framer.ts'
import type { SentPacket } from './pair.ts'
import { readPcap } from './pcap.ts'

export interface Capture {
  readonly name: string
  readonly file: string
  readonly server: string
  readonly client: string
  readonly account: string
  readonly password: string | null
  readonly database: string | null
  readonly tls: boolean
  readonly flow: readonly string[]
  /** `null`: the client left by itself. */
  readonly outcome: null | 'OK' | { readonly code: number; readonly sqlstate: string | null; readonly message: string }
}

const folder = new URL('../vectors/captures/', import.meta.url)

export const captures: readonly Capture[] = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'))

export function bytesOf(capture: Capture): Uint8Array {
  return readFileSync(new URL(capture.file, folder))
}

/** Every packet of the first connection, up to where compression begins. */
export function packetsOf(capture: Capture): SentPacket[] {
  const [conversation] = readPcap(bytesOf(capture))
  const readers = { client: new FrameReader(0xffffff), server: new FrameReader(0xffffff) }
  const packets: SentPacket[] = []
  const compressed = capture.flow.at(-1) === 'then compressed framing'
  for (const { from, bytes } of conversation?.segments ?? []) {
    if (compressed && packets.length === capture.flow.length - 1) break
    readers[from].push(bytes)
    for (let frame = readers[from].next(); frame !== undefined; frame = readers[from].next()) {
      packets.push({ from, payload: frame.payload.slice(), sequenceId: frame.sequenceId })
    }
  }
  return packets
}

/** `my97`, `my97c`, `ma1011` or `ma118`: the server, as the names of its captures begin. */
export function instanceOf({ name }: Capture): string {
  return name.slice(0, name.indexOf('-'))
}

/** The server's RSA key, if it was kept. */
export function privateKeyOf(capture: Capture): string | undefined {
  const instance = instanceOf(capture)
  return instance === 'ma1011' ? undefined : readFileSync(new URL(`${instance}.rsa-private.pem`, folder), 'latin1')
}

interface Row {
  readonly user: string
  readonly host: string
  readonly plugin?: string
  readonly authentication_string_hex?: string
  readonly user_attributes?: { readonly multi_factor_authentication?: readonly StoredCredential[] }
  /** MariaDB's column, JSON. */
  readonly priv?: string
}

const sections: Readonly<Record<string, string>> = {
  my97: 'MySQL 9.7.4 (33100)',
  my97c: 'MySQL 9.7.4 test plugins (33101)',
  ma1011: 'MariaDB 10.11.19 (33110)',
  ma118: 'MariaDB 11.8.9 (33118)',
}

const rows: Readonly<Record<string, readonly Row[]>> = JSON.parse(
  readFileSync(new URL('accounts.json', folder), 'utf8'),
)

/** The account that the server of a capture chose for a user from this host. */
export function accountOf(capture: Capture, user: string, host: string): Account | undefined {
  const row = rows[sections[instanceOf(capture)] ?? '']?.find(
    // Who got in was let in from wherever it came.
    (candidate) => candidate.user === user && (['%', host].includes(candidate.host) || capture.outcome === 'OK'),
  )
  if (row === undefined) return undefined
  if (row.priv === undefined) {
    const authString = Buffer.from(row.authentication_string_hex ?? '', 'hex').toString('latin1')
    const factors = row.user_attributes?.multi_factor_authentication?.map(credentialOf) ?? []
    return account({ user, host: row.host, plugin: row.plugin ?? '', authString, factors })
  }
  const own: StoredCredential & { auth_or?: StoredCredential[] } = JSON.parse(row.priv)
  // The list of MariaDB has an empty object in the place of the credential beside it.
  const ways = own.auth_or?.map((one) => credentialOf(one.plugin === undefined ? own : one)) ?? [credentialOf(own)]
  return account({ user, host: row.host, ...ways[0], alternatives: ways.slice(1) })
}

interface StoredCredential {
  readonly plugin?: string
  readonly authentication_string?: string
}

function credentialOf({ plugin = '', authentication_string = '' }: StoredCredential): Credential {
  return { plugin, authString: authentication_string }
}
