/**
 * Every kind of answer, by both protocols, in every npm client; and every kind of parameter.
 */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import type { TestDoor } from '../support/door.ts'
import { ask, binaryClients, comparable, openAnsweringDoor, withClient } from './answering-door.ts'
import { innerText, longText } from './answers.ts'
import { type Client, type ClientName, clientNames, errorOf } from './clients.ts'

let server: TestDoor

before(async () => {
  server = await openAnsweringDoor()
})

after(() => server.close())

/** Both protocols of each client. */
const protocols = clientNames.flatMap((name) => [
  { name, protocol: 'text', ask: (client: Client, sql: string) => client.query(sql) },
  ...(name === 'mysql'
    ? []
    : [{ name, protocol: 'binary', ask: (client: Client, sql: string) => client.execute(sql, []) }]),
])

describe('answers', () => {
  for (const { name, protocol, ask } of protocols) {
    it(`reach ${name} by the ${protocol} protocol in every type, NULL included`, () =>
      withClient(server, name, {}, async (client) => {
        const json = { a: [1, null] }
        const [row, nulls] = comparable(await ask(client, 'types')) as Record<string, unknown>[]
        assert.deepEqual(row, {
          big: '-9007199254740993',
          unsigned: '18446744073709551615',
          int: -2_147_483_648,
          double: 0.1,
          decimal: '12345678901234567890.12',
          text: 'Grüße 🎉',
          empty: '',
          long: longText,
          bytes: Buffer.from([0, 0xff, 0x27, 0x5c]),
          // The wire has no time zone: a client reads the time of day that the server printed as its own.
          datetime: new Date(2026, 2, 4, 5, 6, 7, 8),
          timestamp: new Date(2026, 2, 4, 5, 6, 7),
          date: new Date(2026, 2, 4),
          json: name === 'mysql' ? JSON.stringify(json) : json,
          truth: 1,
          null: null,
        })
        assert.deepEqual(new Set(Object.values(nulls ?? {})), new Set([null]))
      }))

    it(`reach ${name} by the ${protocol} protocol as outcome, as several results, and as nothing`, () =>
      withClient(server, name, { multipleStatements: true }, async (client) => {
        const done = { affectedRows: 0, insertId: 0, warnings: 0 }
        assert.deepEqual(await ask(client, 'insert'), { affectedRows: 3, insertId: 12, warnings: 2 })
        assert.deepEqual(comparable(await ask(client, 'two')), [
          [{ first: 1 }],
          { ...done, affectedRows: 1 },
          [{ second: 'b' }],
        ])
        assert.deepEqual(await ask(client, 'none'), done)
        assert.deepEqual(await ask(client, 'no-rows'), [])
      }))

    it(`reach ${name} by the ${protocol} protocol in 10,000 rows`, () =>
      withClient(server, name, {}, async (client) => {
        const rows = comparable(await ask(client, 'rows 10000')) as unknown[]
        assert.equal(rows.length, 10_000)
        assert.deepEqual(rows.at(-1), { n: 10_000, text: 'row 10000' })
      }))

    it(`tell ${name} by the ${protocol} protocol of errors, and the session goes on`, () =>
      withClient(server, name, {}, async (client) => {
        const seen = server.errors.length
        assert.deepEqual(await errorOf(ask(client, 'denied')), {
          errno: 1227,
          sqlState: '42000',
          message: 'Access denied; you need (at least one of) the PROCESS privilege(s) for this operation',
        })
        assert.equal((await errorOf(ask(client, 'breaks 5000'))).errno, 3024)
        const crash = await errorOf(ask(client, 'crashes'))
        assert.equal(crash.errno, 1105)
        assert.ok(!crash.message.includes(innerText))
        assert.deepEqual(server.errors.slice(seen), [`a query handler failed: Error: ${innerText}`])
        assert.deepEqual(await ask(client, 'none'), { affectedRows: 0, insertId: 0, warnings: 0 })
      }))
  }

  for (const name of clientNames) {
    // A payload of 0xffffff bytes takes a second, empty frame: what is left of it after its length field tells.
    for (const length of [0xffffff - 5, 0xffffff - 4, 0xffffff, 34_000_000]) {
      it(`reach ${name} with ${length.toLocaleString('en')} characters in one field`, () =>
        withClient(server, name, {}, async (client) => {
          const [row] = (await client.query(`long ${length}`)) as { text: string }[]
          assert.equal(row?.text.length, length)
          assert.deepEqual(await ask(client, 'no-rows'), [])
        }))
    }

    it(`understand statements of ${name} that span frames`, () =>
      withClient(server, name, {}, async (client) => {
        const [row] = (await client.query(`hex ${'y'.repeat(0xffffff)}`)) as { bytes: string }[]
        assert.equal(row?.bytes.length, 2 * 0xffffff)
      }))
  }
})

