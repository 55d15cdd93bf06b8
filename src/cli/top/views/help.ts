/** The keys. */
import type { Line } from '../line.ts'
import type { Body } from './body.ts'

export function helpBody(): Body {
  return {
    is: 'page',
    lines: keys.map(([key, what]): Line => (key === '' ? [[` ${what}`, 'bold']] : [`  ${key.padEnd(20)} ${what}`])),
  }
}

const keys: readonly (readonly [key: string, what: string])[] = [
  ['', 'Views'],
  ['1 ... 6, Tab', 'Now, Over time, Refusals, Hosts, Accounts, Backends'],
  ['?', 'this help'],
  ['q, Ctrl-C', 'end'],
  ['Ctrl-Z, Ctrl-L', 'stop until fg; draw everything again'],
  ['', 'Lists'],
  ['up down, k j', 'choose'],
  ['PgUp PgDn Home End', 'the same in larger steps; also g and G'],
  ['Enter', 'open: a connection with all that was said, a cause with its handshakes'],
  ['Esc, Backspace', 'back'],
  ['/', 'show only what holds a text; Esc shows all again'],
  ['a', 'Now: list those too who are in'],
  ['', 'Deeds; each asks first'],
  ['x, K', 'end the chosen connection'],
  ['f', 'Hosts: forget the chosen host and its errors, so that it is blocked no longer'],
  ['F', 'Hosts: forget all of them'],
  ['', 'Now'],
  ['!', 'waits longer than strangers should (saltgate_stranger_patience)'],
]
