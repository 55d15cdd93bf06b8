/**
 * Server-sent events out of a stream of text. Knows nothing of what they say.
 *
 * Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { dashboardFailure } from './failure.ts'

export interface StreamEvent {
  readonly event: string
  readonly data: string
}

/** Longer than any that a dashboard says: several thousand connections by name are less than a megabyte. */
const maxEventLength = 8 << 20

export class EventStream {
  #line = ''
  #event = ''
  #data: string[] = []
  #length = 0
  #begun = false
  /** The last character was a CR: a LF right after it belongs to the same end of line. */
  #afterCr = false

  /** Throws: `MysqlError` for an event of more than eight million characters. After: the stream cannot be read on. */
  push(chunk: string): StreamEvent[] {
    const events: StreamEvent[] = []
    let from = 0
    if (chunk !== '') {
      if (!this.#begun && chunk.startsWith('\ufeff')) from = 1
      if (this.#afterCr && chunk.startsWith('\n')) from = 1
      this.#begun = true
      this.#afterCr = chunk.endsWith('\r')
    }
    for (const end of chunk.matchAll(/\r\n|\r|\n/g)) {
      if (end.index < from) continue
      this.#keep(chunk.slice(from, end.index))
      from = end.index + end[0].length
      const event = this.#endLine()
      if (event !== undefined) events.push(event)
    }
    this.#keep(chunk.slice(from))
    return events
  }

  #keep(text: string): void {
    this.#length += text.length
    if (this.#length > maxEventLength) {
      throw dashboardFailure(`the dashboard's stream holds an event of more than ${maxEventLength} characters`)
    }
    this.#line += text
  }

  /** An empty line ends an event; one without data is none. */
  #endLine(): StreamEvent | undefined {
    const line = this.#line
    this.#line = ''
    if (line !== '') {
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (field === 'event') this.#event = value
      else if (field === 'data') this.#data.push(value)
      return undefined
    }
    const event = { event: this.#event || 'message', data: this.#data.join('\n') }
    const isOne = this.#data.length > 0
    this.#event = ''
    this.#data = []
    this.#length = 0
    return isOne ? event : undefined
  }
}
