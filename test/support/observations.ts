/**
 * Observations for the doctor's tests: packets in words, as a login that never was, or those of a real capture. Both go through the
 * doctor's own observer.
 */
import { existsSync, readFileSync } from 'node:fs'
import { explainProof, type NearProof } from '../../src/auth/near-proof.ts'
import type { Known } from '../../src/doctor/finding.ts'
import type { Observation, SeenTls, Side } from '../../src/doctor/observation.ts'
import { Observer } from '../../src/doctor/observer.ts'
import { KeyLog } from '../../src/doctor/tls/key-log.ts'
import { encodeAuthNextFactor } from '../../src/packets/auth-next-factor.ts'
import { encodeAuthSwitchRequest } from '../../src/packets/auth-switch-request.ts'
import { capability } from '../../src/packets/capabilities.ts'
import { encodeErr } from '../../src/packets/err.ts'
import { encodeHandshakeResponse41, type HandshakeResponse41 } from '../../src/packets/handshake-response-41.ts'
import { encodeHandshakeV10, type HandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { bytes, int, text } from './bytes.ts'
import { bytesOf, type Capture, captures } from './captures.ts'
import { readPcap } from './pcap.ts'

/** A packet of one side, or its farewell. */
export type Said =
  | { readonly from: Side; readonly payload: Uint8Array }
  | { readonly from: Side; readonly leaves: true }

/** 20 bytes, as MySQL makes them. */
export const nonce = text('abcdefghijklmnopqrst')
export const otherNonce = text('ABCDEFGHIJKLMNOPQRST')

/** What MySQL 9.7 offers. */
const everything = 0xdfffffff
/** libmysqlclient's of 9.7. */
const usual = 0x19bfa285

export function greeting(changes: Partial<HandshakeV10> = {}): Said {
  const usualGreeting: HandshakeV10 = {
    serverVersion: '9.7.4',
    connectionId: 8,
    authPluginData: bytes(nonce, [0]),
    capabilities: everything,
    collationId: 255,
    statusFlags: 2,
    mariadbCapabilities: 0,
    authPluginName: 'caching_sha2_password',
  }
  return { from: 'server', payload: encodeHandshakeV10({ ...usualGreeting, ...changes }) }
}

interface LoginWords extends Partial<Omit<HandshakeResponse41, 'user' | 'database' | 'connectAttributes'>> {
  readonly user?: string
  readonly database?: string
  readonly attributes?: Readonly<Record<string, string>>
}

/** libmysqlclient's, without attributes, unless said otherwise. */
export function login({ user = 'mary', database, attributes, ...changes }: LoginWords = {}): Said {
  const flags =
    ((changes.capabilities ?? usual) & ~capability.CONNECT_ATTRS) |
    (attributes === undefined ? 0 : capability.CONNECT_ATTRS) |
    (database === undefined ? 0 : capability.CONNECT_WITH_DB)
  const payload = encodeHandshakeResponse41({
    maxPacketSize: 0x1000000,
    collationId: 255,
    mariadbCapabilities: 0,
    authAnswer: scramble(32),
    authPluginName: flags & capability.PLUGIN_AUTH ? 'caching_sha2_password' : undefined,
    zstdLevel: undefined,
    ...changes,
    capabilities: flags >>> 0,
    user: text(user),
    database: database === undefined ? undefined : text(database),
    connectAttributes: attributes && Object.entries(attributes).map(([name, value]) => [text(name), text(value)]),
  })
  return { from: 'client', payload }
}

export function switchTo(authPluginName: string, authPluginData: Uint8Array = bytes(otherNonce, [0])): Said {
  return { from: 'server', payload: encodeAuthSwitchRequest({ authPluginName, authPluginData }) }
}

export function nextFactor(authPluginName: string, authPluginData = new Uint8Array(0)): Said {
  return { from: 'server', payload: encodeAuthNextFactor({ authPluginName, authPluginData }) }
}

export function more(...data: number[] | [string]): Said {
  const [first] = data
  return { from: 'server', payload: bytes([1], typeof first === 'string' ? text(first) : (data as number[])) }
}

export function answer(payload: Uint8Array | string): Said {
  return { from: 'client', payload: typeof payload === 'string' ? text(payload) : payload }
}

/** Bytes of no meaning, as a proof has them: none is 0. */
export function scramble(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 0x81 + (i % 0x60))
}

