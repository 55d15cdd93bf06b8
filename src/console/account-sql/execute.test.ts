import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accountName } from '../../accounts/account.ts'
import { type AccountInput, MemoryAccounts } from '../../accounts/memory-accounts.ts'
import { allPrivileges } from '../../accounts/privileges.ts'
import { ConfigurationError } from '../../errors/errors.ts'
import { execute } from './execute.ts'
import { parseAccountStatement } from './parser.ts'
import type { AccountContext } from './session.ts'

const root: AccountInput = { user: 'root', host: 'localhost', privileges: new Set(allPrivileges) }
const app: AccountInput = { user: 'app', plugin: 'mysql_native_password', authString: native('old') }

/** A credential of the right form that tells which password made it. */
function native(password: string): string {
  return `*${Buffer.from(password).toString('hex').toUpperCase().padEnd(40, '0')}`
}

/** A session of `user`; the first account is root, who may do all. */
function session(inputs: readonly AccountInput[] = [], user = 'root', over: Partial<AccountContext> = {}) {
  const accounts = new MemoryAccounts([root, ...inputs])
  const unlocked: string[] = []
  const lines: string[] = []
  const run = (sql: string, mustChangePassword = false) => {
    const account = accounts.list().find((candidate) => candidate.user === user)
    assert.ok(account)
    return execute(parseAccountStatement(sql), {
      accounts,
      actor: { user, host: 'client.test', account, mustChangePassword },
      defaultPlugin: 'mysql_native_password',
      nowMs: 1_000,
      hashPassword: async (_plugin, password) => {
        if (password === 'unstorable') throw new ConfigurationError('cannot store this')
        return native(password)
      },
      onUnlock: (user, host) => unlocked.push(accountName({ user, host })),
      log: (line) => lines.push(line),
      ...over,
    })
  }
  const names = () => accounts.list().map(accountName).sort()
  const read = (user: string, host = '%') => {
    const account = accounts.read(user, host)
    assert.ok(account, `${user}@${host}`)
    return account
  }
  return { accounts, run, names, read, unlocked, lines }
}

const ok = { affectedRows: 0, warnings: [], ownPasswordChanged: false }
const refusedBy = (symbol: string, message?: string | RegExp) =>
  message === undefined ? { symbol } : { symbol, message }

