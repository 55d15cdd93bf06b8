/**
 * Giving up on a command that runs. MySQL has no message for it: another connection says KILL QUERY. The caller is told at once;
 * the connection takes its next command only when the killed one has ended, so that the kill cannot meet another.
 */
import { clientError } from '../errors/errors.ts'
import type { Conversation, Task } from './conversation.ts'

/** Milliseconds in which a killed statement must end; then the connection is closed instead. */
const killedWithinMs = 5000

/**
 * Waits for a promise until `signal` says to give up. Rejects with the signal's reason then, and calls `onAbort`: without one it
 * is for what cannot be stopped, such as somebody who looks up a password.
 */
export async function whileWanted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  onAbort?: () => void,
): Promise<T> {
  if (signal === undefined) return await promise
  const given = Promise.withResolvers<never>()
  const giveUp = () => {
    given.reject(signal.reason)
    onAbort?.()
  }
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([promise, given.promise])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** Waits for a task until it is done or `signal` says to give up: then it is withdrawn, or killed where it runs. */
export async function untilAborted<T>(
  task: Task<T>,
  signal: AbortSignal,
  conversation: Conversation,
  kill: () => Promise<void>,
): Promise<T> {
  return await whileWanted(task.done, signal, () => {
    if (!conversation.withdraw(task.command)) void cancel(task, conversation, kill)
  })
}

/** Kills a running task. After: the connection is free, or closed. */
export async function cancel(
  task: Task<unknown>,
  conversation: Conversation,
  kill: () => Promise<void>,
): Promise<void> {
  const release = conversation.hold()
  const timer = setTimeout(
    () => conversation.break(clientError('CR_SERVER_LOST', 'because a statement could not be killed in time')),
    killedWithinMs,
  )
  task.command.abandoned?.()
  conversation.resume()
  await Promise.allSettled([task.done, kill().catch(() => {})])
  clearTimeout(timer)
  release()
}
