import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import mysql2 from 'mysql2/promise'
import { type Line, linesOf, metricsOf, type Scrapes, scrapeDoors } from '../../../test/dashboard/scrapes.ts'
import { type TestDoor, until, withDoor } from '../../../test/support/door.ts'
import { RawClient } from '../../../test/support/raw-client.ts'
import { denyReasons } from '../../errors/deny-reasons.ts'
import { families } from './families.ts'

const app = { user: 'app', password: 'right', plugin: 'mysql_native_password' } as const

/** The sum of all lines of that name that have these labels. */
function sumOf(lines: readonly Line[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return lines
    .filter(
      (line) => line.name === name && Object.entries(labels).every(([key, value]) => line.labels.get(key) === value),
    )
    .reduce((sum, { value }) => sum + value, 0)
}

async function scrape({ door }: TestDoor): Promise<Line[]> {
  return linesOf(await metricsOf({ administered: door }).render(false))
}

async function tryToEnter(server: TestDoor, login: { user: string; password: string }): Promise<void> {
  const client = await RawClient.connect({ port: server.port })
  await client.login(login)
  client.destroy()
}

describe('Metrics', () => {
  it('count each login, by result, kind, plugin and channel, and each refusal by its reason', () =>
    withDoor({ accounts: [app, { ...app, user: 'other' }] }, async (server) => {
      const to = { host: '127.0.0.1', port: server.port, ssl: { rejectUnauthorized: false } }
      const session = await mysql2.createConnection({ ...to, user: 'app', password: 'right' })
      await session.changeUser({ user: 'other', password: 'right' })
      for (let i = 0; i < 3; i++) await tryToEnter(server, { user: 'app', password: 'wrong' })
      await tryToEnter(server, { user: 'nobody', password: 'x' })
      await until(() => server.refusals.length === 4, 'all are refused')
      const lines = await scrape(server)
      const logins = (labels: Readonly<Record<string, string>>) => sumOf(lines, 'saltgate_logins_total', labels)
      const [plugin, channel] = ['mysql_native_password', 'tls']
      assert.equal(logins({ result: 'admitted', kind: 'connect', plugin, channel }), 1)
      assert.equal(logins({ result: 'admitted', kind: 'change_user', plugin, channel }), 1)
      assert.equal(logins({ result: 'refused', kind: 'connect', channel: 'plaintext' }), 4)
      assert.equal(logins({}), 6)
      assert.equal(sumOf(lines, 'saltgate_refusals_total', { reason: 'scramble-mismatch' }), 3)
      assert.equal(sumOf(lines, 'saltgate_refusals_total'), 4)
      assert.equal(sumOf(lines, 'saltgate_connections', { phase: 'ready' }), 1)
      assert.equal(sumOf(lines, 'mysql_global_status_threads_connected'), server.door.registry.live.size)
      assert.equal(sumOf(lines, 'mysql_global_status_aborted_connects'), 4)
      assert.equal(sumOf(lines, 'mysql_global_variables_max_connections'), 151)
      session.destroy()
    }))

  it('have all reasons from the start, so that the first of its kind is seen to grow', () =>
    withDoor({ accounts: [app] }, async (server) => {
      const refusals = (await scrape(server)).filter(({ name }) => name === 'saltgate_refusals_total')
      assert.deepEqual(
        refusals.map(({ labels, value }) => [labels.get('reason'), value]),
        Object.keys(denyReasons).map((reason) => [reason, 0]),
      )
    }))

  it('T46 name no user, no host and no address, whoever knocks', () =>
    withDoor({ accounts: [app], settings: { skip_name_resolve: true, max_connect_errors: 1 } }, async (server) => {
      for (let i = 1; i <= 20; i++) {
        const client = await RawClient.connect({ port: server.port, localAddress: `127.0.7.${i}` })
        await client.login({ user: `<script>${i}</script>`, password: 'x', plugin: `plugin"${i}\n` })
        client.destroy()
      }
      const text = await metricsOf({ administered: server.door }).render()
      assert.doesNotMatch(text, /<script|127\.0\.7|plugin\\"/)
      const lines = linesOf(text)
      assert.equal(sumOf(lines, 'saltgate_logins_total', { result: 'refused' }), 20)
      assert.equal(sumOf(lines, 'saltgate_host_cache_hosts'), 20)
    }))

  it('count hosts and their errors, and who is blocked by max_connect_errors of now', () =>
    withDoor({ accounts: [app], settings: { skip_name_resolve: true } }, async (server) => {
      for (const last of [1, 2, 2]) server.door.hostCache.countError(`10.0.0.${last}`, 'COUNT_HANDSHAKE_ERRORS', true)
      const blocked = async (limit: number) => {
        server.door.settings.setGlobal('max_connect_errors', limit)
        return sumOf(await scrape(server), 'saltgate_host_cache_blocked_hosts')
      }
      assert.deepEqual([await blocked(1), await blocked(2), await blocked(3)], [2, 1, 0])
      assert.equal(sumOf(await scrape(server), 'saltgate_host_cache_errors', { error: 'handshake' }), 3)
    }))

  it('ask the other processes first', () =>
    withDoor({ accounts: [app] }, async ({ door }) => {
      const asked: string[] = []
      const administered = Object.create(door, {
        elsewhere: { value: { catchUp: async () => void asked.push('caught up') } },
        registry: {
          get() {
            asked.push('read')
            return door.registry
          },
        },
      })
      await metricsOf({ administered }).render()
      assert.deepEqual(asked.slice(0, 2), ['caught up', 'read'])
    }))
})

describe('a scrape', () => {
  let scrapes: Scrapes

  before(async () => {
    scrapes = await scrapeDoors()
  })

  it('has only labels that the table of metrics says', () => {
    for (const { name, labels } of [...linesOf(scrapes.door), ...linesOf(scrapes.gateway)]) {
      const family = families.find((one) => name.replace(/_(bucket|sum|count)$/, '') === one.name || name === one.name)
      if (family === undefined) assert.match(name, /^(process|nodejs)_/)
      else
        assert.deepEqual([...labels.keys()].filter((label) => label !== 'le').sort(), [...family.labels].sort(), name)
    }
  })

  it('shows every metric of the table, those of backends at a gateway only', () => {
    const names = (text: string) => new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
    const [door, gateway] = [names(scrapes.door), names(scrapes.gateway)]
    for (const { name } of families) {
      assert.equal(gateway.has(name), name !== 'saltgate_host_cache_errors', name)
      assert.equal(door.has(name), !/^saltgate_(backend|pool)_/.test(name), name)
    }
  })

  it('has histograms in seconds whose buckets hold all that are below them', () => {
    const lines = linesOf(scrapes.door).filter(({ name }) => name.startsWith('saltgate_login_duration_seconds'))
    const series = Map.groupBy(lines, ({ labels }) => [...labels].filter(([label]) => label !== 'le').join(' '))
    assert.ok(series.size >= 2)
    for (const [labels, all] of series) {
      const of = (suffix: string) => all.filter(({ name }) => name.endsWith(suffix))
      const [buckets, [count], [sum]] = [of('_bucket'), of('_count'), of('_sum')]
      const values = buckets.map(({ value }) => value)
      assert.deepEqual(
        values.toSorted((a, b) => a - b),
        values,
        labels,
      )
      assert.equal(buckets.at(-1)?.labels.get('le'), '+Inf')
      assert.equal(values.at(-1), count?.value)
      assert.ok(count !== undefined && count.value > 0)
      assert.ok(sum !== undefined && sum.value > 0 && sum.value < 10, `${sum?.value} seconds`)
      const bounds = buckets.map(({ labels }) => Number(labels.get('le')?.replace('+Inf', 'Infinity')))
      assert.deepEqual([bounds[0], bounds.at(-2)], [0.00001, 60])
      assert.deepEqual(
        bounds.toSorted((a, b) => a - b),
        bounds,
      )
    }
  })

  it('gives the connections of backends and pools by the names of the configuration', () => {
    const lines = linesOf(scrapes.gateway)
    assert.equal(sumOf(lines, 'saltgate_backend_up', { backend: 'one', role: 'primary' }), 1)
    assert.equal(sumOf(lines, 'saltgate_backend_max_connections', { backend: 'one' }), 50)
    assert.equal(sumOf(lines, 'saltgate_pool_connections', { backend: 'one', state: 'busy' }), 1)
    const said = new Set(lines.flatMap(({ name, labels }) => (name.startsWith('nodejs_') ? [] : [...labels.values()])))
    for (const user of ['shared', 'clerk1', 'watch']) assert.ok(!said.has(user), user)
  })

  it('is OpenMetrics as its specification wants it, or the text that came before it', () => {
    const { gateway, gatewayOpenMetrics: open } = scrapes
    assert.match(open, /\n# EOF\n$/)
    assert.match(open, /^# TYPE saltgate_logins counter\nsaltgate_logins_total\{/m)
    assert.match(open, /^# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total \d/m)
    assert.match(open, /^# TYPE mysql_global_status_connections unknown\n/m)
    assert.doesNotMatch(gateway, /# EOF/)
    assert.match(gateway, /^# TYPE saltgate_logins_total counter\nsaltgate_logins_total\{/m)
    assert.match(gateway, /^# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total \d/m)
    assert.match(gateway, /^# TYPE mysql_global_status_connections untyped\n/m)
    const names = (text: string) => [...new Set(linesOf(text).map(({ name }) => name))]
    assert.deepEqual(names(open), names(gateway))
  })
})
