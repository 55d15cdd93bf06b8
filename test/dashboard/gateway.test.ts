/** The dashboard of a gateway, of one process and of several: it shows one door, whoever has the connection. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import type {
  AccountSeen,
  BackendsSeen,
  DoorFacts,
  Handshake,
  History,
  Now,
  Refusals,
} from '../../src/dashboard/contract.ts'
import { workerOf } from '../../src/gateway/open.ts'
import { Serving, scratch } from '../support/cli.ts'
import { openDoor, type TestDoor } from '../support/door.ts'
import { nextSecond } from './door-counts.ts'
import { linesOf } from './scrapes.ts'

for (const workers of [1, 3]) {
  describe(`the dashboard of a gateway of ${workers} process(es)`, () => {
    const directory = scratch()
    let backend: TestDoor
    let gateway: Serving
    let url: string
    const clients: Connection[] = []

    const login = async (user = 'ann', password = 'right') => {
      const client = await connect({
        ...{ host: '127.0.0.1', port: gateway.port, user, password },
        ...{ tls: { mode: 'DISABLED' }, getServerPublicKey: true },
      })
      clients.push(client)
      return client
    }
    const ask = async <T>(path: string): Promise<T> => (await fetch(new URL(path, url))).json() as Promise<T>
    const metric = async (start: string) => {
      const lines = linesOf(await (await fetch(new URL('/metrics', url))).text())
      return lines.filter(({ name }) => name === start)
    }

    before(async () => {
      backend = await openDoor({
        accounts: [
          { user: 'watch', password: 'watching' },
          { user: 'ann', password: 'right' },
        ],
      })
      const to = [`mysql://watch:watching@127.0.0.1:${backend.port}?name=one&ssl-mode=DISABLED&get-server-public-key=1`]
      writeFileSync(join(directory.path, 'saltgate.config.json'), JSON.stringify({ gateway: { to } }))
      const args = ['--json', '--workers', `${workers}`, '--dashboard', '127.0.0.1:0']
      gateway = await Serving.start(args, { cwd: directory.path }, 'gateway')
      url = JSON.parse(gateway.stdout.split('\n')[0] ?? '').dashboard
    })

    after(async () => {
      await Promise.all(clients.map((client) => client.close().catch(() => {})))
      await gateway[Symbol.asyncDispose]()
      await backend.front.close(0)
      directory[Symbol.dispose]()
    })

    it('says what it is, and who stands behind it', async () => {
      const door = await ask<DoorFacts>('/api/door')
      assert.deepEqual([door.kind, door.listening], ['gateway', [`127.0.0.1:${gateway.port}`]])
      const { backends } = await ask<BackendsSeen>('/api/backends')
      assert.deepEqual(
        backends.map(({ name, state }) => [name, state]),
        [['one', 'up']],
      )
    })

    it('shows everybody who is in, with the ladder of a relayed login, and ends who is to go', async () => {
      await Promise.all(Array.from({ length: 6 }, () => login()))
      const [client] = clients
      assert.ok(client)
      const now = await snapshot(url)
      const shown = new Set(now.changed.map(([id]) => id))
      for (const { connectionId } of clients) assert.ok(shown.has(connectionId), `${connectionId} is not shown`)
      assert.equal(now.counts.at(-1), 6)

      const seen = await ask<Handshake>(`/api/handshakes/${client.connectionId}`)
      assert.deepEqual([seen.outcome, seen.live, seen.user], ['admitted', true, 'ann'])
      const texts = seen.ladder.map(({ text }) => text)
      assert.ok(texts.includes('switch to caching_sha2_password') && texts.includes('OK'), texts.join(', '))
      assert.ok(seen.times.some(([lane]) => lane === 'backend'))

      const path = new URL(`/api/connections/${client.connectionId}/kill`, url)
      const killed = await fetch(path, { method: 'POST', headers: { 'x-saltgate': 'dashboard' } })
      assert.equal(killed.status, 200)
      await assert.rejects(client.ping())
      clients.shift()
    })

    it('counts what all processes have counted, and loses nothing with one that dies', async () => {
      for (let i = 0; i < 9; i++) await assert.rejects(login('ann', 'wrong'), { code: 1045 })
      const refused = async () => {
        const lines = await metric('saltgate_logins_total')
        return lines
          .filter(({ labels }) => labels.get('result') === 'refused')
          .reduce((sum, { value }) => sum + value, 0)
      }
      assert.equal(await refused(), 9)
      const { groups } = await ask<Refusals>('/api/refusals')
      assert.deepEqual(
        groups.map(({ count, network }) => [count, network]),
        [[9, '127.0.0.0/24']],
      )
      const [first] = clients
      const victim = first && workerOf(first.connectionId)
      if (workers > 1 && victim !== undefined) {
        const lines = gateway.stderr.split('\n').filter((line) => line.includes('a worker is ready'))
        const { pid } = lines.map((line) => JSON.parse(line)).find(({ worker }) => worker === victim + 1)
        process.kill(pid, 'SIGKILL')
        await gateway.logged(/a worker died/)
        await gateway.logged(new RegExp(`(a worker is ready[^]*){${workers + 1}}`))
        assert.equal(await refused(), 9)
        const inside = clients.filter(({ connectionId }) => workerOf(connectionId) !== victim).length
        const [ready] = (await metric('saltgate_connections')).filter(({ labels }) => labels.get('phase') === 'ready')
        assert.equal(ready?.value, inside)
      }
      assert.deepEqual(await ask<AccountSeen[]>('/api/accounts'), [])
    })

    it('has the same in its history', async () => {
      await nextSecond(url)
      const { samples } = await ask<History>(`/api/history?from=0&to=${Date.now() + 60_000}`)
      const sum = (of: 'admitted' | 'refused') => samples.reduce((all, one) => all + one[of], 0)
      assert.deepEqual([sum('admitted'), sum('refused')], [6, 9])
    })
  })
}

/** The first event of the stream, which names everybody. */
async function snapshot(url: string): Promise<Now> {
  const stream = await fetch(new URL('/api/live', url))
  assert.ok(stream.body)
  let text = ''
  for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const [, data] = /^event: now\ndata: (.*)\n\n/m.exec(text) ?? []
    if (data !== undefined) return JSON.parse(data) as Now
  }
  throw new Error('the stream ended before it named anybody')
}
