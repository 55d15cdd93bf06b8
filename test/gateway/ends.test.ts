/** How a session through a gateway ends, and what becomes of its link to the backend. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytes, text } from '../support/bytes.ts'
import { until } from '../support/door.ts'
import type { RawClient } from '../support/raw-client.ts'
import { com, live, packet, received, throughGateway } from './through.ts'

describe('the end of a session', () => {
  it('leaves the next one neither its default database nor a connection of its own', async () => {
    await throughGateway(async ({ open, raw, gateway }) => {
      const first = await open()
      await first.query('q')
      await first.close()
      for (const leave of ['COM_QUIT', 'FIN']) {
        const client = await raw()
        assert.equal((await client.command(com.initDb, text('information_schema'))).payload[0], 0)
        if (leave === 'COM_QUIT') client.send(Uint8Array.of(com.quit), 0)
        else client.destroy()
        await until(() => gateway.gateway.passages.size === 0, 'it has left')
        await until(() => gateway.gateway.pool.shelves().some(({ idle }) => idle > 0), 'its link has come back')
        const next = await raw()
        assert.equal(await databaseOf(next), null)
        next.destroy()
        await until(() => gateway.gateway.pool.shelves().some(({ idle }) => idle > 0), 'its link has come back')
      }
      assert.ok(gateway.gateway.pool.counters.handedOver > 0)
    })
  })

  it('in the middle of an answer costs its link, which nobody gets after', async () => {
    await throughGateway(async ({ raw, open, backend, gateway }) => {
      const client = await raw()
      client.send(bytes([com.query], text('rows 1000000 1000')), 0)
      await client.packet()
      client.destroy()
      await until(() => live(backend, 'shared') === 0, 'the link is gone')
      const next = await open()
      await next.query('q')
      await next.close()
      assert.equal(gateway.gateway.pool.counters.handedOver, 0)
    })
  })

  it('in the middle of a command costs its link, also where no answer would come', async () => {
    await throughGateway(async ({ raw, backend, gateway }) => {
      const client = await raw()
      const large = packet(com.longData, Buffer.alloc(10_000))
      client.write(large.subarray(0, 9_990))
      await until(() => received(gateway) > 9_900, 'it is there')
      client.destroy()
      await until(() => live(backend, 'shared') === 0, 'the link is gone')
      assert.equal(gateway.gateway.pool.counters.reset, 0)
    })
  })

  it('by half a goodbye while an answer is awaited ends what it waits for', async () => {
    await throughGateway(async ({ raw, backend, asked }) => {
      const client = await raw()
      client.send(bytes([com.query], text('wait')), 0)
      await until(() => asked.includes('wait'), 'the statement runs')
      client.endWriting()
      assert.equal(await client.next(), undefined)
      await until(() => live(backend, 'shared') === 0, 'the link is gone')
    })
  })

  it('by wait_timeout of the gateway is said: 4031', async () => {
    await throughGateway(
      async ({ raw }) => {
        const client = await raw()
        const { payload, sequenceId } = await client.packet()
        assert.deepEqual([payload.readUInt16LE(1), sequenceId], [4031, 0])
        assert.equal(await client.next(), undefined)
      },
      { settings: { wait_timeout: 1 } },
    )
  })

  it('by net_write_timeout of the gateway ends a client that does not read what it asked for', async () => {
    await throughGateway(
      async ({ raw, backend, gateway }) => {
        const client = await raw()
        client.pause()
        client.send(bytes([com.query], text('rows 1000000 1000')), 0)
        await until(() => gateway.front.door.registry.status.Aborted_clients === 1, 'it was given up')
        await until(() => live(backend, 'shared') === 0, 'its link is gone')
        client.destroy()
      },
      { settings: { net_write_timeout: 1 } },
    )
  })

  it('by wait_timeout of the backend is told as the backend told it, and once', async () => {
    await throughGateway(async ({ raw, backend }) => {
      backend.door.settings.setGlobal('wait_timeout', 1)
      const client = await raw()
      const { payload, sequenceId } = await client.packet()
      assert.deepEqual([payload.readUInt16LE(1), sequenceId], [4031, 0])
      assert.equal(await client.next(), undefined)
    })
  })
})

/** The default database of its session at the backend. */
async function databaseOf(client: RawClient): Promise<string | null> {
  client.send(bytes([com.query], text('q')), 0)
  let row: Buffer = Buffer.alloc(0)
  for (let ends = 0; ends < 2; ) {
    const { payload } = await client.packet()
    if (payload[0] === 0xfe && payload.length < 9) ends++
    else if (ends === 1) row = payload
  }
  return row.at(-1) === 0xfb ? null : row.toString('latin1')
}

describe('KILL through a gateway', () => {
  it('of oneself is 1317, and the end', async () => {
    await throughGateway(async ({ raw, gateway }) => {
      const client = await raw()
      const [id] = gateway.gateway.passages.keys()
      const { payload, sequenceId } = await client.query(`KILL ${id}`)
      assert.deepEqual([payload.readUInt16LE(1), sequenceId], [1317, 1])
      assert.equal(await client.next(), undefined)
    })
  })

  it('of another connection of the same account ends it, and what it runs at the backend', async () => {
    await throughGateway(async ({ open, backend, asked }) => {
      const victim = await open()
      const lost = assert.rejects(victim.query('wait'), { code: 2013 })
      await until(() => asked.includes('wait'), 'the statement runs')
      const killer = await open()
      await killer.query(`KILL ${victim.connectionId}`)
      await lost
      await until(() => live(backend, 'shared') === 1, 'the link is gone')
      // Told by an account of the gateway's own, for not every statement ends because nobody waits for it.
      await until(() => asked.some((sql) => /^KILL CONNECTION \d+$/.test(sql)), 'the backend was told')
      await killer.close()
    })
  })

  it('of a statement goes to the connection of the backend that runs it', async () => {
    await throughGateway(async ({ open, asked, release }) => {
      const victim = await open()
      const { rows } = await victim.query<{ connection: bigint }>('q')
      const running = victim.query('wait')
      await until(() => asked.includes('wait'), 'the statement runs')
      const killer = await open()
      await killer.query(`KILL QUERY ${victim.connectionId}`)
      assert.equal(asked.at(-1), `KILL QUERY ${rows[0]?.connection}`)
      release()
      await running
      await victim.close()
      await killer.close()
    })
  })

  it('of a connection of another account is 1095, of none 1094', async () => {
    await throughGateway(async ({ open }) => {
      const [ann, ben] = [await open(), await open({ user: 'ben' })]
      for (const what of ['', 'QUERY ', 'CONNECTION ']) {
        await assert.rejects(ben.query(`KILL ${what}${ann.connectionId}`), { code: 1095 })
        await assert.rejects(ben.query(`KILL ${what}1`), { code: 1094 })
      }
      await ann.query('still here')
      await ann.close()
      await ben.close()
    })
  })
})