export const ok: Said = { from: 'server', payload: bytes([0, 0, 0], int(2, 2), int(0, 2)) }
export const clientLeaves: Said = { from: 'client', leaves: true }
export const serverLeaves: Said = { from: 'server', leaves: true }
export const publicKey = more('-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n')

export function err(code: number, message = '', sqlState: string | undefined = 'HY000'): Said {
  return { from: 'server', payload: encodeErr({ code, sqlState, message }) }
}

/** 1045, as for a password that was given. */
export const denied = err(1045, "Access denied for user 'mary'@'localhost' (using password: YES)", '28000')

/** Half a second passes between two packets. */
export function observed(...said: readonly Said[]): Observation {
  return watch(said, 3306)
}

export function observedOnSocket(...said: readonly Said[]): Observation {
  return watch(said, 0)
}

/** As with the keys at hand: the login and what follows were read inside. */
export function observedInTls(said: readonly Said[], changes: Partial<SeenTls> = {}): Observation {
  const seen = watch(said, 3306)
  const tls: SeenTls = {
    requested: true,
    offered: 'TLSv1.3',
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    serverName: undefined,
    certificates: [],
    alerts: [],
    resumed: false,
    inside: 'seen',
    ...changes,
  }
  const exchanges = seen.exchanges.map((exchange) => ({ ...exchange, channel: 'tls' as const }))
  return { ...seen, tls, exchanges, channel: 'tls' }
}

/** The first connection of a capture in `test/vectors/captures`; TLS is opened where the capture has its keys. */
export function observedIn(name: string): Observation {
  const capture = captures.find((candidate) => candidate.name === name)
  if (capture === undefined) throw new Error(`there is no capture ${name}`)
  const observer = open(3306, keysOf(capture))
  const [conversation] = readPcap(bytesOf(capture))
  let atMs = 0
  for (const { from, bytes: data } of conversation?.segments ?? []) observer.onData(from, data, atMs++)
  const { error } = observer.finish()
  // The server hangs up on whom it refuses, unless it speaks to one who has gone (1158).
  observer.onEnd(error === undefined || error.code === 1158 ? 'client' : 'server', 'fin', atMs)
  return observer.finish()
}

function watch(said: readonly Said[], port: number): Observation {
  const observer = open(port)
  let atMs = 0
  let sequenceId = 0
  for (const one of said) {
    if ('leaves' in one) observer.onEnd(one.from, 'fin', atMs)
    else observer.onData(one.from, bytes(int(one.payload.length, 3), [sequenceId++ & 0xff], one.payload), atMs)
    atMs += 500
  }
  return observer.finish()
}

function keysOf({ name }: Capture): KeyLog {
  const keys = new KeyLog()
  const file = new URL(`../vectors/captures/${name}.keys`, import.meta.url)
  if (existsSync(file)) keys.add(readFileSync(file, 'latin1'))
  return keys
}

function open(port: number, keys = new KeyLog()): Observer {
  const client = { address: '192.0.2.7', port: port === 0 ? 0 : 50_000 }
  const server = { address: port === 0 ? '/run/mysqld/mysqld.sock' : '192.0.2.1', port }
  return new Observer({ client, server, startedMs: Date.UTC(2026, 0, 1) }, { number: 1, keys })
}

/** Nobody tested the proofs. */
export const untested: Known = { proofs: [], passwordGiven: false }

/** The battery's results, where the password of the account is this one. */
export function knowing(seen: Observation, password: string): Known {
  const user = Buffer.from(seen.login?.user ?? []).toString('utf8')
  const proofs = seen.exchanges.flatMap((exchange, i) => {
    const [given] = exchange.answers
    if (given === undefined) return []
    const otherNonces = seen.exchanges.slice(0, i).map(({ by, nonce: stale }) => ({
      of: by === 'login' ? ('greeting' as const) : ('switch' as const),
      nonce: stale,
    }))
    const proof = { plugin: exchange.plugin, answer: given, nonce: exchange.nonce, otherNonces, user }
    return explainProof(proof, { kind: 'password', password: text(password) }) ?? []
  })
  return { proofs, passwordGiven: true }
}

/** One result of the battery. */
export function near(deviations: Partial<NearProof>): Known {
  return { proofs: [{ nonce: 'right', password: 'right', algorithm: 'right', ...deviations }], passwordGiven: true }
}
