import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CaseResult, mediansOf, ratio, table } from './report.ts'

const result: CaseResult = {
  name: 'logins',
  compare: 'CPU µs/login',
  medians: new Map([
    ['floor', { 'CPU µs/login': 40, errors: 0 }],
    ['saltgate', { 'CPU µs/login': 50, errors: 0 }],
    ['mysqld', { 'CPU µs/login': 100 }],
  ]),
}

test('takes the median of each column, between the two middle runs when their number is even', () => {
  assert.deepEqual(
    mediansOf([
      { a: 9, b: 1 },
      { a: 1, b: 3 },
      { a: 2, b: 2 },
    ]),
    { a: 2, b: 2 },
  )
  assert.deepEqual(mediansOf([{ a: 1 }, { a: 4 }]), { a: 2.5 })
})

test('compares two contestants by the column of the case', () => {
  assert.equal(ratio(result, 'saltgate', 'mysqld'), 0.5)
  assert.equal(ratio(result, 'mariadbd', 'floor'), undefined)
})

test('shows a figure that a contestant does not have as a dash, and every ratio', () => {
  assert.deepEqual(table(result).split('\n'), [
    '### logins',
    '',
    '|          | CPU µs/login | errors | CPU µs/login: of floor | saltgate is |',
    '| -------- | -----------: | -----: | ---------------------: | ----------: |',
    '| floor    |           40 |      0 |                  1.00x |       1.25x |',
    '| saltgate |           50 |      0 |                  1.25x |             |',
    '| mysqld   |          100 |      - |                  2.50x |       0.50x |',
  ])
})
