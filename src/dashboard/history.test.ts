import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { until } from '../../test/support/door.ts'
import { sampleOf } from '../../test/support/samples.ts'
import { MemoryAccounts } from '../accounts/memory-accounts.ts'
import { ConnectionRecord } from '../registry/connection-record.ts'
import { type EndedHandshake, Registry } from '../registry/registry.ts'
import type { Sample } from './contract.ts'
import { History, type HistoryOptions } from './history.ts'
import { HistoryFile } from './history-file.ts'

const hourMs = 3_600_000

interface Opened {
  readonly history: History
  readonly registry: Registry
  readonly samples: readonly Sample[]
  readonly logged: readonly string[]
  login(account?: string, outcome?: EndedHandshake['outcome']): void
  /** Resolves with the next sample that begins after this. */
  second(): Promise<Sample>
}

/** Minutes of 100 ms, and so seconds too, unless a test wants others. */
function open(
  t: TestContext,
  options: Partial<HistoryOptions> & { catchUp?: () => Promise<void>; accounts?: MemoryAccounts } = {},
): Opened {
  const { catchUp, accounts = new MemoryAccounts([]), ...rest } = options
  const registry = new Registry((options.now ?? Date.now)(), 0)
  const logged: string[] = []
  const line = (_: object, text: string) => void logged.push(text)
  const history = History.open({
    watched: { administered: { registry, realm: { accounts }, elsewhere: catchUp && { catchUp } } },
    file: undefined,
    log: { debug: line, info: line, warn: line, error: line },
    minuteMs: 100,
    ...rest,
  })
  t.after(() => history.close())
  const samples: Sample[] = []
  history.onSecond((sample) => void samples.push(sample))
  return {
    ...{ history, registry, samples, logged },
    login(account = "'app'@'%'", outcome = 'admitted') {
      const record = new ConnectionRecord(1, 'plaintext', '10.0.0.1', 5000, 0)
      registry.ended({
        ...{ record, story: record.story, again: false, user: 'app', account, plugin: 'caching_sha2_password' },
        ...{ channel: 'plaintext', tlsVersion: undefined, endedAtMs: Date.now(), outcome, during: 'ready' },
        ...{ reason: outcome === 'admitted' ? undefined : 'secret-mismatch', detail: undefined, errorCode: undefined },
      })
    },
    async second() {
      const taken = samples.length
      await until(() => samples.length > taken + 1, 'a second is over')
      return samples[taken + 1] as Sample
    },
  }
}

function pathFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-history-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'history.sqlite')
}

const admittedIn = (samples: readonly Sample[]) => samples.reduce((sum, { admitted }) => sum + admitted, 0)

