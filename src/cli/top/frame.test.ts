/** What is seen on a terminal, as text, and what keys do to it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  accounts,
  backends,
  door,
  handshake,
  hosts,
  now,
  refusals,
  second,
} from '../../../test/support/dashboard-told.ts'
import { displayWidth } from '../connect/display-width.ts'
import { frame, type Size } from './frame.ts'
import type { Key } from './keys.ts'
import { painted } from './line.ts'
import { emptyModel, type Model, onDoor, onEvent, serverTime } from './model.ts'
import { onKey, type Wish } from './on-key.ts'

const usual: Size = { columns: 80, rows: 24 }
const localMs = 1000

function told(): Model {
  const model = emptyModel('http://127.0.0.1:3380')
  onDoor(model, door)
  onEvent(model, { is: 'now', now }, localMs)
  onEvent(model, { is: 'second', second }, localMs)
  return Object.assign(model, {
    link: { is: 'live' },
    refusals,
    hosts,
    accounts,
    backends,
    handshake: { id: 6, seen: handshake, problem: undefined },
  })
}

function seen(model: Model, size = usual, atMs = localMs): string {
  return frame(model, size, atMs)
    .map((line) => painted(line, size.columns, 'plain'))
    .join('\n')
}

/** Letters, or the name of a key in angle brackets. Returns what the last one wished. */
function press(model: Model, keys: string, size = usual): Wish | undefined {
  let wish: Wish | undefined
  for (const [key, name] of keys.matchAll(/<([a-z-]+)>|./gu)) {
    const pressed = (name === undefined ? { is: 'text', text: key } : { is: name }) as Key
    wish = onKey(model, pressed, size, localMs)
  }
  return wish
}

/** Every place that there is, by the keys that lead there. */
const everywhere = [
  '1',
  '1a',
  '2',
  '3',
  '3<enter>',
  '3<enter><enter>',
  '4',
  '5',
  '6',
  '?',
  '1x',
  '4F',
  '1/',
  '1/zzz<enter>',
]

