import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConnectionRecord } from './connection-record.ts'
import { groupsTogether, networkOf, RefusalGroups } from './refusal-groups.ts'
import type { EndedHandshake } from './registry.ts'

function refused(id: number, address: string, client: string, more: Partial<EndedHandshake> = {}): EndedHandshake {
  const record = new ConnectionRecord(id, 'plaintext', address, 5000, 0)
  record.login = {
    ...{ user: 'app', database: undefined, capabilities: 0, mariadbCapabilities: 0, collationId: 255 },
    ...{ maxPacketSize: 0, authPluginName: undefined, zstdLevel: undefined },
    connectAttributes: [
      [Buffer.from('_client_name'), Buffer.from(client)],
      [Buffer.from('_client_version'), Buffer.from('1.1.1')],
    ],
  }
  return {
    ...{ record, story: record.story, again: false, user: `user${id % 7}`, account: undefined, channel: 'plaintext' },
    ...{ plugin: undefined, tlsVersion: undefined, endedAtMs: id * 1000, outcome: 'refused', during: 'account' },
    ...{ reason: 'secret-mismatch', detail: undefined, errorCode: 1045 },
    ...more,
  }
}

describe('RefusalGroups', () => {
  it('puts together what has the same reason, client and network, and counts all of it', () => {
    const groups = new RefusalGroups()
    for (let id = 1; id <= 38; id++) groups.add(refused(id, `10.0.3.${id}`, 'pymysql'))
    groups.add(refused(50, '10.0.4.1', 'pymysql'))
    groups.add(refused(51, '10.0.3.1', 'libmysql'))
    groups.add(refused(52, '10.0.3.1', 'pymysql', { reason: 'account-locked' }))
    const found = groups.groups()
    assert.deepEqual(
      found.map(({ count, reason, network }) => [count, reason, network]),
      [
        [1, 'account-locked', '10.0.3.0/24'],
        [1, 'secret-mismatch', '10.0.3.0/24'],
        [1, 'secret-mismatch', '10.0.4.0/24'],
        [38, 'secret-mismatch', '10.0.3.0/24'],
      ],
    )
    const last = found.at(-1)
    assert.deepEqual([last?.firstMs, last?.lastMs], [1000, 38_000])
    assert.deepEqual(last?.handshakes, [38, 37, 36, 35, 34, 33, 32, 31, 30, 29])
    assert.deepEqual(last?.users, ['user3', 'user2', 'user1', 'user0', 'user6'])
  })

  it('counts what was found out of the proofs that were looked into', () => {
    const groups = new RefusalGroups()
    const all = [1, 2, 3].map((id) => refused(id, '10.0.3.1', 'pymysql'))
    for (const one of all) groups.add(one)
    for (const one of all.slice(0, 2)) groups.explain(one, 'hashed 21 bytes of nonce')
    assert.deepEqual(
      [...(groups.groups()[0]?.findings ?? [])],
      [['hashed 21 bytes of nonce', { count: 2, near: undefined }]],
    )
  })

  it('holds so many and no more, and says how many refusals went with the others', () => {
    const groups = new RefusalGroups(3)
    for (let id = 1; id <= 10; id++) groups.add(refused(id, `10.0.${id}.1`, 'pymysql'))
    groups.add(refused(11, '10.0.8.1', 'pymysql'))
    assert.deepEqual(
      groups.groups().map(({ network, count }) => [network, count]),
      [
        ['10.0.8.0/24', 2],
        ['10.0.10.0/24', 1],
        ['10.0.9.0/24', 1],
      ],
    )
    assert.equal(groups.forgotten, 7)
  })

  it('is one over several processes', () => {
    const [one, other] = [new RefusalGroups(), new RefusalGroups()]
    const first = refused(1, '10.0.3.1', 'pymysql')
    const second = refused(2, '10.0.3.1', 'pymysql')
    one.add(first)
    one.explain(first, 'x')
    other.add(second)
    other.explain(second, 'x')
    const [group] = groupsTogether(structuredClone([one.groups(), other.groups()]))
    assert.deepEqual([group?.count, group?.firstMs, group?.lastMs], [2, 1000, 2000])
    assert.deepEqual([...(group?.findings ?? [])], [['x', { count: 2, near: undefined }]])
    assert.deepEqual(group?.handshakes, [2, 1])
  })
})

describe('networkOf', () => {
  for (const [address, network] of [
    ['10.0.3.7', '10.0.3.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
    ['fe80::1:2:3:4', 'fe80::/64'],
    [undefined, 'unix socket'],
  ] as const) {
    it(`is ${network} of ${address}`, () => assert.equal(networkOf(address), network))
  }
})
