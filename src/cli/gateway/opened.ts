/** A gateway that the command has opened, in its own process or in several. */
import type { AccountSource } from '../../accounts/source.ts'
import { RunningGateway } from '../../gateway/running-gateway.ts'
import { type GatewayView, viewOf } from '../../gateway/view.ts'
import type { Administered } from '../../server/administered.ts'
import type { KeyMaterial } from '../../server/key-material.ts'
import type { ListenAddress } from '../../server/listen-address.ts'
import type { Log } from '../../server/log.ts'
import type { Settings } from '../../server/settings.ts'
import { openDoorSpans } from '../spans.ts'
import type { LoadedGateway } from './load.ts'

export interface OpenedGateway {
  readonly listening: readonly ListenAddress[]
  /** What an administrator looks at. */
  readonly administered: Administered
  readonly view: GatewayView
  /** Returns what holds only from the next start. Throws: `ConfigurationError`; nothing is changed then. */
  reload(config: LoadedGateway): Promise<readonly string[]>
  renewKeys(keys: KeyMaterial): Promise<void>
  /** `drainMs` left out: as configured. */
  close(drainMs: number | undefined): Promise<void>
}

export interface HereOptions {
  readonly config: LoadedGateway
  readonly settings: Settings
  readonly keys: KeyMaterial
  readonly accounts: AccountSource
  readonly decoySecret: Uint8Array
  readonly listen: readonly string[]
  readonly log: Log
}

/** Throws (as a rejection): `ConfigurationError`; nothing stays open then. */
export async function openHere({ config, ...surroundings }: HereOptions): Promise<OpenedGateway> {
  const running = await RunningGateway.open(config.gateway, surroundings)
  const { gateway, front } = running
  const spans = await openDoorSpans(front.door, surroundings.log)
  return {
    listening: front.listening,
    administered: front.door,
    view: viewOf(gateway),
    reload: (fresh) => running.reload(fresh.gateway),
    renewKeys: (keys) => front.reload(keys),
    close: async (drainMs) => {
      await running.close(drainMs)
      await spans.close()
    },
  }
}
