/** `saltgate top` on a terminal: joins the stream, the keys and the screen, until somebody has seen enough. */
import type { DashboardClient, LiveEvent } from './dashboard-client.ts'
import { follow, type Link } from './follow.ts'
import { frame } from './frame.ts'
import { Keyboard } from './keys.ts'
import { type Paint, painted } from './line.ts'
import { type Deed, emptyModel, type Model, onEvent } from './model.ts'
import { News } from './news.ts'
import { onKey } from './on-key.ts'
import { Screen, type Terminal } from './screen.ts'

/** Four pictures a second; but a key is answered at once. */
const pictureMs = 250
const noticeMs = 5000

export interface WatchOptions {
  readonly terminal: Terminal
  readonly paint: Paint
  /** Stops this process until it is continued. */
  suspend(): void
  /** Given when it is to end. */
  readonly signal: AbortSignal
}

/** Resolves when the person ends it, or by the signal. After: the terminal is as it was. Rejects: only for a mistake of ours. */
export async function watch(client: DashboardClient, options: WatchOptions): Promise<void> {
  const ended = new AbortController()
  const watching = new Watching(client, options, (error) => ended.abort(error))
  watching.open()
  try {
    await follow(client, watching, AbortSignal.any([options.signal, ended.signal]))
  } finally {
    watching.close()
  }
  if (ended.signal.reason instanceof Mistake) throw ended.signal.reason.cause
}

/** Tells what our own code threw apart from the wish to end. */
class Mistake extends Error {}

class Watching {
  readonly #client: DashboardClient
  readonly #options: WatchOptions
  readonly #end: (mistake?: Mistake) => void
  readonly #model: Model
  readonly #screen: Screen
  readonly #news: News
  readonly #keyboard: Keyboard
  #timer: NodeJS.Timeout | undefined

  constructor(client: DashboardClient, options: WatchOptions, end: (mistake?: Mistake) => void) {
    this.#client = client
    this.#options = options
    this.#end = end
    this.#model = emptyModel(client.url)
    this.#screen = new Screen(options.terminal)
    this.#news = new News(client, this.#model)
    this.#keyboard = new Keyboard((key) =>
      this.#guarded(() => {
        const wish = onKey(this.#model, key, this.#screen.size, performance.now())
        if (wish?.do === 'quit') return this.#end()
        if (wish?.do === 'redraw') this.#screen.forget()
        else if (wish?.do === 'suspend') this.#suspend()
        else if (wish !== undefined) this.#perform(wish)
        this.#picture()
      }),
    )
  }

  open(): void {
    const { input, output } = this.#options.terminal
    input.setEncoding('utf8').on('data', this.#onInput).on('end', this.#onGone).on('error', this.#onGone)
    output.on('resize', this.#onResize)
    // Before Node prints what nobody caught; and whoever else ends the process.
    process.on('uncaughtExceptionMonitor', this.#restore).on('exit', this.#restore)
    process.on('SIGTSTP', this.#suspend).on('SIGCONT', this.#reopen)
    this.#timer = setInterval(() => this.#guarded(() => this.#picture()), pictureMs)
    this.#reopen()
  }

  close(): void {
    const { input, output } = this.#options.terminal
    clearInterval(this.#timer)
    this.#keyboard.close()
    input.off('data', this.#onInput).off('end', this.#onGone).off('error', this.#onGone)
    output.off('resize', this.#onResize)
    process.off('uncaughtExceptionMonitor', this.#restore).off('exit', this.#restore)
    process.off('SIGTSTP', this.#suspend).off('SIGCONT', this.#reopen)
    this.#restore()
  }

  onLink(link: Link): void {
    this.#model.link = link
    if (link.is === 'live') this.#news.connected()
  }

  onEvent(event: LiveEvent): void {
    onEvent(this.#model, event, performance.now())
  }

  readonly #onInput = (text: string) => this.#keyboard.push(text)
  readonly #onGone = () => this.#end()
  readonly #restore = () => this.#screen.close()
  readonly #onResize = () => {
    this.#screen.forget()
    this.#guarded(() => this.#picture())
  }
  readonly #reopen = () => {
    this.#screen.open()
    this.#guarded(() => this.#picture())
  }
  readonly #suspend = () => {
    this.#screen.close()
    // Without a listener the signal does what it is for.
    process.off('SIGTSTP', this.#suspend)
    this.#options.suspend()
    process.on('SIGTSTP', this.#suspend)
    this.#reopen()
  }

  #picture(): void {
    this.#news.look()
    const { size } = this.#screen
    const lines = frame(this.#model, size, performance.now())
    this.#screen.draw(lines.map((line) => painted(line, size.columns, this.#options.paint)))
  }

  #perform(deed: Deed): void {
    const tell = (text: string, isBad: boolean) => {
      this.#model.notice = { text, isBad, untilMs: performance.now() + noticeMs }
    }
    const answer = deed.do === 'kill' ? this.#client.kill(deed.id) : this.#client.flush(deed.address)
    answer.then(
      ({ done }) => tell(done, false),
      (error: Error) => tell(error.message, true),
    )
  }

  #guarded(act: () => void): void {
    try {
      act()
    } catch (cause) {
      this.#end(new Mistake('', { cause }))
    }
  }
}
