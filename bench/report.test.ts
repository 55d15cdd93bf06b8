import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CaseResult, document, goalLines, mediansOf, ratio, table } from './report.ts'

const result: CaseResult = {
  name: 'logins',
  compare: 'CPU µs/login',
  runs: new Map([
    ['floor', [{ 'CPU µs/login': 40, errors: 0 }]],
    ['saltgate', [{ 'CPU µs/login': 50, errors: 0 }]],
    ['mysqld', [{ 'CPU µs/login': 100 }]],
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

test('compares what was measured in the same round, so that a slow machine does not count', () => {
  const rounds = (...values: number[]) => values.map((value) => ({ 'CPU µs/login': value }))
  const runs = new Map([
    ['saltgate', rounds(10, 100, 30)],
    ['mysqld', rounds(20, 200, 30)],
  ])
  assert.equal(ratio({ ...result, runs }, 'saltgate', 'mysqld'), 0.5)
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

test('compares with the contestant that the case names, also where Saltgate is none of them', () => {
  const runs = new Map([
    ['off', [{ 'CPU µs/login': 50 }]],
    ['on', [{ 'CPU µs/login': 60 }]],
  ])
  const goals = [{ of: 'on', than: 'off', atMost: 1.1 }]
  assert.deepEqual(table({ ...result, runs, floor: 'off', goals }).split('\n'), [
    '### logins',
    '',
    '|     | CPU µs/login | CPU µs/login: of off |',
    '| --- | -----------: | -------------------: |',
    '| off |           50 |                1.00x |',
    '| on  |           60 |                1.20x |',
    '',
    '- goal: CPU µs/login of on at most 1.10x off. It is 1.20x: not met',
  ])
})

test('says which goals are met, and below the table who could not take part', () => {
  const goals = [
    { than: 'floor', atMost: 1.2 },
    { than: 'mysqld', atMost: 0.5 },
    { than: 'mysqld', above: 0.5 },
    { than: 'mariadbd', atMost: 1 },
  ]
  const lines = [
    'goal: CPU µs/login at most 1.20x floor. It is 1.25x: not met',
    'goal: CPU µs/login at most 0.50x mysqld. It is 0.50x: met',
    'goal: CPU µs/login above 0.50x mysqld. It is 0.50x: not met',
  ]
  assert.deepEqual(goalLines({ ...result, goals }), lines)
  const below = table({ ...result, goals, notes: ['mariadbd: not there'] })
    .split('\n')
    .slice(7)
  assert.deepEqual(below, ['', ...lines.map((line) => `- ${line}`), '- mariadbd: not there'])
})

test('has no column for a floor that took no part', () => {
  const runs = new Map([...result.runs].filter(([name]) => name !== 'floor'))
  assert.equal(table({ ...result, runs }).split('\n')[2], '|          | CPU µs/login | errors | saltgate is |')
})

test('keeps of a part that was not run what the document says of it', () => {
  const [door, client] = ['The front door', 'The client'].map((title) => ({ title, option: '', explanation: '' }))
  assert.ok(door && client)
  const part = { results: [result], versions: [], rounds: 1 }
  const both = document(
    [
      { text: door, result: part },
      { text: client, result: part },
    ],
    '',
  )
  assert.match(both, /^# Benchmarks\n\n## The front door\n[\s\S]*\n## The client\n/)
  const renewed = { ...part, results: [{ ...result, name: 'renewed' }] }
  const second = document(
    [
      { text: door, result: undefined },
      { text: client, result: renewed },
    ],
    both,
  )
  assert.equal(second, both.slice(0, both.indexOf('## The client')) + second.slice(second.indexOf('## The client')))
  assert.match(second.slice(second.indexOf('## The client')), /### renewed/)
  const first = document(
    [
      { text: door, result: renewed },
      { text: client, result: undefined },
    ],
    second,
  )
  assert.equal(first.slice(first.indexOf('## The client')), second.slice(second.indexOf('## The client')))
})

test('leaves out a part that was never run', () => {
  const text = { title: 'The client', option: '', explanation: '' }
  assert.equal(document([{ text, result: undefined }], '# Benchmarks\n\nold\n'), '# Benchmarks\n')
})
