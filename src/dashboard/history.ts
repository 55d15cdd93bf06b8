/**
 * What the door did, over time: a sample each second, the last hour of them in memory, minutes and hours in a file. It counts by itself, and
 * whoever shows it only asks. Without a file, or with one that cannot be used, there is the last hour.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { AccountSource } from '../accounts/source.ts'
import type { AccountUse } from '../registry/account-use.ts'
import type { Elsewhere } from '../server/administered.ts'
import type { Log } from '../server/log.ts'
import type * as contract from './contract.ts'
import type { Sample } from './contract.ts'
import { HistoryFile, type Place, type Stretch } from './history-file.ts'
import { HistoryUse, type UseSince } from './history-use.ts'
import { together } from './sample-sum.ts'
import { type Sampled, Sampler } from './sampler.ts'

export interface HistoryOptions {
  readonly watched: Sampled & {
    readonly administered: {
      readonly registry: { readonly use: Pick<AccountUse, 'seen'> }
      readonly realm: { readonly accounts: AccountSource }
      readonly elsewhere?: Pick<Elsewhere, 'catchUp'> | undefined
    }
  }
  /** Path of the file; `undefined`: memory only. */
  readonly file: string | undefined
  readonly log: Log
  /** The wall clock, ms since 1970. */
  readonly now?: () => number
  /** What counts as a minute, for tests that cannot wait: an hour is 60 of them, and no sample is longer than one. Units: ms. */
  readonly minuteMs?: number
}

export class History {
  readonly #watched: HistoryOptions['watched']['administered']
  readonly #log: Log
  readonly #now: () => number
  readonly #minuteMs: number
  readonly #secondMs: number
  readonly #startedMs: number
  readonly #sampler: Sampler
  readonly #path: string | undefined
  readonly #file: HistoryFile | undefined
  readonly #use: HistoryUse
  readonly #listeners = new Set<(sample: Sample) => void>()
  readonly #seconds: Sample[] = []
  #minute: Stretch | undefined
  /** Minutes that are over and not in the file: none, as long as it can be written. */
  #unwritten: Stretch[] = []
  /** Said once, until it works again. */
  readonly #failing = new Set<'read' | 'written'>()
  #timer: NodeJS.Timeout | undefined
  #ticking: Promise<void> = Promise.resolve()
  #closed: Promise<void> | undefined

  /**
   * Begins to count; what happened since the door was opened is in the first sample. A file that cannot be used is left as it is, and
   * the log says what to do.
   */
  static open(options: HistoryOptions): History {
    const { file: path, log, now = Date.now, minuteMs = 60_000 } = options
    let file: HistoryFile | undefined
    try {
      if (path !== undefined) file = HistoryFile.open(path, minuteMs, now())
      return new History(options, file)
    } catch (error) {
      file?.close()
      log.warn({ file: path, err: error }, `${wordsOf(error)}; until then only the last hour is shown`)
      return new History(options, undefined)
    }
  }

  private constructor(
    { watched, log, now = Date.now, minuteMs = 60_000, file: path }: HistoryOptions,
    file?: HistoryFile,
  ) {
    const { administered } = watched
    this.#watched = administered
    this.#log = log
    this.#now = now
    this.#minuteMs = minuteMs
    this.#secondMs = Math.min(1000, minuteMs)
    this.#startedMs = administered.registry.startedAtMs
    this.#sampler = new Sampler(watched)
    this.#path = path
    this.#file = file
    this.#use = new HistoryUse(administered.registry.use, administered.realm.accounts, file, this.#startedMs)
    this.#schedule()
  }

  /** The oldest sample; ms since 1970. */
  get sinceMs(): number {
    return this.#file?.sinceMs ?? this.#seconds[0]?.atMs ?? this.#startedMs
  }

  latest(): Sample | undefined {
    return this.#seconds.at(-1)
  }

  /** Calls `listener`, which must not throw, with each sample; the function returned ends that. */
  onSecond(listener: (sample: Sample) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** How often an account, `'app'@'%'`, was used: in earlier runs, and in this one up to now. */
  accountUse(account: string): UseSince {
    return this.#use.of(account)
  }

  /**
   * What happened between two moments, in about 600 samples or fewer: seconds if all of it is in memory, else minutes or hours, neighbours
   * added together. The minute under way is in it. Reads a few rows in each turn of the event loop.
   *
   * Units: ms since 1970.
   */
  async between(fromMs: number, toMs: number): Promise<contract.History> {
    const from = Math.max(fromMs, this.sinceMs)
    const to = Math.min(toMs, this.#now())
    const inMemory = this.#file === undefined || from >= (this.#seconds[0]?.atMs ?? Number.POSITIVE_INFINITY)
    const { unit, stepMs } = this.#step(Math.max(0, to - from), inMemory)
    const steps = new Map<number, Sample>()
    const add = (atMs: number, sample: Sample) => {
      const step = Math.floor(atMs / stepMs)
      const known = steps.get(step)
      steps.set(step, known === undefined ? sample : together(known, sample))
    }
    if (unit === 'seconds') {
      const seconds = this.#seconds.filter((sample) => middleOf(sample) >= from && sample.atMs < to)
      for (const [i, sample] of seconds.entries()) {
        if (i % AT_A_TIME === AT_A_TIME - 1) await turn()
        add(middleOf(sample), sample)
      }
    } else {
      await this.#readFile(unit, Math.floor(from / this.#minuteMs) * this.#minuteMs, to, add)
      // In the same turn as the last rows: a minute is either there or here.
      for (const { atMs, sample } of this.#minute === undefined ? this.#unwritten : [...this.#unwritten, this.#minute])
        if (atMs + this.#minuteMs > from && atMs < to) add(atMs, sample)
    }
    return { stepMs, samples: [...steps.values()].sort((a, b) => a.atMs - b.atMs) }
  }

  /** Writes what is there up to now. Call it when nobody can log in any longer, for all of it. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#ticking
    await this.#tick(true)
    this.#file?.close()
  }

  /** At the next whole second that is not too near. */
  #schedule(): void {
    const tooNearMs = this.#secondMs / 2
    let waitMs = this.#secondMs - (this.#now() % this.#secondMs)
    if (waitMs < tooNearMs) waitMs += this.#secondMs
    this.#timer = setTimeout(() => {
      this.#ticking = this.#tick(false).finally(() => {
        if (this.#closed === undefined) this.#schedule()
      })
    }, waitMs).unref()
  }

