import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { int } from '../../test/support/bytes.ts'
import { Serving, saltgate, scratch } from '../../test/support/cli.ts'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import { RawClient } from '../../test/support/raw-client.ts'
import { connect } from '../client/connect.ts'
import type { Connection } from '../client/connection.ts'
import { workerOf } from '../gateway/open.ts'
import { command } from '../packets/commands.ts'

let backend: TestDoor

before(async () => {
  backend = await openDoor({
    accounts: [
      { user: 'watch', password: 'watching' },
      { user: 'ann', password: 'right' },
      { user: 'bob', password: 'right' },
    ],
    handler: () => (sql, session) => {
      if (sql === 'BEGIN' || sql === 'COMMIT') session.inTransaction = sql === 'BEGIN'
      return [{ answer: sql }]
    },
  })
})

after(() => backend.front.close(0))

const chief = { user: 'root', password: 'chief' }

function configure(cwd: string, gateway: object, more: object = {}): void {
  const to = [`mysql://watch:watching@127.0.0.1:${backend.port}?name=one&ssl-mode=DISABLED&get-server-public-key=1`]
  const config = { ...more, gateway: { to, admin: { listen: ['127.0.0.1:0'] }, ...gateway } }
  writeFileSync(join(cwd, 'saltgate.config.json'), JSON.stringify(config))
}

function start(cwd: string, ...args: string[]): Promise<Serving> {
  const env = { SALTGATE_ADMIN_PASSWORD: chief.password }
  return Serving.start(['--json', ...args], { cwd, env }, 'gateway')
}

function login(port: number, user = 'ann', password = 'right'): Promise<Connection> {
  const tls = { mode: 'DISABLED' } as const
  return connect({ host: '127.0.0.1', port, user, password, tls, getServerPublicKey: true })
}

function adminPort({ stdout }: Serving): number {
  return Number(JSON.parse(stdout.split('\n')[0] ?? '').admin.listening[0].split(':')[1])
}

/** By worker, from 1: what the log says of each, the last time. */
function pids({ stderr }: Serving): Map<number, number> {
  const lines = stderr.split('\n').filter((line) => line.includes('a worker is ready'))
  return new Map(lines.map((line) => JSON.parse(line)).map(({ worker, pid }) => [worker, pid]))
}

const workerWith = ({ connectionId }: Connection) => (workerOf(connectionId) ?? -1) + 1

/** Noticed at once, or by who asks. */
const isLost = ({ code }: { readonly code?: unknown }) => code === 2006 || code === 2013

/** What is told by one process to another takes a while: asks until the answer is yes. */
async function eventually(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await isSo())) assert.ok(performance.now() < end, `waited in vain until ${what}`)
}

function hasLeft(client: Connection): Promise<boolean> {
  return client.ping().then(
    () => false,
    () => true,
  )
}

function hasEnded(pid: number): boolean {
  try {
    return !process.kill(pid, 0)
  } catch {
    return true
  }
}

