/** `saltgate top` as its users run it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { program, Serving, saltgate, scratch } from '../../test/support/cli.ts'
import { lanes, type Second } from '../dashboard/contract.ts'
import type { Picture } from './top/once.ts'

const home = scratch()
let serving: Serving
let url: string

before(async () => {
  serving = await Serving.start(['--dashboard', '127.0.0.1:0', '--data', 'data'], {
    cwd: home.path,
    env: { SALTGATE_ROOT_PASSWORD: 'root-secret' },
  })
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.stdout)?.[0] ?? ''
  await assert.rejects(
    createConnection({ host: '127.0.0.1', port: serving.port, user: 'root', password: 'wrong-secret' }),
  )
})

after(async () => {
  await serving[Symbol.asyncDispose]()
  home[Symbol.dispose]()
})

function top(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return saltgate(['top', ...args], { cwd: home.path, env })
}

describe('saltgate top', () => {
  it('prints one picture without escapes where stdout is no terminal, and exits 0', async () => {
    const stranger = connect(serving.port, '127.0.0.1')
    await once(stranger, 'data')
    const { code, stdout, stderr } = await top([url])
    stranger.destroy()
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^ front door on 127\.0\.0\.1:\d+, up \d+ s, Saltgate \S+ as \S+ +live$/m)
    assert.match(stdout, /^ Greeting sent {8}1 █$/m)
    assert.match(stdout, /^[ !]+\d+ \(not said\) +\S+ +Greeting sent/m)
    assert.match(stdout, /^ +1 +.*secret-mismatch +mysql2 \S+ +127\.0\.0\.0\/24 +root/m)
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{C}/u)
  })

  it('prints one object of the door, who is there and the refusals with --once --json', async () => {
    const { code, stdout } = await top([url, '--once', '--json'])
    const { door, now, refusals }: Picture = JSON.parse(stdout)
    assert.equal(code, 0)
    assert.equal(door.kind, 'front door')
    assert.equal(now.counts.length, lanes.length)
    assert.ok(refusals.groups.some(({ reason }) => reason === 'secret-mismatch'))
    assert.ok(!stdout.includes('wrong-secret'))
  })

  it('prints an object for each second with --json, until it is ended', async () => {
    const child = spawn(process.execPath, [program, 'top', url, '--json'], { timeout: 30_000, killSignal: 'SIGKILL' })
    let text = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      text += chunk
      if (text.split('\n').length > 2) child.kill('SIGTERM')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    assert.deepEqual([child.exitCode, child.signalCode], [0, null])
    const [one, two] = text.split('\n').map((line): Second => JSON.parse(line || '{}'))
    assert.ok(one !== undefined && two !== undefined && two.sample.atMs > one.sample.atMs)
  })

  it('exits 1 when there is no dashboard, and says what to do', async () => {
    for (const args of [['--once'], ['--json'], ['--once', '--json']]) {
      const { code, stdout, stderr } = await top(['127.0.0.1:1', ...args])
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(
        stderr,
        /nothing listens at http:\/\/127\.0\.0\.1:1\. Is 'saltgate serve' running, and not with --dashboard off\?/,
      )
    }
    const { code, stderr } = await top([`127.0.0.1:${serving.port}`])
    assert.equal(code, 1)
    assert.match(stderr, /is no dashboard of Saltgate's/)
  })

  it('exits 2 for wrong use', async () => {
    for (const [args, words] of [
      [['ftp://x'], /a dashboard is at an address like/],
      [['--cert', 'x.pem'], /--cert and --key belong together/],
      [['--cacert', 'x.pem'], /are for a dashboard at https/],
      [['https://x', '--cacert', 'none.pem'], /--cacert none\.pem cannot be read/],
      [['--nothing'], /unknown option/],
    ] as const) {
      const { code, stderr } = await top(args)
      assert.equal(code, 2)
      assert.match(stderr, words)
    }
    const { code, stderr } = await top(['http://192.0.2.1:3380'], { SALTGATE_DASHBOARD_PASSWORD: 'the-secret' })
    assert.equal(code, 2)
    assert.match(stderr, /in clear/)
    assert.ok(!stderr.includes('the-secret'))
  })

  const missing = existsSync('/usr/bin/script') ? false : 'there is no script(1) (bsdutils) to make a terminal'
  it('fills a terminal, answers keys, and gives the terminal back as it was', { skip: missing }, async () => {
    const line = `stty rows 24 cols 80; ${process.execPath} ${program} top ${url}; echo "exit $?"; stty -a`
    const child = spawn('script', ['-qfec', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
      timeout: 30_000,
      killSignal: 'SIGKILL',
    })
    let text = ''
    let typed = ''
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      text += chunk
      for (const [seen, key] of [
        ['[1 Now]', '3'],
        ['secret-mismatch', '\x1a'],
        ['\x1b[?1049l', 'q'],
      ] as const) {
        if (!text.includes(seen) || typed.includes(key)) continue
        typed += key
        child.stdin.write(key)
      }
    }
    assert.equal(typed, '3\x1aq')
    const [shown = '', after = ''] = text.split(/exit (?=0\r)/)
    assert.ok(shown.includes('\x1b[?1049h') && shown.trimEnd().endsWith('\x1b[?25h\x1b[?1049l'))
    assert.match(after, / icanon /)
    assert.match(after, / echo /)
    assert.doesNotMatch(shown, /\[[39]\dm/, 'no colour with NO_COLOR')
  })
})
