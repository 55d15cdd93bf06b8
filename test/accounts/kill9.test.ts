import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SqliteAccounts } from '../../src/accounts/sqlite-accounts.ts'

const writer = fileURLToPath(new URL('../support/account-writer.ts', import.meta.url))

test('the account file survives kill -9 at 20 random moments with every acknowledged change', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-kill9-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'accounts.db')
  let written = 0
  let acknowledgedInAll = 0
  for (let round = 0; round < 20; round++) {
    const acknowledged = await writeAndKill(path, written + 1, round % 5 === 0)
    acknowledgedInAll += acknowledged.length
    const accounts = SqliteAccounts.open(path)
    const number = (user: string) => Number(accounts.read(user, '%')?.comment ?? written)
    const last = number('left')
    assert.equal(number('right'), last, 'one transaction is kept whole or not at all')
    const promised = acknowledged.at(-1) ?? written
    assert.ok(last === promised || last === promised + 1, `promised ${promised}, found ${last}`)
    for (let kept = last; kept > Math.max(0, last - 50); kept--) assert.equal(number(`u${kept % 50}`), kept)
    accounts.close()
    written = last
  }
  assert.ok(acknowledgedInAll > 100, `the writers wrote only ${acknowledgedInAll} times`)
})

test('an open store sees what a process committed before it was killed', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-kill9-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'accounts.db')
  const accounts = SqliteAccounts.open(path)
  t.after(() => accounts.close())
  assert.equal(accounts.find('left', { address: '127.0.0.1', name: undefined }), undefined)
  const promised = (await writeAndKill(path, 1, false)).at(-1) ?? 0
  const found = Number(accounts.find('left', { address: '127.0.0.1', name: undefined })?.comment)
  assert.ok(found === promised || found === promised + 1, `promised ${promised}, found ${found}`)
})

/** `early`: the kill may come before the file is complete, or before the process has begun. */
async function writeAndKill(path: string, first: number, early: boolean): Promise<readonly number[]> {
  const child = spawn(process.execPath, ['--no-warnings', writer, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const enough = 1 + Math.floor(Math.random() * 60)
  let lines = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    lines += text.split('\n').length - 1
    if (lines >= enough) child.kill('SIGKILL')
  })
  const timer = early ? setTimeout(() => child.kill('SIGKILL'), Math.random() * 150) : undefined
  const [, signal] = await once(child, 'close')
  clearTimeout(timer)
  assert.equal(signal, 'SIGKILL', 'the writer ended by itself')
  return output.split('\n').filter(Boolean).map(Number)
}
