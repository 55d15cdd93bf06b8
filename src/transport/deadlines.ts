/**
 * Deadlines of many connections with one timer. All entries of a list get the same time, so the order in which they
 * come is the order in which they end: the list is linked through the entries themselves, and adding or removing one
 * costs two pointers, no allocation and no timer.
 *
 * One absolute deadline covers a whole login. A time limit per read, as mysqld has it, never ends for a peer that sends
 * a byte now and then.
 */
import { ConfigurationError } from '../errors/errors.ts'

/**
 * What an owner of a deadline carries. The fields belong to the list: start all of them as below and leave them alone.
 *
 *     class Connection implements DeadlineEntry {
 *       deadlineMs = Infinity
 *       deadlineList: DeadlineEntry['deadlineList'] = undefined
 *       deadlineBefore: DeadlineEntry | undefined = undefined
 *       deadlineAfter: DeadlineEntry | undefined = undefined
 *     }
 */
export interface DeadlineEntry {
  /** On the clock of the list. */
  deadlineMs: number
  /** The list that the entry is in: one at a time. */
  deadlineList: { remove(entry: DeadlineEntry): void } | undefined
  deadlineBefore: DeadlineEntry | undefined
  deadlineAfter: DeadlineEntry | undefined
}

export interface DeadlineOptions<T> {
  /** Above 0; `Infinity` never ends. */
  readonly durationMs: number
  /** Called once for each entry that was not removed in time; the entry has left the list and may be added again. */
  readonly onExpired: (entry: T) => void
  /** A clock that never goes back, in milliseconds; `performance.now` unless given. */
  readonly now?: () => number
}

/**
 * Entries that must be removed before `durationMs` is over. One that is not expires up to 10 ms late (and as late as
 * the event loop is), never early. Ten thousand at once are expired in slices of 2 ms, so that others get their turn. The
 * timer does not keep the process alive.
 */
export class DeadlineList<T extends DeadlineEntry> {
  #durationMs = Number.POSITIVE_INFINITY
  #size = 0
  #timer: NodeJS.Timeout | undefined
  /** The deadline for which the timer was set: never later than the first one. */
  #timerForMs = 0
  #rest: NodeJS.Immediate | undefined
  readonly #onExpired: (entry: T) => void
  readonly #now: () => number
  /** Closes the ring: after it comes the first entry, before it the last. */
  readonly #ends: Linked
  /** Where the search for the place of the next entry starts. */
  #lastAdded: DeadlineEntry

  constructor({ durationMs, onExpired, now = () => performance.now() }: DeadlineOptions<T>) {
    this.#onExpired = onExpired
    this.#now = now
    const ends = { deadlineMs: 0, deadlineList: this } as unknown as Linked
    ends.deadlineBefore = ends
    ends.deadlineAfter = ends
    this.#ends = ends
    this.#lastAdded = ends
    this.durationMs = durationMs
  }

  /** Entries that wait for their deadline. */
  get size(): number {
    return this.#size
  }

  /** The entry whose deadline is next. */
  get first(): T | undefined {
    const first = this.#ends.deadlineAfter
    return first === this.#ends ? undefined : (first as unknown as T)
  }

  get durationMs(): number {
    return this.#durationMs
  }

  /**
   * Sets the time for entries that are added from now on; those in the list keep their deadline.
   *
   * Throws: `ConfigurationError` unless above 0.
   */
  set durationMs(durationMs: number) {
    if (!(durationMs > 0)) throw new ConfigurationError(`a deadline takes more than 0 ms, not ${durationMs}`)
    this.#durationMs = durationMs
  }

  /** Starts the deadline of an entry, or starts it anew; an entry of another list leaves that one. */
  add(entry: T): void {
    entry.deadlineList?.remove(entry)
    const nowMs = this.#now()
    entry.deadlineMs = nowMs + this.#durationMs
    // Behind the last one added, unless the duration has changed since: then the walk passes each older entry once.
    let before = this.#lastAdded as Linked
    while (before !== this.#ends && before.deadlineMs > entry.deadlineMs) before = before.deadlineBefore
    while (before.deadlineAfter !== this.#ends && before.deadlineAfter.deadlineMs <= entry.deadlineMs) {
      before = before.deadlineAfter
    }
    entry.deadlineList = this
    entry.deadlineBefore = before
    entry.deadlineAfter = before.deadlineAfter
    before.deadlineAfter.deadlineBefore = entry as unknown as Linked
    before.deadlineAfter = entry as unknown as Linked
    this.#lastAdded = entry
    this.#size += 1
    this.#setTimer(nowMs)
  }

  /** Ends the wait of an entry; one that is not in this list is left as it is. */
  remove(entry: DeadlineEntry): void {
    if (entry.deadlineList !== this) return
    const { deadlineBefore, deadlineAfter } = entry as Linked
    deadlineBefore.deadlineAfter = deadlineAfter
    deadlineAfter.deadlineBefore = deadlineBefore
    if (this.#lastAdded === entry) this.#lastAdded = deadlineBefore
    entry.deadlineList = undefined
    entry.deadlineBefore = undefined
    entry.deadlineAfter = undefined
    this.#size -= 1
    // The timer stays: setting it anew for each connection that comes and goes would cost more than one idle call.
  }

  /** Removes all entries without a call of `onExpired`, and stops the timer. */
  close(): void {
    while (this.#ends.deadlineAfter !== this.#ends) this.remove(this.#ends.deadlineAfter)
    clearTimeout(this.#timer)
    clearImmediate(this.#rest)
    this.#timer = undefined
    this.#rest = undefined
  }

  #setTimer(nowMs: number): void {
    const first = this.#ends.deadlineAfter
    if (first === this.#ends || this.#rest !== undefined) return
    if (this.#timer !== undefined) {
      if (this.#timerForMs <= first.deadlineMs) return
      clearTimeout(this.#timer)
    }
    const delayMs = Math.min(Math.max(Math.ceil(first.deadlineMs - nowMs), shortestTimerMs), longestTimerMs)
    this.#timerForMs = first.deadlineMs
    this.#timer = setTimeout(() => this.#expire(), delayMs).unref()
  }

  #expire(): void {
    this.#timer = undefined
    this.#rest = undefined
    const startMs = this.#now()
    try {
      for (
        let first = this.#ends.deadlineAfter;
        first !== this.#ends && first.deadlineMs <= startMs;
        first = this.#ends.deadlineAfter
      ) {
        this.remove(first)
        this.#onExpired(first as unknown as T)
        if (this.#now() - startMs >= sliceMs) {
          this.#rest ??= setImmediate(() => this.#expire()).unref()
          break
        }
      }
    } finally {
      this.#setTimer(this.#now())
    }
  }
}

/** An entry while it is in a list. */
interface Linked extends DeadlineEntry {
  deadlineBefore: Linked
  deadlineAfter: Linked
}

/** Deadlines this close together share one call of the timer. */
const shortestTimerMs = 10

/** What `setTimeout` can count; a later deadline takes several turns. */
const longestTimerMs = 0x7fffffff

/** How long a slice of expired entries may hold the event loop. */
const sliceMs = 2
