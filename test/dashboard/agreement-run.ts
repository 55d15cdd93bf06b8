/**
 * The proof that everything that counts logins counts them exactly: some thousand scripted logins of all kinds against a real
 * `saltgate serve`, many at a time and in random order; then what was done beside what metrics, log, history and SHOW GLOBAL STATUS say.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import { Serving, scratch } from '../support/cli.ts'
import { Stranger } from '../threats/stranger.ts'
import { compareAll, compareHistory, compareLog, settled } from './door-counts.ts'
import { ExpectedCounts, tableHead } from './login-counts.ts'
import { type Kind, native, password, type ScriptedDoor, sha2, way } from './login-kind.ts'
import { admitted, firstOfSha2 } from './login-kinds-admitted.ts'
import { blocks, broken, silent, turnedAway } from './login-kinds-broken.ts'
import { firstOfHour, refused, turnedAwayLate } from './login-kinds-refused.ts'

const kinds: readonly Kind[] = [...admitted, ...refused, ...broken]
const special: readonly Kind[] = [firstOfSha2, firstOfHour, blocks, silent, turnedAway, turnedAwayLate]

const rootPassword = 'pw-of-root'
const atATime = 32
const maxConnectErrors = 100
const maxConnections = 151
const by = (plugin: string) => `IDENTIFIED WITH ${plugin} BY '${password}'`

const accounts = [
  `CREATE USER native ${by(native)}`,
  `CREATE USER sha2 ${by(sha2)}`,
  `CREATE USER sha256 ${by('sha256_password')}`,
  'CREATE USER open',
  `CREATE USER locked ${by(native)} ACCOUNT LOCK`,
  `CREATE USER expired ${by(native)} PASSWORD EXPIRE`,
  `CREATE USER encrypted ${by(native)} REQUIRE SSL`,
  `CREATE USER single ${by(native)} WITH MAX_USER_CONNECTIONS 1`,
  `CREATE USER hourly ${by(native)} WITH MAX_CONNECTIONS_PER_HOUR 1`,
  `CREATE USER blocked ${by(native)} FAILED_LOGIN_ATTEMPTS 1 PASSWORD_LOCK_TIME UNBOUNDED`,
  'CREATE USER nologin IDENTIFIED WITH mysql_no_login',
  'CREATE USER peer IDENTIFIED WITH auth_socket',
  'GRANT SELECT ON `app%`.* TO native',
]

/** Rejects with a table of what differs. `logins`: so many at least. `seed` decides their order. Units: ms. */
export async function agree(
  logins: number,
  seed: number,
  deadlineMs: number,
): Promise<{ logins: number; kinds: number }> {
  using directory = scratch()
  const cwd = directory.path
  writeFileSync(join(cwd, 'saltgate.config.ts'), "export default { databases: ['app', 'theirs'] }", { mode: 0o600 })
  const socketPath = join(cwd, 's.sock')
  const args = ['--listen', socketPath, '--dashboard', '127.0.0.1:0', '--log-format', 'json']
  const start = () =>
    // Names are not looked up: no DNS server has a say in how long this takes.
    Serving.start([...args, '--set', 'skip_name_resolve=ON'], {
      ...{ cwd, deadlineMs },
      env: { SALTGATE_ROOT_PASSWORD: rootPassword },
    })

  const expected = new ExpectedCounts()
  const wrong: string[] = []
  {
    await using serving = await start()
    const url = dashboardOf(serving)
    const observer = await createConnection({ socketPath, user: 'root', password: rootPassword })
    expected.add('the observer', [
      { plugin: sha2, account: "'root'@'localhost'", channel: 'unix-socket', phases: way.full },
    ])
    const kill = async (id: number) => void (await observer.query(`KILL ${id}`))
    try {
      await script({ port: serving.port, socketPath, kill }, { url, observer, expected, logins, seed })
      wrong.push(...(await compareAll(expected, url, observer)))
      await observer.end()
    } finally {
      observer.destroy()
    }
    serving.signal('SIGTERM')
    assert.equal(await serving.ended, 0)
    wrong.push(...compareLog(expected, serving.stderr))
  }
  {
    await using again = await start()
    wrong.push(...(await compareHistory(expected, 'history after a restart', dashboardOf(again), 0)))
  }
  assert.ok(wrong.length === 0, `seed ${seed}, ${expected.logins} logins\n${[tableHead, ...wrong].join('\n')}`)
  return { logins: expected.logins, kinds: kinds.length + special.length }
}

interface Script {
  readonly url: string
  /** An administrator. */
  readonly observer: Connection
  readonly expected: ExpectedCounts
  readonly logins: number
  readonly seed: number
}

/** After: nobody is connected but the observer, and nobody is left who was not counted. */
async function script(door: ScriptedDoor, { url, observer, expected, logins, seed }: Script): Promise<void> {
  const run = async (kind: Kind) => expected.add(kind.name, await kind.run(door))
  for (const sql of accounts) await observer.query(sql)
  await run(firstOfSha2)
  await run(firstOfHour)
  for (let i = 0; i < maxConnectErrors; i++) await run(blocks)
  const holder = await Stranger.loggedIn(door.port, { user: 'single', password })
  expected.add('MAX_USER_CONNECTIONS, the first', [
    { plugin: native, account: 'single', channel: 'plaintext', phases: way.switched, aborts: true },
  ])

  await observer.query('SET GLOBAL connect_timeout = 3')
  const timeouts = Promise.all(Array.from({ length: 10 }, () => run(silent)))
  assert.ok(await settled(url, 2 + 10), 'the silent ones are there')
  await observer.query('SET GLOBAL connect_timeout = 10')
  const waiting = mixOf(logins, seed)
  const worker = async () => {
    for (let kind = waiting.pop(); kind !== undefined; kind = waiting.pop()) await run(kind)
  }
  await Promise.all([timeouts, ...Array.from({ length: atATime }, worker)])

  // The observer and who holds the account's one connection.
  assert.ok(await settled(url, 2), 'everybody else has left')
  await observer.query('SET GLOBAL max_connections = 1')
  for (let i = 0; i < 10; i++) await run(turnedAway)
  await observer.query('SET GLOBAL max_connections = 2')
  for (let i = 0; i < 10; i++) await run(turnedAwayLate)
  await observer.query(`SET GLOBAL max_connections = ${maxConnections}`)
  holder.destroy()
  await settled(url, 1, expected.logins)
}

/** Every kind at least once. */
function mixOf(logins: number, seed: number): Kind[] {
  const weights = kinds.reduce((sum, { weight }) => sum + weight, 0)
  const mix = kinds.flatMap((kind) => new Array<Kind>(Math.ceil((logins * kind.weight) / weights)).fill(kind))
  const random = randomFrom(seed)
  const order = mix.map((kind) => ({ kind, at: random() })).sort((a, b) => a.at - b.at)
  return order.map(({ kind }) => kind)
}

/** Numbers from 0 to 1 that are the same for the same seed: a linear congruential generator of 32 bits. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function dashboardOf({ stdout }: Serving): string {
  const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(stdout) ?? []
  assert.ok(url, stdout)
  return url
}
