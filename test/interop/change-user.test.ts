/**
 * COM_CHANGE_USER by the npm clients: between all plugins, and what becomes of a session whose change is refused.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type TestDoor, until } from '../support/door.ts'
import { openAnsweringDoor, plugins, withClient } from './answering-door.ts'
import { connect, errorOf } from './clients.ts'

let server: TestDoor

before(async () => {
  server = await openAnsweringDoor()
})

after(() => server.close())

describe('a change of user', () => {
  for (const from of plugins) {
    for (const to of plugins) {
      it(`of mysql2 goes from ${from} to ${to}`, async () => {
        server.door.realm.fastDigests.clear()
        const clear = [from, to].includes('mysql_clear_password')
        const options = {
          ...(clear && { tls: { ca: server.keys.ca ?? '' } }),
          user: `from-${from}`,
          password: 'pw-from',
          database: 'other',
        }
        await withClient(server, 'mysql2', options, async (client) => {
          await client.query('set before')
          await client.changeUser({ user: `to-${to}`, password: 'pw-to', database: 'app' })
          assert.deepEqual(await client.query('who'), [{ who: `to-${to}@%`, user: `to-${to}`, host: 'localhost' }])
          const [state] = (await client.query('state')) as { variable: unknown; database: unknown }[]
          assert.deepEqual([state?.variable, state?.database], [null, 'app'])
        })
      })
    }

    it(`of mysql2 with a wrong password ends the session (${from})`, async () => {
      const seen = server.refusals.length
      const aborted = server.door.registry.status.Aborted_connects
      const client = await connect('mysql2', {
        port: server.port,
        ...(from === 'mysql_clear_password' && { tls: { ca: server.keys.ca ?? '' } }),
        user: 'nat',
        password: 'pw',
      })
      assert.deepEqual(await errorOf(client.changeUser({ user: `to-${from}`, password: 'wrong' })), {
        errno: 1045,
        sqlState: '28000',
        message: `Access denied for user 'to-${from}'@'localhost' (using password: YES)`,
      })
      await until(() => server.door.registry.live.size === 0, 'the session is gone')
      const reason = from === 'mysql_native_password' ? 'scramble-mismatch' : 'secret-mismatch'
      assert.deepEqual(
        server.refusals.slice(seen).map((each) => each.reason),
        [reason],
      )
      // It is no failed connect: the connection had been made.
      assert.equal(server.door.registry.status.Aborted_connects, aborted)
      await assert.rejects(client.query('who'))
      client.destroy()
    })
  }

  it('of mysql2 to a database without privilege ends the session', async () => {
    const client = await connect('mysql2', { port: server.port, user: 'nat', password: 'pw' })
    const error = await errorOf(
      client.changeUser({ user: 'to-mysql_native_password', password: 'pw-to', database: 'other' }),
    )
    assert.deepEqual(error, {
      errno: 1044,
      sqlState: '42000',
      message: "Access denied for user 'to-mysql_native_password'@'%' to database 'other'",
    })
    await until(() => server.door.registry.live.size === 0, 'the session is gone')
    client.destroy()
  })

  it('of npm mysql, which cannot switch plugins, goes between native accounts over the nonce of the greeting', () =>
    withClient(server, 'mysql', {}, async (client) => {
      await client.changeUser({ user: 'nat2', password: 'pw' })
      assert.deepEqual(await client.query('who'), [{ who: 'nat2@%', user: 'nat2', host: 'localhost' }])
    }))

  it('of npm mysql to another plugin is refused with 1251', async () => {
    const client = await connect('mysql', { port: server.port, user: 'nat', password: 'pw' })
    const error = await errorOf(client.changeUser({ user: 'to-caching_sha2_password', password: 'pw-to' }))
    assert.equal(error.errno, 1251)
    client.destroy()
  })

  it('is refused by npm mariadb itself on MySQL, and the session goes on', () =>
    withClient(server, 'mariadb', {}, async (client) => {
      assert.equal((await errorOf(client.changeUser({ user: 'nat2', password: 'pw' }))).errno, 45_003)
      assert.deepEqual(await client.query('who'), [{ who: 'nat@%', user: 'nat', host: 'localhost' }])
    }))
})
