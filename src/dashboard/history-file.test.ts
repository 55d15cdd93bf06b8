import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { sampleOf } from '../../test/support/samples.ts'
import type { Sample } from './contract.ts'
import { HistoryFile, type Place, type Stretch } from './history-file.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A whole hour. */
const start = 472_222 * hourMs

function pathFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-history-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'history.sqlite')
}

function open(t: TestContext, path: string): HistoryFile {
  const file = HistoryFile.open(path, minuteMs, start)
  t.after(() => {
    try {
      file.close()
    } catch {
      // The test has closed it.
    }
  })
  return file
}

function minute(atMs: number, more: Partial<Sample> = {}): Stretch {
  return { atMs, sample: sampleOf({ atMs, spanMs: minuteMs, ...more }) }
}

function all(file: HistoryFile, length: 'minutes' | 'hours', fromMs = 0, untilMs = 2 * start): Stretch[] {
  const found: Stretch[] = []
  for (let place: Place | undefined = [fromMs, -1]; place !== undefined; ) {
    const { stretches, next } = file.read(length, place, untilMs)
    found.push(...stretches)
    place = next
  }
  return found
}

describe('HistoryFile', () => {
  it('gives back what was written, after it was closed and opened again', (t) => {
    const path = pathFor(t)
    const file = open(t, path)
    const busy = minute(start, {
      ...{ atMs: start + 17, lanes: [0.000_083_3, 0, 1.5, 0, 0, 2, 0, 4711], peaks: [3, 0, 9, 0, 0, 4, 0, 5000] },
      ...{
        admitted: 123_456,
        refused: 7,
        reasons: { 'unknown-account': 7 },
        times: [
          [
            [3, 9],
            [22, 1],
          ],
          [],
          [],
          [],
          [],
          [[0, 5]],
          [],
        ],
      },
    })
    file.write([busy, minute(start + minuteMs)], start)
    file.close()
    const again = open(t, path)
    assert.deepEqual(all(again, 'minutes'), [busy, minute(start + minuteMs)])
    assert.equal(again.sinceMs, start + 17)
    assert.equal(again.useSinceMs, start)
  })

  it('keeps the part before a restart and the part after it, of a minute and of an hour', (t) => {
    const path = pathFor(t)
    for (const admitted of [10, 5]) {
      const file = open(t, path)
      file.write([minute(start + minuteMs, { admitted, spanMs: 20_000 })], start)
      file.close()
    }
    const file = open(t, path)
    const admitted = (length: 'minutes' | 'hours') =>
      all(file, length).map(({ atMs, sample }) => [atMs, sample.admitted])
    assert.deepEqual(
      admitted('minutes').sort(),
      [
        [start + minuteMs, 10],
        [start + minuteMs, 5],
      ].sort(),
    )
    assert.deepEqual(
      admitted('hours').sort(),
      [
        [start, 10],
        [start, 5],
      ].sort(),
    )
  })

  it('adds minutes up to their hours, the hour under way too', (t) => {
    const file = open(t, pathFor(t))
    for (let i = 0; i < 90; i++) file.write([minute(start + i * minuteMs, { admitted: 1 })], start)
    const hours = all(file, 'hours').map(({ atMs, sample }) => [atMs, sample.admitted, sample.spanMs])
    assert.deepEqual(hours, [
      [start, 60, hourMs],
      [start + hourMs, 30, hourMs / 2],
    ])
  })

  it('overwrites nothing when the clock goes back', (t) => {
    const file = open(t, pathFor(t))
    const times = [58, 59, 60, 61, 59, 60, 61, 62].map((n) => start + n * minuteMs)
    for (const atMs of times) file.write([minute(atMs, { admitted: 1 })], start)
    const sum = (length: 'minutes' | 'hours') => all(file, length).reduce((sum, { sample }) => sum + sample.admitted, 0)
    assert.deepEqual([sum('minutes'), sum('hours')], [times.length, times.length])
  })

  it('reads many rows in parts, and only those that were asked for', (t) => {
    const file = open(t, pathFor(t))
    const minutes = Array.from({ length: 250 }, (_, i) => minute(start + i * minuteMs))
    file.write(minutes, start)
    const { stretches, next } = file.read('minutes', [start, -1], start + dayMs)
    assert.ok(stretches.length < 250 && next !== undefined)
    const found = all(file, 'minutes', start + 20 * minuteMs, start + 220 * minuteMs)
    assert.deepEqual(found, minutes.slice(20, 220))
  })

  it('gives up what is older than 30 days, a few rows at a time', (t) => {
    const file = open(t, pathFor(t))
    file.write(
      Array.from({ length: 300 }, (_, i) => minute(start + i * minuteMs)),
      start,
    )
    const later = start + 31 * dayMs
    file.write([minute(later)], later)
    const left = all(file, 'minutes').length
    assert.ok(left > 1 && left < 301, `${left} rows are left`)
    for (let i = 1; i < 5; i++) file.write([minute(later + i * minuteMs)], later)
    assert.equal(all(file, 'minutes').length, 5)
    assert.equal(all(file, 'hours').length, 1)
    assert.equal(file.sinceMs, later)
  })

  it('adds the use of accounts to that of earlier runs and other processes', (t) => {
    const path = pathFor(t)
    const [one, other] = [open(t, path), open(t, path)]
    one.addUses([["'app'@'%'", { logins: 2, failures: 0, lastLoginMs: 500, lastFailureMs: undefined }]])
    other.addUses([
      ["'app'@'%'", { logins: 1, failures: 3, lastLoginMs: 400, lastFailureMs: 450 }],
      ["'<script>'@'localhost'", { logins: 0, failures: 1, lastLoginMs: undefined, lastFailureMs: 1 }],
    ])
    const expected = [
      ["'<script>'@'localhost'", { logins: 0, failures: 1, lastLoginMs: undefined, lastFailureMs: 1 }],
      ["'app'@'%'", { logins: 3, failures: 3, lastLoginMs: 500, lastFailureMs: 450 }],
    ]
    assert.deepEqual(one.uses(), expected)
    one.forgetUses(["'app'@'%'"])
    assert.deepEqual(other.uses(), expected.slice(0, 1))
  })

  it('writes all of what it is given or nothing', (t) => {
    const path = pathFor(t)
    const file = open(t, path)
    const saboteur = new DatabaseSync(path)
    t.after(() => saboteur.close())
    saboteur.exec(`CREATE TRIGGER no AFTER INSERT ON minutes WHEN NEW.atMs = ${start + minuteMs}
      BEGIN SELECT RAISE(ABORT, 'not this one'); END`)
    const minutes = [minute(start, { admitted: 1 }), minute(start + minuteMs, { admitted: 1 })]
    assert.throws(() => file.write(minutes, start), /not this one/)
    assert.deepEqual(all(file, 'minutes'), [])
    saboteur.exec('DROP TRIGGER no')
    file.write(minutes, start)
    assert.equal(all(file, 'hours')[0]?.sample.admitted, 2)
  })

  it('lets only its owner read it', { skip: process.platform === 'win32' }, (t) => {
    const path = pathFor(t)
    writeFileSync(path, '', { mode: 0o644 })
    const file = open(t, path)
    file.write([minute(start)], start)
    for (const name of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(name).mode & 0o777, 0o600, name)
  })

  const unusable: Readonly<Record<string, readonly [spoil: (path: string) => void, says: RegExp]>> = {
    'is no database': [
      (path) => writeFileSync(path, 'minutes and hours\n'.repeat(1000)),
      /no history of Saltgate.*move it away/,
    ],
    'is another database': [
      (path) => run(path, 'CREATE TABLE mine (a); PRAGMA application_id = 7'),
      /no history.*move it away/,
    ],
    'is of a newer version': [(path) => run(path, 'PRAGMA user_version = 2'), /newer version.*use that version/],
    'is damaged': [damage, /is damaged: move it away/],
    'is a directory': [becomeDirectory, /EISDIR.*check path/],
    'is in a directory that is none': [
      (path) => writeFileSync(join(path, '..', 'no'), ''),
      /E(NOTDIR|EXIST).*check path/,
    ],
  }
  for (const [what, [spoil, says]] of Object.entries(unusable)) {
    it(`leaves a file as it is that ${what}, and says what to do`, (t) => {
      const path = pathFor(t)
      const file = open(t, path)
      file.write(
        Array.from({ length: 200 }, (_, i) => minute(start + i * minuteMs)),
        start,
      )
      file.close()
      spoil(path)
      const wanted = what.startsWith('is in') ? join(path, '..', 'no', 'history.sqlite') : path
      const before = contents(wanted)
      assert.throws(() => HistoryFile.open(wanted, minuteMs, start), { name: 'ConfigurationError', message: says })
      assert.deepEqual(contents(wanted), before)
    })
  }

  it('leaves a file as it is that another process has locked, and says so', (t) => {
    const path = pathFor(t)
    const file = open(t, path)
    file.close()
    const other = new DatabaseSync(path)
    t.after(() => other.close())
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    assert.throws(() => HistoryFile.open(path, minuteMs, start), /locked by another process: end that process/)
  })

  it('waits no longer than a few milliseconds for another writer', (t) => {
    const path = pathFor(t)
    const file = open(t, path)
    const other = new DatabaseSync(path)
    t.after(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    const beganMs = performance.now()
    assert.throws(() => file.write([minute(start)], start), /locked by another process/)
    assert.ok(performance.now() - beganMs < 100, 'it is not the time that opening waits')
    other.exec('COMMIT')
    file.write([minute(start)], start)
    assert.equal(all(file, 'minutes').length, 1)
  })
})

function run(path: string, sql: string): void {
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
}

function becomeDirectory(path: string): void {
  rmSync(path)
  mkdirSync(path)
}

/** Where the rows are. */
function damage(path: string): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa5, bytes.length - 8192)
  writeFileSync(path, bytes)
}

function contents(path: string): string | undefined {
  return existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'hex') : undefined
}
