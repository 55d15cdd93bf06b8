/** `saltgate diff` as its users run it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { saltgate, scratch } from '../../test/support/cli.ts'
import type { Difference } from '../doctor/diff.ts'
import { createServer } from '../index.ts'
import type { FrontDoor } from '../server/front-door.ts'

const home = scratch()
const works = vector('ma118-sha2-full-rsa-mysql97.pcap')
const fails = vector('ma118-sha2-full-rsa-pymysql111.pcap')

after(() => home[Symbol.dispose]())

function vector(name: string): string {
  return fileURLToPath(new URL(`../../test/vectors/captures/${name}`, import.meta.url))
}

function diff(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return saltgate(['diff', ...args], { cwd: home.path, env: { HOME: home.path, ...env } })
}

describe('saltgate diff', () => {
  it('puts the one decisive difference first, and exits 1', async () => {
    const { code, stdout } = await diff([works, fails, '--password'], { MYSQL_PWD: 'pw-sha2' })
    assert.equal(code, 1)
    const [first] = stdout.split('\n').filter((line) => /^(?:decides|possibly) /.test(line))
    assert.equal(first, 'decides   proof (authentication)')
    assert.match(stdout, /B {2}the client hashed 21 bytes of the 20-byte nonce/)
    assert.match(stdout, / = <- greeting of 11\.8\.9/)
    assert.ok(!stdout.includes('pw-sha2'))
  })

  it('exits 0 between two logins that differ in nothing that decides', async () => {
    const { code, stdout } = await diff([works, works])
    assert.equal(code, 0)
    assert.match(stdout, /^Nothing differs that can decide a login\.$/m)
  })

  it('prints one object with --json, and takes what trace --json printed', async () => {
    const traced = await saltgate(['trace', fails, '--json'], { cwd: home.path })
    writeFileSync(join(home.path, 'trace.json'), traced.stdout)
    const { stdout } = await diff([works, 'trace.json#1', '--json'])
    const compared: { a: { source: string }; b: { user: string }; differences: Difference[] } = JSON.parse(stdout)
    assert.deepEqual([compared.a.source, compared.b.user], [works, 'sha2'])
    assert.equal(compared.differences[0]?.what, 'nonce-21-bytes')
    const direct = JSON.parse((await diff([works, fails, '--json'])).stdout)
    assert.deepEqual(compared.differences, direct.differences)
  })

  it('leaves hosts out when told to', async () => {
    const { stdout } = await diff([works, fails, '--json', '--redact-hosts'])
    assert.ok(!stdout.includes('127.0.0.1'))
    assert.ok(!stdout.includes('ma118-'))
  })

  it('exits 2 for a login that is not there', async () => {
    const none = await diff([works, `${fails}#7`])
    assert.deepEqual([none.code, none.stderr], [2, `saltgate: there is no connection 7 in ${fails}\n`])
    writeFileSync(join(home.path, 'other.json'), '{"a":1}\n')
    assert.match((await diff([works, 'other.json'])).stderr, /is not what saltgate trace --json prints/)
    assert.equal((await diff([works])).code, 2)
    assert.match((await diff([works, 'persona:pymysql@1.1.9@mysql://x@127.0.0.1/'])).stderr, /no persona is called/)
  })
})

describe('saltgate diff of clients that log in now', () => {
  let door: FrontDoor
  let uri: string

  before(async () => {
    door = await createServer({
      accounts: [{ user: 'app', host: '%', password: 'app-secret', plugin: 'caching_sha2_password' }],
      settings: { default_authentication_plugin: 'mysql_native_password' },
      listen: ['127.0.0.1:0'],
    })
    const [first] = door.listening
    assert.ok(first !== undefined && 'port' in first)
    uri = `mysql://app:app-secret@127.0.0.1:${first.port}/?ssl-mode=DISABLED`
  })

  after(() => door.close())

  it('finds the wrong nonce of PyMySQL 1.1.1 behind a switch, and shows no password', async () => {
    const { code, stdout, stderr } = await diff([`persona:mysql@9.7@${uri}`, `persona:pymysql@1.1.1@${uri}`, '--json'])
    assert.equal(stderr, '')
    const { a, differences } = JSON.parse(stdout)
    assert.equal(a.source, 'persona:mysql@9.7')
    assert.deepEqual([differences[0].what, differences[0].decides, differences[0].a], ['proof', 'yes', 'right'])
    assert.match(differences[0].b, /21 bytes/)
    assert.equal(code, 1)
    assert.ok(!stdout.includes('app-secret'))
  })
})
