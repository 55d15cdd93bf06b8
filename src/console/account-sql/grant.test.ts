import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AccountInput, MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { allPrivileges, type Privilege } from '../../accounts/privileges.ts'
import { execute } from './execute.ts'
import { parseAccountStatement } from './parser.ts'
import { printGrants } from './print.ts'

const root: AccountInput = { user: 'root', host: 'localhost', privileges: new Set(allPrivileges) }

function session(inputs: readonly AccountInput[] = [{ user: 'a' }, { user: 'b' }], user = 'root', database?: string) {
  const accounts = new MemoryAccounts([root, ...inputs])
  const run = (sql: string) => {
    const account = accounts.list().find((candidate) => candidate.user === user)
    assert.ok(account)
    return execute(parseAccountStatement(sql), {
      ...{ accounts, database, defaultPlugin: 'caching_sha2_password', nowMs: 0 },
      actor: { user, host: 'client.test', account, mustChangePassword: false },
      hashPassword: () => assert.fail('nothing to hash'),
      onUnlock: () => {},
    })
  }
  const grants = (user: string) => {
    const account = accounts.read(user, '%')
    assert.ok(account)
    return printGrants(account)
  }
  return { run, grants }
}

const app = (privileges: Privilege[], databases: [string, Set<Privilege>][] = []): AccountInput[] => [
  { user: 'app', privileges: new Set(privileges), databases: new Map(databases) },
  { user: 'a', privileges: new Set(['SELECT']), databases: new Map([['db', new Set<Privilege>(['SELECT', 'DROP'])]]) },
]

describe('GRANT', () => {
  it('adds global and dynamic privileges to each account', async () => {
    const { run, grants } = session()
    await run('GRANT PROCESS, SELECT, CONNECTION_ADMIN ON *.* TO a, b')
    await run('GRANT RELOAD ON *.* TO b WITH GRANT OPTION')
    assert.deepEqual(grants('a'), [
      'GRANT SELECT, PROCESS ON *.* TO `a`@`%`',
      'GRANT CONNECTION_ADMIN ON *.* TO `a`@`%`',
    ])
    assert.equal(grants('b')[0], 'GRANT SELECT, RELOAD, PROCESS ON *.* TO `b`@`%` WITH GRANT OPTION')
  })

  it('gives ALL without GRANT OPTION, unless that is asked for', async () => {
    const { run, grants } = session()
    await run('GRANT ALL ON *.* TO a')
    await run('GRANT ALL PRIVILEGES ON wordpress.* TO b WITH GRANT OPTION')
    assert.equal(grants('a').length, 2)
    assert.ok(!grants('a').join().includes('GRANT OPTION'))
    assert.equal(grants('b')[1], 'GRANT ALL PRIVILEGES ON `wordpress`.* TO `b`@`%` WITH GRANT OPTION')
  })

  it('takes * as the database of the session', async () => {
    const { run, grants } = session(undefined, 'root', 'shop')
    await run('GRANT SELECT ON * TO a')
    assert.deepEqual(grants('a')[1], 'GRANT SELECT ON `shop`.* TO `a`@`%`')
    await assert.rejects(session().run('GRANT SELECT ON * TO a'), { symbol: 'ER_NO_DB_ERROR' })
  })

  it('changes nothing by USAGE', async () => {
    const { run, grants } = session()
    await run('GRANT USAGE ON *.* TO a')
    await run('GRANT USAGE ON db.* TO a')
    assert.deepEqual(grants('a'), ['GRANT USAGE ON *.* TO `a`@`%`'])
  })

  it('makes no account and then grants to none', async () => {
    const { run, grants } = session()
    await assert.rejects(run('GRANT SELECT ON *.* TO a, ghost'), {
      ...{ code: 1410, message: 'You are not allowed to create a user with GRANT' },
    })
    assert.deepEqual(grants('a'), ['GRANT USAGE ON *.* TO `a`@`%`'])
  })

  it('refuses privileges that are not of the level, or not known', async () => {
    const { run } = session()
    const message = 'Incorrect usage of DB GRANT and GLOBAL PRIVILEGES'
    await assert.rejects(run('GRANT RELOAD ON db.* TO a'), { code: 1221, message })
    await assert.rejects(run('GRANT CONNECTION_ADMIN ON db.* TO a'), { code: 3619 })
    await assert.rejects(run('GRANT BACKUP_ADMIN ON *.* TO a'), {
      ...{ code: 3929, message: "Dynamic privilege 'BACKUP_ADMIN' is not registered with the server." },
    })
  })
})

