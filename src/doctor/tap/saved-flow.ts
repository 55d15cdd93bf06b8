/** What goes through the tap, into a capture file: secrets blanked, everything else as it was. */
import type { FlowHandler, FlowOpened } from '../capture/flows.ts'
import type { PcapngWriter } from '../capture/write-pcapng.ts'
import { WrittenFlow } from '../capture/write-pcapng-flow.ts'
import type { Side } from '../observation.ts'
import { SecretBlanks } from './secret-blanks.ts'

export class SavedFlow implements FlowHandler {
  readonly #flow: WrittenFlow
  readonly #blanks: SecretBlanks

  /** Units: `number` of the connection, from 1. `endsTls`: the bytes behind an SSLRequest are those that were inside. */
  constructor(file: PcapngWriter, opened: FlowOpened, number: number, endsTls: boolean) {
    this.#flow = new WrittenFlow(file, opened, number)
    this.#blanks = new SecretBlanks(endsTls)
  }

  onData(from: Side, bytes: Uint8Array, atMs: number): void {
    this.#blanks.take(from, bytes, (piece, leftOut, comment) => this.#flow.data(from, piece, leftOut, atMs, comment))
  }

  /** A tap sees every byte. */
  onGap(): void {}

  onEnd(from: Side, how: 'fin' | 'rst', atMs: number): void {
    this.#blanks.rest(from, (piece, leftOut, comment) => this.#flow.data(from, piece, leftOut, atMs, comment))
    this.#flow.end(from, how, atMs)
  }

  finish(): void {}
}
