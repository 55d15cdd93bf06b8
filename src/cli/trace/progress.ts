/** How far a large file was read, on the last line of a terminal. */

const cells = 30
const everyMs = 100
/** Smaller files are read before anybody can look. */
const worthShowing = 8 * 1024 * 1024

export class Progress {
  readonly #terminal: NodeJS.WriteStream | undefined
  #shown = false
  #lastMs = Number.NEGATIVE_INFINITY

  /** Shows nothing where the stream is no terminal. */
  constructor(stream: NodeJS.WriteStream) {
    this.#terminal = stream.isTTY === true ? stream : undefined
  }

  /** Units: bytes; `of` is undefined where nobody knows. */
  show(read: number, of: number | undefined): void {
    if (this.#terminal === undefined || (of ?? read) < worthShowing) return
    const nowMs = performance.now()
    if (nowMs - this.#lastMs < everyMs) return
    this.#lastMs = nowMs
    this.#shown = true
    this.#terminal.write(`\r\x1b[K${line(read, of)}`)
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#shown) this.#terminal?.write('\r\x1b[K')
    this.#shown = false
  }
}

function line(read: number, of: number | undefined): string {
  if (of === undefined) return `${mebibytes(read)} read`
  const share = Math.min(1, read / of)
  const filled = Math.round(share * cells)
  return `[${'#'.repeat(filled)}${'-'.repeat(cells - filled)}] ${Math.floor(share * 100)}% of ${mebibytes(of)}`
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`
}
