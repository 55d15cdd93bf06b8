/**
 * T08 and T74: what was learned of a credential, or read of an account, is void as soon as a change is acknowledged. Over
 * real sockets, on both stores, with the SQL statements that change accounts.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { account } from '../../src/accounts/defaults.ts'
import { MemoryAccounts } from '../../src/accounts/memory-accounts.ts'
import { allPrivileges } from '../../src/accounts/privileges.ts'
import type { AccountStore } from '../../src/accounts/source.ts'
import { SqliteAccounts } from '../../src/accounts/sqlite-accounts.ts'
import { plugins } from '../../src/auth/plugins.ts'
import { execute } from '../../src/console/account-sql/execute.ts'
import { parseAccountStatement } from '../../src/console/account-sql/parser.ts'
import { type OpenDoor, openDoor, until } from './open-door.ts'
import { command, Stranger } from './stranger.ts'

const salt = Buffer.alloc(20, 0x61)
const store = (plugin: string, password: string) =>
  plugins.get(plugin)?.store(Buffer.from(password), salt, 5000) ?? assert.fail(plugin)

const stores: Readonly<Record<string, (t: TestContext) => AccountStore>> = {
  MemoryAccounts: () => new MemoryAccounts(),
  SqliteAccounts: (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'saltgate-threats-'))
    const accounts = SqliteAccounts.open(join(directory, 'accounts.db'))
    t.after(() => {
      accounts.close()
      rmSync(directory, { recursive: true })
    })
    return accounts
  },
}

/** A door with the account `u`, whose password `old` authenticates fast, and with SQL to change it. */
async function warmDoor(t: TestContext, accounts: AccountStore) {
  const root = account({ user: 'root', privileges: new Set(allPrivileges) })
  accounts.transact((edit) => {
    edit.put(root)
    edit.put(account({ user: 'u', authString: store('caching_sha2_password', 'old') }))
  })
  const privileges: string[][] = []
  const opened = await openDoor(t, {
    accounts,
    onQuery: (_, session) => {
      privileges.push([...session.account.privileges])
      return []
    },
  })
  const run = (sql: string, actor = root) =>
    execute(parseAccountStatement(sql), {
      accounts,
      actor: { user: actor.user, host: 'localhost', account: actor, mustChangePassword: false },
      defaultPlugin: 'caching_sha2_password',
      nowMs: Date.now(),
      hashPassword: async (plugin, password) => store(plugin, password),
      onUnlock: (user, host) => opened.door.realm.failedLogins.unlock(user, host),
    })
  const path = (password: string, user = 'u') => pathOf(opened, user, password)
  assert.equal(await path('old'), 'full')
  assert.equal(await path('old'), 'fast')
  return { opened, run, path, privileges }
}

/** How a login got in, or its error code. */
async function pathOf({ port }: OpenDoor, user: string, password: string): Promise<'fast' | 'full' | number> {
  const stranger = await Stranger.greeted(port)
  const verdict = await stranger.login({ user, password })
  stranger.destroy()
  if (!verdict.ok) return verdict.code
  const last = Buffer.concat(stranger.received)
  return last.includes(Buffer.from('020000020103', 'hex')) ? 'fast' : 'full'
}

