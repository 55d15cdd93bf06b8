/**
 * A connection as the process tables show it. Until it is authenticated MySQL shows next to nothing of it, whatever it
 * has said of itself; `saltgate.handshakes` shows the rest.
 */
import type { ConnectionRecord, DoorPhase } from '../../registry/connection-record.ts'
import { seesUser, type Viewer } from './table.ts'

export interface Process {
  readonly id: number
  readonly user: string
  /** With the port, where there is one. */
  readonly host: string
  readonly database: string | null
  readonly command: string
  readonly seconds: number
  readonly state: string
  readonly info: string | null
  readonly authenticated: boolean
  readonly record: ConnectionRecord
}

/** The live connections that the viewer may see, by id. */
export function processes(viewer: Viewer): Process[] {
  const { door } = viewer
  return [...door.registry.live.values()]
    .filter((record) => seesUser(viewer, record.user))
    .sort((a, b) => a.id - b.id)
    .map((record) => processOf(record, door.now()))
}

function processOf(record: ConnectionRecord, nowMs: number): Process {
  const common = { id: record.id, seconds: Math.max(0, Math.floor((nowMs - record.sinceMs) / 1000)), record }
  if (record.user === undefined) {
    return {
      ...common,
      user: 'unauthenticated user',
      host: strangerHost(record),
      database: null,
      command: 'Connect',
      state: strangerState(record.phase),
      info: null,
      authenticated: false,
    }
  }
  return {
    ...common,
    user: record.user,
    host: withPort(record.host, record),
    database: record.database ?? null,
    command: record.command,
    state: record.state,
    info: record.info ?? null,
    authenticated: true,
  }
}

/**
 * State of a connection that is not authenticated yet, as measured on MySQL 9.7:
 *
 * | phase | State | because the server |
 * |---|---|---|
 * | accepted, resolving-name | login | looks up the name of the client |
 * | greeting, login, login-over-tls | Receiving from client | waits for the login |
 * | tls | login | waits for the client's TLS, which it does not count as receiving |
 * | account, secret-check, admission, verdict | login | decides |
 * | auth-switch-answer, auth-answer | Receiving from client | waits for a proof |
 */
function strangerState(phase: DoorPhase): string {
  return receiving.has(phase) ? 'Receiving from client' : 'login'
}

const receiving: ReadonlySet<DoorPhase> = new Set([
  'greeting',
  'login',
  'login-over-tls',
  'auth-switch-answer',
  'auth-answer',
])

/** The address until the name is known, so that a slow lookup shows whose it is. */
function strangerHost(record: ConnectionRecord): string {
  const unresolved = record.phase === 'accepted' || record.phase === 'resolving-name'
  return withPort(unresolved ? (record.address ?? 'localhost') : record.host, record)
}

function withPort(host: string, { port }: ConnectionRecord): string {
  return port === undefined ? host : `${host}:${port}`
}
