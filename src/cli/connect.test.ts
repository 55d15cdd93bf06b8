/** `saltgate connect` as its users run it, against a front door in this process. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createListener, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { saltgate } from '../../test/support/cli.ts'
import { createServer } from '../index.ts'
import type { FrontDoor } from '../server/front-door.ts'

const home = mkdtempSync(join(tmpdir(), 'saltgate-connect-'))
let door: FrontDoor
let address: string[]
let silent: Server

before(async () => {
  door = await createServer({
    accounts: [
      { user: 'root', host: '%', password: 'root-secret' },
      { user: 'expired', host: '%', password: 'pw', passwordExpired: true },
    ],
    listen: ['127.0.0.1:0', join(home, 'door.sock')],
  })
  const [first] = door.listening
  assert.ok(first !== undefined && 'port' in first)
  address = ['-h', '127.0.0.1', '-P', String(first.port), '-u', 'root']
  silent = createListener(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
})

after(async () => {
  await door.close()
  silent.close()
  rmSync(home, { recursive: true, force: true })
})

function run(args: readonly string[], stdin = '', env: Readonly<Record<string, string>> = {}) {
  return saltgate(['connect', '--no-defaults', ...args], {
    cwd: home,
    stdin,
    env: { HOME: home, MYSQL_PWD: 'root-secret', ...env },
  })
}

describe('saltgate connect -e', () => {
  it('prints what the mysql client prints between tabs, and exits 0', async () => {
    const { code, stdout, stderr } = await run([...address, '-e', "SELECT 1 AS one, NULL AS n; SELECT 'a\\tb' AS t"])
    assert.deepEqual([code, stdout, stderr], [0, 'one\tn\n1\tNULL\nt\na\\tb\n', ''])
  })

  it('prints a row per line as JSON, tables and lines per value where asked to', async () => {
    const sql = "SELECT 18446744073709551615 AS big, 'x' AS name"
    assert.equal((await run([...address, '--json', '-e', sql])).stdout, '{"big":18446744073709551615,"name":"x"}\n')
    assert.match((await run([...address, '-t', '-e', sql])).stdout, /^\+-+\+-+\+\n\| big {18}\| name \|/)
    assert.match(
      (await run([...address, '-E', '-e', sql])).stdout,
      /1\. row \*+\n {1,}big: 18446744073709551615\nname: x\n/,
    )
    assert.equal((await run([...address, '-N', '-e', sql])).stdout, '18446744073709551615\tx\n')
  })

  it("exits 1 with the server's error on stderr, and goes on with --force", async () => {
    const broken = await run([...address, '-e', 'SELECT 1 AS a; SELECT nothing; SELECT 2 AS b'])
    assert.deepEqual([broken.code, broken.stdout], [1, 'a\n1\n'])
    assert.equal(broken.stderr, "ERROR 1054 (42S22) at line 1: Unknown column 'nothing' in 'field list'\n")
    const forced = await run([...address, '-f', '-e', 'SELECT nothing; SELECT 2 AS b'])
    assert.equal(forced.stdout, 'b\n2\n')
  })

  it('reads statements from its input, and files named by source', async () => {
    writeFileSync(join(home, 'some.sql'), 'SELECT 2 AS two;\n')
    const { stdout, code } = await run(
      address,
      'SELECT 1\nAS one;\nsource some.sql\ndelimiter //\nSELECT 3 AS three//\n',
    )
    assert.deepEqual([code, stdout], [0, 'one\n1\ntwo\n2\nthree\n3\n'])
  })

  it('comes in by a unix socket, a URI and a login path of option files', async () => {
    const sql = ['-N', '-e', 'SELECT CURRENT_USER()']
    const socket = ['-S', join(home, 'door.sock'), '-u', 'root']
    assert.equal((await run([...socket, ...sql])).stdout, 'root@%\n')
    const uri = `mysql://root:root-secret@127.0.0.1:${address[3]}/`
    const byUri = await run([uri, ...sql], '', { MYSQL_PWD: 'wrong' })
    assert.equal(byUri.stdout, 'root@%\n')
    assert.equal(byUri.stderr, 'saltgate: [Warning] Using a password on the command line interface can be insecure.\n')
    writeFileSync(
      join(home, 'my.cnf'),
      `[client]\nhost=127.0.0.1\nport=${address[3]}\nuser=root\npassword="root-secret"\n`,
    )
    const byFile = await saltgate(['connect', '--defaults-file=my.cnf', ...sql], { cwd: home, env: { HOME: home } })
    assert.equal(byFile.stdout, 'root@%\n', byFile.stderr)
  })
})

describe('saltgate connect --explain', () => {
  it('tells each step of the login with its time, on stderr, and no secret', async () => {
    const { stderr, stdout } = await run([...address, '--explain', '-e', 'SELECT 1'])
    assert.equal(stdout, '1\n1\n')
    const steps = stderr.trimEnd().split('\n')
    for (const line of steps) assert.match(line, /^ *\d+\.\d ms {2}(<-|->|==| {2}) {2}\S/)
    const story = steps.map((line) => line.replace(/^ *[\d.]+ ms +(<-|->|==)? */, '').replace(/[:,;] .*$/, ''))
    // Fast or full: whether another test has come in before.
    assert.deepEqual(
      [...new Set(story)],
      [
        `connected to 127.0.0.1:${address[3]}`,
        'greeting of 9.7.0-saltgate',
        'request for TLS',
        'TLSv1.3',
        'login of root',
        'caching_sha2_password',
        'OK',
      ],
    )
    assert.doesNotMatch(stderr, /root-secret/)
  })

  it('tells it as JSON beside --json', async () => {
    const { stderr } = await run([...address, '--explain', '--json', '-e', 'SELECT 1'])
    const steps = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(steps.map(({ is }) => is).slice(0, 3), ['connected', 'greeting', 'tls-requested'])
    for (const { elapsedMs } of steps) assert.equal(typeof elapsedMs, 'number')
  })
})

