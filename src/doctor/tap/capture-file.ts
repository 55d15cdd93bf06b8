/**
 * A new file that frames are written to, for its owner's eyes only. Each is written at once, so that a process that is killed leaves
 * a file that can be read to its last frame.
 */
import { closeSync, ftruncateSync, openSync, rmSync, writevSync } from 'node:fs'
import { ConfigurationError } from '../../errors/errors.ts'
import { PcapngWriter } from '../capture/write-pcapng.ts'

export interface CaptureFileOptions {
  readonly application: string
  readonly comment?: string
  /** Called once, when nothing more can be written: what there is stays, and can be read. */
  readonly onFailed: (why: string) => void
}

export class CaptureFile {
  readonly writer: PcapngWriter
  readonly #path: string
  readonly #file: number
  readonly #onFailed: (why: string) => void
  #bytes = 0
  #failed = false

  /** Throws: `ConfigurationError` when the file is there already, or cannot be made. */
  constructor(path: string, { onFailed, ...about }: CaptureFileOptions) {
    this.#path = path
    this.#onFailed = onFailed
    try {
      // Never over a file, or through a link, that somebody else put there: it would keep its mode.
      this.#file = openSync(path, 'wx', 0o600)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      const why = code === 'EEXIST' ? 'there is such a file already' : code
      throw new ConfigurationError(`cannot save to ${path}: ${why}`, { cause })
    }
    this.writer = new PcapngWriter({ ...about, write: (parts) => this.#write(parts) })
  }

  /** For a file that is not needed after all. */
  discard(): void {
    this.close()
    rmSync(this.#path)
  }

  close(): void {
    if (!this.#failed) closeSync(this.#file)
    this.#failed = true
  }

  #write(parts: readonly Uint8Array[]): void {
    if (this.#failed) return
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    try {
      if (writevSync(this.#file, parts) < length) throw new Error('the disk is full')
      this.#bytes += length
    } catch (error) {
      this.#failed = true
      // Half a block would make the whole file look broken.
      ftruncateSync(this.#file, this.#bytes)
      closeSync(this.#file)
      this.#onFailed((error as Error).message)
    }
  }
}
