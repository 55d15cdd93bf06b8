/**
 * One client in a process of its own: does what the parent asks for and answers with time and CPU of it.
 *
 * Usage: forked by `part.ts` as `process.ts CLIENT`.
 */
import { type Access, type Dates, type DriverName, drivers, type Reading } from './drivers.ts'

export type Task = { readonly access: Access } & (
  | { readonly is: 'cycles'; readonly count: number }
  | { readonly is: 'rows'; readonly reading: Reading; readonly sql: string; readonly dates: Dates }
)

/** Units: microseconds; of the whole task but for `p50` and `p99`, which are those of one cycle. */
export interface Measured {
  /** Cycles, or rows. */
  readonly count: number
  readonly wall: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

export type Reply = Measured | { readonly failed: string }

const driver = drivers[process.argv[2] as DriverName]

process.on('message', (task: Task) => {
  perform(task)
    .catch((error: Error) => ({ failed: error.message }))
    .then((reply: Reply) => process.send?.(reply))
})

async function perform(task: Task): Promise<Measured> {
  // A million rows that the task before left behind are not paid for by this one.
  if (task.is === 'rows') globalThis.gc?.()
  const times: number[] = []
  const before = process.cpuUsage()
  const start = performance.now()
  const count = task.is === 'cycles' ? await cycles(task, times) : await rows(task)
  const wall = (performance.now() - start) * 1000
  const { user, system } = process.cpuUsage(before)
  times.sort((a, b) => a - b)
  const quantile = (q: number) => times[Math.floor(times.length * q)] ?? Number.NaN
  return { count, wall, cpu: user + system, p50: quantile(0.5), p99: quantile(0.99) }
}

async function cycles({ access, count }: Extract<Task, { is: 'cycles' }>, times: number[]): Promise<number> {
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await driver.cycle(access)
    times.push((performance.now() - start) * 1000)
  }
  return count
}

async function rows({ access, reading, sql, dates }: Extract<Task, { is: 'rows' }>): Promise<number> {
  const read = driver[reading]
  if (read === undefined) throw new Error(`has no ${reading}`)
  return await read(access, sql, dates)
}
