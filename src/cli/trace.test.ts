/** `saltgate trace` as its users run it, on captures of real logins. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { captures } from '../../test/support/captures.ts'
import { program, saltgate, scratch } from '../../test/support/cli.ts'
import { captured, tcp } from '../../test/support/tcp-script.ts'
import type { ConnectionReport } from '../doctor/report/connection-report.ts'

const home = scratch()
/** Captures of several logins, one behind the other: the frames of a pcap stand for themselves. */
let several: string

before(() => {
  several = join(home.path, 'several.pcap')
  const names = ['my97-sha2-full-rsa-mysql97', 'my97-sha2-wrong-warm-php', 'ma1011-pam-unsupported-mysql2']
  const [first, ...rest] = names.map((name) => readFileSync(vector(`${name}.pcap`)))
  assert.ok(first !== undefined)
  writeFileSync(several, Buffer.concat([first, ...rest.map((file) => file.subarray(24))]))
})

after(() => home[Symbol.dispose]())

function vector(name: string): string {
  return fileURLToPath(new URL(`../../test/vectors/captures/${name}`, import.meta.url))
}

function trace(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return saltgate(['trace', ...args], { cwd: home.path, env })
}

function objects(stdout: string): ConnectionReport[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

describe('saltgate trace', () => {
  it('prints the ladder of each connection, the totals, and exits 1 where one failed', async () => {
    const { code, stdout, stderr } = await trace([several])
    assert.equal(code, 1)
    assert.match(stdout, /^#1 .* ok$/m)
    assert.match(stdout, /^#2 .* refused$/m)
    assert.match(stdout, /^#3 .* aborted$/m)
    assert.match(stdout, /<- {2}ERROR 1045 \(28000\): Access denied/)
    assert.equal(stderr, '3 connections: 1 ok, 1 refused, 1 aborted\n')
    assert.ok(!stdout.includes('\u001b'))
  })

  it('prints a line for each connection, or a small object', async () => {
    const { code, stdout } = await trace(['--summary', several])
    assert.equal(code, 1)
    const lines = stdout.trimEnd().split('\n')
    assert.equal(lines.length, 3)
    assert.match(
      lines[1] ?? '',
      /^#2 {2}\S+ {2}\S+ -> \S+ {2}\S+ {2}caching_sha2_password {2}plaintext {2}[\d.]+ ms {2}refused: 1045 Access/,
    )
    const small = objects((await trace(['--summary', '--json', several])).stdout)
    assert.deepEqual(
      small.map(({ number, outcome }) => [number, outcome]),
      [
        [1, 'ok'],
        [2, 'refused'],
        [3, 'aborted'],
      ],
    )
  })

  it('exits 0 where all is well', async () => {
    const { code, stderr } = await trace([vector('ma1011-native-ok-mysql97.pcap')])
    assert.deepEqual([code, stderr], [0, '1 connection: 1 ok, 0 refused, 0 aborted\n'])
  })

  it('prints an object per connection and line with --json, also of a packed capture', async () => {
    const packed = join(home.path, 'several.pcap.gz')
    writeFileSync(packed, gzipSync(readFileSync(several)))
    const { stdout, stderr } = await trace([packed, '--json'])
    assert.deepEqual(
      objects(stdout).map(({ number, outcome, user }) => [number, outcome, user]),
      [
        [1, 'ok', 'sha2'],
        [2, 'refused', 'sha2'],
        [3, 'aborted', 'pamu'],
      ],
    )
    assert.equal(stderr, '')
  })

  it('reads stdin', () => {
    const stdin = openSync(several, 'r')
    const run = spawnSync(process.execPath, [program, 'trace', '-', '--json'], { stdio: [stdin, 'pipe', 'pipe'] })
    closeSync(stdin)
    assert.equal(objects(run.stdout.toString()).length, 3)
  })

  it('shows only what is asked for', async () => {
    const only = async (...args: string[]) =>
      objects((await trace([several, '--json', ...args])).stdout).map(({ number }) => number)
    assert.deepEqual(await only('--only', 'refused'), [2])
    assert.deepEqual(await only('--connection', '3'), [3])
    assert.deepEqual(await only('--port', '33110'), [1])
    const none = await trace([several, '--only', 'ok', '--port', '33110'])
    assert.deepEqual([none.code, none.stdout], [0, ''])
    assert.match(none.stderr, /^saltgate: no ok MySQL connection to port 33110 in \d+ frames$/m)
  })

  it('counts what speaks another protocol on other ports, and tells it on that of MySQL', async () => {
    const web = join(home.path, 'web.pcap')
    const turns = [['client', 'GET / HTTP/1.1\r\n\r\n'] as const, ['server', 'HTTP/1.1 200 OK\r\n\r\n'] as const]
    const other = tcp(turns, { client: '192.0.2.1:50001', server: '192.0.2.2:80' })
    writeFileSync(web, captured(other))
    const quiet = await trace([web])
    assert.deepEqual([quiet.code, quiet.stdout], [0, ''])
    assert.match(quiet.stderr, /^saltgate: connections that do not speak MySQL: 1 of HTTP to port 80; --port/m)
    const [asked] = objects((await trace([web, '--port', '80', '--json'])).stdout)
    assert.deepEqual([asked?.foreign, asked?.outcome], ['http', 'aborted'])
    writeFileSync(web, captured([...other, ...tcp(turns)]))
    const both = await trace([web, '--json'])
    assert.deepEqual(
      objects(both.stdout).map(({ server, foreign }) => [server.port, foreign]),
      [[3306, 'http']],
    )
    assert.equal(both.code, 1)
  })

  it('names the defect of PyMySQL 1.1.1, proven by the password from MYSQL_PWD', async () => {
    const file = vector('ma118-sha2-full-rsa-pymysql111.pcap')
    const known = await trace([file, '--json', '--password'], { MYSQL_PWD: 'pw-sha2' })
    const [proven] = objects(known.stdout)
    assert.deepEqual([proven?.findings[0]?.id, proven?.findings[0]?.certain], ['nonce-21-bytes', true])
    assert.match(proven?.findings[0]?.remedy.client ?? '', /1\.1\.2/)
    assert.equal(known.code, 1)
    assert.ok(!`${known.stdout}${known.stderr}`.includes('pw-sha2'))
    const [guessed] = objects((await trace([file, '--json'])).stdout)
    assert.deepEqual([guessed?.findings[0]?.id, guessed?.findings[0]?.certain], ['nonce-21-bytes', false])
  })

  it('reads inside TLS with a key log, and says what it cannot read without', async () => {
    const keyed = captures.find(({ name }) => name === 'my97-tls-sha2-full-mysql97')
    assert.ok(keyed !== undefined)
    const [closed] = objects((await trace([vector(keyed.file), '--json'])).stdout)
    assert.deepEqual([closed?.tls?.version, closed?.tls?.inside, closed?.user], ['TLSv1.3', 'no-keys', null])
    const keylog = ['--keylog', vector('my97-tls-sha2-full-mysql97.keys')]
    const { code, stdout } = await trace([vector(keyed.file), '--json', '--verbose', ...keylog])
    const [open] = objects(stdout)
    assert.deepEqual([open?.tls?.inside, open?.user, open?.outcome, code], ['seen', 'sha2', 'ok', 0])
    assert.ok(open?.steps.some(({ text }) => text === 'password in clear, 8 bytes with its NUL'))
    assert.ok(!stdout.includes(Buffer.from('pw-sha2').toString('hex')))
    assert.ok(!stdout.includes('pw-sha2'))
  })

  it('writes a page, and leaves hosts out of it and of the lines', async () => {
    const page = join(home.path, 'report.html')
    const { code, stdout, stderr } = await trace([several, '--html', page, '--json', '--redact-hosts', '--verbose'])
    assert.equal(code, 1)
    assert.match(stderr, /^written to .*report\.html$/m)
    const html = readFileSync(page, 'utf8')
    assert.match(html, /^<!doctype html>[\s\S]*<\/html>\n$/)
    assert.equal(html.match(/<svg /g)?.length, 3)
    for (const text of [html, stdout]) {
      assert.ok(!text.includes('127.0.0.1'))
      assert.ok(!text.includes(Buffer.from('127.0.0.1').toString('hex')))
    }
    assert.match(html, /host-1:33100/)
  })

  it('reads a damaged capture as far as it goes, and says where it stops', async () => {
    const cut = join(home.path, 'cut.pcap')
    writeFileSync(cut, readFileSync(several).subarray(0, -7))
    const { stdout, stderr } = await trace([cut, '--json'])
    assert.equal(objects(stdout).length, 3)
    assert.match(stderr, /^saltgate: the capture was read up to offset \d+: /)
  })

  it('exits 2 for what is no capture, for a file that is not there, and for wrong use', async () => {
    const other = join(home.path, 'other.txt')
    writeFileSync(other, 'GET / HTTP/1.1\r\n\r\n')
    const foreign = await trace([other])
    assert.deepEqual([foreign.code, foreign.stdout], [2, ''])
    assert.match(foreign.stderr, /offset 0: /)
    const missing = await trace([join(home.path, 'missing.pcap')])
    assert.equal(missing.code, 2)
    assert.match(missing.stderr, /^saltgate: cannot read .*missing\.pcap: ENOENT/)
    assert.equal((await trace([several, '--keylog', 'missing.keys'])).code, 2)
    assert.equal((await trace([several, '--only', 'maybe'])).code, 2)
    assert.equal((await trace([several, '--port', '0'])).code, 2)
    assert.equal((await trace([several, '--password'])).code, 2)
    assert.equal((await trace([])).code, 2)
  })

  it('shows how to use it', async () => {
    const { code, stdout } = await trace(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /Examples:\n {2}\$ tcpdump .*\| saltgate trace -\n/)
  })
})
