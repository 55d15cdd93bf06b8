/**
 * Runs a program of the machine to its end. Everything that the peers need (apt, chroot, clients) goes through here, so
 * that a hanging one is bounded and a failing one is quoted.
 */
import { spawn } from 'node:child_process'

export interface CommandResult {
  /** Exit status; -1 when a signal or the deadline ended the program. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** Default 30,000. */
  readonly timeoutMs?: number
  readonly cwd?: string
}

/** Runs `argv` and gives what it printed, whatever its exit status. Rejects only when it cannot be started. */
export function run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    cwd: options.cwd,
    timeout: options.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A program that ends without reading its input closes the pipe: its status tells, not the EPIPE.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? -1, stdout, stderr }))
  })
}

/** As `run`, for programs that must succeed. Throws with the last lines of what the program said. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(argv, options)
  if (result.status === 0) return result.stdout
  const last = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-3).join(' / ')
  throw new Error(`${argv.join(' ')}: exit status ${result.status}: ${last}`)
}
