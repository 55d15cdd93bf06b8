/**
 * A front door in a process of its own, so that its memory and its event loop are measured without those of the
 * attackers. This file is both halves: the process, and the function that starts it.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { AccountInput } from '../../src/accounts/memory-accounts.ts'
import type { SettingValue } from '../../src/server/setting-row.ts'
import { memory } from './measure.ts'
import { everyPlugin, openDoor } from './open-door.ts'

export interface DoorFacts {
  readonly rss: number
  readonly heap: number
  /** Open handles by kind. */
  readonly resources: Readonly<Record<string, number>>
  readonly live: number
  readonly refused: Readonly<Record<string, number>>
  /** Since the last question. Units: ms. */
  readonly loopDelayP99: number
  readonly loopDelayMax: number
}

export interface DoorProcess {
  readonly port: number
  facts(): Promise<DoorFacts>
  close(): Promise<void>
}

/** After: `close` ends the process. */
export async function startDoorProcess(
  settings: Readonly<Record<string, SettingValue>> = {},
  accounts: readonly Pick<AccountInput, 'user' | 'plugin' | 'password'>[] = everyPlugin,
): Promise<DoorProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(settings)], { execArgv: ['--expose-gc'] })
  child.send(accounts)
  const ask = async () => {
    const answer = once(child, 'message')
    child.send('facts')
    return (await answer)[0] as DoorFacts
  }
  const [port] = (await once(child, 'message')) as [number]
  return {
    port,
    facts: ask,
    close: async () => {
      const exit = once(child, 'exit')
      child.disconnect()
      await exit
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ends: (() => Promise<void>)[] = []
  const [accounts] = (await once(process, 'message')) as [readonly AccountInput[]]
  const opened = await openDoor(
    { after: (end) => void ends.push(end as () => Promise<void>) },
    { accounts, settings: JSON.parse(process.argv[2] ?? '{}') },
  )
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  process.on('message', () => {
    opened.log.length = 0
    opened.queries.length = 0
    // What is held counts, not what was let go and not collected yet.
    globalThis.gc?.()
    const facts: DoorFacts = {
      ...memory(),
      resources: Object.fromEntries(
        Object.entries(Object.groupBy(process.getActiveResourcesInfo(), String)).map(([kind, all]) => [
          kind,
          all?.length ?? 0,
        ]),
      ),
      live: opened.door.registry.live.size,
      refused: Object.fromEntries(opened.door.registry.denied),
      loopDelayP99: delay.percentile(99) / 1e6,
      loopDelayMax: delay.max / 1e6,
    }
    delay.reset()
    process.send?.(facts)
  })
  process.on('disconnect', async () => {
    for (const end of ends) await end()
    process.exit(0)
  })
  process.send?.(opened.port)
}
