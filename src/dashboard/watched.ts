/** What a dashboard looks at: a front door or a gateway, in one process or several. */
import type { GatewayView } from '../gateway/view.ts'
import type { Administered } from '../server/administered.ts'
import type { ListenAddress } from '../server/listen-address.ts'

export interface Watched {
  readonly administered: Administered
  /** `undefined` of a front door. */
  readonly gateway?: GatewayView | undefined
  readonly listening: readonly ListenAddress[]
}
