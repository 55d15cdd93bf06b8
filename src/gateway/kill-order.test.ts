import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capability } from '../packets/capabilities.ts'
import { encodeComQuery } from '../packets/com-query.ts'
import { killOrder } from './kill-order.ts'

const orderOf = (sql: string, capabilities = 0) =>
  killOrder(encodeComQuery({ query: Buffer.from(sql), attributes: [] }, capabilities), capabilities)

describe('killOrder', () => {
  it('reads each way to write a KILL by number', () => {
    for (const sql of [
      'KILL 5',
      'kill connection 5',
      ' KILL\n5 ; ',
      '/* by hand */ KILL 5',
      'KILL HARD CONNECTION 5',
      'KILL SOFT 5',
    ])
      assert.deepEqual(orderOf(sql), { what: 'connection', id: 5 }, sql)
    for (const sql of ['KILL QUERY 5', 'kill soft query 5'])
      assert.deepEqual(orderOf(sql), { what: 'query', id: 5 }, sql)
    assert.deepEqual(orderOf('KILL QUERY 5', capability.QUERY_ATTRIBUTES), { what: 'query', id: 5 })
    assert.deepEqual(killOrder(Uint8Array.of(12, 5, 1, 0, 0), 0), { what: 'connection', id: 261 })
  })

  it('takes nothing else for one', () => {
    for (const sql of [
      'SELECT 1',
      'KILL',
      'KILL x',
      'KILL 5; SELECT 1',
      'KILL QUERY ID 5',
      'KILL @x',
      'KILL 99999999999999999999',
    ])
      assert.equal(orderOf(sql), undefined, sql)
    assert.equal(killOrder(Uint8Array.of(12, 5), 0), undefined)
  })
})
