/**
 * Runs SELECTs in a process of their own, one after the other, each within its time. Ending one, because its time is over
 * or somebody killed it, ends the process; the next SELECT starts another.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { serverError } from '../../errors/errors.ts'
import type { SelectReply, SelectRequest } from './runner.ts'

interface Job {
  readonly request: SelectRequest
  readonly limitMs: number
  settle(reply: SelectReply | Error): void
  timer: NodeJS.Timeout | undefined
}

/** SELECTs that may wait for the process; each session has one at a time. */
const longestQueue = 1000

export class SelectEngine {
  #process: ChildProcess | undefined
  #running: Job | undefined
  readonly #waiting: Job[] = []

  /**
   * Runs a SELECT. Its time, in milliseconds, begins when it is its turn.
   *
   * Throws: 3024 when its time is over, 1317 when `signal` is aborted, 1105 when too many are waiting or the process died.
   */
  run(request: SelectRequest, limitMs: number, signal: AbortSignal): Promise<SelectReply> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(serverError('ER_QUERY_INTERRUPTED'))
      if (this.#waiting.length >= longestQueue) {
        return reject(serverError('ER_UNKNOWN_ERROR', 'Too many SELECTs are waiting; try again later'))
      }
      const interrupt = () => this.#end(job, serverError('ER_QUERY_INTERRUPTED'))
      const job: Job = {
        request,
        limitMs,
        timer: undefined,
        settle: (reply) => {
          signal.removeEventListener('abort', interrupt)
          if (reply instanceof Error) reject(reply)
          else resolve(reply)
        },
      }
      signal.addEventListener('abort', interrupt, { once: true })
      this.#waiting.push(job)
      this.#next()
    })
  }

  /** After: the process has ended; what ran or waited is refused with 1053. */
  close(): void {
    for (const job of this.#waiting.splice(0)) job.settle(serverError('ER_SERVER_SHUTDOWN'))
    this.#stop(serverError('ER_SERVER_SHUTDOWN'))
  }

  #next(): void {
    if (this.#running !== undefined) return
    const job = this.#waiting.shift()
    if (job === undefined) return this.#letGo()
    this.#running = job
    job.timer = setTimeout(() => this.#end(job, serverError('ER_QUERY_TIMEOUT')), job.limitMs)
    this.#process ??= this.#start()
    this.#process.channel?.ref()
    this.#process.send(job.request, (error) => {
      if (error !== null && job === this.#running) this.#end(job, failure(error.message))
    })
  }

  /** The idle process does not keep the server running. */
  #letGo(): void {
    this.#process?.unref()
    this.#process?.channel?.unref()
  }

  #end(job: Job, error: Error): void {
    if (job === this.#running) {
      this.#stop(error)
      this.#next()
      return
    }
    const index = this.#waiting.indexOf(job)
    if (index !== -1) this.#waiting.splice(index, 1)
    job.settle(error)
  }

  #start(): ChildProcess {
    const file = import.meta.url.endsWith('.ts') ? './runner.ts' : './runner.js'
    // The flags of this process are not the other's; what it prints is an error of ours.
    const started = fork(new URL(file, import.meta.url), {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const died = (why: string) => {
      if (started !== this.#process) return
      this.#stop(failure(why))
      this.#next()
    }
    started.on('message', (reply) => {
      if (started !== this.#process) return
      this.#settle(reply as SelectReply)
      this.#next()
    })
    started.on('error', (error) => died(error.message))
    started.on('exit', (status, killedBy) => died(`its process ended with ${killedBy ?? `status ${status}`}`))
    return started
  }

  #stop(error: Error): void {
    const stopped = this.#process
    this.#process = undefined
    stopped?.kill('SIGKILL')
    this.#settle(error)
  }

  #settle(reply: SelectReply | Error): void {
    const job = this.#running
    this.#running = undefined
    if (job === undefined) return
    clearTimeout(job.timer)
    job.settle(reply)
  }
}

function failure(why: string): Error {
  return serverError('ER_UNKNOWN_ERROR', `The SELECT could not be run: ${why}`)
}