describe('saltgate gateway --workers', () => {
  const directory = scratch()
  let gateway: Serving
  let admin: Connection
  let clients: Connection[] = []

  before(async () => {
    configure(directory.path, {})
    gateway = await start(directory.path, '--workers', '3')
    admin = await login(adminPort(gateway), chief.user, chief.password)
  })

  beforeEach(async () => {
    await Promise.all(clients.map((client) => client.close().catch(() => {})))
    clients = []
    await eventually(async () => (await count('information_schema.processlist')) === 0, 'everybody has left')
  })

  after(async () => {
    await admin.close()
    await gateway[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  async function enter(count: number, user?: string): Promise<Connection[]> {
    const entered = await Promise.all(Array.from({ length: count }, () => login(gateway.port, user)))
    clients.push(...entered)
    return entered
  }

  async function rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await admin.query<Record<string, unknown>>(sql)).rows
  }

  async function count(table: string): Promise<number> {
    const [row] = await rows(`SELECT COUNT(*) AS n FROM ${table}`)
    return Number(row?.n)
  }

  /** One client of each worker. */
  async function oneOfEach(user?: string): Promise<Connection[]> {
    const found = new Map<number, Connection>()
    for (let tries = 0; found.size < 3 && tries < 200; tries++) {
      for (const client of await enter(3, user)) found.set(workerWith(client), client)
    }
    assert.deepEqual([...found.keys()].sort(), [1, 2, 3])
    return [1, 2, 3].map((worker) => found.get(worker) as Connection)
  }

  it('is ready when all are, says how many, and spreads the clients over them', async () => {
    const { workers, listening } = JSON.parse(gateway.stdout.split('\n')[0] ?? '')
    assert.deepEqual([workers, listening], [3, [`127.0.0.1:${gateway.port}`]])
    assert.equal(pids(gateway).size, 3)
    const entered = await enter(60)
    assert.equal(new Set(entered.map(({ connectionId }) => connectionId)).size, 60)
    assert.ok(new Set(entered.map(workerWith)).size >= 2)
  })

  it('shows the clients of all workers in one list, with counters that are added', async () => {
    await admin.query('FLUSH STATUS')
    const entered = await enter(60)
    const ids = entered.map(({ connectionId }) => connectionId).sort((a, b) => a - b)
    const shown = await rows('SELECT id, user FROM information_schema.processlist ORDER BY id')
    assert.deepEqual(
      shown.map(({ id, user }) => [Number(id), user]),
      ids.map((id) => [id, 'ann']),
    )
    const pairs = await rows('SELECT connection_id AS id, worker, backend, state FROM saltgate.pairs')
    assert.deepEqual(
      pairs.map((row) => ({ ...row, id: Number(row.id), worker: Number(row.worker) })),
      ids.map((id) => ({ id, worker: (workerOf(id) ?? -1) + 1, backend: 'one', state: 'idle' })),
    )
    const [one, ...others] = await rows('SELECT name, state, connections FROM saltgate.backends')
    assert.deepEqual([one, others], [{ name: 'one', state: 'up', connections: 60n }, []])
    const status = await rows("SHOW GLOBAL STATUS WHERE Variable_name IN ('Connections', 'Threads_connected')")
    assert.deepEqual(
      status.map(({ Value }) => Value),
      ['60', '60'],
    )
    const [{ n } = {}] = await rows("SELECT COUNT(*) AS n FROM saltgate.handshakes WHERE outcome = 'admitted'")
    assert.ok(Number(n) >= 60)
  })

  it('answers the commands of the wire about all workers, too', async () => {
    await enter(9)
    const args = ['plain', '--admin', '--plugin', 'mysql_native_password', '--password-stdin']
    const data = join(directory.path, 'saltgate-data/admin')
    const { code } = await saltgate(['user', 'add', ...args, '--data', data], { cwd: data, stdin: 'right\n' })
    assert.equal(code, 0)
    const raw = await RawClient.connect({ port: adminPort(gateway) })
    const { last } = await raw.login({ user: 'plain', password: 'right' })
    assert.equal(last.payload[0], 0)
    const { payload } = await raw.command(command.STATISTICS)
    assert.match(payload.toString('latin1'), /Threads: 9 /)
    const [client, ...others] = clients
    assert.ok(client !== undefined)
    const killed = await raw.command(command.PROCESS_KILL, int(client.connectionId, 4))
    assert.equal(killed.payload[0], 0)
    await assert.rejects(client.ping(), isLost)
    await Promise.all(others.map((other) => other.ping()))
    raw.destroy()
  })

  it('KILL of an administrator ends a client in each worker, and nobody else', async () => {
    const three = await oneOfEach()
    for (const { connectionId } of three) {
      await admin.query(`KILL ${connectionId}`)
      await assert.rejects(admin.query(`KILL ${connectionId}`), { code: 1094 })
    }
    for (const client of three) await assert.rejects(client.ping(), isLost)
    for (const client of clients.filter((one) => !three.includes(one))) await client.ping()
  })

  it('KILL of a client reaches those of its account in other workers, and no others', async () => {
    const [first, second, third] = await oneOfEach()
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const [stranger] = await oneOfEach('bob')
    await assert.rejects(stranger?.query(`KILL ${second.connectionId}`) ?? Promise.resolve(), { code: 1095 })
    await first.query(`KILL ${second.connectionId}`)
    await assert.rejects(second.ping(), isLost)
    await assert.rejects(first.query(`KILL ${second.connectionId}`), { code: 1094 })
    await first.query(`KILL QUERY ${third.connectionId}`)
    await third.ping()
    await first.query(`KILL ${first.connectionId}`).catch(() => {})
    await assert.rejects(first.ping())
  })

  it('SET GLOBAL and FLUSH reach all workers', async () => {
    await admin.query('SET GLOBAL offline_mode = ON')
    const refused = await Promise.allSettled(Array.from({ length: 12 }, () => login(gateway.port)))
    assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set(['rejected']))
    const [{ n } = {}] = await rows("SELECT count AS n FROM saltgate.deny_reasons WHERE deny_reason = 'offline-mode'")
    assert.equal(Number(n), 12)
    await admin.query('SET GLOBAL offline_mode = OFF')
    await admin.query('FLUSH STATUS')
    const [{ n: left } = {}] = await rows('SELECT SUM(count) AS n FROM saltgate.deny_reasons')
    assert.equal(Number(left), 0)
    await enter(12)
  })

  it('starts a worker again that died, while the others and their clients go on', async () => {
    const three = await oneOfEach()
    const [, second] = three
    assert.ok(second !== undefined)
    const before = pids(gateway)
    const connections = async () => Number((await rows("SHOW GLOBAL STATUS LIKE 'Connections'"))[0]?.Value)
    const counted = await connections()
    process.kill(before.get(2) as number, 'SIGKILL')
    await assert.rejects(second.ping())
    await gateway.logged(/"reason":"SIGKILL".*it is started again/)
    const others = clients.filter((client) => workerWith(client) !== 2)
    for (const client of others) await client.ping()
    assert.equal(await count('saltgate.pairs'), others.length)
    assert.ok((await connections()) >= counted)
    await until(() => pids(gateway).get(2) !== before.get(2), 'worker 2 is back')
    const again = await oneOfEach()
    await Promise.all(again.map((client) => client.ping()))
  })

  it('tells a worker that comes back what was set while it was away', async () => {
    await admin.query('SET GLOBAL offline_mode = ON')
    const before = pids(gateway)
    process.kill(before.get(1) as number, 'SIGKILL')
    await until(() => pids(gateway).get(1) !== before.get(1), 'worker 1 is back')
    const refused = await Promise.allSettled(Array.from({ length: 12 }, () => login(gateway.port)))
    assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set(['rejected']))
    await admin.query('SET GLOBAL offline_mode = OFF')
  })

  it('SIGHUP reloads all of them, or none', async () => {
    const three = await oneOfEach()
    const [one] = await rows('SELECT COUNT(*) AS n FROM saltgate.rules')
    assert.equal(one?.n, 1n)
    configure(directory.path, { rules: [{ way: 'mapped' }] })
    gateway.signal('SIGHUP')
    await gateway.logged(/everything stays as it was/)
    await enter(6, 'bob')
    configure(directory.path, { rules: [{ user: 'bob', way: 'refuse' }, { way: 'relay' }] })
    gateway.signal('SIGHUP')
    await gateway.logged(/were read again/)
    const refused = await Promise.allSettled(Array.from({ length: 12 }, () => login(gateway.port, 'bob')))
    assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set(['rejected']))
    const [two] = await rows('SELECT COUNT(*) AS n FROM saltgate.rules')
    assert.equal(two?.n, 2n)
    await Promise.all(three.map((client) => client.ping()))
  })

  it('SIGTERM drains all: a transaction in one of them may finish, and the view stays until then', async () => {
    const [busy, ...idle] = await oneOfEach()
    assert.ok(busy !== undefined)
    await busy.query('BEGIN')
    gateway.signal('SIGTERM')
    await gateway.logged(/the door is closed/)
    for (const client of idle) await eventually(() => hasLeft(client), 'the idle ones have left')
    await eventually(async () => (await count('saltgate.pairs')) === 1, 'the others have left')
    assert.deepEqual(await rows('SELECT in_transaction AS t FROM saltgate.pairs'), [{ t: 'YES' }])
    await busy.query('COMMIT')
    await assert.rejects(busy.ping())
    assert.equal(await gateway.ended, 0)
    for (const pid of pids(gateway).values()) assert.ok(hasEnded(pid))
  })
})

