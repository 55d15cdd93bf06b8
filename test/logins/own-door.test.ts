/**
 * Our client and our front door: every way in that the matrix knows. The same table meets real servers in `npm run test:peers`.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import { type Console, createConsole } from '../../src/console/console.ts'
import { root } from '../support/console-session.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { channels, plugins } from './expectations.ts'
import { makeAccounts, runRow, type ServerUnderTest, surprises } from './matrix.ts'

describe('our client enters our front door, or is told why not', () => {
  let door: TestDoor
  let console: Console
  let administrator: Awaited<ReturnType<typeof connect>>
  let server: ServerUnderTest

  before(async () => {
    door = await openDoor({
      accounts: [root],
      settings: { saltgate_allow_clear_password: true },
      handler: (opened) => {
        console = createConsole(opened)
        return console.onQuery
      },
    })
    administrator = await connect({ socketPath: door.socketPath, user: 'root' })
    server = {
      name: 'Saltgate',
      host: '127.0.0.1',
      port: door.port,
      socketPath: door.socketPath,
      ca: door.keys.ca ?? '',
      plugins,
      admin: (sql) => administrator.query(sql),
      flush: () => administrator.query('FLUSH PRIVILEGES'),
    }
    await makeAccounts(server)
  })

  after(async () => {
    await administrator?.close()
    await door.close()
    console.close()
  })

  for (const plugin of plugins) {
    for (const channel of channels) {
      it(`${plugin} over ${channel}`, async () => {
        const cells = await runRow(server, plugin, channel)
        assert(cells.length >= 24)
        assert.deepEqual(surprises(cells), [])
      })
    }
  }
})
