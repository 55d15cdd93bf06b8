/** Keeps what the place needs and the stream does not tell up to date: each asked for now and then, and never twice at a time. */
import type { DashboardClient } from './dashboard-client.ts'
import { addSamples, type Model, onDoor, placeOf } from './model.ts'

const againMs = 2000

interface Question {
  readonly name: string
  readonly isDue: boolean
  ask(): Promise<void>
}

export class News {
  readonly #client: DashboardClient
  readonly #model: Model
  readonly #asking = new Set<string>()
  /** When each was asked for last. */
  readonly #askedMs = new Map<string, number>()

  constructor(client: DashboardClient, model: Model) {
    this.#client = client
    this.#model = model
  }

  /** What may have changed while the stream was away. */
  connected(): void {
    this.#ask({
      name: 'door',
      isDue: true,
      ask: async () => onDoor(this.#model, await this.#client.door()),
    })
    this.#ask({
      name: 'history',
      isDue: true,
      ask: async () => addSamples(this.#model, (await this.#client.history()).samples),
    })
  }

  /** Asks for what is due; to be called now and then. */
  look(): void {
    if (this.#model.link.is !== 'live') return
    const question = this.#question()
    if (question?.isDue) this.#ask(question)
  }

  #question(): Question | undefined {
    const model = this.#model
    const client = this.#client
    const place = placeOf(model)
    switch (place.is) {
      case 'refusals':
      case 'group':
        return {
          name: 'refusals',
          isDue:
            model.refusals === undefined ||
            (model.second?.refusals !== model.refusals.revision && this.#isLongAgo('refusals', 1000)),
          ask: async () => {
            model.refusals = await client.refusals()
          },
        }
      case 'hosts':
        return this.#everyNowAndThen('hosts', async () => {
          model.hosts = await client.hosts()
        })
      case 'accounts':
        return this.#everyNowAndThen('accounts', async () => {
          model.accounts = await client.accounts()
        })
      case 'backends':
        if (model.door?.kind === 'front door') return undefined
        return this.#everyNowAndThen('backends', async () => {
          model.backends = await client.backends()
        })
      case 'handshake': {
        const { id } = place
        const known = model.handshake?.id === id ? model.handshake : undefined
        const goesOn = known?.seen === undefined || known.seen.outcome === 'pending' || known.seen.live
        return {
          name: `handshake ${id}`,
          isDue: known === undefined || (goesOn && this.#isLongAgo(`handshake ${id}`, 1000)),
          ask: async () => {
            const answer = await client.handshake(id).then(
              (seen) => ({ seen, problem: undefined }),
              // What was seen of it is better than that it was forgotten since.
              (error: Error) => ({ seen: known?.seen && { ...known.seen, live: false }, problem: error.message }),
            )
            model.handshake = { id, ...answer }
          },
        }
      }
      default:
        return undefined
    }
  }

  #everyNowAndThen(name: string, ask: () => Promise<void>): Question {
    return { name, isDue: this.#isLongAgo(name, againMs), ask }
  }

  #isLongAgo(name: string, ms: number): boolean {
    return performance.now() - (this.#askedMs.get(name) ?? Number.NEGATIVE_INFINITY) >= ms
  }

  #ask({ name, ask }: Question): void {
    if (this.#asking.has(name)) return
    this.#asking.add(name)
    this.#askedMs.set(name, performance.now())
    ask()
      .catch((error: Error) => {
        this.#model.notice = { text: error.message, isBad: true, untilMs: performance.now() + 5000 }
      })
      .finally(() => {
        this.#asking.delete(name)
      })
  }
}
