/** `saltgate gateway --replay FILE`: what the hooks of the configuration would have decided about the logins of a capture. */
import { ConfigurationError } from '../../errors/errors.ts'
import type { GatewaySettings } from '../../gateway/config.ts'
import { type ReplayedHook, replayHooks } from '../../gateway/hooks-replay.ts'
import { silentLog } from '../../server/log.ts'
import { readCapture } from '../trace/capture-source.ts'
import { visible } from '../visible.ts'
import { recordedLogin } from './recorded-login.ts'

/**
 * Prints a paragraph, or with `json` a line, per connection.
 *
 * Throws: `ConfigurationError` when there is no hook, or the capture cannot be read.
 */
export async function replay(file: string, { rules }: GatewaySettings, json: boolean): Promise<void> {
  const { hooks, hookTimeoutMs } = rules
  if (hooks === undefined) throw new ConfigurationError('--replay: the configuration has no hooks')
  const recorded: ReturnType<typeof recordedLogin>[] = []
  const numbers: number[] = []
  await readCapture(
    { file },
    {
      onSeen: (seen) => {
        numbers.push(seen.number)
        recorded.push(recordedLogin(seen))
      },
    },
  )
  for (const [i, login] of recorded.entries()) {
    const replayed = await replayHooks(hooks, login, { timeoutMs: hookTimeoutMs, log: silentLog })
    const { address = 'a unix socket', port } = login.client
    const user = login.login?.user
    if (json) {
      const decisions = replayed.map(({ hook, decision }) => ({ hook, ...shown(decision) }))
      process.stdout.write(`${JSON.stringify({ connection: numbers[i], address, port, user, decisions })}\n`)
      continue
    }
    const from = port === undefined ? address : `${address}:${port}`
    const lines = replayed.map((one) => `    ${one.hook.padEnd(16)}${whatOf(one)}`)
    const head = `connection ${numbers[i]} from ${from}${user === undefined ? '' : `, user '${user}'`}`
    process.stdout.write(`${[head, ...lines].map((line) => visible(line)).join('\n')}\n`)
  }
  if (recorded.length === 0) throw new ConfigurationError(`${file}: no connection of MySQL in it`)
}

/** Without the credentials that a decision may hold. */
function shown(decision: ReplayedHook['decision']): object {
  if (decision === undefined) return { do: 'go' }
  if (decision.do === 'refuse') {
    const { reason, detail, error } = decision
    return { do: 'refuse', reason, detail, ...(error && { code: error.code, message: error.message }) }
  }
  if (decision.do === 'go') return { ...decision, ...(decision.as && { as: decision.as.user }) }
  return decision
}

function whatOf({ hook, seen, decision }: ReplayedHook): string {
  if (hook === 'disconnect') return 'is told'
  const about = 'is' in seen ? `${seen.is}: ` : ''
  if (decision === undefined) return `${about}goes on`
  if (decision.do === 'refuse') {
    const { error, detail } = decision
    return `${about}refuses: ${error === undefined ? '1045' : `${error.code} ${error.message}`} (${detail})`
  }
  const { do: what, ...how } = shown(decision) as Record<string, unknown>
  return `${about}${what} ${JSON.stringify(how)}`
}
