/** What the history promises to a process that is killed: all but the last minute is there, exactly. Minutes are 100 ms here. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createConnection } from 'mysql2/promise'
import { HistoryFile, type Place } from '../../src/dashboard/history-file.ts'
import { together } from '../../src/dashboard/sample-sum.ts'
import { until } from '../support/door.ts'
import { account, type HistoryDoorTells } from './history-door.ts'

const program = fileURLToPath(new URL('./history-door.ts', import.meta.url))
const minuteMs = 100

test('kill -9 at any moment after a minute is over loses nothing of it', async (t) => {
  const file = pathFor(t)
  let [admitted, refused] = [0, 0]
  for (let round = 0; round < 3; round++) {
    const door = await start(t, file)
    const some = 1 + Math.floor(Math.random() * 20)
    for (let i = 0; i < some; i++) await login(door.port)
    await assert.rejects(login(door.port, 'wrong'), { code: 'ER_ACCESS_DENIED_ERROR' })
    admitted += some
    refused++
    const now = Date.now()
    await until(() => door.writtenUntilMs > now, 'the minute of the last login is over')
    await killAfter(door.process, Math.random() * 2 * minuteMs)
    const found = stored(file)
    assert.deepEqual([found.admitted, found.refused], [admitted, refused])
    assert.deepEqual(found.used, { logins: admitted, failures: refused })
    assert.deepEqual(door.logged, [])
  }
})

test('kill -9 in the midst of logins loses those of the last minute and no others', async (t) => {
  const file = pathFor(t)
  let known = { admitted: 0, used: 0 }
  for (let round = 0; round < 3; round++) {
    const door = await start(t, file)
    const logins: { readonly beganMs: number; readonly endedMs: number }[] = []
    const logInUntilItIsGone = async (): Promise<never> => {
      for (;;) {
        const beganMs = Date.now()
        await login(door.port)
        logins.push({ beganMs, endedMs: Date.now() })
      }
    }
    const gone = assert.rejects(logInUntilItIsGone())
    await until(() => door.writtenUntilMs > (logins[10]?.endedMs ?? Number.POSITIVE_INFINITY), 'a minute is over')
    await killAfter(door.process, Math.random() * 2 * minuteMs)
    await gone
    const found = stored(file)
    const fresh = found.admitted - known.admitted
    const promised = logins.filter(({ endedMs }) => endedMs < door.writtenUntilMs).length
    // One may be on its way at the end of the last minute that was written.
    const possible = 1 + logins.filter(({ beganMs }) => beganMs <= found.untilMs).length
    assert.ok(promised > 10 && promised <= fresh && fresh <= possible, `${promised} <= ${fresh} <= ${possible}`)
    assert.ok(possible - logins.filter(({ endedMs }) => endedMs < found.untilMs).length <= 3, 'a narrow answer')
    assert.ok(Number(found.used.logins) - known.used >= promised, 'the use of the account is there as well')
    known = { admitted: found.admitted, used: Number(found.used.logins) }
  }
})

test('SIGTERM loses nothing at all', async (t) => {
  const file = pathFor(t)
  for (let round = 1; round <= 2; round++) {
    const door = await start(t, file)
    for (let i = 0; i < 10; i++) await login(door.port)
    const ended = once(door.process, 'exit')
    door.process.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
    const { admitted, used } = stored(file)
    assert.equal(admitted, 10 * round)
    assert.equal(used.logins, 10 * round)
  }
})

function pathFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-kill9-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'history.sqlite')
}

interface HistoryDoor {
  readonly process: ChildProcess
  readonly port: number
  /** All before is in the file; 0: nothing was told yet. */
  writtenUntilMs: number
  readonly logged: string[]
}

async function start(t: TestContext, file: string): Promise<HistoryDoor> {
  const child = fork(program, [file, String(minuteMs)], { execArgv: ['--no-warnings'] })
  t.after(() => child.kill('SIGKILL'))
  const [first] = (await once(child, 'message')) as [HistoryDoorTells]
  const port = 'port' in first ? first.port : assert.fail(`the port was to come first, not ${JSON.stringify(first)}`)
  const door: HistoryDoor = { process: child, port, writtenUntilMs: 0, logged: [] }
  child.on('message', (told: HistoryDoorTells) => {
    if ('writtenUntilMs' in told) door.writtenUntilMs = told.writtenUntilMs
    if ('logged' in told) door.logged.push(told.logged)
  })
  return door
}

async function login(port: number, password = account.password): Promise<void> {
  const connection = await createConnection({ host: '127.0.0.1', port, user: account.user, password })
  await connection.end()
}

/** After: the process is gone. */
async function killAfter(child: ChildProcess, ms: number): Promise<void> {
  const exit = once(child, 'exit')
  setTimeout(() => child.kill('SIGKILL'), ms)
  assert.deepEqual(await exit, [null, 'SIGKILL'])
}

/** All that is in the file, as the next start finds it. */
function stored(path: string) {
  const file = HistoryFile.open(path, minuteMs, 0)
  const samples = []
  for (let place: Place | undefined = [0, -1]; place !== undefined; ) {
    const { stretches, next } = file.read('minutes', place, Number.MAX_SAFE_INTEGER)
    samples.push(...stretches.map(({ sample }) => sample))
    place = next
  }
  const [use] = file.uses()
  file.close()
  const { admitted, refused } = samples.reduce(together)
  return {
    ...{ admitted, refused },
    used: { logins: use?.[1].logins, failures: use?.[1].failures },
    untilMs: Math.max(...samples.map(({ atMs, spanMs }) => atMs + spanMs)),
  }
}
