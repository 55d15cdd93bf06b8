import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { scratch } from '../../test/support/cli.ts'
import { byPage, openTestDashboard } from '../../test/support/dashboard.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { loadKeyMaterial } from '../server/key-material.ts'
import { silentLog } from '../server/log.ts'
import { Access } from './access.ts'
import type { Done, DoorFacts, Handshake, History, HostSeen } from './contract.ts'

const accounts = [{ user: 'app', password: 'pw' }]
const basic = (password: string, user = 'anybody') => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

describe('the dashboard', () => {
  it('tells of the door, its logins and its hosts', async (t) => {
    const { server, ask, ...dashboard } = await openTestDashboard(t, { accounts, databases: 'any' })
    const facts = (await ask('/api/door')).json<DoorFacts>()
    assert.equal(facts.kind, 'front door')
    assert.ok(facts.listening.includes(`127.0.0.1:${server.port}`))

    const watcher = await dashboard.watch()
    await watcher.until(({ wholes }) => wholes === 1, 'everybody is named')
    const stranger = await RawClient.connect({ port: server.port })
    const app = await createConnection({ host: '127.0.0.1', port: server.port, user: 'app', password: 'pw' })
    await watcher.until(({ dots }) => dots.size === 2, 'both are seen')
    await watcher.until((seen) => seen.laneOf(app.threadId) === 'admitted', 'app is in')
    assert.equal(watcher.dots.get(app.threadId)?.[4], 'app')
    const silent = [...watcher.dots.keys()].find((id) => id !== app.threadId) ?? 0
    assert.equal(watcher.laneOf(silent), 'greeting')

    const handshake = (await ask(`/api/handshakes/${app.threadId}`)).json<Handshake>()
    assert.equal(handshake.outcome, 'admitted')
    assert.equal(handshake.live, true)
    await assert.rejects(createConnection({ host: '127.0.0.1', port: server.port, user: 'app', password: 'no' }))
    await watcher.until(({ refused }) => refused.length === 1, 'the refusal is told')
    assert.equal(watcher.refused[0]?.[3], 'app')
    await watcher.until(({ seconds }) => seconds.length > 0, 'a second is over')
    assert.equal(watcher.seconds[0]?.readers, 1)

    const late = await dashboard.watch()
    await late.until(({ dots }) => dots.size === 2, 'who comes later sees the same')
    assert.deepEqual(late.refused, [])
    stranger.destroy()
    await app.end()
    await late.until(({ dots }) => dots.size === 0, 'they are gone')
    for (const one of [watcher, late]) one.stop()
  })

  it('ends a connection, and knows of none that is not there', async (t) => {
    const { server, ask, log } = await openTestDashboard(t, { accounts })
    const app = await createConnection({ host: '127.0.0.1', port: server.port, user: 'app', password: 'pw' })
    const lost = new Promise((resolve) => app.once('error', resolve))
    const killed = await ask(`/api/connections/${app.threadId}/kill`, { method: 'POST', headers: byPage, body: '{}' })
    assert.equal(killed.status, 200)
    assert.match(killed.json<Done>().done, /was ended/)
    await lost
    assert.match(log.join(), /connection killed from the dashboard/)
    const again = await ask(`/api/connections/${app.threadId}/kill`, {
      method: 'POST',
      headers: { 'x-saltgate': 'dashboard' },
    })
    assert.equal(again.status, 404)
  })

  it('flushes one host, or all', async (t) => {
    const { server, ask } = await openTestDashboard(t, { accounts })
    const { hostCache } = server.door
    const hosts = async () => (await ask('/api/hosts')).json<HostSeen[]>().map(({ address }) => address)
    const flush = (body: string) => ask('/api/hosts/flush', { method: 'POST', headers: byPage, body })
    for (const address of ['10.0.0.7', '10.0.0.8', '10.0.0.9']) {
      hostCache.countError(address, 'COUNT_HANDSHAKE_ERRORS', true)
    }
    assert.equal((await hosts()).length, 3)
    assert.equal((await flush('{"address":"10.0.0.7"}')).status, 200)
    assert.deepEqual((await hosts()).sort(), ['10.0.0.8', '10.0.0.9'])
    for (const body of ['[]', '{"address":7}', '{"adress":"10.0.0.8"}', 'nonsense', 'null']) {
      assert.equal((await flush(body)).status, 400, body)
    }
    assert.equal((await hosts()).length, 2)
    assert.equal((await flush('{}')).status, 200)
    assert.deepEqual(await hosts(), [])
  })

  it('gives the history between two moments, and refuses what is none', async (t) => {
    const { ask } = await openTestDashboard(t, { accounts })
    assert.ok((await ask('/api/history')).json<History>().stepMs > 0)
    const now = Date.now()
    assert.equal((await ask(`/api/history?from=${now - 1000}&to=${now}`)).status, 200)
    for (const query of ['from=x', `from=${now}&to=1`, 'to=NaN', 'from=1e999']) {
      assert.equal((await ask(`/api/history?${query}`)).status, 400, query)
    }
  })

  it('gives metrics as OpenMetrics to who names it, else as text', async (t) => {
    const { ask } = await openTestDashboard(t, { accounts })
    const open = await ask('/metrics', { headers: { accept: 'application/openmetrics-text; version=1.0.0' } })
    assert.match(`${open.headers['content-type']}`, /^application\/openmetrics-text/)
    assert.match(open.text, /# EOF\n$/)
    assert.match(`${(await ask('/metrics')).headers['content-type']}`, /^text\/plain/)
  })

  it('answers unknown paths, wrong methods and its own faults in words, with nothing of its inside', async (t) => {
    const { server, ask, log } = await openTestDashboard(t, { accounts })
    for (const path of [
      '/api/nothing',
      '/nothing',
      '/api/handshakes/abc',
      '/api/handshakes/99',
      '/..%2f..%2fetc/passwd',
    ]) {
      const { status, json } = await ask(path)
      assert.equal(status, 404, path)
      assert.ok(json().problem.length > 10)
    }
    assert.match((await ask('/api/backends')).json().problem, /front door/)
    for (const [method, path, allow] of [
      ['POST', '/api/door', 'GET'],
      ['DELETE', '/api/live', 'GET'],
      ['HEAD', '/api/live', 'GET'],
      ['GET', '/api/hosts/flush', 'POST'],
      ['PUT', '/', 'GET'],
    ] as const) {
      const { status, headers } = await ask(path, { method, headers: byPage })
      assert.equal(status, 405, `${method} ${path}`)
      assert.equal(headers.allow, allow)
    }
    t.mock.method(server.door.hostCache, 'each', () => {
      throw new Error('of the inside')
    })
    const fault = await ask('/api/hosts')
    assert.equal(fault.status, 500)
    assert.ok(!fault.text.includes('of the inside'))
    assert.match(log.join(), /of the inside/)
  })

  it('says who may load what on every answer', async (t) => {
    const { ask } = await openTestDashboard(t, { accounts })
    const all = [
      ...['/', '/api/door', '/nothing', '/metrics', '/api/history?from=x'].map((path) => ask(path)),
      ask('/api/hosts/flush', { method: 'POST' }),
      ask('/api/door', { headers: { host: 'evil.example' } }),
      ask('/api/door', { headers: { host: '///' } }),
      ask('/api/door', { headers: { expect: 'nonsense' } }),
      ask('/api/door', { headers: { upgrade: 'websocket', connection: 'upgrade' } }),
    ]
    for (const { status, headers, text } of await Promise.all(all)) {
      assert.match(
        `${headers['content-security-policy']}`,
        /^default-src 'none'; .*frame-ancestors 'none'$/,
        `${status} ${text}`,
      )
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['cache-control'], 'no-store')
    }
  })

  it('serves the page that was built, and says so when none was', async (t) => {
    using folder = scratch()
    const pageDir = join(folder.path, 'page')
    const none = await openTestDashboard(t, { accounts, pageDir })
    const missing = await none.ask('/')
    assert.equal(missing.status, 503)
    assert.match(missing.json().problem, /npm run build:page/)

    await mkdir(join(pageDir, 'assets'), { recursive: true })
    await writeFile(join(folder.path, 'secret.js'), 'secret')
    await writeFile(join(pageDir, 'index.html'), '<!doctype html>')
    await writeFile(join(pageDir, 'notes.md'), 'not part of the page')
    await writeFile(join(pageDir, 'assets', 'index-Ab3_x-9Z.js'), 'let a')
    const { ask } = await openTestDashboard(t, { accounts, pageDir })
    const page = await ask('/')
    assert.equal(page.text, '<!doctype html>')
    assert.equal(page.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(page.headers['cache-control'], 'no-store')
    const script = await ask('/assets/index-Ab3_x-9Z.js')
    assert.equal(script.text, 'let a')
    assert.equal(script.headers['content-type'], 'text/javascript; charset=utf-8')
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable')
    for (const path of [
      '/notes.md',
      '/../secret.js',
      '/assets/../../secret.js',
      '/assets/%2e%2e/%2e%2e/secret.js',
      '/assets/',
    ]) {
      assert.equal((await ask(path)).status, 404, path)
    }
  })

  it('leaves no stream open when it closes, and says when its address is taken', async (t) => {
    const first = await openTestDashboard(t, { accounts })
    const watcher = await first.watch()
    const taken = openTestDashboard(t, { accounts, listen: `127.0.0.1:${first.port}` })
    await assert.rejects(taken, (error) => {
      assert.ok(error instanceof ConfigurationError)
      assert.match(
        error.message,
        /the dashboard cannot listen on 127\.0\.0\.1:\d+: another program listens there; .*--dashboard/,
      )
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'EADDRINUSE')
      return true
    })
    await first.dashboard.close()
    await watcher.until(({ ended }) => ended, 'the stream has ended')
  })
})