describe('a login that fails', () => {
  it("exits 1 with MySQL's line, how far it came, and a hint", async () => {
    const { code, stdout, stderr } = await run([...address, '-e', 'SELECT 1'], '', { MYSQL_PWD: 'wrong-secret' })
    assert.deepEqual([code, stdout], [1, ''])
    const [error, seen, hint] = stderr.split('\n')
    assert.equal(error, "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)")
    assert.match(
      seen ?? '',
      /^\(root at 127\.0\.0\.1:\d+, server 9\.7\.0-saltgate, tls, caching_sha2_password, phase verdict, after \d+ ms\./,
    )
    assert.ok((hint ?? '').length > 20)
    assert.doesNotMatch(stderr, /wrong-secret/)
  })

  it('is told from one that needs an option', async () => {
    const expired = ['-h', '127.0.0.1', '-P', address[3] as string, '-u', 'expired', '-e', 'SELECT 1']
    const refused = await run(expired, '', { MYSQL_PWD: 'pw' })
    assert.match(refused.stderr, /^ERROR 1862 \(HY000\): .*\n.*\n.*--connect-expired-password/s)
    const sandboxed = await run([...expired, '--connect-expired-password'], '', { MYSQL_PWD: 'pw' })
    assert.match(sandboxed.stderr, /^ERROR 1820 \(HY000\) at line 1: /)
  })

  it('is told when nobody listens, nobody speaks, and the certificate is unknown', async () => {
    const nobody = await run(['-h', '127.0.0.1', '-P', '1', '-u', 'root', '-e', 'SELECT 1'])
    assert.match(
      nobody.stderr,
      /^ERROR 2003 \(HY000\): Can't connect to MySQL server on '127\.0\.0\.1:1' \(ECONNREFUSED\)\n/,
    )
    const { port } = silent.address() as { port: number }
    const stalled = await run(['-h', '127.0.0.1', '-P', String(port), '--connect-timeout=1', '-e', 'SELECT 1'])
    assert.match(stalled.stderr, /^ERROR 2013 .*reading initial communication packet.*\n.*\n.*skip_name_resolve/s)
    const unknown = await run([...address, '--ssl-mode=VERIFY_IDENTITY', '-e', 'SELECT 1'])
    assert.match(unknown.stderr, /^ERROR 2026 \(HY000\): SSL connection error: .*SELF_SIGNED_CERT_IN_CHAIN\n/)
    assert.deepEqual([nobody.code, stalled.code, unknown.code], [1, 1, 1])
  })
})

describe('wrong use', () => {
  it('exits 2 with what is wrong, and with examples in the help', async () => {
    const unknown = await run([...address, '--ssl-mod=REQUIRED'])
    assert.equal(unknown.code, 2)
    const mode = await run([...address, '--ssl-mode=SOMETIMES', '-e', 'SELECT 1'])
    assert.equal(mode.code, 2)
    assert.match(mode.stderr, /ssl-mode/)
    const help = await run(['--help'])
    assert.equal(help.code, 0)
    assert.match(help.stdout, /Examples:\n {2}\$ saltgate connect/)
  })
})
