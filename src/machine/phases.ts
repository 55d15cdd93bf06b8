/**
 * The phase table: who may speak, and with which packets. It is role-blind and the only place that lists either; both
 * machines, the tracer and the generated diagram read it. The table decides legality; the machines decide meaning.
 *
 * Spec: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
 */

export interface Phase {
  /** Whose bytes come next; `decision`: nobody's, this side waits for an answer from its own application. */
  readonly turn: 'server' | 'client' | 'tls' | 'decision' | 'nobody'
  readonly accepts: readonly PacketKind[]
  /** The phases that can follow. */
  readonly next: readonly PhaseName[]
  /** The manual's page for it, after https://dev.mysql.com/doc/dev/mysql-server/latest/ */
  readonly page: string
}

export type PacketKind =
  | 'HandshakeV10'
  | 'SslRequest'
  | 'HandshakeResponse41'
  | 'AuthSwitchRequest'
  | 'AuthMoreData'
  | 'AuthNextFactor'
  | 'AuthAnswer'
  | 'Ok'
  | 'Err'
  | 'Command'

export type PhaseName =
  | 'greeting'
  | 'login'
  | 'tls'
  | 'login-over-tls'
  | 'account'
  | 'auth-switch-answer'
  | 'auth-answer'
  | 'secret-check'
  | 'admission'
  | 'backend'
  | 'verdict'
  | 'question'
  | 'ready'
  | 'refused'

const handshake = 'page_protocol_connection_phase_packets_protocol_handshake_v10.html'
const response = 'page_protocol_connection_phase_packets_protocol_handshake_response.html'
const methods = 'page_protocol_connection_phase_authentication_methods.html'

export const phases: Readonly<Record<PhaseName, Phase>> = {
  greeting: { turn: 'server', accepts: ['HandshakeV10', 'Err'], next: ['login', 'refused'], page: handshake },
  login: {
    turn: 'client',
    accepts: ['SslRequest', 'HandshakeResponse41'],
    next: ['tls', 'account', 'refused'],
    page: response,
  },
  tls: {
    turn: 'tls',
    accepts: [],
    next: ['login-over-tls', 'refused'],
    page: 'page_protocol_connection_phase_packets_protocol_ssl_request.html',
  },
  'login-over-tls': { turn: 'client', accepts: ['HandshakeResponse41'], next: ['account', 'refused'], page: response },
  account: {
    turn: 'decision',
    accepts: [],
    next: ['auth-switch-answer', 'auth-answer', 'secret-check', 'admission', 'backend', 'refused'],
    page: methods,
  },
  // Also the answer to an AuthNextFactor.
  'auth-switch-answer': {
    turn: 'client',
    accepts: ['AuthAnswer'],
    next: ['auth-switch-answer', 'auth-answer', 'secret-check', 'admission', 'refused'],
    page: 'page_protocol_connection_phase_packets_protocol_auth_switch_response.html',
  },
  'auth-answer': {
    turn: 'client',
    accepts: ['AuthAnswer'],
    next: ['auth-switch-answer', 'auth-answer', 'secret-check', 'admission', 'backend', 'refused'],
    page: 'page_protocol_connection_phase_packets_protocol_auth_more_data.html',
  },
  'secret-check': {
    turn: 'decision',
    accepts: [],
    next: ['auth-switch-answer', 'admission', 'backend', 'refused'],
    page: methods,
  },
  admission: { turn: 'decision', accepts: [], next: ['backend', 'ready', 'refused'], page: methods },
  // Of a gateway: the server behind it is logged in to, or judges the client itself and may ask it more.
  backend: { turn: 'decision', accepts: [], next: ['auth-answer', 'ready', 'refused'], page: methods },
  verdict: {
    turn: 'server',
    accepts: ['Ok', 'Err', 'AuthSwitchRequest', 'AuthMoreData', 'AuthNextFactor'],
    next: ['verdict', 'question', 'ready', 'refused'],
    page: 'page_protocol_connection_phase.html',
  },
  // The client's application is asked what the server wants to know from a person.
  question: { turn: 'decision', accepts: [], next: ['verdict', 'refused'], page: methods },
  // COM_CHANGE_USER goes back to where an account is looked for.
  ready: {
    turn: 'client',
    accepts: ['Command'],
    next: ['account', 'refused'],
    page: 'page_protocol_command_phase.html',
  },
  refused: { turn: 'nobody', accepts: [], next: [], page: 'page_protocol_basic_err_packet.html' },
}

/** Whether a packet of this kind may arrive in this phase. */
export function legal(phase: PhaseName, kind: PacketKind): boolean {
  return phases[phase].accepts.includes(kind)
}