describe('parameters of prepared statements', () => {
  const when = new Date(2026, 0, 2, 3, 4, 5, 6)
  const cases: [name: string, value: unknown, seen: string | Partial<Record<ClientName, string>>][] = [
    ['a small integer', 1, 'number 1'],
    ['a negative integer', -1, 'number -1'],
    ['a large integer', 2 ** 40, 'number 1099511627776'],
    ['a bigint', 10n ** 18n, { mysql2: 'string 1000000000000000000', mariadb: 'bigint 1000000000000000000' }],
    ['a double', 1.5, 'number 1.5'],
    ['text', 'Grüße 🎉', 'string Grüße 🎉'],
    ['empty text', '', 'string '],
    ['long text', 'x'.repeat(70_000), `string ${'x'.repeat(70_000)}`],
    ['NULL', null, 'null'],
    ['true', true, 'number 1'],
    ['false', false, 'number 0'],
    ['a date', when, 'string 2026-01-02 03:04:05.006000'],
    ['bytes', Buffer.from([0, 255]), 'bytes 00ff'],
    ['an object', { a: 1 }, 'string {"a":1}'],
  ]

  for (const name of binaryClients) {
    for (const [what, value, seen] of cases) {
      it(`of ${name}: ${what}`, () =>
        withClient(server, name, {}, async (client) => {
          const [row] = (await client.execute('echo ?', [value])) as { values: string }[]
          assert.deepEqual(JSON.parse(row?.values ?? ''), [typeof seen === 'string' ? seen : seen[name]])
        }))
    }

    it(`of ${name}: all of them at once, and once more with other types`, () =>
      withClient(server, name, {}, async (client) => {
        const sql = `echo ${cases.map(() => '?').join()}`
        const expected = cases.map(([, , seen]) => (typeof seen === 'string' ? seen : seen[name]))
        const values = cases.map(([, value]) => value)
        const [row] = (await client.execute(sql, values)) as { values: string }[]
        assert.deepEqual(JSON.parse(row?.values ?? ''), expected)
        const [again] = (await client.execute(sql, values.toReversed())) as { values: string }[]
        assert.deepEqual(JSON.parse(again?.values ?? ''), expected.toReversed())
      }))

    it(`of ${name}: a question mark in a string or a comment is none`, () =>
      withClient(server, name, {}, async (client) => {
        const [row] = (await client.execute("echo ? /* ? */ '?' -- ?", ['one'])) as { values: string }[]
        assert.deepEqual(JSON.parse(row?.values ?? ''), ['string one'])
      }))
  }

  it('of mariadb come piece by piece when they are streams', async () => {
    await withClient(server, 'mariadb', {}, async (client) => {
      const pieces = ['Grü', 'ße', ' 🎉'.repeat(50_000)]
      const [row] = (await client.execute('echo ?', [Readable.from(pieces.map((piece) => Buffer.from(piece)))])) as {
        values: string
      }[]
      assert.deepEqual(JSON.parse(row?.values ?? ''), [`string ${pieces.join('')}`])
    })
  })
})
