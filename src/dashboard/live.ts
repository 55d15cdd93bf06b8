/**
 * The live stream: server-sent events for everybody who watches. Nothing is done when nobody does; one look and one text serve all readers;
 * and who reads slowly loses messages, never the door its time. What a reader missed is counted, and made good by naming everybody anew.
 *
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import type { ServerResponse } from 'node:http'
import type { Now, Sample, Second } from './contract.ts'
import type { History } from './history.ts'
import { type Change, Movements } from './movements.ts'
import type { Watched } from './watched.ts'

export const mostReaders = 32

export class Live {
  /** Messages that readers were too slow for, since the start. */
  dropped = 0
  readonly #watched: Watched
  readonly #history: Pick<History, 'onSecond'>
  readonly #movements: Movements
  readonly #longestBehindMs: number
  readonly #readers = new Set<Reader>()
  /** While somebody watches: how to stop looking. */
  #stop: (() => void) | undefined = undefined

  /** A reader that takes nothing for `longestBehindMs` is let go. */
  constructor(watched: Watched, history: Pick<History, 'onSecond'>, longestBehindMs = 30_000) {
    this.#watched = watched
    this.#history = history
    this.#longestBehindMs = longestBehindMs
    this.#movements = new Movements(watched.administered.registry)
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Answers with the stream; `false`: there are as many readers as there may be, and nothing was answered. */
  open(response: ServerResponse): boolean {
    if (this.#readers.size >= mostReaders) return false
    const reader: Reader = new Reader(response, this.#movements)
    response.on('error', () => {})
    response.on('close', () => this.#leave(reader))
    response.on('drain', () => reader.onDrain())
    // A reader that says nothing is no idle connection.
    response.socket?.setTimeout(0)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
    response.write('retry: 2000\n\n')
    this.#readers.add(reader)
    if (this.#stop === undefined) this.#start()
    else if (this.#movements.hasLooked) reader.begin()
    return true
  }

  /** Ends all streams. */
  close(): void {
    for (const { response } of this.#readers) response.end()
  }

  #leave(reader: Reader): void {
    reader.gone = true
    this.#readers.delete(reader)
    if (this.#readers.size === 0) this.#stop?.()
  }

  #start(): void {
    const { elsewhere, log } = this.#watched.administered
    const periodMs = elsewhere === undefined ? 100 : 1000
    let timer: NodeJS.Timeout | undefined
    let stopped = false
    const run = async () => {
      let tookMs = 0
      try {
        await elsewhere?.catchUp()
        if (stopped) return
        const begunMs = performance.now()
        const change = this.#movements.look()
        tookMs = performance.now() - begunMs
        for (const reader of this.#readers) {
          if (begunMs - reader.behindSinceMs > this.#longestBehindMs) reader.response.destroy()
          else if (!reader.begun) reader.begin()
        }
        if (change !== undefined) await this.#tellChange(change, () => stopped)
      } catch (error) {
        log.error({ err: error }, 'looking at the connections for the dashboard failed')
      }
      // However many connections there are, looking at them takes no more than a twentieth of the time.
      if (!stopped) timer = setTimeout(run, Math.max(periodMs, 20 * tookMs)).unref()
    }
    const forget = this.#history.onSecond((sample) => this.#tellSecond(sample))
    this.#stop = () => {
      stopped = true
      clearTimeout(timer)
      forget()
      this.#movements.forget()
      this.#stop = undefined
    }
    void run()
  }

  /** Many changes go out a part at a turn. Until all are out nobody looks again, so that whoever comes in between is told the same. */
  async #tellChange({ counts, changed, gone, refused }: Change, isOver: () => boolean): Promise<void> {
    for (let i = 0; i === 0 || i < changed.length; i += perPart) {
      if (i > 0) await new Promise(setImmediate)
      if (isOver()) return
      const rest = i === 0 ? { gone, refused } : { gone: [], refused: [] }
      const head = headOf({ whole: false, counts, changed: changed.slice(i, i + perPart), ...rest })
      const usual = Buffer.from(nowMessage(head, 0))
      this.#tell((dropped) => (dropped === 0 ? usual : nowMessage(head, dropped)))
    }
  }

  #tellSecond(sample: Sample): void {
    const { registry, loopDelayP99Us } = this.#watched.administered
    const second: Second = {
      sample,
      refusals: registry.refusals.revision,
      readers: this.readers,
      dropped: this.dropped,
      loopDelayP99Ms: loopDelayP99Us / 1000,
    }
    const message = Buffer.from(`event: second\ndata: ${JSON.stringify(second)}\n\n`)
    this.#tell(() => message)
  }

  #tell(message: (dropped: number) => string | Uint8Array): void {
    for (const reader of this.#readers) this.dropped += reader.tell(message)
  }
}

/** One who watches, and how far it has come. */
class Reader {
  readonly response: ServerResponse
  gone = false
  /** It is being told, or was told, who is there. */
  begun = false
  /** It takes nothing since then; on the clock of `performance.now`, infinite while it does take. */
  behindSinceMs = Number.POSITIVE_INFINITY
  readonly #movements: Movements
  #dropped = 0
  /** Who is still to be named; `undefined`: the first part is not out yet. */
  #unnamed: number[] | undefined = undefined
  #turn: NodeJS.Immediate | undefined = undefined

  constructor(response: ServerResponse, movements: Movements) {
    this.response = response
    this.#movements = movements
  }

  /** Names everybody, a part at a turn. Each part tells where they are by then, so changes may be told between. */
  begin(): void {
    this.begun = true
    this.#unnamed = undefined
    this.#proceed()
  }

  /** Returns: how many messages it was too slow for, 0 or 1. */
  tell(message: (dropped: number) => string | Uint8Array): number {
    // Who is about to be named needs no changes before.
    if (!this.#isBehind && this.#unnamed === undefined) return 0
    if (!this.#isBehind && this.response.writableLength > mostWaiting) {
      this.behindSinceMs = performance.now()
      clearImmediate(this.#turn)
      this.#turn = undefined
    }
    if (!this.#isBehind) {
      this.response.write(message(this.#dropped))
      return 0
    }
    this.#dropped++
    return 1
  }

  onDrain(): void {
    if (this.#isBehind) {
      this.behindSinceMs = Number.POSITIVE_INFINITY
      this.begin()
    } else if (this.#unnamed?.length !== 0) this.#proceed()
  }

  get #isBehind(): boolean {
    return this.behindSinceMs !== Number.POSITIVE_INFINITY
  }

  /** The next part waits until the last one is out of our hands. */
  #proceed(): void {
    if (!this.begun || this.#turn !== undefined || this.response.writableNeedDrain) return
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      if (this.gone) return
      const whole = this.#unnamed === undefined
      this.#unnamed ??= this.#movements.ids()
      const changed = this.#movements.dots(this.#unnamed.splice(0, perPart))
      const { counts } = this.#movements
      this.response.write(nowMessage(headOf({ whole, counts, changed, gone: [], refused: [] }), this.#dropped))
      if (this.#unnamed.length > 0) this.#proceed()
    })
  }
}

/** All that is the same for everybody, without its closing brace. */
function headOf(now: Omit<Now, 'atMs' | 'dropped'>): string {
  return JSON.stringify({ atMs: Date.now(), ...now }).slice(0, -1)
}

function nowMessage(head: string, dropped: number): string {
  return `event: now\ndata: ${head},"dropped":${dropped}}\n\n`
}

/** Connections named in one message. */
const perPart = 500
/** Of a reader; beyond, it is given nothing. Units: bytes. */
const mostWaiting = 256 * 1024
