/**
 * The subpath `saltgate/machine`: the connection phase without I/O, both roles, and the tables that they obey.
 */
export * from '../errors/errors.ts'

export { type ChannelDecision, judgeClientChannel, judgeServerChannel } from './channel-policy.ts'

export { ClientHandshake } from './client-handshake.ts'
export type { ClientEffect, ClientInput, ClientOptions, ClientState } from './client-states.ts'
export type { Login } from './login.ts'
export { legal, type PacketKind, type Phase, type PhaseName, phases } from './phases.ts'
export { ServerHandshake } from './server-handshake.ts'
export {
  type Attempt,
  type Candidate,
  type LoginPolicy,
  type Proof,
  phaseOf,
  type ServerEffect,
  type ServerInput,
  type ServerState,
  type Stranger,
} from './server-states.ts'