describe('who may see the dashboard', () => {
  it('is everybody on loopback, and nobody elsewhere without a password or a certificate', async (t) => {
    for (const listen of ['0.0.0.0:0', '[::]:0', '192.0.2.7:0']) {
      await assert.rejects(
        openTestDashboard(t, { accounts, listen }),
        /could be seen by everybody: set dashboard\.password/,
      )
    }
    for (const listen of ['127.0.0.1:0', 'localhost:0', '127.0.0.9:0']) await openTestDashboard(t, { accounts, listen })
    for (const [options, secure] of [
      [{ password: 'x' }, true],
      [{ clientCa: 'x' }, true],
    ] as const) {
      assert.equal(new Access(options, '0.0.0.0', '0.0.0.0', silentLog).secure, secure)
    }
    assert.equal(new Access({ password: 'x' }, '127.0.0.1', '127.0.0.1', silentLog).secure, false)
  })

  it('is who has the password, with any user name, once one is set', async (t) => {
    const { ask, watch, log } = await openTestDashboard(t, { accounts, access: { password: 'pass:wörd' } })
    for (const path of ['/', '/api/door', '/metrics', '/api/live', '/nothing']) {
      const { status, headers } = await ask(path)
      assert.equal(status, 401, path)
      assert.equal(headers['www-authenticate'], 'Basic realm="Saltgate", charset="UTF-8"')
    }
    assert.equal((await ask('/api/door', { headers: basic('pass:wörd') })).status, 200)
    assert.equal((await ask('/api/door', { headers: basic('pass:wörd', '') })).status, 200)
    const watcher = await watch(basic('pass:wörd', 'prometheus'))
    assert.equal(watcher.response.statusCode, 200)
    watcher.stop()
    for (const headers of [
      basic('pass:word'),
      { authorization: 'Bearer x' },
      { authorization: 'Basic !' },
      basic(''),
    ]) {
      assert.equal((await ask('/api/door', { headers })).status, 401)
    }
    assert.deepEqual(log, [])
  })

  it('is nobody for a minute after five wrong passwords, not even who has the right one', async (t) => {
    const { ask, log } = await openTestDashboard(t, { accounts, access: { password: 'right' } })
    for (let i = 0; i < 5; i++) assert.equal((await ask('/api/door', { headers: basic('wrong-one') })).status, 401)
    for (const password of ['wrong-one', 'right']) {
      const { status, headers } = await ask('/api/door', { headers: basic(password) })
      assert.equal(status, 429)
      assert.ok(Number(headers['retry-after']) > 50)
    }
    assert.equal(log.length, 1)
    assert.ok(!log.join().includes('wrong-one'))
  })

  it('is who has a certificate of the CA, over HTTPS, once one is set; and new certificates hold from then on', async (t) => {
    using folder = scratch()
    const run = (...words: string[]) => execFileSync('openssl', words, { cwd: folder.path, stdio: 'pipe' })
    const keys = await loadKeyMaterial({ dataDir: join(folder.path, 'data') })
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    run('req', ...ec, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=operator')
    run('x509', '-req', '-in', 'client.csr', '-CA', 'data/ca.pem', '-CAkey', 'data/ca-key.pem', '-out', 'client.pem')
    run('req', '-x509', ...ec, '-keyout', 'other.key', '-out', 'other.pem', '-subj', '/CN=operator')
    const read = (name: string) => readFile(join(folder.path, name))
    const ca = keys.ca ?? ''
    const { ask, dashboard } = await openTestDashboard(t, { accounts, keys, access: { clientCa: ca } })
    assert.match(dashboard.url, /^https:/)
    const own = { ca, cert: await read('client.pem'), key: await read('client.key') }
    assert.equal((await ask('/api/door', own)).status, 200)
    await assert.rejects(ask('/api/door', { ca }))
    await assert.rejects(ask('/api/door', { ca, cert: await read('other.pem'), key: await read('other.key') }))

    const fresh = await loadKeyMaterial({})
    dashboard.reload(fresh)
    await assert.rejects(ask('/api/door', own), /certificate|signature/)
    assert.equal((await ask('/api/door', { ...own, ca: fresh.ca ?? '' })).status, 200)
  })
})
