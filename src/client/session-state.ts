/** What the server says of the session: in each OK its status, and changes where CLIENT_SESSION_TRACK was negotiated. */
import type { Ok } from '../packets/ok.ts'
import { serverStatus } from '../packets/server-status.ts'
import type { Identity } from './settings.ts'

export class SessionState {
  /** The user that logged in, as given. */
  user = ''
  /** The current database as far as it is known: always where the server tracks it, otherwise what the login asked for. */
  database: string | undefined = undefined
  /** Values of the system variables that the server tracks (session_track_system_variables), as it sent them. */
  readonly variables = new Map<string, string>()
  /** Of the last OK. */
  statusFlags = 0

  constructor(identity: Identity, ok: Ok) {
    this.begin(identity, ok)
  }

  get inTransaction(): boolean {
    return (this.statusFlags & serverStatus.IN_TRANS) !== 0
  }

  get autocommit(): boolean {
    return (this.statusFlags & serverStatus.AUTOCOMMIT) !== 0
  }

  /** Under this mode a backslash in a string is a backslash. */
  get noBackslashEscapes(): boolean {
    return (this.statusFlags & serverStatus.NO_BACKSLASH_ESCAPES) !== 0
  }

  /** A login, or a COM_CHANGE_USER, has succeeded. */
  begin({ user, database }: Identity, ok: Ok): void {
    this.user = user
    this.database = database
    this.variables.clear()
    this.hear(ok)
  }

  /** Takes what an OK says. */
  hear(ok: Ok): void {
    this.statusFlags = ok.statusFlags
    for (const change of ok.sessionChanges ?? []) {
      if (change.kind === 'schema') this.database = change.name === '' ? undefined : change.name
      else if (change.kind === 'system-variable') this.variables.set(change.name, change.value)
    }
  }
}