describe('the right to grant', () => {
  it('needs GRANT OPTION and each privilege that is given, on the same level or above', async () => {
    const both: Privilege[] = ['SELECT', 'GRANT OPTION']
    const cases: [AccountInput[], string, number | undefined][] = [
      [app(['SELECT']), 'GRANT SELECT ON *.* TO a', 1045],
      [app(['GRANT OPTION']), 'GRANT SELECT ON *.* TO a', 1045],
      [app(both), 'GRANT SELECT ON *.* TO a', undefined],
      [app(both), 'GRANT SELECT, DROP ON *.* TO a', 1045],
      [app(both), 'GRANT ALL ON *.* TO a', 1045],
      [app(both), 'GRANT CONNECTION_ADMIN ON *.* TO a', 1227],
      [app(both), 'GRANT SELECT ON db.* TO a', undefined],
      [app([]), 'GRANT SELECT ON db.* TO a', 1044],
      [app([], [['db', new Set(both)]]), 'GRANT SELECT ON db.* TO a', undefined],
      [app([], [['db', new Set(both)]]), 'GRANT SELECT ON other.* TO a', 1044],
      [app([], [['db', new Set(both)]]), 'GRANT SELECT ON *.* TO app', 1045],
      [app(['SELECT']), 'REVOKE SELECT ON *.* FROM a', 1045],
      [app([]), 'GRANT USAGE ON *.* TO a WITH GRANT OPTION', 1045],
    ]
    for (const [inputs, sql, code] of cases) {
      const done = session(inputs, 'app').run(sql)
      if (code === undefined) await done
      else await assert.rejects(done, { code }, sql)
    }
  })
})

describe('REVOKE', () => {
  it('takes what is held and is content with what is not', async () => {
    const { run, grants } = session(app([]))
    await run('REVOKE SELECT, RELOAD ON *.* FROM a')
    await run('REVOKE DROP ON db.* FROM a')
    assert.deepEqual(grants('a'), ['GRANT USAGE ON *.* TO `a`@`%`', 'GRANT SELECT ON `db`.* TO `a`@`%`'])
    await run('REVOKE ALL ON db.* FROM a')
    assert.deepEqual(grants('a'), ['GRANT USAGE ON *.* TO `a`@`%`'])
  })

  it('answers 1141 for a database or an account without grants, or warns where told to', async () => {
    const { run } = session(app([]))
    const message = "There is no such grant defined for user 'a' on host '%'"
    await assert.rejects(run('REVOKE SELECT ON other.* FROM a'), { code: 1141, message })
    await assert.rejects(run('REVOKE SELECT ON *.* FROM ghost'), { code: 1141 })
    const sql = 'REVOKE IF EXISTS SELECT ON other.* FROM a, ghost IGNORE UNKNOWN USER'
    assert.deepEqual((await run(sql)).warnings, [
      { level: 'Warning', code: 1141, message },
      { level: 'Warning', code: 3162, message: 'Authorization ID ghost does not exist.' },
    ])
  })

  it('takes everything on every level by ALL PRIVILEGES, GRANT OPTION', async () => {
    const { run, grants } = session(app(['SELECT', 'GRANT OPTION', 'CONNECTION_ADMIN'], [['db', new Set(['DROP'])]]))
    await assert.rejects(run('REVOKE ALL PRIVILEGES, GRANT OPTION FROM app, ghost'), { code: 1269 })
    assert.equal(grants('app').length, 3)
    await run('REVOKE ALL PRIVILEGES, GRANT OPTION FROM app')
    assert.deepEqual(grants('app'), ['GRANT USAGE ON *.* TO `app`@`%`'])
  })
})
