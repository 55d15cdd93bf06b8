/** What servers say of their role, and what is made of it. Real servers say it in test/peers/gateway-health.ts. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Row } from '../client/result.ts'
import { receivedError } from '../errors/errors.ts'
import { type RoleSeen, type Run, roleQuestion } from './health-roles.ts'

type Said = readonly Row[] | Error

/** A server with these variables, that answers other statements by the first of `said` whose key is in them. */
function server(variables: Readonly<Record<string, string>>, said: Readonly<Record<string, Said>>) {
  const statements: string[] = []
  const run: Run = async (sql) => {
    statements.push(sql)
    if (sql.startsWith('SHOW GLOBAL VARIABLES')) return named(variables)
    const [, answer] = Object.entries(said).find(([key]) => sql.includes(key)) ?? []
    assert.ok(answer, `not expected: ${sql}`)
    if (answer instanceof Error) throw answer
    return answer
  }
  return { run, statements }
}

function named(values: Readonly<Record<string, string>>): Row[] {
  return Object.entries(values).map(([Variable_name, Value]) => ({ Variable_name, Value }))
}

async function seen(
  variables: Readonly<Record<string, string>>,
  said: Readonly<Record<string, Said>>,
): Promise<RoleSeen> {
  const { run } = server(variables, said)
  return await (await roleQuestion(run))(run)
}

describe('a server without a group', () => {
  it('is a replica when any of its kinds of read_only is on', async () => {
    const variables = { read_only: 'OFF', super_read_only: 'OFF', offline_mode: 'OFF' }
    const off = { read_only: 0n, super_read_only: 0n, offline_mode: 0n }
    assert.deepEqual(await seen(variables, { SELECT: [off] }), { role: 'primary' })
    assert.deepEqual(await seen(variables, { SELECT: [{ ...off, read_only: 1n }] }), { role: 'replica' })
    const aurora = { innodb_read_only: 'ON' }
    assert.deepEqual(await seen(aurora, { SELECT: [{ innodb_read_only: 1n }] }), { role: 'replica' })
    const mariadb12 = { read_only: 'NO_LOCK_NO_ADMIN' }
    assert.deepEqual(await seen(mariadb12, { SELECT: [{ read_only: 'NO_LOCK_NO_ADMIN' }] }), { role: 'replica' })
    assert.deepEqual(await seen(mariadb12, { SELECT: [{ read_only: 'OFF' }] }), { role: 'primary' })
  })

  it('serves nobody in offline mode', async () => {
    const row = { read_only: 0n, offline_mode: 1n }
    const { unfit } = await seen({ read_only: 'OFF', offline_mode: 'ON' }, { SELECT: [row] })
    assert.equal(unfit, 'in offline mode')
  })

  it('is asked only for variables that it has, by one statement', async () => {
    const { run, statements } = server({ read_only: 'OFF' }, { SELECT: [{ read_only: 0n }] })
    const question = await roleQuestion(run)
    await question(run)
    await question(run)
    assert.deepEqual(statements.slice(1), Array(2).fill('SELECT @@global.read_only AS read_only'))
  })

  it('counts as a primary when it knows none of them', async () => {
    assert.deepEqual(await seen({}, {}), { role: 'primary' })
  })
})

