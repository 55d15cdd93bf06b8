import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { scratch } from '../../../test/support/cli.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { decryptLoginFile, type LoginPathChoice, readLoginPath } from './login-path.ts'

const vectors = join(import.meta.dirname, '../../../test/vectors/login-path')
const loginFile = readFileSync(join(vectors, 'mylogin.cnf'))
const { printed } = JSON.parse(readFileSync(join(vectors, 'answers.json'), 'utf8')) as {
  printed: Record<string, string>
}

function home(content: Uint8Array = loginFile) {
  const directory = scratch()
  const file = join(directory.path, '.mylogin.cnf')
  writeFileSync(file, content, { mode: 0o600 })
  return {
    file,
    path: directory.path,
    read: (choice: LoginPathChoice, env: Record<string, string> = {}) =>
      readLoginPath(choice, { env, home: directory.path }),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

describe('readLoginPath', () => {
  for (const [loginPath, expected] of Object.entries(printed)) {
    it(`reads [client] and [${loginPath}] of a file that mysql_config_editor wrote`, () => {
      using here = home()
      const { options, warnings } = here.read({ loginPath })
      assert.equal(options.map(({ name, value }) => `--${name}=${value}\n`).join(''), expected)
      assert.deepEqual(warnings, [])
      assert.equal(options[0]?.origin, `login path 'client' in ${here.file}`)
    })
  }

  it('reads [client] alone when no login path is named, and groups with the suffix', () => {
    using here = home()
    assert.deepEqual(
      here.read({}).options.map(({ value }) => value),
      ['root', 'p#w "q" \n\'x'],
    )
    assert.deepEqual(here.read({ noLoginPaths: true }).options, [])
    assert.throws(() => here.read({ loginPath: 'prod', noLoginPaths: true }), /contradict each other/)
  })

  it('finds the file by MYSQL_TEST_LOGIN_FILE, and does without one', () => {
    using here = home()
    using other = scratch()
    const around = { env: { MYSQL_TEST_LOGIN_FILE: here.file }, home: other.path }
    assert.equal(readLoginPath({}, around).options.length, 2)
    assert.deepEqual(readLoginPath({}, { env: {}, home: other.path }), { options: [], warnings: [] })
  })

  it('fails for a login path that is not there', () => {
    using here = home()
    using empty = scratch()
    assert.throws(() => here.read({ loginPath: 'nope' }), { message: /^there is no login path 'nope' in / })
    assert.throws(() => readLoginPath({ loginPath: 'prod' }, { env: {}, home: empty.path }), /no login path 'prod'/)
  })

  it('ignores a file that others may use, and says so', () => {
    using here = home()
    for (const mode of [0o640, 0o604, 0o602, 0o700]) {
      chmodSync(here.file, mode)
      assert.deepEqual(here.read({}), {
        options: [],
        warnings: [`${here.file} is ignored: others may use it (chmod 600)`],
      })
      assert.throws(() => here.read({ loginPath: 'prod' }), /others may use it/)
    }
  })
})

describe('decryptLoginFile', () => {
  it('refuses a file that is cut anywhere but between two lines', () => {
    const whole: number[] = []
    for (let length = 0; length < loginFile.length; length++) {
      try {
        decryptLoginFile(loginFile.subarray(0, length), 'f')
        whole.push(length)
      } catch (error) {
        assert.ok(error instanceof ConfigurationError)
        assert.match(error.message, /^f is damaged/)
      }
    }
    const ends: number[] = []
    for (let at = 24; at < loginFile.length; at += 4 + loginFile.readUInt32LE(at)) ends.push(at)
    assert.deepEqual(whole, ends)
  })

  it('fails on changed bytes with nothing but a ConfigurationError', () => {
    fc.assert(
      fc.property(fc.nat(loginFile.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(loginFile)
        changed[at] = byte
        try {
          decryptLoginFile(changed, 'f')
        } catch (error) {
          assert.ok(error instanceof ConfigurationError)
        }
      }),
    )
  })
})
