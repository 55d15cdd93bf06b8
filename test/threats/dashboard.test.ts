/** Threats to the dashboard, and by it: a browser on the same machine is the hand of every site, and a reader may be slow or hostile. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import type { AccountSeen, Handshake, Refusals } from '../../src/dashboard/contract.ts'
import { byPage, openTestDashboard, type TestDashboard } from '../support/dashboard.ts'
import { until } from '../support/door.ts'
import { handshakeResponse } from '../support/raw-client.ts'
import { crowd, memory, timed } from './measure.ts'
import { Stranger } from './stranger.ts'

const accounts = [{ user: 'app', password: 'pw-of-app' }]

describe('T76 a page of another site that has its name lead to 127.0.0.1', () => {
  it('T76 reads nothing: a request for any other name is refused, whatever it asks for', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { port } = dashboard
    const evil = [
      ...['evil.example', `evil.example:${port}`, `localhost.evil.example:${port}`, `127.0.0.1.evil.example:${port}`],
      ...[`127.0.0.1:${port + 1}`, '127.0.0.1', `0.0.0.0:${port}`, `[::]:${port}`, `evil.example@127.0.0.1:${port}`],
      ...[`10.0.0.1:${port}`, `localhost.:${port}`, `127.0.0.1:${port},evil.example`, `127.1:${port}`],
    ]
    for (const host of evil) {
      for (const path of ['/', '/api/door', '/api/live', '/metrics', '/nothing']) {
        const { status, headers } = await dashboard.ask(path, { headers: { host } })
        assert.ok(status === 421 || status === 400, `${host} ${path}: ${status}`)
        assert.match(`${headers['content-security-policy']}`, /^default-src 'none'/)
      }
    }
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `127.0.0.7:${port}`,
      `[::1]:${port}`,
    ]) {
      assert.equal((await dashboard.ask('/api/door', { headers: { host } })).status, 200, host)
    }
  })

  it('T76 reads nothing by saying no name, or another one ahead of the path', async (t) => {
    const { port } = await openTestDashboard(t, { accounts })
    const end = 'Connection: close\r\n\r\n'
    assert.match(await said(port, `GET /api/door HTTP/1.1\r\n${end}`), /^HTTP\/1\.1 421 /)
    assert.match(await said(port, `GET /api/door HTTP/1.1\r\nHost:\r\n${end}`), /^HTTP\/1\.1 421 /)
    assert.match(await said(port, 'GET /api/door HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 421 /)
    const ahead = `GET http://127.0.0.1:${port}/api/door HTTP/1.1\r\nHost: evil.example\r\n${end}`
    assert.match(await said(port, ahead), /^HTTP\/1\.1 421 /)
  })

  it('T76 changes nothing: what it posts is refused too', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const stranger = await Stranger.greeted(dashboard.server.port)
    const { status } = await dashboard.ask(killPath(stranger), {
      method: 'POST',
      headers: { ...byPage, host: `evil.example:${dashboard.port}` },
    })
    assert.equal(status, 421)
    assert.equal(dashboard.server.door.registry.live.size, 1)
    stranger.destroy()
  })

  it('T76 gets in by a name that was allowed, and by no other', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts, access: { allowedHosts: ['door.example'] } })
    assert.equal((await dashboard.ask('/api/door', { headers: { host: 'door.example' } })).status, 200)
    assert.equal((await dashboard.ask('/api/door', { headers: { host: 'Door.Example:8443' } })).status, 200)
    assert.equal((await dashboard.ask('/api/door', { headers: { host: 'other.example' } })).status, 421)
  })
})

describe('T77 a page of another site that sends requests', () => {
  const forgeries: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'a form': { 'content-type': 'application/x-www-form-urlencoded' },
    'text/plain, which needs no permission': { 'content-type': 'text/plain', 'x-saltgate': 'dashboard' },
    'JSON without the header': { 'content-type': 'application/json' },
    'another value of the header': { ...byPage, 'x-saltgate': '1' },
    'another origin': { ...byPage, origin: 'https://evil.example' },
    'an origin on another port': { ...byPage, origin: 'http://127.0.0.1:1' },
    'the origin null, of a frame without one': { ...byPage, origin: 'null' },
    'a browser that says cross-site': { ...byPage, 'sec-fetch-site': 'cross-site' },
    'a browser that says same-site, which is another port': { ...byPage, 'sec-fetch-site': 'same-site' },
    'a browser that says that nobody asked': { ...byPage, 'sec-fetch-site': 'none' },
  }
  for (const [what, headers] of Object.entries(forgeries)) {
    it(`T77 neither kills nor flushes by ${what}`, async (t) => {
      const dashboard = await openTestDashboard(t, { accounts })
      const stranger = await Stranger.greeted(dashboard.server.port)
      for (const path of [killPath(stranger), '/api/hosts/flush']) {
        const { status } = await dashboard.ask(path, { method: 'POST', headers, body: '{}' })
        assert.ok(status === 403 || status === 415, `${status}`)
      }
      assert.equal(dashboard.server.door.registry.live.size, 1)
      assert.deepEqual(dashboard.log, [])
      stranger.destroy()
    })
  }

  it('T77 is granted nothing when its browser asks first, and no answer is ever for another origin', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const asked = await dashboard.ask('/api/hosts/flush', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-headers': 'x-saltgate' },
    })
    assert.equal(asked.status, 405)
    const read = await dashboard.ask('/api/door', { headers: { origin: 'https://evil.example' } })
    for (const { headers } of [asked, read]) {
      assert.deepEqual(
        Object.keys(headers).filter((name) => name.startsWith('access-control')),
        [],
      )
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    }
  })

  it('T77 reads neither data nor metrics, nor holds a stream, when the browser says where it comes from', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    for (const path of ['/api/door', '/api/live', '/api/handshakes/1', '/metrics']) {
      for (const site of ['cross-site', 'same-site']) {
        assert.equal(
          (await dashboard.ask(path, { headers: { 'sec-fetch-site': site } })).status,
          403,
          `${path} ${site}`,
        )
      }
    }
    assert.equal((await dashboard.ask('/api/door', { headers: { 'sec-fetch-site': 'same-origin' } })).status, 200)
  })

  it('T77 does not stop the page itself', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const stranger = await Stranger.greeted(dashboard.server.port)
    const headers = { ...byPage, origin: `http://127.0.0.1:${dashboard.port}`, 'sec-fetch-site': 'same-origin' }
    assert.equal((await dashboard.ask(killPath(stranger), { method: 'POST', headers, body: '{}' })).status, 200)
    await stranger.rest()
  })
})

describe('T78 script in what strangers and accounts are called', () => {
  const script = '<script>alert(1)</script>'

  it('T78 is data in every answer, which says so, and no script could run beside it', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts: [{ user: script, password: 'x' }, ...accounts] })
    const { server } = dashboard
    const watcher = await dashboard.watch()
    await watcher.until(({ wholes }) => wholes === 1, 'everybody is named')
    const stranger = await Stranger.loggedIn(server.port, {
      user: script,
      password: 'x',
      attributes: { program_name: script },
    })
    const lost = await Stranger.greeted(server.port)
    await lost.login({ user: `${script}\u2028\n\ndata: {}`, password: 'y' })
    await watcher.until(({ refused }) => refused.length > 0, 'the refusal is told')
    assert.ok(watcher.refused.some(([, , , user]) => user.startsWith(script)))
    assert.ok([...watcher.dots.values()].some((dot) => dot[4] === script))

    const seen = (await dashboard.ask('/api/accounts')).json<AccountSeen[]>()
    assert.ok(seen.some(({ name }) => name === `'${script}'@'%'`))
    const { groups } = (await dashboard.ask('/api/refusals')).json<Refusals>()
    const [id = 0] = groups.flatMap(({ handshakes }) => handshakes)
    assert.match((await dashboard.ask(`/api/handshakes/${id}`)).json<Handshake>().user ?? '', /^<script>/)
    for (const path of ['/', '/api/accounts', '/api/refusals', `/api/handshakes/${id}`, '/metrics', `/${script}`]) {
      const { headers, text } = await dashboard.ask(encodeURI(path))
      assert.match(`${headers['content-security-policy']}`, /^default-src 'none'; script-src 'self'; /)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      if (path !== '/') assert.match(headers['content-type'] ?? '', /^(application\/json|text\/plain)/)
      if (path === '/metrics') assert.ok(!text.includes('<script'), 'no name of anybody is in the metrics')
    }
    watcher.stop()
    stranger.destroy()
    lost.destroy()
  })
})

describe('T79 a slow or hostile reader of the live stream', () => {
  it('T79 loses messages, which are counted, and is told everybody anew, while logins and other readers go on', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts, settings: { max_connections: 10_000 } })
    const { server } = dashboard
    const quick = await dashboard.watch()
    const slow = await dashboard.watch()
    await slow.until(({ wholes }) => wholes === 1, 'everybody is named')
    slow.response.pause()
    slow.response.socket.pause()

    const storm = new AbortController()
    const changing = changeUntil(server.port, storm.signal)
    await quick.until(({ seconds }) => (seconds.at(-1)?.dropped ?? 0) > 0, 'messages are dropped')
    const before = memory()
    const dropped = quick.seconds.at(-1)?.dropped ?? 0
    await quick.until(({ seconds }) => (seconds.at(-1)?.dropped ?? 0) > dropped + 10, 'more are')
    const login = await timed(() => loginOnce(server.port))
    const grown = memory().heap - before.heap
    storm.abort()
    await changing
    assert.ok(login < 2000, `a login took ${login} ms`)
    assert.ok(grown < 16 * 1024 * 1024, `${grown} bytes more`)
    assert.equal(quick.dropped, 0)

    const here = await Promise.all(Array.from({ length: 20 }, () => Stranger.greeted(server.port)))
    slow.response.socket.resume()
    slow.response.resume()
    await slow.until(({ wholes, dropped }) => wholes > 1 && dropped > 0, 'everybody is named anew')
    await slow.until(({ dots }) => sameIds(dots, server.door.registry.live), 'the slow one sees who is there')
    await quick.until(({ dots }) => sameIds(dots, server.door.registry.live), 'the quick one sees who is there')
    for (const stranger of here) stranger.destroy()
    slow.stop()
    quick.stop()
  })

  it('T79 of those there are 32 and no more; one that goes makes room', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const watchers = await Promise.all(Array.from({ length: 32 }, () => dashboard.watch()))
    const { status, headers, ...refusal } = await dashboard.ask('/api/live')
    assert.equal(status, 503)
    assert.match(refusal.json().problem, /32 watch already/)
    assert.equal(headers['retry-after'], '10')
    watchers[0]?.stop()
    const late = await untilAnswered(dashboard)
    for (const watcher of [...watchers, late]) watcher.stop()
  })

  it('T79 gets no further with half a request, endless headers or an endless body, and logins go on', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const { port, server } = dashboard
    const host = `Host: 127.0.0.1:${port}\r\n`
    const big = await said(port, `GET / HTTP/1.1\r\n${host}x: ${'y'.repeat(1024 * 1024)}\r\n\r\n`)
    assert.match(big, /^HTTP\/1\.1 431 |^$/)
    const nonsense = await said(port, '\u0016\u0003\u0001 nonsense\r\n\r\n')
    assert.match(nonsense, /^HTTP\/1\.1 400 Bad Request\r\ncontent-security-policy: default-src 'none'/)
    const half = said(port, `GET /api/door HTTP/1.1\r\n${host}x-half: `)
    const nothing = said(port, '')

    const post = `POST /api/hosts/flush HTTP/1.1\r\n${host}x-saltgate: dashboard\r\ncontent-type: application/json\r\n`
    const long = await said(port, `${post}content-length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
    assert.match(long, /^HTTP\/1\.1 413 /)
    const endless = connect(port, '127.0.0.1')
    endless.on('error', () => {})
    endless.write(`${post}transfer-encoding: chunked\r\n\r\n`)
    let answer = ''
    endless.setEncoding('utf8').on('data', (text) => {
      answer += text
    })
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    const more = () => endless.writable && endless.write(chunk, more)
    more()
    await loginOnce(server.port)
    await closed(endless)
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.ok((await timed(() => half)) < 8000)
    assert.match(await half, /^HTTP\/1\.1 408 /)
    assert.match(await nothing, /^HTTP\/1\.1 408 |^$/)
    assert.deepEqual(dashboard.log, [])
  })

  it('T79 takes no connection from those who read, and no login from anybody, with hundreds of them', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const watcher = await dashboard.watch()
    const idle: Socket[] = []
    for (let i = 0; i < 300; i++) {
      const socket = connect(dashboard.port, '127.0.0.1')
      socket.on('error', () => {})
      idle.push(socket)
    }
    await loginOnce(dashboard.server.port)
    const { length } = watcher.seconds
    await watcher.until(({ seconds }) => seconds.length > length + 1, 'the stream goes on')
    for (const socket of idle) socket.destroy()
    await until(() => idle.every(({ closed }) => closed), 'they are gone')
    await untilAnswered(dashboard).then((late) => late.stop())
    watcher.stop()
  })

  it('T79 who asks without end is told to wait before it takes the time of logins', async (t) => {
    const dashboard = await openTestDashboard(t, { accounts })
    const statuses = new Map<number, number>()
    await crowd(600, 20, async () => {
      const { status } = await dashboard.ask('/api/refusals')
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    })
    assert.ok((statuses.get(429) ?? 0) > 100, JSON.stringify([...statuses]))
    assert.ok((statuses.get(200) ?? 0) >= 200, JSON.stringify([...statuses]))
  })
})

function killPath({ greeting }: Stranger): string {
  return `/api/connections/${greeting.connectionId}/kill`
}

async function loginOnce(port: number): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: 'app', password: 'pw-of-app' })
  await connection.end()
}

/** Connections come, say a long name, are there long enough to be seen, and go. */
async function changeUntil(port: number, signal: AbortSignal): Promise<void> {
  const user = '\u0001'.repeat(120)
  while (!signal.aborted) {
    const strangers: Stranger[] = []
    // No more at once than the backlog of a listener holds: one beyond it might wait for its greeting for ever.
    await crowd(300, 40, async () => strangers.push(await Stranger.greeted(port)))
    for (const stranger of strangers) stranger.send(handshakeResponse({ user }, new Uint8Array(20)))
    await new Promise((resolve) => setTimeout(resolve, 150))
    await Promise.all(
      strangers.map((stranger) => {
        stranger.destroy()
        return closed(stranger.plain)
      }),
    )
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}

/** All that comes back until the other side closes. */
async function said(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.setEncoding('utf8').on('data', (part) => {
    answer += part
  })
  socket.on('error', () => {})
  socket.write(text)
  await closed(socket)
  return answer
}

async function untilAnswered(dashboard: TestDashboard) {
  for (let left = 200; left > 0; left--) {
    const watcher = await dashboard.watch().catch(() => undefined)
    if (watcher?.response.statusCode === 200) return watcher
    watcher?.stop()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('the stream is refused still')
}

function sameIds(a: ReadonlyMap<number, unknown>, b: ReadonlyMap<number, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((id) => b.has(id))
}
