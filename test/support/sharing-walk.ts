/**
 * Many sessions side by side, each once over a gateway that shares a few backend connections among them and once on a connection of its own:
 * whatever is done to them in whatever order, both must see the same.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Connection } from '../../src/client/connection.ts'
import type { MysqlError } from '../../src/errors/errors.ts'
import type { Gateway } from '../../src/gateway/gateway.ts'

/** Statements in a row, `;` between them. `#` stands for the name of the session: each has tables and locks of its own. */
export type Step = string | 'reset' | 'statement'

export interface Walk {
  readonly steps: readonly Step[]
  readonly sessions: number
  /** Links that they share. */
  readonly links: number
  readonly length: number
  readonly runs: number
}

export interface Twins {
  open(shared: boolean): Promise<Connection>
  readonly gateway: Gateway
}

export async function walk({ steps, sessions, links, length, runs }: Walk, { open, gateway }: Twins): Promise<void> {
  const step = fc.tuple(fc.nat({ max: sessions - 1 }), fc.constantFrom(...steps))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: length, maxLength: length }), async (path) => {
      const twins = await Promise.all(Array.from({ length: sessions }, () => Promise.all([open(true), open(false)])))
      try {
        for (const [number, next] of path) {
          const twin = twins[number] as [Connection, Connection]
          const isPinned = (id: number) => gateway.passages.get(id)?.pair?.pin !== undefined
          const pinned = twins.filter(([{ connectionId }]) => isPinned(connectionId))
          // Who has no link, and would pin the last one, would have the others wait for ever.
          const what = pinned.length >= links - 1 && !pinned.includes(twin) ? undefined : next
          if (what === undefined) {
            const freed = pinned[number % pinned.length] as [Connection, Connection]
            await same(freed, 'reset', 0, `${path}`)
          }
          await same(twin, next, number, next)
        }
      } finally {
        await Promise.all(twins.flat().map((connection) => connection.close()))
      }
    }),
    { numRuns: runs, endOnFailure: false },
  )
}

async function same([shared, own]: [Connection, Connection], step: Step, number: number, what: string): Promise<void> {
  const outcomes = [await outcomeOf(shared, step, `${number}s`), await outcomeOf(own, step, `${number}o`)]
  assert.deepEqual(outcomes[0], outcomes[1], `${what} of session ${number}`)
}

async function outcomeOf(connection: Connection, step: Step, own: string): Promise<unknown> {
  try {
    if (step === 'reset') return await connection.resetConnection()
    if (step === 'statement') {
      const statement = await connection.prepare('SELECT ? AS a, @@sql_mode AS mode')
      try {
        return (await statement.execute([own.length])).rows
      } finally {
        await statement.close()
      }
    }
    const outcomes: string[] = []
    for (const sql of step.replaceAll('#', own).split(';')) outcomes.push(await rowsOf(connection, sql))
    return outcomes.map((outcome) => outcome.replaceAll(own, '#'))
  } catch (error) {
    return (error as MysqlError).code
  }
}

async function rowsOf(connection: Connection, sql: string): Promise<string> {
  try {
    const { rows, warnings, affectedRows } = await connection.query(sql)
    return `${affectedRows} ${warnings} ${JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`
  } catch (error) {
    return `${(error as MysqlError).code}`
  }
}
