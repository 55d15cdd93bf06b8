/** COM_CHANGE_USER: a new login of the client from the start, on the connection that it has. */
import type { Login as LoginFacts } from '../machine/login.ts'
import { ServerHandshake } from '../machine/server-handshake.ts'
import { countAdmitted, countRefused } from '../server/ledger.ts'
import { type Admitted, Login, type LoginOwner } from '../server/login.ts'
import type { TlsPeer } from '../server/tls-context.ts'
import type { ClientPassage } from './passage.ts'

/** Who changes, and to whom the outcome is told. */
export interface Changing extends Pick<Login, 'door' | 'connection' | 'record'> {
  readonly passage: ClientPassage
  readonly peer: TlsPeer | undefined
  /** Of the greeting; the proof is made with it. */
  readonly nonce: Uint8Array
  /** Who it was before. */
  readonly before: LoginFacts
  entered(login: LoginFacts, admitted: Admitted): void
  refused(): void
}

/** `leftover` is what the client sent behind the command. */
export function changeUser(
  changing: Changing,
  packet: { readonly payload: Uint8Array; readonly sequenceId: number },
  leftover: Uint8Array,
): void {
  const { door, record, connection, passage, peer, nonce, before } = changing
  const stranger = { connectionId: record.id, host: record.host, channel: record.channel }
  door.registry.status.Com_change_user++
  record.command = 'Change user'
  record.state = 'starting'
  record.sinceMs = door.now()
  const machine = ServerHandshake.changeUser(passage.policy ?? door.policy, stranger, before, nonce, packet)
  const login = new Login(door, connection, record, machine, peer, new Outcome(changing), passage)
  connection.deadlineList?.remove(connection)
  connection.reader.limit = door.settings.get('saltgate_max_login_packet')
  door.changeUserDeadlines.add(connection)
  record.kill = (what) => login.kill(what)
  connection.frame(login, leftover)
  login.start()
  connection.flush()
}

class Outcome implements LoginOwner {
  readonly #changing: Changing

  constructor(changing: Changing) {
    this.#changing = changing
  }

  onAdmitted({ machine: { state }, shown }: Login, admitted: Admitted): void {
    if (state.at !== 'ready') return
    const { door, record, nonce } = this.#changing
    door.nearProofs.consider(shown, countAdmitted(door, record, true), nonce)
    this.#changing.entered(state.login, admitted)
  }

  onRefused({ machine: { state }, shown }: Login): void {
    if (state.at !== 'refused') return
    const { door, record, nonce } = this.#changing
    const { reason, during, detail, error } = state
    door.nearProofs.consider(
      shown,
      countRefused(door, record, { reason, during, detail, errorCode: error?.code }, true),
      nonce,
    )
    this.#changing.refused()
  }
}
