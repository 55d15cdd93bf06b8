/** The command line as its users run it: a process of its own, in a directory of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const program = join(import.meta.dirname, '../../src/cli/saltgate.ts')

const usualDeadlineMs = 60_000

/** A new empty directory, and what removes it. */
export function scratch(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'saltgate-cli-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export interface CliOptions {
  readonly cwd: string
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** A process that lasts longer is ended by force; ms, a minute unless given. */
  readonly deadlineMs?: number
}

/** Runs a command to its end. */
export async function saltgate(
  args: readonly string[],
  options: CliOptions,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = start(args, options)
  child.stdin.end(options.stdin ?? '')
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)]
  const [code] = await once(child, 'close')
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** A process of `saltgate serve`, or `saltgate gateway`, whose door is open. */
export class Serving implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #stdout: Collected
  readonly #stderr: Collected
  readonly ended: Promise<number | null>

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#stdout = collected(child.stdout)
    this.#stderr = collected(child.stderr)
    this.ended = once(child, 'close').then(([code]) => code)
  }

  /** Starts on a free port and waits until it is ready. */
  static async start(
    args: readonly string[],
    options: CliOptions,
    command: 'serve' | 'gateway' = 'serve',
  ): Promise<Serving> {
    // Many run at a time.
    const dashboard = args.includes('--dashboard') || command === 'gateway' ? [] : ['--dashboard', 'off']
    const serving = new Serving(start([command, '--listen', '127.0.0.1:0', ...dashboard, ...args], options))
    await serving.printed(/^saltgate ready on .*$/m)
    return serving
  }

  get stdout(): string {
    return this.#stdout.text()
  }

  get stderr(): string {
    return this.#stderr.text()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get port(): number {
    return Number(/ready on 127\.0\.0\.1:(\d+)/.exec(this.stdout)?.[1])
  }

  /** Resolves when stdout matches; rejects when the process ends before. */
  printed(what: RegExp): Promise<void> {
    return this.#seen(this.#stdout, what)
  }

  /** Resolves when the log matches; rejects when the process ends before. */
  logged(what: RegExp): Promise<void> {
    return this.#seen(this.#stderr, what)
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async #seen(stream: Collected, what: RegExp): Promise<void> {
    const ended = this.ended.then((code) => {
      if (!what.test(stream.text()))
        throw new Error(`ended with ${code}, not printing ${what}: ${this.stdout}${this.stderr}`)
    })
    await Promise.race([stream.until(what), ended])
  }
}

interface Collected {
  text(): string
  until(what: RegExp): Promise<void>
}

function collected(stream: NodeJS.ReadableStream): Collected {
  let text = ''
  const waiting = new Set<() => void>()
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    for (const look of waiting) look()
  })
  return {
    text: () => text,
    until: (what) =>
      new Promise((resolve) => {
        const look = () => {
          if (!what.test(text)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}

function start(
  args: readonly string[],
  { cwd, env, deadlineMs = usualDeadlineMs }: CliOptions,
): ChildProcessWithoutNullStreams {
  const { SALTGATE_ROOT_PASSWORD: _, ...inherited } = process.env
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...inherited, ...env },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  })
}
