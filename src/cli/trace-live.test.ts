/** `saltgate trace --listen --to` as its users run it, between mysql2 and our own front door. */
import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { program, saltgate, scratch } from '../../test/support/cli.ts'
import { until, withDoor } from '../../test/support/door.ts'
import { CaptureReader } from '../doctor/capture/read-capture.ts'
import type { ConnectionReport } from '../doctor/report/connection-report.ts'

const mary = { user: 'mary', password: 'pw-of-mary' }

class Tracing implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly ended: Promise<number | null>
  stdout = ''
  stderr = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [program, 'trace', '--listen', '127.0.0.1:0', ...args], { timeout: 60_000 })
    this.#child.stdout.setEncoding('utf8').on('data', (text) => {
      this.stdout += text
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.stderr += text
    })
    this.ended = once(this.#child, 'close').then(([code]) => code)
  }

  static async start(port: number, ...args: readonly string[]): Promise<Tracing> {
    const tracing = new Tracing(['--to', `127.0.0.1:${port}`, ...args])
    await until(() => tracing.port > 0, 'the tap is ready')
    return tracing
  }

  get port(): number {
    return Number(/^saltgate tap ready on 127\.0\.0\.1:(\d+), to /m.exec(this.stderr)?.[1] ?? 0)
  }

  end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL')
  }
}

function login(port: number, options: object = {}) {
  return createConnection({ host: '127.0.0.1', port, ...mary, ...options })
}

describe('saltgate trace --listen --to', () => {
  it('prints a ladder for each login when it is over', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      await using tracing = await Tracing.start(port)
      const connection = await login(tracing.port)
      await until(() => tracing.stdout.includes("'mary' logged in by caching_sha2_password"), 'the login is printed')
      assert.doesNotMatch(tracing.stdout, /the capture ends here/)
      await connection.end()
      await assert.rejects(login(tracing.port, { password: 'wrong' }), { errno: 1045 })
      await until(() => tracing.stdout.includes('ERROR 1045'), 'the refusal is printed')
      assert.equal(await tracing.end('SIGINT'), 1)
      assert.match(tracing.stderr, /2 connections: 1 ok, 1 refused, 0 aborted/)
    }))

  it('sees inside TLS where it ends it, says so, and saves what it sees without secrets, for its owner', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      using directory = scratch()
      const file = join(directory.path, 'logins.pcapng')
      await using tracing = await Tracing.start(port, '--json', '--tls', 'terminate', '--save', file)
      assert.match(tracing.stderr, /passes through this process in clear/)
      const connection = await login(tracing.port, { ssl: { rejectUnauthorized: false } })
      await connection.query("SELECT 'hello'")
      await connection.end()
      await until(() => tracing.stdout.endsWith('\n'), 'it is printed')
      assert.equal(await tracing.end('SIGTERM'), 0)
      const report: ConnectionReport = JSON.parse(tracing.stdout)
      assert.deepEqual([report.outcome, report.user, report.tls?.inside], ['ok', 'mary', 'seen'])
      assert.equal(statSync(file).mode & 0o777, 0o600)
      const bytes = readFileSync(file)
      assert.equal(bytes.indexOf(mary.password), -1)
      assert.ok(bytes.includes("SELECT 'hello'"))
      const { stdout, code } = await saltgate(['trace', file, '--json', '--port', String(port)], {
        cwd: directory.path,
      })
      const read: ConnectionReport = JSON.parse(stdout)
      assert.deepEqual([read.outcome, read.user, read.stopped], ['ok', 'mary', null])
      assert.deepEqual(read.steps.map(({ kind }) => kind).slice(0, 5), [
        'HandshakeV10',
        'HandshakeResponse41',
        'AuthMoreData',
        'AuthAnswer',
        'Ok',
      ])
      // A password in clear, as it seems.
      assert.ok(code === 0 || code === 1)
    }))

  it('leaves a file that can be read to its last frame when it is killed', () =>
    withDoor(
      {
        accounts: [mary],
        handler: () => () => ({ columns: [{ name: 'x' }], rows: Array(20_000).fill(['x'.repeat(1000)]) }),
      },
      async ({ port, door }) => {
        using directory = scratch()
        const file = join(directory.path, 'killed.pcapng')
        await using tracing = await Tracing.start(port, '--save', file)
        const connection = await login(tracing.port)
        connection.on('error', () => {})
        const asked = connection.query('SELECT x').catch(() => {})
        await until(() => statSync(file).size > 1_000_000, 'much is saved')
        await tracing.end('SIGKILL')
        await asked
        await until(() => door.registry.live.size === 0, 'the server saw it')
        const reader = new CaptureReader(() => undefined)
        reader.push(readFileSync(file))
        const { stopped, frames } = reader.end()
        assert.equal(stopped, undefined)
        assert.ok(frames > 20)
      },
    ))

  it('writes over no file, and leaves none behind where it cannot listen', () =>
    withDoor({ accounts: [mary] }, async ({ port }) => {
      using directory = scratch()
      const cwd = directory.path
      const file = join(cwd, 'there.pcapng')
      writeFileSync(file, 'mine')
      const to = ['--to', `127.0.0.1:${port}`]
      const over = await saltgate(['trace', '--listen', '127.0.0.1:0', ...to, '--save', file], { cwd })
      assert.deepEqual(
        [over.code, over.stderr],
        [2, `saltgate: cannot save to ${file}: there is such a file already\n`],
      )
      assert.equal(readFileSync(file, 'latin1'), 'mine')
      const taken = [
        'trace',
        '--listen',
        `127.0.0.1:${port}`,
        '--to',
        '127.0.0.1:1',
        '--save',
        join(cwd, 'none.pcapng'),
      ]
      const { code, stderr } = await saltgate(taken, { cwd })
      assert.equal(code, 2)
      assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
      assert.ok(!existsSync(join(cwd, 'none.pcapng')))
    }))

  it('says what does not go together', async () => {
    using directory = scratch()
    const cases: [string[], RegExp][] = [
      [[], /takes a capture, or --listen and --to/],
      [['x.pcap', '--listen', '127.0.0.1:0', '--to', '127.0.0.1:1'], /takes a capture, or --listen and --to/],
      [['--listen', '127.0.0.1:0'], /--listen and --to belong together/],
      [['--listen', 'here', '--to', '127.0.0.1:1'], /--listen takes HOST:PORT/],
      [['--listen', '127.0.0.1:0', '--to', '127.0.0.1:1', '--ssl-mode', 'REQUIRED'], /go with --tls terminate/],
      [['--listen', '127.0.0.1:0', '--to', '127.0.0.1:1', '--keylog', 'k'], /--keylog and --port are for captures/],
    ]
    for (const [args, why] of cases) {
      const { code, stderr } = await saltgate(['trace', ...args], { cwd: directory.path })
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, why)
    }
  })
})
