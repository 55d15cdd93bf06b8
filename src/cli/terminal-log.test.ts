import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { Command } from 'commander'
import pino from 'pino'
import { addDoorOptions, type DoorOptions } from './door-command.ts'
import { forPeople } from './terminal-log.ts'

const time = Date.UTC(2026, 0, 2, 3, 4, 5)
const clock = new Date(time).toTimeString().slice(0, 8)

describe('the log at a terminal', () => {
  const login = {
    ...{ connection: 12, user: 'app', account: "'app'@'%'", host: '10.0.0.7', address: '10.0.0.7', channel: 'tls' },
    ...{ plugin: 'caching_sha2_password', tls: 'TLSv1.3', client: 'Node-MySQL-2 3.24.5', totalMs: 3.0512 },
    phasesMs: { accepted: 0.02, tls: 1.96, 'auth-answer': 0.4, 'secret-check': 0.35, admission: 0.11 },
  }
  const stranger = { connection: 13, host: '10.0.0.8', address: '10.0.0.8', channel: 'plaintext' }
  const refused = { connection: 12, host: '10.0.0.7', phase: 'verdict', reason: 'scramble-mismatch', error: 1045 }
  for (const [facts, line] of [
    [
      { level: 30, msg: 'refused', user: 'root', ...refused },
      'refused #12 root@10.0.0.7 in verdict: scramble-mismatch (1045)',
    ],
    [{ level: 30, msg: 'backend up', backend: 'db-1', role: 'primary' }, 'backend up db-1'],
    [
      { level: 40, msg: 'backend down', backend: 'db-1', reason: 'no answer' },
      'warning: backend down db-1 - no answer',
    ],
    [
      { level: 50, msg: 'a hook failed', connection: 7, hook: 'readAuth', err: { message: 'no\nluck' } },
      'error: a hook failed #7 readAuth - no\\u{a}luck',
    ],
    [
      { level: 30, msg: 'admitted', ...login },
      'admitted #12 app@10.0.0.7 by caching_sha2_password over TLSv1.3, Node-MySQL-2 3.24.5: 3.1 ms (tls 2.0, auth-answer 0.4, secret-check 0.3)',
    ],
    [
      { level: 30, msg: 'admitted', ...login, again: true, channel: 'unix-socket', tls: undefined, phasesMs: {} },
      'admitted #12 app@10.0.0.7 changing user by caching_sha2_password over a unix socket, Node-MySQL-2 3.24.5: 3.1 ms',
    ],
    [
      { level: 30, msg: 'refused', ...login, ...refused, detail: 'the client hashed no nonce at all', phasesMs: {} },
      'refused #12 app@10.0.0.7 in verdict: scramble-mismatch (1045) - the client hashed no nonce at all - by caching_sha2_password over TLSv1.3, Node-MySQL-2 3.24.5: 3.1 ms',
    ],
    [
      {
        ...{ level: 30, msg: 'refused', ...stranger, phase: 'login', reason: 'login-timeout' },
        ...{ totalMs: 10_000.2, phasesMs: { login: 10_000.1 } },
      },
      'refused #13 a stranger@10.0.0.8 in login: login-timeout - over plaintext: 10000.2 ms (login 10000.1)',
    ],
    [
      {
        ...{ level: 30, msg: 'more logins', admitted: 1184, refused: 27, sinceMs: time - 1000 },
        reasons: { 'login-timeout': 7, 'secret-mismatch': 20 },
      },
      'more logins in 1.0 s: 1184 admitted, 27 refused (secret-mismatch 20, login-timeout 7)',
    ],
  ] as const) {
    it(`shows as '${line}'`, () => {
      assert.equal(forPeople(JSON.stringify({ time, ...facts })), `${clock} ${line}\n`)
    })
  }

  it('shows what a stranger says of itself, and moves no cursor by it', () => {
    const said = '<script>\u001b[2J\r\n\u202e'
    const facts = { level: 30, msg: 'admitted', ...login, user: said, client: said, plugin: said, phasesMs: {} }
    const shown = '<script>\\u{1b}[2J\\u{d}\\u{a}\\u{202e}'
    assert.equal(
      forPeople(JSON.stringify({ time, ...facts })),
      `${clock} admitted #12 ${shown}@10.0.0.7 by ${shown} over TLSv1.3, ${shown}: 3.1 ms\n`,
    )
  })

  it('has colours where they are wanted, and the same text', () => {
    const line = JSON.stringify({ time, level: 30, msg: 'admitted', ...login })
    assert.notEqual(forPeople(line, true), forPeople(line))
    assert.equal(stripVTControlCharacters(forPeople(line, true)), forPeople(line))
  })

  it('reads what pino writes', () => {
    const lines: string[] = []
    const log = pino({ base: null }, { write: (line: string) => void lines.push(forPeople(line)) })
    log.error({ err: new Error('no luck') }, 'a hook failed')
    assert.match(lines.join(''), /^\d\d:\d\d:\d\d error: a hook failed - no luck\n$/)
  })
})

describe('--log-format', () => {
  for (const [said, format] of [
    [[], undefined],
    [['--log-format', 'pretty'], 'pretty'],
    [['--json'], 'json'],
    [['--json', '--log-format', 'pretty'], 'pretty'],
  ] as const) {
    it(`is ${format ?? 'left to where stderr goes'} with '${said.join(' ')}'`, () => {
      const command = addDoorOptions(new Command()).parse(said, { from: 'user' })
      assert.equal(command.opts<DoorOptions>().logFormat, format)
    })
  }
})
