/** The program of one of several processes that share the listeners of a gateway. `workers.ts` starts it, and tells it everything by IPC. */
import { resolve } from 'node:path'
import { SqliteAccounts } from '../../accounts/sqlite-accounts.ts'
import type { KillOutcome } from '../../gateway/kill-order.ts'
import { workerOf } from '../../gateway/open.ts'
import { carryOut, takeOver } from '../../gateway/orders.ts'
import { countsOf, reportOf } from '../../gateway/report.ts'
import { RunningGateway } from '../../gateway/running-gateway.ts'
import { shareOf } from '../../gateway/share.ts'
import { viewOf } from '../../gateway/view.ts'
import { serverKeys } from '../../server/config.ts'
import { type KeyMaterial, loadKeyMaterial } from '../../server/key-material.ts'
import { Settings } from '../../server/settings.ts'
import { accountsFile, decoySecret } from '../first-start.ts'
import { type DoorSpans, openDoorSpans } from '../spans.ts'
import { terminalLog } from '../terminal-log.ts'
import { Channel } from './channel.ts'
import { type LoadedGateway, loadGateway } from './load.ts'
import { OwnPassword } from './own-password.ts'
import { type KillQuestion, killMs, type Start, type SupervisorsQuestion, type WorkersQuestion } from './questions.ts'

/** Units: ms. More than the supervisor gives the process that has the connection. */
const longerThanKillMs = killMs + 1000

class Worker {
  readonly #start: Start
  readonly #gateway: RunningGateway
  readonly #accounts: SqliteAccounts
  readonly #spans: DoorSpans
  #config: LoadedGateway

  private constructor(
    start: Start,
    config: LoadedGateway,
    gateway: RunningGateway,
    accounts: SqliteAccounts,
    spans: DoorSpans,
  ) {
    this.#start = start
    this.#config = config
    this.#gateway = gateway
    this.#accounts = accounts
    this.#spans = spans
    const { worker, workers } = start
    gateway.gateway.siblings = {
      own: (id) => {
        const other = workerOf(id)
        return other !== undefined && other !== worker && other < workers
      },
      kill: (killer, order) =>
        supervisor
          .ask<KillOutcome>({ ask: 'kill', killer, order }, longerThanKillMs)
          .catch((): KillOutcome => 'ER_KILL_DENIED_ERROR'),
    }
  }

  static async open(start: Start): Promise<Worker> {
    const { worker, workers, options } = start
    const config = await load(start)
    const data = dataOf(start, config)
    const settings = new Settings(config.settings)
    takeOver(settings, start.settings, workers)
    const accounts = SqliteAccounts.open(accountsFile(data))
    const log = terminalLog(options.logLevel, options.logFormat, worker + 1)
    const gateway = await RunningGateway.open(config.gateway, {
      ...{ settings, accounts, worker, listen: start.listen, reusePort: true },
      keys: await keysOf(start, config),
      decoySecret: await decoySecret(data),
      log,
    })
    return new Worker(start, config, gateway, accounts, await openDoorSpans(gateway.front.door, log))
  }

  async answer(question: Exclude<SupervisorsQuestion, { readonly ask: 'open' }>): Promise<unknown> {
    const { gateway, front } = this.#gateway
    switch (question.ask) {
      case 'report':
        return question.of === 'counts' ? countsOf(front.door) : reportOf(front.door, viewOf(gateway))
      case 'tell':
        return carryOut(question.order, gateway, front.door, this.#start.workers)
      case 'kill':
        return this.#kill(question)
      case 'reload': {
        const config = await load(this.#start)
        await this.#gateway.reload(config.gateway)
        this.#config = config
        return true
      }
      case 'renew-keys':
        await front.reload(await keysOf(this.#start, this.#config))
        return true
      case 'close':
        return this.end(question.drainMs)
    }
  }

  get listening() {
    return this.#gateway.front.listening
  }

  async end(drainMs: number | undefined): Promise<never> {
    await this.#gateway.close(drainMs)
    await this.#spans.close()
    this.#accounts.close()
    process.exit(0)
  }

  #kill({ killer, order }: KillQuestion): Promise<KillOutcome> {
    return this.#gateway.gateway.killFor(killer, order)
  }
}

async function load({ options, ownPassword, workers }: Start): Promise<LoadedGateway> {
  const config = await loadGateway(options, OwnPassword.of(ownPassword))
  return { ...config, gateway: shareOf(config.gateway, workers) }
}

function keysOf(start: Start, config: LoadedGateway): Promise<KeyMaterial> {
  return loadKeyMaterial({ dataDir: dataOf(start, config), ...serverKeys(config) })
}

function dataOf({ options }: Start, config: LoadedGateway): string {
  return resolve(options.data ?? config.data)
}

let opening: Promise<Worker> | undefined
let ending = false

const supervisor = new Channel<WorkersQuestion, SupervisorsQuestion>(process, async (question) => {
  if (question.ask === 'open') {
    opening = Worker.open(question.start)
    return (await opening).listening
  }
  ending ||= question.ask === 'close'
  return (await opening)?.answer(question)
})

// A terminal, or a supervisor of services, signals the whole group; what is to happen then, this process is told by its own supervisor.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

process.on('disconnect', () => {
  if (ending) return
  ending = true
  if (opening === undefined) process.exit(1)
  opening.then(
    (worker) => worker.end(undefined),
    () => process.exit(1),
  )
})