describe('CREATE USER', () => {
  it('makes several accounts with their own credentials and common options', async () => {
    const { run, read, lines } = session()
    const sql = `CREATE USER a IDENTIFIED BY 'x', b@h IDENTIFIED WITH caching_sha2_password, c IDENTIFIED BY '' ACCOUNT LOCK`
    assert.deepEqual(await run(sql), ok)
    const { plugin, authString, locked, passwordChangedMs } = read('a')
    assert.deepEqual(
      { plugin, authString, locked, passwordChangedMs },
      {
        ...{ plugin: 'mysql_native_password', authString: native('x'), locked: true, passwordChangedMs: 1_000 },
      },
    )
    assert.equal(read('b', 'h').plugin, 'caching_sha2_password')
    assert.equal(read('c').authString, '')
    assert.deepEqual(lines, ["CREATE USER 'a'@'%','b'@'h','c'@'%' by 'root'@'localhost'"])
  })

  it('makes all or none, and names those that failed', async () => {
    const { run, names } = session([app])
    const before = names()
    await assert.rejects(
      run('CREATE USER new, app, root@localhost'),
      refusedBy(
        'ER_CANNOT_USER',
        "Operation CREATE USER failed for 'app'@'%' (User account already exists),'root'@'localhost' (User account already exists)",
      ),
    )
    await assert.rejects(
      run("CREATE USER new, app, odd IDENTIFIED BY 'unstorable'"),
      refusedBy('ER_CANNOT_USER', "Operation CREATE USER failed for 'odd'@'%'"),
    )
    await assert.rejects(
      run('CREATE USER twice, twice'),
      refusedBy('ER_CANNOT_USER', /failed for 'twice'@'%' \(User account already exists\)$/),
    )
    assert.deepEqual(names(), before)
  })

  it('notes with IF NOT EXISTS those that are there and leaves them alone', async () => {
    const { run, read } = session([app])
    const { warnings } = await run("CREATE USER IF NOT EXISTS app IDENTIFIED BY 'other', new IDENTIFIED BY 'x'")
    const message = "Authorization ID 'app'@'%' already exists."
    assert.deepEqual(warnings, [{ level: 'Note', code: 3163, message }])
    assert.equal(read('app').authString, native('old'))
    assert.equal(read('new').authString, native('x'))
  })

  it('answers RANDOM PASSWORD with the passwords that it made', async () => {
    const { run, read } = session()
    const answer = await run('CREATE USER a IDENTIFIED BY RANDOM PASSWORD, b IDENTIFIED BY RANDOM PASSWORD')
    assert.ok('rows' in answer)
    assert.deepEqual(answer.columns, ['user', 'host', 'generated password', 'auth_factor'])
    const [[user, host, password, factor] = [], second] = answer.rows
    assert.deepEqual([user, host, factor], ['a', '%', '1'])
    assert.match(password ?? '', /^[^'"\\ ]{20}$/)
    assert.equal(read('a').authString, native(password ?? ''))
    assert.notEqual(second?.[2], password)
  })

  it('refuses an unknown plugin and a credential that is not of the plugin', async () => {
    const { run, names } = session()
    await assert.rejects(run('CREATE USER a IDENTIFIED WITH sesame'), refusedBy('ER_PLUGIN_IS_NOT_LOADED', /'sesame'/))
    const sql = "CREATE USER a IDENTIFIED WITH mysql_native_password AS 'hello'"
    await assert.rejects(run(sql), refusedBy('ER_PASSWORD_FORMAT'))
    assert.deepEqual(names(), ["'root'@'localhost'"])
  })

  it('keeps a comment, given as such or as an attribute, and no other attribute', async () => {
    const { run, read } = session()
    await run(`CREATE USER a ATTRIBUTE '{"comment": "hi"}'`)
    assert.equal(read('a').comment, 'hi')
    await run("ALTER USER a COMMENT ''")
    assert.equal(read('a').comment, '')
    await run(`ALTER USER a ATTRIBUTE '{"comment": null}'`)
    assert.equal(read('a').comment, undefined)
    await assert.rejects(run(`ALTER USER a ATTRIBUTE '{"team": "x"}'`), refusedBy('ER_NOT_SUPPORTED_YET'))
    for (const json of ['[]', 'null', '{']) {
      await assert.rejects(run(`ALTER USER a ATTRIBUTE '${json}'`), refusedBy('ER_INVALID_USER_ATTRIBUTE_JSON'))
    }
  })
})

describe('ALTER USER', () => {
  it('gives a new credential, which ends the expiry of the old one', async () => {
    const { run, read, unlocked } = session([{ ...app, passwordExpired: true }])
    const version = read('app').credentialVersion
    assert.deepEqual(await run("ALTER USER app IDENTIFIED BY 'new'"), ok)
    const { authString, passwordExpired, passwordChangedMs, credentialVersion } = read('app')
    assert.deepEqual([authString, passwordExpired, passwordChangedMs], [native('new'), false, 1_000])
    assert.ok(credentialVersion > version)
    assert.deepEqual(unlocked, [])
  })

  it('keeps the old password beside the new one with RETAIN, until it is discarded', async () => {
    const { run, read } = session([app])
    await run("ALTER USER app IDENTIFIED BY 'second' RETAIN CURRENT PASSWORD")
    assert.equal(read('app').retainedAuthString, native('old'))
    await run("ALTER USER app IDENTIFIED BY 'third'")
    assert.equal(read('app').retainedAuthString, native('old'))
    await run('ALTER USER app DISCARD OLD PASSWORD')
    assert.equal(read('app').retainedAuthString, undefined)
    assert.equal(read('app').authString, native('third'))
  })

  it('lets the old password go when the new one is empty or of another plugin', async () => {
    for (const clause of ["BY ''", "WITH caching_sha2_password BY 'x'"]) {
      const { run, read } = session([{ ...app, retainedAuthString: native('older') }])
      await run(`ALTER USER app IDENTIFIED ${clause}`)
      assert.equal(read('app').retainedAuthString, undefined, clause)
    }
  })

  it('refuses to retain where one of the passwords is empty or the plugin changes', async () => {
    const { run } = session([app, { user: 'bare', plugin: 'mysql_native_password' }])
    const retain = 'RETAIN CURRENT PASSWORD'
    await assert.rejects(
      run(`ALTER USER bare IDENTIFIED BY 'x' ${retain}`),
      refusedBy('ER_SECOND_PASSWORD_CANNOT_BE_EMPTY', /for user 'bare'@'%'/),
    )
    await assert.rejects(
      run(`ALTER USER app IDENTIFIED BY '' ${retain}`),
      refusedBy('ER_CURRENT_PASSWORD_CANNOT_BE_RETAINED'),
    )
    await assert.rejects(
      run(`ALTER USER app IDENTIFIED WITH sha256_password BY 'x' ${retain}`),
      refusedBy('ER_PASSWORD_CANNOT_BE_RETAINED_ON_PLUGIN_CHANGE'),
    )
  })

  it('clears and expires the password when only a plugin is named', async () => {
    const { run, read } = session([app])
    await run('ALTER USER app IDENTIFIED WITH caching_sha2_password')
    const { plugin, authString, passwordExpired } = read('app')
    assert.deepEqual([plugin, authString, passwordExpired], ['caching_sha2_password', '', true])
    await run('ALTER USER app IDENTIFIED WITH mysql_no_login')
    assert.equal(read('app').passwordExpired, false)
  })

  it('changes only the options that are mentioned', async () => {
    const { run, read } = session([{ ...app, locked: true, comment: 'c', passwordLifetimeDays: 3 }])
    await run('ALTER USER app REQUIRE SSL WITH MAX_USER_CONNECTIONS 5 PASSWORD EXPIRE')
    const { require, limits, passwordExpired, locked, comment, passwordLifetimeDays, authString } = read('app')
    assert.deepEqual([require.kind, limits.maxUserConnections, limits.maxQueriesPerHour], ['any', 5, 0])
    assert.deepEqual([passwordExpired, locked, comment, passwordLifetimeDays], [true, true, 'c', 3])
    assert.equal(authString, native('old'))
  })

  it('reports accounts whose count of wrong passwords begins anew', async () => {
    const { run, unlocked } = session([app])
    await run('ALTER USER app ACCOUNT LOCK')
    assert.deepEqual(unlocked, [])
    await run('ALTER USER app ACCOUNT UNLOCK')
    await run('ALTER USER app FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME 1')
    assert.deepEqual(unlocked, ["'app'@'%'", "'app'@'%'"])
  })

  it('fails for accounts that are not there, or notes them with IF EXISTS', async () => {
    const { run, read } = session([app])
    const sql = "app IDENTIFIED BY 'x', ghost IDENTIFIED BY 'y'"
    await assert.rejects(
      run(`ALTER USER ${sql}`),
      refusedBy('ER_CANNOT_USER', /ALTER USER failed for 'ghost'@'%' \(User account does not exist\)$/),
    )
    assert.equal(read('app').authString, native('old'))
    const { warnings } = await run(`ALTER USER IF EXISTS ${sql}`)
    assert.deepEqual(
      warnings.map(({ code }) => code),
      [3162],
    )
    assert.equal(read('app').authString, native('x'))
  })

  it('fails when the plugin of the account changed while the password was hashed', async () => {
    const { accounts, run, read } = session([app], 'root', {
      hashPassword: async () => {
        accounts.transact((edit) => edit.put({ ...read('app'), plugin: 'sha256_password', authString: '' }))
        return native('x')
      },
    })
    await assert.rejects(run("ALTER USER app IDENTIFIED BY 'x'"), refusedBy('ER_CANNOT_USER'))
    assert.equal(read('app').authString, '')
  })
})

describe('one’s own password', () => {
  it('may be changed by everyone, and is reported', async () => {
    const { run, read } = session([app], 'app')
    for (const sql of ["ALTER USER USER() IDENTIFIED BY 'a'", "SET PASSWORD = 'b'", "SET PASSWORD FOR app = 'c'"]) {
      assert.equal((await run(sql)).ownPasswordChanged, true, sql)
    }
    assert.equal(read('app').authString, native('c'))
    const random = await run('SET PASSWORD TO RANDOM')
    assert.ok('rows' in random && random.ownPasswordChanged)
  })

  it('is all that an account without CREATE USER may change', async () => {
    const { run } = session([app], 'app')
    const denied = refusedBy('ER_SPECIFIC_ACCESS_DENIED_ERROR', /\(at least one of\) the CREATE USER privilege/)
    for (const sql of [
      'CREATE USER a',
      'DROP USER app',
      'RENAME USER app TO b',
      "ALTER USER app IDENTIFIED BY 'x', root@localhost IDENTIFIED BY 'x'",
      "ALTER USER USER() IDENTIFIED BY 'x' REQUIRE NONE",
      "ALTER USER USER() IDENTIFIED WITH caching_sha2_password BY 'x'",
      `ALTER USER USER() IDENTIFIED WITH mysql_native_password AS '${native('x')}'`,
      'ALTER USER USER() ACCOUNT UNLOCK',
      'REVOKE ALL PRIVILEGES, GRANT OPTION FROM app',
    ]) {
      await assert.rejects(run(sql), denied, sql)
    }
  })

  it('of somebody else is for those who may update mysql, whoever may create users', async () => {
    const creator = { ...app, privileges: new Set(['CREATE USER'] as const) }
    await assert.rejects(
      session([creator], 'app').run("SET PASSWORD FOR root@localhost = 'x'"),
      refusedBy('ER_DBACCESS_DENIED_ERROR', "Access denied for user 'app'@'%' to database 'mysql'"),
    )
    const updater = { ...app, databases: new Map([['mysql', new Set(['UPDATE'] as const)]]) }
    const { run, read } = session([updater], 'app')
    await run("SET PASSWORD FOR root@localhost = 'x'")
    assert.notEqual(read('root', 'localhost').authString, '')
  })

  it('is retained or discarded only with APPLICATION_PASSWORD_ADMIN', async () => {
    const statements = [
      "ALTER USER USER() IDENTIFIED BY 'x' RETAIN CURRENT PASSWORD",
      'ALTER USER app DISCARD OLD PASSWORD',
    ]
    for (const sql of statements) {
      const denied = refusedBy('ER_SPECIFIC_ACCESS_DENIED_ERROR', /CREATE USER or APPLICATION_PASSWORD_ADMIN/)
      await assert.rejects(session([app], 'app').run(sql), denied)
      await session([{ ...app, privileges: new Set(['APPLICATION_PASSWORD_ADMIN']) }], 'app').run(sql)
    }
  })

  it('is the only statement allowed once it has expired', async () => {
    const { run } = session([{ ...app, passwordExpired: true }], 'root')
    for (const sql of [
      'SHOW GRANTS',
      'CREATE USER a',
      'ALTER USER USER() ACCOUNT UNLOCK',
      "SET PASSWORD FOR app = 'x'",
    ]) {
      await assert.rejects(run(sql, true), refusedBy('ER_MUST_CHANGE_PASSWORD'), sql)
    }
    const { run: runAsApp, read } = session([{ ...app, passwordExpired: true }], 'app')
    assert.equal((await runAsApp("ALTER USER app IDENTIFIED BY 'x'", true)).ownPasswordChanged, true)
    assert.equal(read('app').passwordExpired, false)
  })

  it('cannot be changed by an anonymous user', async () => {
    const { run } = session([{ user: '' }], '')
    await assert.rejects(run("SET PASSWORD = 'x'"), refusedBy('ER_PASSWORD_ANONYMOUS_USER'))
  })
})

describe('SET PASSWORD', () => {
  it('answers 1133 for an account that is not there', async () => {
    const { run } = session()
    await assert.rejects(run("SET PASSWORD FOR ghost = 'x'"), refusedBy('ER_PASSWORD_NO_MATCH'))
  })
})

describe('DROP USER and RENAME USER', () => {
  it('drops all or none, or with IF EXISTS those that are there', async () => {
    const { run, names, unlocked } = session([app])
    await assert.rejects(
      run('DROP USER app, ghost'),
      refusedBy('ER_CANNOT_USER', /DROP USER failed for 'ghost'@'%' \(User account does not exist\)$/),
    )
    assert.equal(names().length, 2)
    const { warnings } = await run('DROP USER IF EXISTS app, ghost')
    assert.deepEqual(warnings, [{ level: 'Note', code: 3162, message: "Authorization ID 'ghost'@'%' does not exist." }])
    assert.deepEqual(names(), ["'root'@'localhost'"])
    assert.deepEqual(unlocked, ["'app'@'%'"])
  })

  it('renames with everything that the account has, in order', async () => {
    const { run, read, names } = session([
      { ...app, comment: 'first' },
      { user: 'b', comment: 'second' },
    ])
    await run('RENAME USER app TO tmp, b TO app, tmp TO b@h')
    assert.equal(read('app').comment, 'second')
    assert.equal(read('b', 'h').authString, native('old'))
    const before = names()
    await assert.rejects(
      run('RENAME USER app TO c, ghost TO d, b@h TO root@localhost'),
      refusedBy('ER_CANNOT_USER', "Operation RENAME USER failed for 'ghost'@'%','b'@'h'"),
    )
    assert.deepEqual(names(), before)
  })
})

describe('SHOW', () => {
  it('shows one’s own account without the credential, and others only to who may read them', async () => {
    const { run } = session([app], 'app')
    const own = await run('SHOW CREATE USER CURRENT_USER()')
    assert.ok('rows' in own)
    assert.deepEqual(own.columns, ['CREATE USER for app@%'])
    assert.match(own.rows[0]?.[0] ?? '', / AS <secret> /)
    const grants = await run('SHOW GRANTS FOR CURRENT_USER')
    assert.ok('rows' in grants)
    assert.deepEqual([grants.columns, grants.rows], [['Grants for app@%'], [['GRANT USAGE ON *.* TO `app`@`%`']]])
    await assert.rejects(
      run('SHOW CREATE USER root@localhost'),
      refusedBy('ER_DBACCESS_DENIED_ERROR', "Access denied for user 'app'@'%' to database 'mysql'"),
    )
    await assert.rejects(
      run('SHOW GRANTS FOR root@localhost'),
      refusedBy('ER_TABLEACCESS_DENIED_ERROR', "SELECT command denied to user 'app'@'client.test' for table 'user'"),
    )
  })

  it('shows any account with its credential to who may read mysql.user', async () => {
    const { run } = session([app])
    const answer = await run('SHOW CREATE USER app')
    assert.ok('rows' in answer)
    assert.ok(answer.rows[0]?.[0]?.includes(native('old')))
    await assert.rejects(
      run('SHOW CREATE USER ghost'),
      refusedBy('ER_CANNOT_USER', /SHOW CREATE USER failed for 'ghost'/),
    )
    await assert.rejects(
      run('SHOW GRANTS FOR ghost@h'),
      refusedBy('ER_NONEXISTING_GRANT', "There is no such grant defined for user 'ghost' on host 'h'"),
    )
  })
})
