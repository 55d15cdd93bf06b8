/** `saltgate top` on a terminal, beside a real front door with its dashboard. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import mysql from 'mysql2/promise'
import { openTestDashboard, type TestDashboard } from '../../../test/support/dashboard.ts'
import * as told from '../../../test/support/dashboard-told.ts'
import { until } from '../../../test/support/door.ts'
import { Glass } from '../../../test/support/glass.ts'
import { DashboardClient } from './dashboard-client.ts'
import { watch } from './watch.ts'

const accounts = [{ user: 'app', host: '%', password: 'right' }]

interface Watched {
  readonly glass: Glass
  readonly ended: Promise<void>
  readonly end: AbortController
  suspended: number
}

function watchPort(t: TestContext, port: number, glass = new Glass()): Watched {
  const end = new AbortController()
  const client = new DashboardClient({ url: new URL(`http://127.0.0.1:${port}/`), password: undefined })
  const suspend = () => {
    watched.suspended++
    assert.ok(glass.isRestored)
  }
  const watched: Watched = {
    ...{ glass, end, suspended: 0 },
    ended: watch(client, { terminal: glass, paint: 'colour', suspend, signal: end.signal }),
  }
  t.after(async () => {
    end.abort()
    await watched.ended
    assert.ok(glass.isRestored)
  })
  return watched
}

async function stranger(t: TestContext, { server }: TestDashboard): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  t.after(() => socket.destroy())
  await once(socket, 'data')
  return socket
}

describe('watch', () => {
  it('shows a stranger in his lane, with his ladder, and ends his connection after a yes', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const socket = await stranger(t, dashboard)
    const { glass, ended } = watchPort(t, dashboard.port)
    await glass.shows(/Greeting sent {8}1 █\n[\s\S]*\(not said\) +(?:localhost|127\.0\.0\.1) +Greeting sent/)
    glass.press('\r')
    await glass.shows(/#\d+: waits in step 'Greeting sent'[\s\S]*<- greeting, \d+ bytes/)
    glass.press('\x7fx')
    await glass.shows(/End connection #\d+, a stranger from \S+\? \(y\/n\)/)
    glass.press('y')
    await glass.shows(/connection \d+ was ended/)
    if (!socket.closed) await once(socket, 'close')
    await glass.shows(/Nobody waits to be let in/)
    glass.press('q')
    await ended
    assert.ok(glass.isRestored)
  })

  it('shows why a login was refused, down to its handshake, with a name that cannot do anything', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { glass } = watchPort(t, dashboard.port)
    const target = { host: '127.0.0.1', port: dashboard.server.port }
    await assert.rejects(mysql.createConnection({ ...target, user: 'app', password: 'wrong' }))
    await assert.rejects(mysql.createConnection({ ...target, user: told.hostile, password: 'x' }))
    glass.press('3')
    await glass.shows(/1 +\S+(?: s ago)? +secret-mismatch +mysql2/)
    glass.press('/unknown\r')
    await glass.shows(/> +1 +\S+(?: s ago)? +unknown-account/)
    glass.press('\r')
    await glass.shows(/users {6}\\u\{1b\}\[2J[\s\S]*remedy[\s\S]*> #\d+/)
    glass.press('\r')
    await glass.shows(/: refused, unknown-account \(told 1045\)[\s\S]*user {7}\\u\{1b\}[\s\S]*AT +AFTER/)
    assert.ok(!glass.written.includes(told.hostile.slice(0, 6)))
  })

  it('flushes all hosts after a yes', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { glass } = watchPort(t, dashboard.port)
    glass.press('4F')
    await glass.shows(/Forget all hosts and their errors\? \(y\/n\)/)
    glass.press('y')
    await glass.shows(/all hosts are forgotten/)
  })

  it('says since when it sees nothing, and goes on when the dashboard is there again', async (t) => {
    const first = await openTestDashboard(t, { accounts })
    const { glass } = watchPort(t, first.port)
    await glass.shows(/ live$/m)
    await first.dashboard.close()
    await glass.shows(/LOST for \d s, again in \d s[\s\S]*The picture is old: /)
    const again = await openTestDashboard(t, { accounts, listen: `127.0.0.1:${first.port}` })
    await stranger(t, again)
    await glass.shows(/ live$[\s\S]*Greeting sent {8}1 █/m)
  })

  it('gives the terminal back while it is suspended and when an error ends it, and takes it again', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const watched = watchPort(t, dashboard.port)
    await watched.glass.shows(/ live$/m)
    watched.glass.press('\x1a')
    await until(() => watched.suspended === 1, 'it is suspended')
    assert.equal(watched.glass.modes.at(-1), true)
    process.emit('SIGTSTP')
    assert.equal(watched.suspended, 2)
    assert.equal(process.listenerCount('SIGTSTP'), 1)
    await watched.glass.shows(/\[1 Now\]/)
    process.emit('uncaughtExceptionMonitor', new Error('nobody caught it'), 'uncaughtException')
    assert.ok(watched.glass.isRestored)
    process.emit('SIGCONT')
    assert.equal(watched.glass.modes.at(-1), true)
  })

  it('fits the terminal as it becomes larger and smaller', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { glass } = watchPort(t, dashboard.port)
    await glass.shows(/ live$/m)
    glass.resize(120, 40)
    assert.deepEqual(glass.text.split('\n').length, 40)
    glass.resize(60, 12)
    assert.deepEqual(glass.text.split('\n').length, 12)
    assert.match(glass.text, /live$/m)
  })

  it('draws only lines that changed, and nothing while the terminal takes nothing', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { glass } = watchPort(t, dashboard.port)
    await glass.shows(/ live$/m)
    const before = glass.written.length
    glass.press('j')
    assert.ok(glass.written.length - before < 400, `${glass.written.length - before} characters for a key`)
    glass.stick()
    glass.press('2')
    await until(() => glass.output.writableNeedDrain, 'the terminal is full')
    const waiting = glass.output.writableLength
    for (const key of '3451?') glass.press(key)
    assert.equal(glass.output.writableLength, waiting)
    glass.loosen()
    await glass.shows(/this help/)
  })

  it('ends when nobody can type any more', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { glass, ended } = watchPort(t, dashboard.port)
    glass.input.end()
    await ended
    assert.ok(glass.isRestored)
  })

  it('listens to nothing any longer when it has ended', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { ended, end } = watchPort(t, dashboard.port)
    end.abort()
    await ended
    for (const event of ['SIGTSTP', 'SIGCONT', 'exit', 'uncaughtExceptionMonitor']) {
      assert.equal(
        process.listeners(event as 'exit').filter(({ name }) => /restore|reopen|suspend/.test(name)).length,
        0,
      )
    }
  })

  it('takes what makes no sense for a broken stream, and lives on', async (t) => {
    const lies = [
      'event: now\ndata: nonsense\n\n',
      'event: now\ndata: {"counts":7}\n\n',
      'event: second\ndata: null\n\n',
    ]
    let asked = 0
    const server = createServer((request, response) => {
      if (request.url !== '/api/live') return response.end(JSON.stringify(told.door))
      return response.writeHead(200, { 'content-type': 'text/event-stream' }).write(lies[asked++ % lies.length] ?? '')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const { glass } = watchPort(t, (server.address() as AddressInfo).port)
    await until(() => asked > lies.length, 'each was told')
    await glass.shows(/LOST/)
  })
})
