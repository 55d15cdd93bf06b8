/**
 * The supervisor of several processes that share the listeners of a gateway: it starts them, starts again what died, and is the one
 * that has signals, the administrators' door and the view of the whole. No client ever talks to it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { AccountSource } from '../../accounts/source.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import type { KillOutcome } from '../../gateway/kill-order.ts'
import { Mirror, type Processes } from '../../gateway/mirror.ts'
import { workerOf } from '../../gateway/open.ts'
import type { Order } from '../../gateway/orders.ts'
import type { CountsReport, ProcessReport } from '../../gateway/report.ts'
import { RuleBook } from '../../gateway/rule-book.ts'
import { cannotListen } from '../../server/front-door.ts'
import { type ListenAddress, parseListen, showListen } from '../../server/listen-address.ts'
import type { Log } from '../../server/log.ts'
import type { Settings } from '../../server/settings.ts'
import { Channel } from './channel.ts'
import type { GatewayOptions, LoadedGateway } from './load.ts'
import type { OpenedGateway } from './opened.ts'
import {
  type KillQuestion,
  killMs,
  type Listening,
  type SupervisorsQuestion,
  type WorkersQuestion,
} from './questions.ts'

export interface WorkersOptions {
  readonly config: LoadedGateway
  readonly options: GatewayOptions
  readonly ownPassword: string | undefined
  readonly settings: Settings
  readonly accounts: AccountSource
  readonly listen: readonly string[]
  readonly log: Log
}

/** Throws (as a rejection): `ConfigurationError`; no process is left then. */
export async function openWorkers(options: WorkersOptions): Promise<OpenedGateway> {
  const { settings, accounts, log } = options
  let { config } = options
  const workers = new Workers(options)
  const mirror = new Mirror({ processes: workers, settings, accounts, log, rules: () => rulesOf(config) })
  const listening = await workers.open()
  return {
    ...{ listening, administered: mirror, view: mirror },
    reload: async (fresh) => {
      await workers.reload()
      const before = config.gateway
      config = fresh
      return (['monitor', 'admin', 'workers'] as const).filter(
        (key) => !isDeepStrictEqual(before[key], fresh.gateway[key]),
      )
    },
    renewKeys: async () => {
      await mirror.settled()
      await workers.renewKeys()
    },
    close: (drainMs) => workers.close(drainMs ?? config.gateway.drainMs),
  }
}

function rulesOf({ gateway: { backends, rules } }: LoadedGateway) {
  const names = backends.map(({ name }) => name)
  return new RuleBook(rules.rules, names, rules.base).rules
}

interface Worker {
  readonly index: number
  readonly child: ChildProcess
  readonly channel: Channel<SupervisorsQuestion, WorkersQuestion>
  readonly ended: Promise<unknown>
  /** On the clock of `performance.now`; `undefined` until it is open. */
  readySinceMs: number | undefined
  report: ProcessReport | undefined
}