describe('frame', () => {
  it('fills the terminal exactly, in every place and at every size, and no text moves the cursor', () => {
    for (const size of [usual, { columns: 200, rows: 60 }, { columns: 40, rows: 10 }, { columns: 1, rows: 1 }]) {
      for (const keys of everywhere) {
        const model = told()
        press(model, keys, size)
        const lines = frame(model, size, localMs)
        assert.equal(lines.length, size.rows, keys)
        for (const line of lines) {
          const text = painted(line, size.columns, 'plain')
          assert.ok(displayWidth(text) <= size.columns, `${keys}: ${text}`)
          assert.doesNotMatch(text, /\p{C}/u)
        }
      }
    }
  })

  it('says in its header what it is of, what goes on, and that messages were lost', () => {
    const [first = '', rates] = seen(told(), { columns: 160, rows: 24 }).split('\n')
    assert.match(
      first,
      /^ gateway on 127\.0\.0\.1:3307, \/run\/saltgate\.sock, up 1h00, Saltgate 0\.1\.0 as 8\.4\.0.* live, 3 messages dropped$/,
    )
    assert.equal(rates, ' 43 of 151 connected, 3 outside; logins/s 12, refused/s 2; loop delay 1.5 ms')
  })

  it('shows the lanes, and who waits longest first, marked when that is too long', () => {
    const text = seen(told())
    assert.match(text, /^ Greeting sent {8}2 ██$/m)
    assert.match(text, /^ Admitted {12}40 █+[▏▎▍▌▋▊▉]? of 151$/m)
    const rows = text.split('\n').filter((line) => /(?:Greeting|Plugin|Admitted).* (?:s|ms|m\d\d)$/.test(line))
    assert.deepEqual(
      rows.map((row) =>
        row
          .trimEnd()
          .replace(/ +/g, ' ')
          .replace(/\\u.*\\u\S*/g, '...'),
      ),
      [
        '>! 8 (not said) scanner.example Greeting sent 8.0 s 9.0 s',
        '  7 (not said) 10.0.0.7 Greeting sent 1.0 s 1.1 s'.replace('  ', ' '),
        ' 9 ... Plugin exchange 30 ms 40 ms',
      ],
    )
  })

  it('grows older between messages, and stands still while the stream is lost', () => {
    const model = told()
    assert.match(seen(model, usual, localMs + 2000), /scanner\.example .* 10\.0 s {3}11\.0 s$/m)
    model.link = { is: 'lost', sinceMs: localMs, why: 'the dashboard ended it', retryAtMs: localMs + 4000 }
    assert.equal(serverTime(model, localMs + 2000), now.atMs)
    const text = seen(model, usual, localMs + 2000)
    assert.match(text, /LOST for 2 s, again in 2 s$/m)
    assert.match(text, /scanner\.example .* 8\.0 s {4}9\.0 s$/m)
    assert.match(text, /The picture is old: the dashboard ended it$/)
  })

  it('shows the last minutes by step, with how long steps took', () => {
    const model = told()
    press(model, '2')
    const text = seen(model)
    assert.match(text, /^ G Greeting sent .*█ +2 +3 +≤0\.25ms +≤0\.25ms$/m)
    assert.match(text, /^ {3}Let in a second .*█ +12 +12$/m)
    assert.match(text, /^ +P$/m)
  })

  it('opens a cause with its remedy, and from there a handshake with its ladder, and comes back', () => {
    const model = told()
    press(model, '3')
    assert.match(seen(model), /^> +38 +4 s ago secret-mismatch .*PyMySQL 1\.1\.1/m)
    press(model, '<enter>')
    assert.match(
      seen(model),
      /^ cause {6}the client hashed 21 bytes of the 20-byte nonce\n found 30 {3}the .* nonce\n remedy {5}use a newer driver$/m,
    )
    press(model, '<down><enter>')
    assert.match(seen(model), /Asking for #5/)
    press(model, '<escape><up><enter>')
    const ladder = seen(model, { columns: 80, rows: 40 })
    assert.match(ladder, /refused, secret-mismatch \(told 1045\), 4 s ago; gone/)
    assert.match(ladder, /^ {6}13 ms {4}\+12 ms -> login of/m)
    press(model, '<escape><escape>')
    assert.match(seen(model), /\[3 Refusals\][\s\S]*TIMES/)
  })

  it('puts blocked hosts first, and the accounts that are weak stand out by a mark', () => {
    const model = told()
    press(model, '4')
    assert.match(seen(model), /^>!10\.0\.0\.8 +\(not known\) +BLOCKED +100 +1m00 ago/m)
    press(model, '5')
    const text = seen(model)
    assert.match(text, /^>!'app'@'%' +open, TLS +1234 +5 s ago +0 any host$/m)
    assert.match(text, /no password/)
  })

  it('has backends only where there are some', () => {
    const model = told()
    press(model, '6')
    assert.match(seen(model), /^>!db-1 +10\.1\.0\.1:3306 +down +primary +0\/100 +4 +30 s ago/m)
    onDoor(model, { ...door, kind: 'front door', startedAtMs: door.startedAtMs + 1 })
    assert.doesNotMatch(seen(model), /6 Backends/)
    press(model, '16')
    assert.equal(model.places[0].is, 'now')
  })
})

describe('onKey', () => {
  it('ends a connection only after a yes, whatever else is pressed', () => {
    const model = told()
    assert.equal(press(model, 'x'), undefined)
    assert.match(seen(model), /End connection #8, a stranger from scanner\.example\? \(y\/n\)$/)
    assert.equal(press(model, '<enter>'), undefined)
    assert.equal(press(model, 'xn'), undefined)
    assert.deepEqual(press(model, 'jKy'), { do: 'kill', id: 7 })
    assert.equal(press(model, 'y'), undefined)
  })

  it('flushes the chosen host, or all, after a yes', () => {
    const model = told()
    assert.deepEqual(press(model, '4fy'), { do: 'flush', address: '10.0.0.8' })
    assert.deepEqual(press(model, 'Fy'), { do: 'flush', address: undefined })
    assert.equal(press(model, '1fy'), undefined)
  })

  it('keeps to whom was chosen while others come and go', () => {
    const model = told()
    press(model, 'j')
    const earlier = [3, 2, now.atMs, now.atMs - 20_000, '', '10.0.0.3'] as const
    onEvent(model, { is: 'now', now: { ...now, whole: false, changed: [earlier], gone: [9], refused: [] } }, localMs)
    assert.deepEqual(press(model, 'xy'), { do: 'kill', id: 7 })
  })

  it('filters as it is typed, in all columns, and shows all again by Escape', () => {
    const model = told()
    press(model, '/SCANqx<backspace><backspace>')
    assert.match(seen(model), /show only: SCAN_/)
    press(model, '<enter>')
    const text = seen(model)
    assert.match(text, /scanner\.example/)
    assert.doesNotMatch(text, /10\.0\.0\.7/)
    press(model, '<escape>')
    assert.match(seen(model), /10\.0\.0\.7/)
  })

  it('lists those who are in when asked to, after those who wait', () => {
    const model = told()
    assert.doesNotMatch(seen(model), /10\.0\.0\.10/)
    press(model, 'a')
    assert.match(seen(model), /Plugin exchange[\s\S]* app +10\.0\.0\.10 +Admitted +1m00 +1m00/)
  })

  it('scrolls no further than to the last line', () => {
    const model = told()
    press(model, '3<enter><enter>G')
    assert.match(seen(model), /flags {6}PROTOCOL_41 PLUGIN_AUTH\n /)
    press(model, '<up>')
    assert.doesNotMatch(seen(model), /flags/)
  })

  it('ends by q and Ctrl-C, even while something is asked', () => {
    assert.deepEqual(press(told(), 'q'), { do: 'quit' })
    assert.deepEqual(press(told(), 'x<interrupt>'), { do: 'quit' })
    assert.deepEqual(press(told(), '/<interrupt>'), { do: 'quit' })
  })
})
