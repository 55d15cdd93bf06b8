/** What a session does that only some clients ask for: interactive_timeout, and a KILL that comes early. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { until, withDoor } from '../support/door.ts'

const app = { user: 'app', password: 'pw-app' }
const settings = { wait_timeout: 77, interactive_timeout: 55 }

it('an interactive client waits for interactive_timeout, and reads it as its wait_timeout', () =>
  withDoor(
    {
      accounts: [app],
      settings,
      handler: () => (_sql, session) => [{ seconds: session.settings.get('wait_timeout') }],
    },
    async ({ port }) => {
      for (const [flags, seconds] of [
        [['INTERACTIVE'], 55],
        [[], 77],
      ] as const) {
        const client = await createConnection({ host: '127.0.0.1', port, ...app, flags: [...flags] })
        const [rows] = await client.query<RowDataPacket[]>('SELECT @@wait_timeout AS seconds')
        assert.equal(rows[0]?.seconds, seconds)
        await client.end()
      }
    },
  ))

it('KILL QUERY reaches a handler that asks for its signal only afterwards', () =>
  withDoor(
    {
      accounts: [app],
      handler: () => async (_sql, session) => {
        await until(() => killed, 'the statement was killed')
        session.signal.throwIfAborted()
        return []
      },
    },
    async ({ port, door }) => {
      const client = await createConnection({ host: '127.0.0.1', port, ...app })
      const answer = client.query('SELECT 1')
      await until(() => [...door.registry.live.values()].some(({ command }) => command === 'Query'), 'it runs')
      for (const record of door.registry.live.values()) record.kill('query')
      killed = true
      await assert.rejects(answer, { errno: 1317 })
      await client.end()
    },
  ))

let killed = false