  /** One sample. It is as long as the time since the last one, however late it comes. `last`: the minute ends here. */
  async #tick(last: boolean): Promise<void> {
    try {
      await this.#watched.elsewhere?.catchUp('counts')
      const sample = this.#sampler.next(this.#now(), performance.now())
      this.#seconds.push(sample)
      if (this.#seconds.length > SECONDS_KEPT) this.#seconds.shift()
      const minutesOver = this.#addToMinute(sample, last)
      for (const listener of this.#listeners) listener(sample)
      if (minutesOver && this.#file !== undefined) await this.#write(this.#file)
    } catch (err) {
      this.#log.error({ err }, 'the history could not take its sample: the next one will be longer')
    }
  }

  /** Whether a minute is over. */
  #addToMinute(sample: Sample, last: boolean): boolean {
    const minuteMs = this.#minuteMs
    const atMs = Math.floor(middleOf(sample) / minuteMs) * minuteMs
    let over = this.#endMinute(this.#minute?.atMs !== atMs)
    this.#minute = { atMs, sample: this.#minute === undefined ? sample : together(this.#minute.sample, sample) }
    if (this.#endMinute(last || sample.atMs + sample.spanMs + this.#secondMs / 2 >= atMs + minuteMs)) over = true
    return over
  }

  #endMinute(over: boolean): boolean {
    if (!over || this.#minute === undefined) return false
    if (this.#file !== undefined) this.#unwritten.push(this.#minute)
    if (this.#unwritten.length > UNWRITTEN_KEPT) this.#unwritten.shift()
    this.#minute = undefined
    return true
  }

  async #write(file: HistoryFile): Promise<void> {
    await this.#trying('written', async () => {
      file.write(this.#unwritten, this.#now())
      const newHour = this.#unwritten.some(({ atMs }) => atMs % (60 * this.#minuteMs) === 0)
      this.#unwritten = []
      await this.#use.write(file)
      if (newHour) this.#use.forget(file, this.#now())
    })
  }

  async #readFile(
    unit: 'minutes' | 'hours',
    fromMs: number,
    toMs: number,
    add: (atMs: number, sample: Sample) => void,
  ): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    // Runs are positive: this is the place before all rows of that moment.
    const firstMs = unit === 'hours' ? Math.floor(fromMs / (60 * this.#minuteMs)) * 60 * this.#minuteMs : fromMs
    let place: Place | undefined = [firstMs, -1]
    await this.#trying('read', async () => {
      while (place !== undefined && this.#closed === undefined) {
        const { stretches, next } = file.read(unit, place, toMs)
        for (const { atMs, sample } of stretches) add(atMs, sample)
        place = next
        if (place !== undefined) await turn()
      }
    })
  }

  async #trying(what: 'read' | 'written', attempt: () => Promise<void>): Promise<void> {
    try {
      await attempt()
      if (this.#failing.delete(what)) this.#log.info({ file: this.#path }, `the history is ${what} again`)
    } catch (error) {
      if (this.#failing.has(what)) return
      this.#failing.add(what)
      const meanwhile = { written: 'the latest hour of it waits in memory', read: 'only what is in memory is shown' }[
        what
      ]
      this.#log.warn({ file: this.#path, err: error }, `${wordsOf(error)}; until then ${meanwhile}`)
    }
  }

  #step(spanMs: number, inMemory: boolean): { unit: 'seconds' | 'minutes' | 'hours'; stepMs: number } {
    const least = spanMs / SAMPLES_AT_MOST
    const whole = (unitMs: number) =>
      unitMs * (multiples.find((multiple) => multiple * unitMs >= least) ?? Math.ceil(least / unitMs))
    if (inMemory) return { unit: 'seconds', stepMs: whole(this.#secondMs) }
    const hourMs = 60 * this.#minuteMs
    return least <= hourMs / 2
      ? { unit: 'minutes', stepMs: whole(this.#minuteMs) }
      : { unit: 'hours', stepMs: whole(hourMs) }
  }
}

/** A second begins and ends a little late: what it belongs to is where its middle is. */
function middleOf({ atMs, spanMs }: Sample): number {
  return atMs + spanMs / 2
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const SECONDS_KEPT = 3600
const UNWRITTEN_KEPT = 60
const SAMPLES_AT_MOST = 600
const AT_A_TIME = 500
/** So many seconds, minutes or hours are one sample: what people count by. */
const multiples = [1, 2, 5, 10, 15, 20, 30]
