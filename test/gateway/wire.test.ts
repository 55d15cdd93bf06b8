/** The command phase through a gateway: whatever a client does that a server allows, it may do here, and is answered in the same order. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capability, has } from '../../src/packets/capabilities.ts'
import { bytes, int, text } from '../support/bytes.ts'
import { until } from '../support/door.ts'
import type { RawClient } from '../support/raw-client.ts'
import { com, live, mib, packet, received, throughGateway } from './through.ts'

describe('commands through a gateway', () => {
  it('are answered in order, a hundred at once with a goodbye behind them', async () => {
    await throughGateway(async ({ raw }) => {
      const client = await raw()
      const hundred = Array.from({ length: 100 }, (_, i) => packet(com.query, text(`q${i}`)))
      client.write(bytes(...hundred, packet(com.quit)))
      for (let i = 0; i < 100; i++) assert.equal(await answer(client), `q${i}`)
      assert.equal(await client.next(), undefined)
    })
  })

  it('are answered in order where KILLs, which the gateway answers, stand between those of the backend', async () => {
    await throughGateway(async ({ raw }) => {
      const client = await raw()
      client.write(
        bytes(
          packet(com.query, text('q0')),
          packet(com.query, text('KILL 5')),
          packet(com.query, text('q1')),
          packet(com.query, text('KILL QUERY 5')),
          packet(com.ping),
        ),
      )
      const answers: string[] = []
      for (let i = 0; i < 5; i++) answers.push(await answer(client))
      assert.deepEqual(answers, ['q0', '1094', 'q1', '1094', 'OK'])
      client.destroy()
    })
  })

  it('may be cut after each byte', async () => {
    await throughGateway(async ({ raw }) => {
      const client = await raw()
      const whole = bytes(packet(com.query, text('q')), packet(com.ping), packet(com.query, text('KILL 5')))
      for (let at = 1; at < whole.length; at++) {
        client.write(whole.subarray(0, at))
        await new Promise((resolve) => setImmediate(resolve))
        client.write(whole.subarray(at))
        assert.deepEqual([await answer(client), await answer(client), await answer(client)], ['q', 'OK', '1094'])
      }
      client.destroy()
    })
  })

  it('of 16 MiB - 1, 16 MiB, 16 MiB + 1 and 32 MiB go up and come down whole, compressed on either leg or not', async () => {
    const all = [16 * mib - 2, 16 * mib - 1, 16 * mib, 16 * mib + 1, 32 * mib]
    for (const [ours, theirs, sizes] of [
      [[], [], all],
      [['zlib'], [], [16 * mib - 1]],
      [[], ['zlib'], [16 * mib]],
      [['zlib'], ['zstd'], [16 * mib + 1]],
    ] as const) {
      await throughGateway(
        async ({ open }) => {
          const client = await open({ compress: ours })
          // The command, and two bytes for attributes where there may be some.
          const head = 1 + (has(client.capabilities, capability.QUERY_ATTRIBUTES) ? 2 : 0)
          for (const size of sizes) {
            const sql = `length ${'x'.repeat(size - head - 7)}`
            assert.deepEqual((await client.query(sql)).rows, [{ length: BigInt(size - head) }])
            const value = Buffer.alloc(size - (size < 16 * mib + 4 ? 4 : 9), 'abcdefgh')
            const { rows: got } = await client.query<{ value: Buffer }>(`rows 1 ${value.length}`)
            assert.ok(got[0]?.value.equals(value), `${got[0]?.value.length} of ${value.length} bytes`)
          }
          await client.close()
        },
        { backendConnect: { compress: theirs } },
      )
    }
  })

  it('go on after an error in the middle of several statements', async () => {
    await throughGateway(async ({ open }) => {
      const client = await open({ multiStatements: true })
      await assert.rejects(client.query('two; broken; three'), { code: 1064 })
      assert.equal((await client.query<{ sql: string }>('next')).rows[0]?.sql, 'next')
      await client.close()
    })
  })

  it('prepare, execute with long data, reset and close statements', async () => {
    await throughGateway(async ({ open, raw }) => {
      const client = await open()
      await using statement = await client.prepare('length ?')
      const long = Buffer.alloc(100_000, 'x')
      assert.deepEqual((await statement.execute([long])).rows, [{ length: 100_008n }])
      await client.close()

      const bare = await raw()
      const { payload } = await bare.command(com.prepare, text('length ?'))
      const id = payload.subarray(1, 5)
      for (let i = 0; i < 2; i++) await bare.packet()
      const piece = packet(com.longData, bytes(id, [0, 0], Buffer.alloc(5000, 'x')))
      // Two pieces and the execution behind them, in one write.
      bare.write(bytes(piece, piece, packet(23, bytes(id, [0], int(1, 4), [0, 1, 0xfc, 0]))))
      for (let ends = 0; ends < 2; ) {
        const { payload: row } = await bare.packet()
        if (row[0] === 0xfe && row.length < 9) ends++
        else if (ends === 1) assert.equal(row.readBigInt64LE(2), 10_008n)
      }
      bare.destroy()
    })
  })

  it('that nobody knows get the error of the backend, and end its connection', async () => {
    await throughGateway(async ({ raw, gateway, backend }) => {
      const client = await raw()
      client.send(Uint8Array.of(0x99), 0)
      assert.equal((await client.error()).code, 1047)
      client.send(Uint8Array.of(com.quit), 0)
      assert.equal(await client.next(), undefined)
      // What else it may have begun, nobody can tell.
      await until(() => live(backend, 'shared') === 0, 'the link is gone')
      assert.equal(gateway.gateway.pool.counters.reset, 0)
    })
  })

  it('with another sequence id than 0 end the session', async () => {
    await throughGateway(async ({ raw }) => {
      const client = await raw()
      client.send(Uint8Array.of(com.ping), 1)
      assert.equal((await client.error()).code, 1156)
      assert.equal(await client.next(), undefined)
    })
  })
})

describe('COM_CHANGE_USER through a gateway', () => {
  it('waits for the answer that is under way', async () => {
    await throughGateway(async ({ open, release, asked }) => {
      const client = await open()
      const before = client.query<{ sql: string }>('wait')
      const change = client.changeUser({ user: 'ben', password: 'pw' })
      await until(() => asked.includes('wait'), 'the statement runs')
      release()
      assert.equal((await before).rows[0]?.sql, 'wait')
      await change
      assert.equal((await client.query<{ sql: string }>('after')).rows[0]?.sql, 'after')
      await client.close()
    })
  })

  it('makes a client that floods what lies behind it wait, in bounded memory', async () => {
    await throughGateway(async ({ raw, gateway, release, asked }) => {
      const client = await raw()
      client.send(bytes([com.query], text('wait')), 0)
      client.send(Uint8Array.of(com.quit), 0)
      const flood = Buffer.alloc(mib, packet(com.ping))
      for (let i = 0; i < 64; i++) client.write(flood)
      await until(() => asked.includes('wait'), 'the statement runs')
      const [passage] = gateway.gateway.passages.values()
      await until(() => passage?.pair?.connection.socket.isPaused() === true, 'the client is not read any more')
      assert.ok(received(gateway) < mib, `${received(gateway)} bytes were read`)
      release()
      assert.equal(await answer(client), 'wait')
      assert.equal(await client.next(), undefined)
    })
  })
})

describe('COM_RESET_CONNECTION through a gateway', () => {
  it('resets the session of the backend, which stays the same', async () => {
    await throughGateway(async ({ open }) => {
      const client = await open()
      const { rows: before } = await client.query<{ connection: number }>('q')
      await client.resetConnection()
      const { rows: after } = await client.query<{ connection: number }>('q')
      assert.equal(after[0]?.connection, before[0]?.connection)
      await client.close()
    })
  })
})

/** Reads one answer with rows, or of one packet; returns its first row, or the packet. */
async function answer(client: RawClient): Promise<string> {
  const head = await client.packet()
  assert.equal(head.sequenceId, 1)
  if (head.payload[0] === 0xff) return `${head.payload.readUInt16LE(1)}`
  if (head.payload.length > 1) return 'OK'
  let id = 1
  let row = ''
  for (let ends = 0; ends < 2; ) {
    const { payload, sequenceId } = await client.packet()
    assert.equal(sequenceId, ++id)
    if (payload[0] === 0xfe && payload.length < 9) ends++
    else if (ends === 1) row = payload.toString('latin1', 1, 1 + (payload[0] as number))
  }
  return row
}
