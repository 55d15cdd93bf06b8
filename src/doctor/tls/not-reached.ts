/** What is known of TLS that was asked for and never began. */
import type { SeenTls } from '../observation.ts'

export const tlsNotReached: Omit<SeenTls, 'requested'> = {
  offered: undefined,
  version: undefined,
  cipher: undefined,
  serverName: undefined,
  certificates: [],
  alerts: [],
  resumed: false,
  inside: 'not-reached',
}
