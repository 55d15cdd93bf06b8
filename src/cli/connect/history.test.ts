import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { History } from './history.ts'

function place() {
  const directory = mkdtempSync(join(tmpdir(), 'saltgate-history-'))
  return { file: join(directory, 'history'), [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

describe('History', () => {
  it('keeps statements of several lines as one entry, from one session to the next, for its owner alone', () => {
    using at = place()
    const first = new History(at.file)
    first.add("select 'a\\n'\n  from t;\n")
    first.add('select 2;')
    assert.deepEqual(new History(at.file).entries, ['select 2;', "select 'a\\n'\n  from t;"])
    assert.equal(statSync(at.file).mode & 0o777, 0o600)
  })

  it('takes from others what they could read', () => {
    using at = place()
    writeFileSync(at.file, 'select 1\n')
    chmodSync(at.file, 0o644)
    assert.deepEqual(new History(at.file).entries, ['select 1'])
    assert.equal(statSync(at.file).mode & 0o777, 0o600)
  })

  it('keeps nothing in which a password may stand', () => {
    using at = place()
    const history = new History(at.file)
    for (const statement of [
      "CREATE USER a IDENTIFIED BY 'x'",
      "create\nuser a identified with p as 'x'",
      'ALTER /* c */ USER a ACCOUNT LOCK',
      "SET PASSWORD FOR a = 'x'",
      "select PASSWORD('x')",
      "update mysql.user set authentication_string = 'x'",
      "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD='x'",
      "select aes_encrypt('a', 'key')",
      "create server s options (passwd 'x')",
    ]) {
      history.add(statement)
    }
    assert.deepEqual(history.entries, [])
    assert.throws(() => statSync(at.file), { code: 'ENOENT' })
  })

  it('keeps neither blanks nor the same twice in a row', () => {
    const history = new History()
    for (const statement of [' \n', 'a', 'a\n', 'b', 'a']) history.add(statement)
    assert.deepEqual(history.entries, ['a', 'b', 'a'])
  })

  it('keeps the last thousand, of several shells together', () => {
    using at = place()
    const [one, other] = [new History(at.file), new History(at.file)]
    for (let i = 0; i < 700; i++) {
      one.add(`one ${i}`)
      other.add(`other ${i}`)
    }
    const kept = new History(at.file)
    assert.equal(kept.entries.length, 1000)
    assert.deepEqual(kept.entries.slice(0, 2), ['other 699', 'one 699'])
    for (let i = 0; i < 400; i++) kept.add(`kept ${i}`)
    assert.equal(readFileSync(at.file, 'utf8').trim().split('\n').length, 1000)
  })

  it('works without a file that can be written', () => {
    const history = new History('/nowhere/at/all')
    history.add('select 1')
    assert.deepEqual(history.entries, ['select 1'])
  })
})