describe('a member of a group', () => {
  const variables = { read_only: 'OFF', super_read_only: 'OFF', group_replication_group_name: 'g' }
  const writable = [{ read_only: 0n, super_read_only: 0n }]
  const readable = [{ read_only: 1n, super_read_only: 1n }]
  const member = (id: string, state: string, role: string, view: string | null = '17:3') => {
    return { id, state, role, view, own: 'a' }
  }
  const told = (...members: readonly Row[]) =>
    seen(variables, { replication_group_members: members, read_only: writable })
  const view = { group: 'g', born: 17n, number: 3n }

  it('has the role that it sees itself in', async () => {
    const others = [member('b', 'ONLINE', 'SECONDARY', null), member('c', 'ONLINE', 'PRIMARY', null)]
    assert.deepEqual(await told(...others, member('a', 'ONLINE', 'SECONDARY')), { role: 'replica', view })
    assert.deepEqual(await told(member('a', 'ONLINE', 'PRIMARY'), others[0] as Row), { role: 'primary', view })
  })

  it('is the primary only when it takes writes', async () => {
    const elected = { replication_group_members: [member('a', 'ONLINE', 'PRIMARY')], read_only: readable }
    assert.deepEqual(await seen(variables, elected), { role: 'replica', view })
  })

  it('is unfit in every state but ONLINE', async () => {
    for (const state of ['RECOVERING', 'ERROR', 'OFFLINE', 'UNREACHABLE']) {
      const { unfit } = await told(member('a', state, 'PRIMARY'))
      assert.equal(unfit, `${state} in its group`)
    }
    // Before it ever joined, its row has no id.
    assert.equal((await told(member('', 'OFFLINE', '', null))).unfit, 'OFFLINE in its group')
    assert.equal((await told()).unfit, 'OFFLINE in its group')
  })

  it('is unfit where it does not reach the majority', async () => {
    const lost = [member('b', 'UNREACHABLE', 'SECONDARY'), member('c', 'UNREACHABLE', 'SECONDARY')]
    const { unfit } = await told(member('a', 'ONLINE', 'PRIMARY'), ...lost)
    assert.equal(unfit, 'reaches 1 of the 3 members of its group: no quorum')
    assert.equal((await told(member('a', 'ONLINE', 'PRIMARY'), ...lost.slice(1))).role, 'replica')
    const enough = [member('a', 'ONLINE', 'PRIMARY'), member('b', 'ONLINE', 'SECONDARY'), ...lost.slice(1)]
    assert.deepEqual(await told(...enough), { role: 'primary', view })
  })

  it('is known by super_read_only where the group is not told, and the question is not repeated', async () => {
    for (const code of [1142, 1054, 1146]) {
      const said = { replication_group_members: receivedError(code, undefined, ''), read_only: readable }
      const { run, statements } = server(variables, said)
      const question = await roleQuestion(run)
      assert.deepEqual(await question(run), { role: 'replica' })
      assert.deepEqual(await question(run), { role: 'replica' })
      assert.equal(statements.filter((sql) => sql.includes('replication_group_members')).length, 1)
    }
  })

  it('has no role when the connection is lost over the question', async () => {
    const said = { replication_group_members: receivedError(1053, undefined, ''), read_only: writable }
    await assert.rejects(seen(variables, said), { code: 1053 })
  })
})

describe('a node of a Galera cluster', () => {
  const variables = { read_only: 'OFF', wsrep_on: 'ON' }
  const ready = { wsrep_ready: 'ON', wsrep_local_state: '4', wsrep_cluster_status: 'Primary' }
  const told = (status: Readonly<Record<string, string>>, readOnly = 0n) =>
    seen(variables, { 'SHOW GLOBAL STATUS': named(status), read_only: [{ read_only: readOnly }] })

  it('is a primary when it is ready, and a replica when it is read-only', async () => {
    assert.deepEqual(await told(ready), { role: 'primary' })
    assert.deepEqual(await told(ready, 1n), { role: 'replica' })
    assert.deepEqual(await told({ ...ready, wsrep_local_state: '2' }), { role: 'primary' })
  })

  it('is unfit while it is not ready, or not in the majority', async () => {
    const joining = { ...ready, wsrep_local_state: '1', wsrep_local_state_comment: 'Joining' }
    assert.equal((await told(joining)).unfit, 'not ready in its Galera cluster: Joining')
    assert.match((await told({ ...ready, wsrep_ready: 'OFF' })).unfit ?? '', /^not ready/)
    assert.match((await told({ ...ready, wsrep_cluster_status: 'non-Primary' })).unfit ?? '', /no quorum/)
    assert.match((await told({})).unfit ?? '', /no quorum/)
  })

  it('is one only when wsrep is on: every MariaDB has the variables', async () => {
    const { role } = await seen({ read_only: 'OFF', wsrep_on: 'OFF' }, { SELECT: [{ read_only: 0n }] })
    assert.equal(role, 'primary')
  })
})
