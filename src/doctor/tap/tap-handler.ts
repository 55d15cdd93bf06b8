/** Who follows a connection through the tap: like one out of a capture, but for TLS, which the tap may end. */
import type { FlowHandler } from '../capture/flows.ts'
import type { SeenTls } from '../observation.ts'

export interface TapHandler extends FlowHandler {
  /**
   * The tap ended TLS on both sides, or tried to: what comes now was said inside. Version, cipher and name are of the client's side,
   * certificates of the server's.
   */
  insideTls?(facts: Omit<SeenTls, 'requested'>): void
}
