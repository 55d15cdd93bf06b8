import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { ScriptedSession } from '../../../test/support/scripted-session.ts'
import { type BatchOptions, runBatch } from './batch.ts'

const one = { columns: ['1'], rows: [[1n]] }
const session = () =>
  new ScriptedSession({
    'select 1': one,
    'select 2 where 0': { columns: ['2'], rows: [] },
    'call p()': [one, { columns: ['2'], rows: [] }, { affectedRows: 3n }],
    'do 1': {},
    'insert into t': { affectedRows: 1n, warnings: 2 },
    'set sql_mode': { statusFlags: 0x200 },
    'SHOW WARNINGS': { columns: ['Level', 'Code', 'Message'], rows: [['Warning', 1366, 'Incorrect\x1b']] },
  })

async function batch(sql: string | Uint8Array, options: Partial<BatchOptions> = {}, on = session()) {
  const output = new PassThrough()
  const errors = new PassThrough()
  const given = { format: 'tab-separated', footers: false, input: [Buffer.from(sql)], ...options } as const
  const status = await runBatch({ session: on, output, errors, ...given })
  return { status, stdout: await text(output.end()), stderr: await text(errors.end()), asked: on.asked }
}

describe('runBatch', () => {
  it('prints what mysql -B prints: rows, and nothing of what has none', async () => {
    const { status, stdout, stderr } = await batch('select 1; select 2 where 0; do 1; call p()')
    assert.deepEqual([status, stdout, stderr], [0, '1\n1\n1\n1\n', ''])
  })

  it('prints with footers what mysql -t prints at a terminal', async () => {
    const { stdout } = await batch('select 1; select 2 where 0; call p(); insert into t', {
      format: 'table',
      footers: true,
    })
    const box = '+---+\n| 1 |\n+---+\n| 1 |\n+---+\n1 row in set (0.000 sec)\n\n'
    const empty = 'Empty set (0.000 sec)\n\n'
    const procedure = `${box}${empty}Query OK, 3 rows affected (0.000 sec)\n\n`
    const insert = 'Query OK, 1 row affected, 2 warnings (0.000 sec)\n\n'
    assert.equal(stdout.replace(/\d\.\d{3} sec/g, '0.000 sec'), box + empty + procedure + insert)
  })

  it('shows one statement with a line per value after \\G, but JSON stays JSON', async () => {
    const { stdout } = await batch('select 1\\G select 1')
    assert.equal(stdout, `${'*'.repeat(27)} 1. row ${'*'.repeat(27)}\n1: 1\n1\n1\n`)
    assert.equal((await batch('select 1\\G', { format: 'json' })).stdout, '{"1":1}\n')
  })

  it('ends at the first error, and names the line on which its statement began', async () => {
    const { status, stdout, stderr, asked } = await batch('select 1;\n-- c\n\nselct\n 2;\nselect 1;')
    assert.deepEqual([status, stdout], [1, '1\n1\n'])
    assert.equal(
      stderr,
      "ERROR 1064 (42000) at line 4: You have an error in your SQL syntax near 'selct\n 2' at line 1\n",
    )
    assert.deepEqual(asked, ['select 1', 'selct\n 2'])
  })

  it('goes on with force, and is content', async () => {
    const { status, stdout } = await batch('selct; \\z\nuse nodb\nselect 1', { force: true })
    assert.deepEqual([status, stdout], [0, '1\n1\n'])
  })

  it('ends at commands that it does not know or offer', async () => {
    assert.equal((await batch('\\z select 1')).stderr, "ERROR at line 1: Unknown command '\\z'.\n")
    const { status, stderr, asked } = await batch('do 1;\nsystem ls\nselect 1')
    assert.equal(stderr, "ERROR at line 2: the command 'system' is not offered: it would start a program\n")
    assert.deepEqual([status, asked], [1, ['do 1']])
  })

  it('stops at quit', async () => {
    assert.deepEqual((await batch('do 1;\nquit\ndo 1')).asked, ['do 1'])
  })

  it('takes names in quotes for use', async () => {
    assert.deepEqual((await batch('use `a``b`;\nuse c\nuse')).asked, ['use a`b', 'use c'])
  })

  it('shows warnings when asked to, without anything that drives a terminal', async () => {
    assert.equal(
      (await batch('insert into t', { showWarnings: true })).stdout,
      'Warning (Code 1366): Incorrect\\u{1b}\n',
    )
    assert.equal((await batch('\\W insert into t; \\w insert into t')).asked.length, 3)
  })

  it('sends text as text, and bytes that are no UTF-8 as they are', async () => {
    const { asked } = await batch(Buffer.from("\ufeffselect 'ü';select '\xff'", 'latin1'), { force: true })
    assert.deepEqual(asked.at(-1), `bytes ${Buffer.from("select '\xff'", 'latin1').toString('hex')}`)
    assert.deepEqual((await batch("\ufeffselect 'ü\u00a0';", { force: true })).asked, ["select 'ü\u00a0'"])
  })

  it("sends every byte of mysqldump's output", async () => {
    const dump = readFileSync(join(import.meta.dirname, '../../../test/vectors/mysql-client/dump.sql'))
    const { asked } = await batch(dump, { force: true })
    const inserted = asked.filter((sql) => sql.startsWith('bytes ')).map((sql) => Buffer.from(sql.slice(6), 'hex'))
    assert.equal(inserted.length, 1)
    assert.ok(dump.includes(inserted[0]!))
  })

  it('heeds the mode in which a backslash is a character', async () => {
    assert.deepEqual((await batch("set sql_mode; select '\\'; do 1", { force: true })).asked, [
      'set sql_mode',
      "select '\\'",
      'do 1',
    ])
  })

  it('runs files in files, up to a limit, and says where an error is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'saltgate-batch-'))
    try {
      const [inner, loop] = [join(directory, 'inner.sql'), join(directory, 'loop.sql')]
      writeFileSync(inner, 'do 1;\nselct;\n')
      writeFileSync(loop, `do 1;\nsource ${loop}\n`)
      assert.equal(
        (await batch(`source ${inner}\ndo 1`)).stderr,
        `ERROR 1064 (42000) at line 2 in file: '${inner}': You have an error in your SQL syntax near 'selct' at line 1\n`,
      )
      const { stderr, asked } = await batch(`source ${loop}`)
      assert.equal(stderr, `ERROR at line 2 in file: '${loop}': source: more than 16 files in one another\n`)
      assert.equal(asked.length, 16)
      const missing = join(directory, 'missing')
      assert.equal(
        (await batch(`source ${missing}`)).stderr,
        `ERROR at line 1: Failed to open file '${missing}': ENOENT\n`,
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('writes no files for a text that may come from anybody, and reads none in sandbox mode', async () => {
    assert.equal((await batch('tee /nowhere')).stderr, 'ERROR at line 1: tee is only done for a person at the prompt\n')
    const { stderr } = await batch('/*M!999999\\- enable the sandbox mode */\n do 1;\nsource /etc/hostname')
    assert.match(stderr, /source is not allowed in sandbox mode|1064/)
    assert.equal(
      (await batch('\\-\nsource /nowhere')).stderr,
      'ERROR at line 2: source is not allowed in sandbox mode\n',
    )
  })

  it('ends when its signal comes', { timeout: 10_000 }, async () => {
    const hanging = new ScriptedSession({ sleep: 'hangs' })
    const { status, asked } = await batch('sleep; do 1', { signal: AbortSignal.timeout(20) }, hanging)
    assert.deepEqual([status, asked], [1, ['sleep']])
  })
})
