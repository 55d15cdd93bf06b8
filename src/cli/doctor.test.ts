/** `saltgate doctor` as its users run it, against front doors in this process. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { saltgate } from '../../test/support/cli.ts'
import { createServer } from '../index.ts'
import type { FrontDoor } from '../server/front-door.ts'

const home = mkdtempSync(join(tmpdir(), 'saltgate-doctor-'))
const accounts = [
  { user: 'root', host: '%', password: 'root-secret', privileges: new Set(['RELOAD'] as const) },
  { user: 'app', host: '%', password: 'pw-app' },
]
let door: FrontDoor
/** Greets with another plugin than that of its accounts. */
let switching: FrontDoor

before(async () => {
  door = await createServer({ accounts, listen: ['127.0.0.1:0'] })
  switching = await createServer({
    accounts,
    listen: ['127.0.0.1:0'],
    settings: { default_authentication_plugin: 'mysql_native_password' },
  })
})

after(async () => {
  await door.close()
  await switching.close()
  rmSync(home, { recursive: true, force: true })
})

function run(at: FrontDoor, args: readonly string[], password = 'pw-app') {
  const env = { HOME: home, MYSQL_PWD: password }
  const address = ['-h', '127.0.0.1', '-P', String(portOf(at)), '-u', 'app']
  return saltgate(['doctor', '--no-defaults', ...address, ...args], { cwd: home, env })
}

function portOf(at: FrontDoor): number {
  const [first] = at.listening
  assert.ok(first !== undefined && 'port' in first)
  return first.port
}

describe('saltgate doctor', () => {
  it('prints one table of clients and ways, and exits 0 when all get in', async () => {
    const { code, stdout, stderr } = await run(door, ['--as', 'mysql@9.7', '--as', 'pymysql@1.2.0'])
    assert.equal(stderr, '')
    assert.match(stdout, /^server {7}9\.7\.0-saltgate at 127\.0\.0\.1:\d+$/m)
    assert.match(stdout, /^TLS {10}TLSv1\.3, TLSv1\.2, TLSv1\.1 refused/m)
    assert.match(stdout, /^client {18}plain, warm {2}TLS, warm$/m)
    assert.match(stdout, /^mysql command line 9\.7 {2}in {11}in \*$/m)
    assert.match(stdout, /^PyMySQL 1\.2\.0 {11}in {11}in \*$/m)
    assert.equal(code, 0)
  })

  it('says in the words of a client why it does not get in, and exits 1', async () => {
    const cold = `mysql://root:root-secret@127.0.0.1:${portOf(door)}/`
    const { code, stdout } = await run(door, ['--as', 'mysql@9.7', '--cold-by', cold])
    assert.match(stdout, /^mysql command line 9\.7 {2}no {11}in {11}in \* {8}in \*$/m)
    const why =
      /^ {2}mysql command line 9\.7 \(plain, cold\)\n {4}ERROR 2061 \(HY000\): .* requires secure connection\.$/m
    assert.match(stdout, why)
    assert.match(stdout, /\[full-authentication-needs-tls\]\n {2}seen {4}mysql command line 9\.7 \(plain, cold\)$/m)
    assert.equal(code, 1)
    assert.doesNotMatch(stdout, /pw-app|root-secret/)
  })

  it('finds the 21-byte nonce of PyMySQL 1.1.1, though the login succeeds, and not in 1.2.0', async () => {
    const broken = await run(switching, ['--as', 'pymysql@1.1.1'])
    assert.match(broken.stdout, /^decisive: .*\[nonce-21-bytes\]$/m)
    assert.match(broken.stdout, /1\.1\.2 is the first without this defect/)
    assert.equal(broken.code, 1)
    const mended = await run(switching, ['--as', 'pymysql@1.2.0'])
    assert.doesNotMatch(mended.stdout, /nonce-21-bytes/)
  })

  it('prints the same as JSON: the server, each login, each finding', async () => {
    const { stdout } = await run(switching, ['--as', 'pymysql@1.1.1', '--json'])
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const [server, ...logins] = lines
    assert.deepEqual([server.is, server.version, server.plugin], ['server', '9.7.0-saltgate', 'mysql_native_password'])
    assert.equal(server.tls.versions['TLSv1.3'], 'accepted')
    const [plain, tls] = logins.filter(({ is }) => is === 'login')
    assert.deepEqual(
      [plain.persona, plain.cache, plain.in, plain.says, plain.outcome, plain.user],
      ['pymysql@1.1.1', 'warm', true, '', 'ok', 'app'],
    )
    assert.deepEqual(plain.plugins, ['mysql_native_password', 'caching_sha2_password'])
    assert.ok(plain.findings.some(({ id }: { id: string }) => id === 'nonce-21-bytes'))
    assert.equal(tls.tls.version, 'TLSv1.3')
    assert.doesNotMatch(stdout, /pw-app/)
  })

  it('tries a wrong password with no client', async () => {
    const { code, stdout } = await run(door, [], 'wrong-secret')
    assert.match(stdout, /^ERROR 1045 \(28000\): Access denied for user 'app'@/m)
    assert.doesNotMatch(stdout, /^client|wrong-secret/m)
    assert.equal(code, 1)
  })

  it('exits 2 for a client that nobody knows', async () => {
    const { code, stderr } = await run(door, ['--as', 'mysql@9.6'])
    assert.match(stderr, /no persona is called mysql@9\.6 .*did you mean 'mysql@9\.7'/)
    assert.equal(code, 2)
  })
})
