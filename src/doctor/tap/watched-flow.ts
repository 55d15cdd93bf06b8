/** Follows a connection through the tap until its login is over, tells what was seen, and looks no further. */
import type { FlowOpened } from '../capture/flows.ts'
import type { Observation, SeenTls, Side } from '../observation.ts'
import { Observer } from '../observer.ts'
import type { TapHandler } from './tap-handler.ts'

export class WatchedFlow implements TapHandler {
  #observer: Observer | undefined
  readonly #onSeen: (seen: Observation) => void

  /** `onSeen` is called once: when the login is let in, or the connection ends. */
  constructor(opened: FlowOpened, number: number, onSeen: (seen: Observation) => void) {
    this.#observer = new Observer(opened, { number })
    this.#onSeen = onSeen
  }

  onData(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#observer?.onData(from, bytes, atMs)
    if (from === 'server' && this.#observer?.finish().outcome === 'ok') this.#tell()
  }

  onGap(): void {}

  insideTls(facts: Omit<SeenTls, 'requested'>): void {
    this.#observer?.insideTls(facts)
  }

  onEnd(from: Side, how: 'fin' | 'rst', atMs: number): void {
    this.#observer?.onEnd(from, how, atMs)
    // A server that refuses says so, and goes.
    if (this.#observer?.finish().outcome === 'refused') this.#tell()
  }

  finish(): void {
    this.#tell()
  }

  #tell(): void {
    const observer = this.#observer
    this.#observer = undefined
    if (observer !== undefined) this.#onSeen(observer.finish())
  }
}