describe('saltgate gateway --workers, no worker outlives its supervisor', () => {
  it('when that one is killed', async () => {
    using directory = scratch()
    configure(directory.path, { workers: 2, drainMs: 0 })
    const gateway = await start(directory.path)
    const client = await login(gateway.port)
    assert.equal(pids(gateway).size, 2)
    process.kill(gateway.pid as number, 'SIGKILL')
    await eventually(() => hasLeft(client), 'the client is gone')
    for (const pid of pids(gateway).values()) await until(() => hasEnded(pid), 'each worker has ended')
  })

  it('when a second SIGTERM ends it, with a transaction under way', async () => {
    using directory = scratch()
    configure(directory.path, { workers: 2 })
    await using gateway = await start(directory.path)
    const client = await login(gateway.port)
    await client.query('BEGIN')
    gateway.signal('SIGTERM')
    await gateway.logged(/the door is closed/)
    gateway.signal('SIGTERM')
    assert.equal(await gateway.ended, 1)
    for (const pid of pids(gateway).values()) await until(() => hasEnded(pid), 'each worker has ended')
  })
})

describe('saltgate gateway --workers, what cannot work', () => {
  async function refused(args: readonly string[], said: RegExp): Promise<void> {
    using directory = scratch()
    configure(directory.path, {})
    const { code, stderr } = await saltgate(['gateway', ...args], { cwd: directory.path })
    assert.equal(code, 2)
    assert.match(stderr, said)
  }

  it('a number that is none', () => refused(['--workers', 'many'], /--workers many: write 1 to 64, or auto/))

  it('no port to share', () => refused(['--workers', '2', '--listen', './s.sock'], /several workers share TCP ports/))

  it('a port that another program has, even if it would share it', async () => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0, reusePort: true })
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await refused(['--workers', '2', '--listen', `127.0.0.1:${port}`], /another program listens there/)
    other.close()
  })
})
