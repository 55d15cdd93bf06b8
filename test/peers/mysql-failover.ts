/** The group that the gateway is tested with, tested itself: a failover that is not one would prove nothing. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/connect.ts'
import type { Connection } from '../../src/client/connection.ts'
import { installed, type Peer } from './install.ts'
import { type Group, startGroup } from './mysql-group.ts'
import type { RunningServer } from './servers.ts'

/** Declares the tests. The group starts before the first and ends after the last; they build on one another. */
export function testMysqlGroup(peers: readonly Peer[]): void {
  const mysqld = installed(peers, 'mysqld')
  if (mysqld === undefined) {
    test('a group of three MySQL servers', { skip: 'MISSING: mysqld' })
    return
  }
  describe(`a group of three MySQL servers (${mysqld.version})`, () => {
    let group: Group
    before(async () => {
      group = await startGroup(peers, mysqld)
    })
    after(() => group?.stop())

    test('has one primary, and every member sees the same three ONLINE', async () => {
      for (const member of group.members) {
        const seen = await group.seenBy(member)
        const ports = group.members.map(({ port }) => port)
        assert.deepEqual(
          seen.map(({ port, state }) => `${port} ${state}`),
          ports.map((port) => `${port} ONLINE`),
        )
        assert.deepEqual(seen.map(({ role }) => role).toSorted(), ['PRIMARY', 'SECONDARY', 'SECONDARY'])
      }
      assert.equal(await group.primary(), group.members[0])
    })

    test('refuses writes at a secondary, and shows there what was written at the primary', async () => {
      await using primary = await connected(await group.primary())
      for (const sql of ['CREATE DATABASE d', 'CREATE TABLE d.t (n INT PRIMARY KEY)', 'INSERT INTO d.t VALUES (1)'])
        await primary.query(sql)
      await using secondary = await connected(group.members[1] as RunningServer)
      await secondary.query("SET SESSION group_replication_consistency = 'BEFORE'")
      assert.deepEqual((await secondary.query('SELECT n FROM d.t')).rows, [{ n: 1 }])
      await assert.rejects(secondary.query('INSERT INTO d.t VALUES (2)'), { code: 1290 })
    })

    test('has another primary after the first was killed, with all its writes, and two members', async () => {
      const lost = await group.primary()
      await group.kill(lost)
      await assert.rejects(connected(lost), /ECONNREFUSED/)
      const next = await group.primary()
      assert.notEqual(next, lost)
      assert.deepEqual(
        (await group.seenBy(next)).map(({ port, state }) => `${port} ${state}`),
        group.members.filter((member) => member !== lost).map(({ port }) => `${port} ONLINE`),
      )
      await using primary = await connected(next)
      await primary.query('INSERT INTO d.t VALUES (2)')
      assert.deepEqual((await primary.query('SELECT n FROM d.t')).rows, [{ n: 1 }, { n: 2 }])
    })
  })
}

function connected({ host, port }: RunningServer): Promise<Connection> {
  return connect({ host, port, user: 'root', password: '' })
}
