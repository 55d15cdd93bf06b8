/** Asking a real dashboard, and what is said when there is none, or it wants more. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { scratch } from '../../../test/support/cli.ts'
import { openTestDashboard } from '../../../test/support/dashboard.ts'
import * as told from '../../../test/support/dashboard-told.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { loadKeyMaterial } from '../../server/key-material.ts'
import { DashboardClient, parseDashboardUrl } from './dashboard-client.ts'
import { follow, type Link } from './follow.ts'

const accounts = [{ user: 'app', host: '%', password: 'right' }]

function clientOf(url: string, rest: Partial<ConstructorParameters<typeof DashboardClient>[0]> = {}): DashboardClient {
  return new DashboardClient({ url: new URL(url), password: undefined, ...rest })
}

async function answering(t: TestContext, listener: RequestListener): Promise<DashboardClient> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

describe('parseDashboardUrl', () => {
  it('takes a URL, or a host with its port', () => {
    assert.equal(parseDashboardUrl('127.0.0.1:3380', undefined).href, 'http://127.0.0.1:3380/')
    assert.equal(parseDashboardUrl('localhost:3380', 'pw').href, 'http://localhost:3380/')
    assert.equal(parseDashboardUrl('[::1]:3380', 'pw').href, 'http://[::1]:3380/')
    assert.equal(parseDashboardUrl('https://db.example/door', 'pw').href, 'https://db.example/door/')
  })

  it('refuses what is none, and never repeats a password', () => {
    for (const text of [
      '',
      'ftp://x',
      'http://',
      'http://a/?b=1',
      'http://u:secret@127.0.0.1:3380',
      'u:secret@h:70000',
    ]) {
      assert.throws(
        () => parseDashboardUrl(text, undefined),
        (error: Error) => error instanceof ConfigurationError && !error.message.includes('secret'),
        text,
      )
    }
  })

  it('does not let a password leave the machine in clear', () => {
    assert.throws(() => parseDashboardUrl('http://db.example:3380', 'secret'), /in clear: use https:\/\/, or a tunnel/)
    assert.throws(() => parseDashboardUrl('http://127.0.0.1.example:3380', 'secret'), ConfigurationError)
    assert.equal(parseDashboardUrl('http://db.example:3380', undefined).host, 'db.example:3380')
  })
})

describe('DashboardClient', () => {
  it('asks a gateway for its backends', async (t) => {
    const gateway = await answering(t, (_, response) => response.end(JSON.stringify(told.backends)))
    assert.deepEqual(await gateway.backends(), told.backends)
  })

  it('asks everything that there is to ask', async (t) => {
    const { port, server } = await openTestDashboard(t, { accounts })
    const client = clientOf(`http://127.0.0.1:${port}/`)
    assert.equal((await client.door()).kind, 'front door')
    assert.deepEqual((await client.refusals()).groups, [])
    assert.deepEqual(await client.hosts(), [])
    assert.equal((await client.accounts())[0]?.name, "'app'@'%'")
    assert.ok(Array.isArray((await client.history()).samples))
    assert.deepEqual(await client.flush(undefined), { done: 'all hosts are forgotten' })
    await assert.rejects(client.backends(), /this is a front door/)
    await assert.rejects(client.kill(server.port), /there is no connection/)
    await assert.rejects(client.handshake(99), /nothing is known of this connection/)
  })

  it('has the password where one is wanted, and says what to do where it is missing or wrong', async (t) => {
    const { port } = await openTestDashboard(t, { accounts, access: { password: 'pässword' } })
    const url = `http://127.0.0.1:${port}/`
    assert.equal((await clientOf(url, { password: 'pässword' }).door()).kind, 'front door')
    await assert.rejects(
      clientOf(url).door(),
      /\(the dashboard wants its password.*\): set SALTGATE_DASHBOARD_PASSWORD/,
    )
    await assert.rejects(
      clientOf(url, { password: 'wr0ng' }).door(),
      (error: Error) => /look at SALTGATE_DASHBOARD_PASSWORD/.test(error.message) && !error.message.includes('wr0ng'),
    )
  })

  it('knows a self-made certificate by --cacert, and shows its own', async (t) => {
    using folder = scratch()
    const run = (...words: string[]) => execFileSync('openssl', words, { cwd: folder.path, stdio: 'pipe' })
    const keys = await loadKeyMaterial({ dataDir: join(folder.path, 'data') })
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    run('req', ...ec, '-keyout', 'me.key', '-out', 'me.csr', '-subj', '/CN=operator')
    run('x509', '-req', '-in', 'me.csr', '-CA', 'data/ca.pem', '-CAkey', 'data/ca-key.pem', '-out', 'me.pem')
    const own = { cert: readFileSync(join(folder.path, 'me.pem')), key: readFileSync(join(folder.path, 'me.key')) }
    const ca = readFileSync(join(folder.path, 'data/ca.pem'))
    const { port } = await openTestDashboard(t, { accounts, keys, access: { clientCa: ca.toString() } })
    const url = `https://127.0.0.1:${port}/`
    assert.equal((await clientOf(url, { ca, ...own }).door()).kind, 'front door')
    await assert.rejects(clientOf(url, own).door(), /nobody vouches for .* \(\w+\): give the one that does by --cacert/)
    await assert.rejects(clientOf(url, { ca }).door(), /if it wants a certificate of yours, give --cert and --key/)
    const other = await openTestDashboard(t, {
      accounts,
      keys,
      access: { clientCa: ca.toString() },
      listen: '127.0.0.2:0',
    })
    await assert.rejects(clientOf(other.dashboard.url, { ca, ...own }).door(), /is for other names/)
    await assert.rejects(clientOf(url.replace('https', 'http')).door(), /cannot be read|is no dashboard/)
  })

  it('says what to do when nothing listens, and what answers when it is something else', async (t) => {
    await assert.rejects(
      clientOf('http://127.0.0.1:1/').door(),
      /nothing listens at http:\/\/127\.0\.0\.1:1\. Is 'saltgate serve'/,
    )
    const page = await answering(t, (_, response) => response.end('<html>'))
    await assert.rejects(page.door(), /is no dashboard of Saltgate's: it does not speak JSON/)
    const other = await answering(t, (_, response) => response.end('{"a":1}'))
    await assert.rejects(other.door(), /is no dashboard of Saltgate's: look at the address/)
    const missing = await answering(t, (_, response) => response.writeHead(404).end('no'))
    await assert.rejects(missing.door(), /it answered with status 404/)
  })

  it('stops reading an answer without an end', async (t) => {
    const endless = await answering(t, (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1 << 20)));
      }
      response.on('drain', more)
      more()
    })
    await assert.rejects(endless.refusals(), /answered with more than 16777216 characters/)
    const signal = new AbortController().signal
    await assert.rejects(async () => {
      for await (const _ of endless.live(signal));
    }, /holds an event of more than/)
  })
})

describe('follow', () => {
  it('waits longer each time, and says since when it hears nothing', async (t) => {
    const client = await answering(t, (_, response) => response.writeHead(500).end())
    const links: Link[] = []
    const ended = new AbortController()
    await follow(client, { onLink: (link) => links.push(link) > 1 && ended.abort(), onEvent() {} }, ended.signal)
    const [first, second] = links
    assert.ok(first?.is === 'lost' && second?.is === 'lost')
    assert.equal(first.sinceMs, second.sinceMs)
    assert.equal(Math.round(first.retryAtMs - first.sinceMs), 500)
    assert.ok(second.retryAtMs - first.retryAtMs >= 999)
    assert.match(first.why, /status 500/)
  })
})
