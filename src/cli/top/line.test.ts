import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { displayWidth } from '../connect/display-width.ts'
import { cell, clip, type Line, painted, wrap } from './line.ts'

/** As hostile as text can be. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\x1b', '\x9b', '\n', '\r', '\u202e', '\u2028', '\ud800', '日', '🙂', 'e\u0301', '[2J', ' '),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
})

describe('painted', () => {
  it('writes no control character but its own colours, and never more cells than there are, whatever the text', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.nat({ max: 40 }), (a, b, width) => {
        const line: Line = [a, [b, 'bad']]
        assert.doesNotMatch(painted(line, width, 'plain'), /\p{C}/u)
        const bare = painted(line, width, 'colour').replace('\x1b[31m', '').replace('\x1b[0m', '')
        assert.doesNotMatch(bare, /\p{C}/u)
        assert.ok(displayWidth(bare) <= width)
      }),
    )
  })

  it('keeps weight but no colour where colours are not wanted', () => {
    const line: Line = [
      ['a', 'bold'],
      ['b', 'good'],
      ['c', 'selected'],
    ]
    assert.equal(painted(line, 80, 'mono'), '\x1b[1ma\x1b[0mb\x1b[7mc\x1b[0m')
    assert.equal(painted(line, 80, 'plain'), 'abc')
  })
})

describe('clip', () => {
  it('ends what it cuts in an ellipsis, and cuts no character in two', () => {
    assert.equal(clip('saltgate', 8), 'saltgate')
    assert.equal(clip('saltgate', 5), 'salt…')
    assert.equal(clip('日本語', 4), '日…')
    assert.equal(clip('e\u0301e\u0301', 1), '…')
    assert.equal(clip('x', 0), '')
  })
})

describe('cell', () => {
  it('fills up by cells, not by characters', () => {
    assert.equal(cell('日', 4), '日  ')
    assert.equal(cell('12', 4, 'right'), '  12')
  })
})

describe('wrap', () => {
  it('breaks at spaces, and where there is none inside the word', () => {
    assert.deepEqual(wrap('the password is wrong', 12), ['the password', 'is wrong'])
    assert.deepEqual(wrap('abcdefgh', 3), ['abc', 'def', 'gh'])
  })

  it('loses nothing but spaces, and no line is too wide, whatever the text', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 30 }), (text, width) => {
        const lines = wrap(text, width)
        for (const line of lines) assert.ok(displayWidth(line) <= width, JSON.stringify(line))
        assert.doesNotMatch(lines.join(''), /\p{C}/u)
      }),
    )
  })
})