class Workers implements Processes {
  readonly #options: WorkersOptions
  readonly #log: Log
  /** By index; while one is waited for, the last of that number. */
  readonly #workers: Worker[] = []
  readonly #restarts = new Map<number, NodeJS.Timeout>()
  #listening: Listening = []
  #closing = false

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#log = options.log
  }

  /** The first finds out the ports, for the others to share. */
  async open(): Promise<Listening> {
    const { listen, config } = this.#options
    const addresses = listen.map(parseListen)
    if (addresses.every(({ kind }) => kind === 'unix')) {
      throw new ConfigurationError('several workers share TCP ports, and there is none to listen on: --workers 1')
    }
    for (const address of addresses) await this.#requireFree(address)
    process.once('exit', this.#killAll)
    try {
      this.#listening = await this.#start(0, listen)
      const others = Array.from({ length: config.gateway.workers - 1 }, (_, i) => i + 1)
      await Promise.all(others.map((index) => this.#start(index, this.#listenOf(index))))
    } catch (error) {
      this.#closing = true
      this.#killAll()
      await Promise.all(this.#workers.map(({ ended }) => ended))
      throw error
    }
    for (const worker of this.#workers) this.#watch(worker)
    return this.#listening
  }

  /** Of a process that has told nothing yet everything is asked. */
  async report(of: 'all' | 'counts'): Promise<ReadonlyMap<number, ProcessReport>> {
    const ready = this.#workers.filter((worker) => worker.readySinceMs !== undefined && worker.child.connected)
    await Promise.all(
      ready.map(async (worker) => {
        try {
          const whole = of === 'all' || worker.report === undefined
          const said = { ask: 'report', of: whole ? 'all' : 'counts' } as const
          const told = await worker.channel.ask<ProcessReport | CountsReport>(said, answerMs)
          worker.report = whole ? (told as ProcessReport) : { ...(worker.report as ProcessReport), ...told }
        } catch (error) {
          this.#log.debug({ err: error, worker: worker.index + 1 }, 'a worker does not say how it is')
        }
      }),
    )
    return new Map(ready.flatMap(({ child, report }) => (report === undefined ? [] : [[child.pid ?? 0, report]])))
  }

  async tell(order: Order, index?: number): Promise<boolean> {
    const told = this.#alive.filter((worker) => index === undefined || worker.index === index)
    const limitMs = order.do === 'kill' ? killMs : answerMs
    const done = await Promise.all(
      told.map((worker) =>
        worker.channel.ask<boolean>({ ask: 'tell', order }, limitMs).catch((error: unknown) => {
          this.#log.warn({ err: error, worker: worker.index + 1 }, 'a worker did not do what it was told')
          return false
        }),
      ),
    )
    return done.length > 0 && done.every(Boolean)
  }

  /** What one refuses all would refuse, so the others are asked after the first. Throws: `ConfigurationError`. */
  async reload(): Promise<void> {
    const [first, ...others] = this.#alive
    if (first !== undefined) await this.#ask(first, 'reload')
    await this.#askAll(others, 'reload')
  }

  /** Throws: `ConfigurationError`. */
  renewKeys(): Promise<void> {
    return this.#askAll(this.#alive, 'renew-keys')
  }

  async close(drainMs: number): Promise<void> {
    this.#closing = true
    for (const timer of this.#restarts.values()) clearTimeout(timer)
    const limit = setTimeout(this.#killAll, drainMs + goodbyeMs)
    for (const { channel } of this.#alive) channel.ask({ ask: 'close', drainMs }).catch(() => {})
    await Promise.all(this.#workers.map(({ ended }) => ended))
    clearTimeout(limit)
    process.off('exit', this.#killAll)
  }

  get #alive(): readonly Worker[] {
    return this.#workers.filter(({ child }) => child.connected)
  }

  async #start(index: number, listen: readonly string[]): Promise<Listening> {
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const child = fork(new URL(file, import.meta.url), {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, ...youngGeneration],
    })
    const { config, options, ownPassword, settings } = this.#options
    const worker: Worker = {
      ...{ index, child, readySinceMs: undefined, report: undefined },
      channel: new Channel<SupervisorsQuestion, WorkersQuestion>(child, (question) => this.#kill(question)),
      ended: new Promise((resolve) => child.once('exit', resolve).once('error', () => child.pid ?? resolve(undefined))),
    }
    child.on('error', (error) => this.#log.error({ err: error, worker: index + 1 }, 'a worker cannot be run, or told'))
    this.#workers[index] = worker
    try {
      const start = {
        ...{ worker: index, workers: config.gateway.workers, options, ownPassword, listen },
        settings: Array.from(settings.entries(), ({ name, value }) => [name, value] as const),
      }
      const listening = await worker.channel.ask<Listening>({ ask: 'open', start }, openMs)
      worker.readySinceMs = performance.now()
      this.#log.info({ worker: index + 1, pid: child.pid }, 'a worker is ready')
      return listening
    } catch (error) {
      child.kill('SIGKILL')
      await worker.ended
      throw error
    }
  }

  /** Starts it again when it has died. */
  async #watch({ index, child, ended, readySinceMs = 0 }: Worker): Promise<void> {
    await ended
    if (this.#closing) return
    const { pid, exitCode, signalCode } = child
    const reason = signalCode ?? `exit code ${exitCode}`
    this.#log.error({ worker: index + 1, pid, reason }, 'a worker died, and its sessions with it; it is started again')
    const livedMs = performance.now() - readySinceMs
    this.#startAgain(index, livedMs < steadyMs ? firstDelayMs : 0)
  }

  #startAgain(index: number, delayMs: number): void {
    const timer = setTimeout(async () => {
      try {
        await this.#start(index, this.#listenOf(index))
        const worker = this.#workers[index]
        if (worker !== undefined) void this.#watch(worker)
      } catch (error) {
        if (this.#closing) return
        this.#log.error({ err: error, worker: index + 1 }, 'a worker could not be started; it is tried again')
        this.#startAgain(index, Math.min(Math.max(delayMs, firstDelayMs) * 2, longestDelayMs))
      }
    }, delayMs)
    this.#restarts.set(index, timer)
  }

  /** A unix socket has one owner. */
  #listenOf(index: number): readonly string[] {
    return this.#listening.filter(({ kind }) => index === 0 || kind === 'tcp').map(showListen)
  }

  /** Another program that shares its port as well would take half of the clients, and nobody would say so. */
  async #requireFree(address: ListenAddress): Promise<void> {
    if (address.kind === 'unix') {
      this.#log.info({}, `the first worker alone listens on ${address.path}: a unix socket cannot be shared`)
      return
    }
    if (address.port === 0) return
    const { host, port } = address
    const server = createServer().listen({ host, port, ipv6Only: false })
    await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
      throw cannotListen(address, error)
    })
    server.close()
    await once(server, 'close')
  }

  /** A client of one worker kills what is in another. */
  async #kill(question: KillQuestion): Promise<KillOutcome> {
    const worker = this.#workers[workerOf(question.order.id) ?? -1]
    if (worker === undefined || !worker.child.connected) return 'ER_NO_SUCH_THREAD'
    try {
      return await worker.channel.ask<KillOutcome>(question, killMs)
    } catch {
      return worker.child.connected ? 'ER_KILL_DENIED_ERROR' : 'ER_NO_SUCH_THREAD'
    }
  }

  async #askAll(workers: readonly Worker[], ask: 'reload' | 'renew-keys'): Promise<void> {
    const asked = await Promise.allSettled(workers.map((worker) => this.#ask(worker, ask)))
    for (const one of asked) if (one.status === 'rejected') throw one.reason
  }

  async #ask(worker: Worker, ask: 'reload' | 'renew-keys'): Promise<void> {
    try {
      await worker.channel.ask({ ask }, openMs)
    } catch (error) {
      // One that has died reads everything when it is started again.
      if (!worker.child.connected) return
      const why = error instanceof Error ? error.message : String(error)
      throw new ConfigurationError(`worker ${worker.index + 1}: ${why}`)
    }
  }

  readonly #killAll = (): void => {
    for (const { child } of this.#workers) child.kill('SIGKILL')
  }
}

/** A worker that is well answers in a few. Units: ms. */
const answerMs = 1000
/** With each backend looked at once. Units: ms. */
const openMs = 60_000
/** Beyond the time for transactions. Units: ms. */
const goodbyeMs = 10_000
/** What lives so long did not die of its start. Units: ms. */
const steadyMs = 10_000
/** Before one is started again, each time twice as long. Units: ms. */
const firstDelayMs = 100
const longestDelayMs = 10_000

/**
 * What V8 keeps for young objects grows to three times 16 MiB while thousands of connections are opened, and stays. Half of it does the
 * same work; a process can only be told before it starts.
 */
const youngGeneration = ['--max-semi-space-size=8']