describe('History', () => {
  it('takes a sample at each whole second, one after the other without a gap', async (t) => {
    const { history, samples, second, login } = open(t)
    await second()
    login()
    const sample = await second()
    assert.equal(history.latest(), samples.at(-1))
    // A timer may be a millisecond early.
    const lateMs = ((sample.atMs + 5) % 100) - 5
    assert.ok(lateMs < 50, `it began ${lateMs} ms after a whole second`)
    for (const [i, { atMs, spanMs }] of samples.entries()) {
      const next = samples[i + 1]
      if (next !== undefined) assert.ok(Math.abs(atMs + spanMs - next.atMs) <= 2, `${atMs} + ${spanMs}: ${next.atMs}`)
    }
    assert.equal(admittedIn(samples), 1)
  })

  it('takes one longer sample when the event loop was late, and loses nothing', async (t) => {
    const { samples, second, login } = open(t, { minuteMs: 50 })
    await second()
    const end = performance.now() + 200
    while (performance.now() < end) login()
    const before = samples.length
    await second()
    const late = samples[before]
    assert.ok(late !== undefined && late.spanMs >= 150, `the sample is ${late?.spanMs} ms long`)
    assert.ok(late.admitted > 0)
  })

  it('tells nobody who no longer listens', async (t) => {
    const { history, second } = open(t, { minuteMs: 20 })
    let told = 0
    const end = history.onSecond(() => void told++)
    await second()
    end()
    const before = told
    await second()
    assert.ok(before > 0)
    assert.equal(told, before)
  })

  it('waits for what other processes say before each sample, and never asks twice at once', async (t) => {
    let asking = 0
    const { samples, second } = open(t, {
      minuteMs: 20,
      catchUp: async () => {
        assert.equal(++asking, 1)
        await new Promise((resolve) => setTimeout(resolve, 70))
        asking--
      },
    })
    await second()
    await second()
    assert.ok(samples.every(({ spanMs }) => spanMs >= 65))
  })

  it('has seconds of what is in memory, up to now', async (t) => {
    const { history, registry, samples, second, login } = open(t)
    login()
    await second()
    login()
    await second()
    const { stepMs, samples: found } = await history.between(0, Number.MAX_SAFE_INTEGER)
    assert.equal(stepMs, 100)
    assert.deepEqual(found, samples)
    assert.equal(history.sinceMs, registry.startedAtMs)
    const last = samples.at(-1)
    assert.deepEqual((await history.between(last?.atMs ?? 0, Date.now())).samples, [last])
    assert.deepEqual((await history.between(5, 4)).samples, [])
  })

  it('has what was before a restart, and the minute under way', async (t) => {
    const file = pathFor(t)
    const first = open(t, { file, minuteMs: 2000 })
    for (let i = 0; i < 7; i++) first.login()
    await first.history.close()
    const second = open(t, { file, minuteMs: 2000 })
    assert.equal(second.history.sinceMs, first.registry.startedAtMs)
    second.login()
    await second.second()
    const { stepMs, samples } = await second.history.between(0, Date.now())
    assert.equal(stepMs, 2000)
    assert.equal(admittedIn(samples), 8)
  })

  it('writes each minute at its end, and all that is left when it is closed', async (t) => {
    const file = pathFor(t)
    const { history, login } = open(t, { file })
    login()
    await until(() => admittedIn(stored(file)) === 1, 'the minute is written')
    login()
    await history.close()
    await history.close()
    assert.equal(admittedIn(stored(file)), 2)
  })

  it('writes a minute with its last second, not with the first one after it', async (t) => {
    const file = pathFor(t)
    const { history, samples, login } = open(t, { file, minuteMs: 2000 })
    login()
    await until(() => samples.length > 0, 'the first second is over')
    const { atMs = 0, spanMs = 0 } = history.latest() ?? {}
    const minuteEndMs = (Math.floor((atMs + spanMs / 2) / 2000) + 1) * 2000
    await until(() => admittedIn(stored(file)) === 1, 'the minute is written')
    assert.ok(Date.now() < minuteEndMs + 500, `it was written ${Date.now() - minuteEndMs} ms after its end`)
  })

  it('goes on in memory with a file that it cannot use, leaves that as it is and says what to do', async (t) => {
    const file = pathFor(t)
    writeFileSync(file, 'not a history\n'.repeat(100))
    const before = readFileSync(file, 'hex')
    const { history, login, logged, second } = open(t, { file })
    login()
    await second()
    assert.equal(admittedIn((await history.between(0, Date.now())).samples), 1)
    await history.close()
    assert.equal(readFileSync(file, 'hex'), before)
    assert.deepEqual(logged, [
      `${file} is no history of Saltgate: move it away; until then only the last hour is shown`,
    ])
  })

  it('keeps minutes until the file can be written again, and says so once', async (t) => {
    const file = pathFor(t)
    const { history, login, logged, second } = open(t, { file })
    const other = new DatabaseSync(file)
    t.after(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < 3; i++) {
      login()
      await second()
    }
    assert.equal(admittedIn((await history.between(0, Date.now())).samples), 3)
    assert.deepEqual(logged, [
      `the history ${file} is locked by another process: end that process, or copy the file for it; until then the latest hour of it waits in memory`,
    ])
    other.exec('COMMIT')
    await until(() => logged.length > 1, 'it is written again')
    assert.equal(logged[1], 'the history is written again')
    assert.equal(admittedIn(stored(file)), 3)
    assert.equal(admittedIn((await history.between(0, Date.now())).samples), 3)
  })

  it('gives at most 600 samples of any time, with every login in them, a few rows in each turn', async (t) => {
    const path = pathFor(t)
    const now = Math.floor(Date.now() / hourMs) * hourMs
    const minutes = 30 * 24 * 60 - 60
    const sinceMs = now - minutes * 60_000
    const file = HistoryFile.open(path, 60_000, sinceMs)
    file.write(
      Array.from({ length: minutes }, (_, i) => {
        const atMs = sinceMs + i * 60_000
        return { atMs, sample: sampleOf({ atMs, spanMs: 60_000, admitted: 1, lanes: [0, 0, 0, 0, 0, 0, 0, i % 2] }) }
      }),
      now,
    )
    file.close()
    const { history } = open(t, { file: path, minuteMs: 60_000 })
    assert.equal(history.sinceMs, sinceMs)
    for (const hours of [1, 5, 10, 11, 24, 72, 168, 299, 301, 600, 719, 100_000]) {
      const { result, turns } = await countingTurns(history.between(now - hours * hourMs, now))
      const { stepMs, samples } = result
      const known = Math.min(hours * 60, minutes)
      assert.equal(admittedIn(samples), known, `${hours} hours`)
      assert.ok(samples.length <= 601 && samples.length >= Math.min(known, 200), `${hours} hours: ${samples.length}`)
      assert.ok(samples.every(({ spanMs }) => spanMs <= stepMs))
      const average = samples.reduce((sum, { lanes, spanMs }) => sum + (lanes[7] ?? 0) * spanMs, 0) / known / 60_000
      assert.ok(Math.abs(average - 0.5) < 1e-6, `${hours} hours: ${average}`)
      const rows = stepMs < hourMs ? known : known / 60
      assert.ok(turns >= Math.floor(rows / 200), `${rows} rows in ${turns} turns`)
    }
  })

  it('knows how often an account was used in all runs, each login once', async (t) => {
    const file = pathFor(t)
    const first = open(t, { file })
    const use = ({ history }: Opened, account = "'app'@'%'") => {
      const { logins, failures, sinceMs } = history.accountUse(account)
      return { logins, failures, sinceMs }
    }
    const sinceMs = use(first).sinceMs
    first.login()
    await turn()
    assert.deepEqual(use(first), { logins: 1, failures: 0, sinceMs })
    await first.second()
    first.login("'app'@'%'", 'refused')
    assert.deepEqual(use(first), { logins: 1, failures: 1, sinceMs })
    await first.history.close()
    const second = open(t, { file })
    assert.deepEqual(use(second), { logins: 1, failures: 1, sinceMs })
    for (let i = 0; i < 3; i++) {
      second.login()
      await second.second()
    }
    assert.deepEqual(use(second), { logins: 4, failures: 1, sinceMs })
    assert.deepEqual(use(second, "'nobody'@'%'"), { logins: 0, failures: 0, sinceMs })
    await second.history.close()
    assert.deepEqual(use(open(t, { file })), { logins: 4, failures: 1, sinceMs })
  })

  it('knows the latest login and failure of an account', async (t) => {
    const file = pathFor(t)
    const first = open(t, { file })
    first.login()
    const { lastLoginMs, lastFailureMs } = first.history.accountUse("'app'@'%'")
    assert.ok(lastLoginMs !== undefined && lastFailureMs === undefined)
    await first.history.close()
    const second = open(t, { file })
    second.login("'app'@'%'", 'refused')
    const later = second.history.accountUse("'app'@'%'")
    assert.equal(later.lastLoginMs, lastLoginMs)
    assert.ok((later.lastFailureMs ?? 0) >= lastLoginMs)
  })

  it('counts an account from 1 again that the registry has given up and taken anew', async (t) => {
    const file = pathFor(t)
    const { history, registry, second } = open(t, { file })
    const used = { logins: 5, failures: 0, lastLoginMs: Date.now(), lastFailureMs: undefined }
    let seen: ReturnType<typeof registry.use.seen> = [['a', used]]
    registry.use.seen = () => seen
    await second()
    for (seen of [[], [['a', { ...used, logins: 2 }]]] as const) await second()
    assert.equal(history.accountUse('a').logins, 7)
  })

  it('forgets dropped accounts that nobody used for 30 days, and no others', async (t) => {
    const path = pathFor(t)
    const now = Date.now()
    const file = HistoryFile.open(path, 60_000, now)
    const used = (days: number) => ({
      logins: 1,
      failures: 0,
      lastLoginMs: now - days * 24 * hourMs,
      lastFailureMs: undefined,
    })
    file.addUses([
      ["'here'@'%'", used(400)],
      ["'dropped'@'%'", used(29)],
      ["'forgotten'@'%'", used(31)],
    ])
    file.close()
    const { history } = open(t, { file: path, minuteMs: 10, accounts: new MemoryAccounts([{ user: 'here' }]) })
    const logins = (user: string) => history.accountUse(`'${user}'@'%'`).logins
    await until(() => logins('forgotten') === 0, 'an hour of 600 ms is over')
    assert.deepEqual([logins('here'), logins('dropped')], [1, 1])
    await history.close()
    const left = HistoryFile.open(path, 60_000, now)
    t.after(() => left.close())
    assert.deepEqual(
      left.uses().map(([account]) => account),
      ["'dropped'@'%'", "'here'@'%'"],
    )
  })
})

/** What is in the file, as another process sees it. */
function stored(path: string): Sample[] {
  const file = HistoryFile.open(path, 100, 0)
  const { stretches } = file.read('minutes', [0, -1], Number.MAX_SAFE_INTEGER)
  file.close()
  return stretches.map(({ sample }) => sample)
}

async function countingTurns<T>(waited: Promise<T>): Promise<{ result: T; turns: number }> {
  let turns = 0
  let waiting = true
  const count = () => {
    turns++
    if (waiting) setImmediate(count)
  }
  setImmediate(count)
  const result = await waited
  waiting = false
  return { result, turns }
}
