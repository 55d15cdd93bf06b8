import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Key, Keyboard } from './keys.ts'

const typed = 'q\x1b[A\x1bOB\x1b[5~é🙂\r\x7f\x03\x1b[1;5C\x1bxK\x1b[H'
const keys = ['q', 'up', 'down', 'page-up', 'é', '🙂', 'enter', 'backspace', 'interrupt', 'K', 'home']

function names(pieces: readonly string[]): string[] {
  const seen: Key[] = []
  const keyboard = new Keyboard((key) => seen.push(key))
  for (const piece of pieces) keyboard.push(piece)
  keyboard.close()
  return seen.map((key) => (key.is === 'text' ? key.text : key.is))
}

describe('Keyboard', () => {
  it('knows letters, cursor keys in both modes and control characters, and leaves out what it does not know', () => {
    assert.deepEqual(names([typed]), keys)
  })

  it('knows the same keys wherever what was sent is cut in two', () => {
    const characters = Array.from(typed)
    for (let i = 0; i <= characters.length; i++) {
      assert.deepEqual(names([characters.slice(0, i).join(''), characters.slice(i).join('')]), keys, `cut at ${i}`)
    }
  })

  it('takes an ESC that nothing follows for the key', async () => {
    const key = await new Promise((resolve) => new Keyboard(resolve).push('\x1b'))
    assert.deepEqual(key, { is: 'escape' })
  })

  it('does not wait without end for a sequence that goes on and on', () => {
    assert.deepEqual(names([`\x1b[${'1'.repeat(40)}`, 'q']).at(-1), 'q')
  })
})