for (const [name, make] of Object.entries(stores)) {
  describe(`accounts in ${name}`, () => {
    const changes: Readonly<Record<string, readonly [sql: string[], user: string, password: string]>> = {
      'a new password': [["ALTER USER u IDENTIFIED BY 'new'"], 'u', 'new'],
      'SET PASSWORD': [["SET PASSWORD FOR u = 'new'"], 'u', 'new'],
      'a drop and a new account of that name': [['DROP USER u', "CREATE USER u IDENTIFIED BY 'new'"], 'u', 'new'],
      'a rename': [['RENAME USER u TO v'], 'v', 'old'],
      'a rename, and a new account of the old name': [
        ['RENAME USER u TO v', "CREATE USER u IDENTIFIED BY 'new'"],
        'u',
        'new',
      ],
    }
    for (const [what, [statements, user, password]] of Object.entries(changes)) {
      it(`T08 the old password is void after ${what}, and the new one is checked in full once`, async (t) => {
        const { run, path } = await warmDoor(t, make(t))
        for (const sql of statements) await run(sql)
        assert.equal(await path('old', 'u'), 1045)
        assert.equal(await path(password, user), 'full')
        assert.equal(await path(password, user), 'fast')
        assert.equal(await path('old', 'u'), 1045)
      })
    }

    it('T08 a user that changes their own password is held to it at once', async (t) => {
      const accounts = make(t)
      const { run, path } = await warmDoor(t, accounts)
      await run("ALTER USER USER() IDENTIFIED BY 'new'", accounts.read('u', '%'))
      assert.equal(await path('old'), 1045)
      assert.equal(await path('new'), 'full')
    })

    it('T08 a locked, an expired and a dropped account do not open by what was remembered', async (t) => {
      const { run, path } = await warmDoor(t, make(t))
      await run('ALTER USER u ACCOUNT LOCK')
      assert.equal(await path('old'), 3118)
      await run('ALTER USER u ACCOUNT UNLOCK PASSWORD EXPIRE')
      assert.equal(await path('old'), 1862)
      await run('DROP USER u')
      assert.equal(await path('old'), 1045)
    })

    it('T08 FLUSH PRIVILEGES forgets what was remembered', async (t) => {
      const { opened, path } = await warmDoor(t, make(t))
      opened.door.flushPrivileges()
      assert.equal(await path('old'), 'full')
      assert.equal(await path('old'), 'fast')
    })

    it('T08 a retained password is void once it is discarded', async (t) => {
      const { run, path } = await warmDoor(t, make(t))
      await run("ALTER USER u IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD")
      for (const password of ['old', 'new', 'old', 'new']) assert.notEqual(await path(password), 1045, password)
      await run('ALTER USER u DISCARD OLD PASSWORD')
      assert.equal(await path('old'), 1045)
      assert.equal(await path('new'), 'full')
    })

    it('T08 no login with the old password begins after the change and succeeds, while hundreds are under way', async (t) => {
      const { opened, run } = await warmDoor(t, make(t))
      let changed = false
      let stale = 0
      let before = 0
      const storm = async () => {
        for (let i = 0; i < 40; i++) {
          const late = changed
          const path = await pathOf(opened, 'u', 'old')
          if (late && path !== 1045) stale++
          if (!late && path !== 1045) before++
        }
      }
      const storms = Promise.all(Array.from({ length: 10 }, storm))
      await until(() => before > 50, 'the storm is up')
      await run("ALTER USER u IDENTIFIED BY 'new'")
      changed = true
      await storms
      assert.equal(stale, 0)
    })

    const fences: Readonly<Record<string, readonly [sql: string, code: number]>> = {
      'is dropped': ['DROP USER u', 1045],
      'gets another password': ["ALTER USER u IDENTIFIED BY 'new'", 1045],
      'is locked': ['ALTER USER u ACCOUNT LOCK', 3118],
      expires: ['ALTER USER u PASSWORD EXPIRE', 1862],
    }
    for (const [what, [sql, code]] of Object.entries(fences)) {
      it(`T74 a login is refused when its account ${what} while the password is being checked`, async (t) => {
        const { opened, run } = await warmDoor(t, make(t))
        opened.door.realm.fastDigests.clear()
        const stranger = await Stranger.greeted(opened.port)
        const { check } = opened.door.secrets
        opened.door.secrets.check = async (job) => {
          const outcome = await check.call(opened.door.secrets, job)
          assert.equal(outcome.outcome, 'match')
          await run(sql)
          return outcome
        }
        const verdict = await stranger.login({ user: 'u', password: 'old' })
        assert.equal(!verdict.ok && verdict.code, code)
        opened.door.secrets.check = check
        assert.equal(await pathOf(opened, 'u', 'old'), code)
        stranger.destroy()
      })
    }

    it('T74 a login that was let in as its account changed has the rights of the account after the change', async (t) => {
      const { opened, run, privileges } = await warmDoor(t, make(t))
      opened.door.realm.fastDigests.clear()
      const { check } = opened.door.secrets
      opened.door.secrets.check = async (job) => {
        const outcome = await check.call(opened.door.secrets, job)
        await run('GRANT PROCESS ON *.* TO u')
        return outcome
      }
      const stranger = await Stranger.loggedIn(opened.port, { user: 'u', password: 'old' })
      await stranger.run(command.query, 'SELECT 1')
      assert.deepEqual(privileges, [['PROCESS']])
      stranger.destroy()
    })
  })
}
