/** The counters of what went well: bytes, and which way caching_sha2_password was proven. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { until, withDoor } from '../support/door.ts'

const app = { user: 'app', password: 'pw-app' }

it('Bytes_received and Bytes_sent are what the client wrote and read', () =>
  withDoor({ accounts: [app] }, async ({ port, door }) => {
    const client = await createConnection({ host: '127.0.0.1', port, ...app })
    await client.query('SELECT 1')
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
    await client.end()
    await until(() => door.registry.live.size === 0, 'the client left')
    const { Bytes_received, Bytes_sent } = door.registry.status
    assert.equal(Bytes_received, stream.bytesWritten)
    assert.equal(Bytes_sent, stream.bytesRead)
  }))

it('the first login is a full authentication, the next ones are fast, a refused one is neither', () =>
  withDoor({ accounts: [app] }, async ({ port, door }) => {
    for (let i = 0; i < 3; i++) {
      const client = await createConnection({ host: '127.0.0.1', port, ...app })
      await client.end()
    }
    await assert.rejects(createConnection({ host: '127.0.0.1', port, ...app, password: 'wrong' }))
    const { Saltgate_full_authentications, Saltgate_fast_authentications } = door.registry.status
    assert.deepEqual([Saltgate_full_authentications, Saltgate_fast_authentications], [1, 2])
  }))
