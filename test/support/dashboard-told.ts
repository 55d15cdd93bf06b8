/** What a dashboard says, made up: of a gateway where everything is going on at once, in words as hostile as its strangers choose them. */
import {
  type AccountSeen,
  type BackendsSeen,
  type DoorFacts,
  type Handshake,
  type HostSeen,
  lanes,
  type Now,
  type Refusals,
  type Second,
} from '../../src/dashboard/contract.ts'
import { sampleOf } from './samples.ts'

/** Clears the screen, forges a line, turns the direction of writing and sets the title of the window, if it may. */
export const hostile = '\x1b[2J\r\nroot\u202e\x9b31m\x1b]0;x\x07'

export const startMs = 1_700_000_000_000
const nowMs = startMs + 3_600_000

export const door: DoorFacts = {
  kind: 'gateway',
  version: '0.1.0',
  serverVersion: `8.4.0-${hostile}`,
  listening: ['127.0.0.1:3307', '/run/saltgate.sock'],
  startedAtMs: startMs,
  connectTimeoutMs: 10_000,
  patienceMs: 5000,
  maxConnections: 151,
  certificateEndsMs: null,
  historySinceMs: startMs,
}

export const now: Now = {
  atMs: nowMs,
  whole: true,
  counts: [0, 0, 2, 0, 0, 1, 0, 40],
  changed: [
    [7, 2, nowMs - 1000, nowMs - 1100, '', '10.0.0.7'],
    [8, 2, nowMs - 8000, nowMs - 9000, '', 'scanner.example'],
    [9, 5, nowMs - 30, nowMs - 40, hostile, hostile],
    [10, 7, nowMs - 60_000, nowMs - 60_010, 'app', '10.0.0.10'],
  ],
  gone: [],
  refused: [[6, 5, 'secret-mismatch', hostile, hostile]],
  dropped: 3,
}

export const second: Second = {
  sample: sampleOf({
    atMs: nowMs - 1000,
    spanMs: 1000,
    lanes: [0, 0, 2, 0, 0, 1, 0, 40],
    peaks: [1, 0, 3, 1, 1, 2, 0, 41],
    admitted: 12,
    refused: 2,
    reasons: { 'secret-mismatch': 2 },
    times: lanes.slice(1).map(() => [[4, 12] as const]),
  }),
  refusals: 2,
  readers: 1,
  dropped: 3,
  loopDelayP99Ms: 1.5,
}

export const refusals: Refusals = {
  revision: 2,
  forgotten: 4,
  groups: [
    {
      key: 'a',
      count: 38,
      reason: 'secret-mismatch',
      cause: 'the client hashed 21 bytes of the 20-byte nonce',
      findings: [['the client hashed 21 bytes of the 20-byte nonce', 30]],
      detail: null,
      remedy: 'use a newer driver',
      client: 'PyMySQL 1.1.1',
      network: '10.0.3.0/24',
      users: ['app', hostile],
      firstMs: startMs,
      lastMs: nowMs - 4000,
      handshakes: [6, 5],
    },
    {
      key: 'b',
      count: 1,
      reason: 'client-gone',
      cause: hostile,
      findings: [[hostile, 1]],
      detail: hostile,
      remedy: hostile,
      client: null,
      network: hostile,
      users: [''],
      firstMs: nowMs,
      lastMs: nowMs,
      handshakes: [],
    },
  ],
}

export const handshake: Handshake = {
  id: 6,
  outcome: 'refused',
  live: false,
  again: false,
  user: hostile,
  account: "'app'@'%'",
  database: hostile,
  host: hostile,
  address: '10.0.3.9',
  port: 51_000,
  proxy: '10.0.0.1:40000',
  channel: 'tls',
  tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  plugin: 'mysql_native_password',
  client: 'PyMySQL 1.1.1',
  attributes: [[hostile, hostile]],
  capabilities: ['PROTOCOL_41', 'PLUGIN_AUTH'],
  lane: 'exchange',
  phase: 'auth-answer',
  acceptedAtMs: nowMs - 5000,
  endedAtMs: nowMs - 4000,
  reason: 'secret-mismatch',
  cause: 'the client hashed 21 bytes of the 20-byte nonce',
  remedy: 'use a newer driver',
  errorCode: 1045,
  ladder: [
    { atMs: 0, sinceMs: 0, from: null, text: 'accepted', bytes: null },
    { atMs: 0.2, sinceMs: 0.2, from: 'server', text: 'greeting', bytes: 82 },
    { atMs: 12.5, sinceMs: 12.3, from: 'client', text: `login of ${hostile}`, bytes: 180 },
    { atMs: 13, sinceMs: 0.5, from: 'server', text: 'error 1045', bytes: 70 },
  ],
  times: [
    ['accepted', 0.2],
    ['greeting', 12.3],
  ],
}

export const hosts: readonly HostSeen[] = [
  {
    address: '10.0.0.7',
    name: hostile,
    validated: true,
    connectErrors: 1,
    blocked: false,
    firstSeenMs: startMs,
    lastSeenMs: nowMs - 1000,
    lastErrorMs: null,
    errors: {},
  },
  {
    address: '10.0.0.8',
    name: null,
    validated: false,
    connectErrors: 100,
    blocked: true,
    firstSeenMs: startMs,
    lastSeenMs: nowMs - 60_000,
    lastErrorMs: nowMs - 61_000,
    errors: { COUNT_HANDSHAKE_ERRORS: 100 },
  },
]

export const accounts: readonly AccountSeen[] = [
  {
    name: "'app'@'%'",
    plugins: ['caching_sha2_password'],
    locked: false,
    lockedUntilMs: null,
    passwordExpired: false,
    requiresTls: true,
    lastLoginMs: nowMs - 5000,
    lastFailureMs: null,
    logins: 1234,
    failures: 0,
    sinceMs: startMs,
    weaknesses: ['any-host'],
  },
  {
    name: `'${hostile}'@'localhost'`,
    plugins: ['mysql_native_password'],
    locked: false,
    lockedUntilMs: nowMs + 86_400_000,
    passwordExpired: false,
    requiresTls: false,
    lastLoginMs: null,
    lastFailureMs: nowMs,
    logins: 0,
    failures: 7,
    sinceMs: startMs,
    weaknesses: ['empty-password', 'never-used'],
  },
]

export const backends: BackendsSeen = {
  backends: [
    {
      name: 'db-1',
      address: '10.1.0.1:3306',
      state: 'down',
      role: 'primary',
      reason: hostile,
      version: '8.4.0',
      connections: 0,
      maxConnections: 100,
      waiting: 4,
      changedAtMs: nowMs - 30_000,
    },
  ],
  pools: [{ backend: 'db-1', user: hostile, open: 10, busy: 8, idle: 2, waiting: 4 }],
}
