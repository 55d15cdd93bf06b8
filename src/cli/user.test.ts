import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { program, saltgate, scratch } from '../../test/support/cli.ts'
import type { Account } from '../accounts/account.ts'
import { SqliteAccounts } from '../accounts/sqlite-accounts.ts'

/** A directory for one test, with `user` run in it and the accounts read behind its back. */
function place() {
  const directory = scratch()
  const cwd = directory.path
  return {
    cwd,
    user: (args: readonly string[], stdin = '', env: Record<string, string> = {}) =>
      saltgate(['user', ...args], { cwd, stdin, env }),
    accounts(): readonly Account[] {
      const store = SqliteAccounts.open(join(cwd, 'saltgate-data/accounts.sqlite'))
      try {
        return store.list()
      } finally {
        store.close()
      }
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

describe('saltgate user add', () => {
  it('makes an account with password, requirement and grants, and says so in one line', async () => {
    using here = place()
    const grants = ['--grant', 'SELECT, INSERT ON shop.*', 'PROCESS ON *.* WITH GRANT OPTION']
    const made = await here.user(
      ['add', 'App@10.0.0.%', '--password-stdin', '--require', "SUBJECT '/CN=app'", ...grants],
      'secret\n',
    )
    assert.deepEqual(made, { code: 0, stdout: "added 'App'@'10.0.0.%'\n", stderr: '' })
    const [account] = here.accounts()
    assert.ok(account)
    assert.equal(account.plugin, 'caching_sha2_password')
    assert.match(account.authString, /^\$A\$005\$/)
    assert.deepEqual(account.require, { kind: 'specified', subject: '/CN=app' })
    assert.deepEqual([...account.privileges], ['PROCESS', 'GRANT OPTION'])
    assert.deepEqual([...(account.databases.get('shop') ?? [])], ['SELECT', 'INSERT'])
  })

  it('leaves nothing behind when a grant is not possible', async () => {
    using here = place()
    const made = await here.user(['add', 'app', '--no-password', '--grant', 'PROCESS ON shop.*'])
    assert.equal(made.code, 1)
    assert.equal(made.stderr, 'saltgate: Incorrect usage of DB GRANT and GLOBAL PRIVILEGES\n')
    assert.deepEqual(here.accounts(), [])
  })

  it('prints a random password once, and with --json as an object', async () => {
    using here = place()
    const { stdout } = await here.user(['add', 'boss@localhost', '--admin', '--random', '--json'])
    const { password, ...rest } = JSON.parse(stdout)
    assert.deepEqual(rest, { done: 'added', user: 'boss', host: 'localhost' })
    assert.equal(password.length, 20)
    assert.ok(here.accounts()[0]?.privileges.has('CREATE USER'))
  })

  for (const argument of [['--password', 'hunter2'], ['--password=hunter2'], ['-p', 'hunter2'], ['-phunter2']]) {
    it(`T65 refuses a password in ${argument.join(' ')} and does not repeat it`, async () => {
      using here = place()
      const { code, stdout, stderr } = await here.user(['add', 'app', ...argument])
      assert.equal(code, 2)
      assert.match(stderr, /^saltgate: a password is not taken from the command line, .*--password-stdin.*\n$/)
      assert.doesNotMatch(stdout + stderr, /hunter2/)
    })
  }

  const wrongUses: readonly [why: string, args: string[], stdin: string, said: RegExp][] = [
    ['nobody can be asked', ['add', 'app'], '', /there is no terminal to ask/],
    ['stdin is empty', ['add', 'app', '--password-stdin'], '\n', /the password is empty/],
    ['stdin has two lines', ['add', 'app', '--password-stdin'], 'a\nb\n', /line break/],
    ['a variable is not set', ['add', 'app', '--password-env', 'NOT_THERE'], '', /no such variable/],
    ['two sources are named', ['add', 'app', '--random', '--no-password'], '', /contradict/],
    ['a plugin stores no password', ['add', 'a', '--plugin', 'mysql_no_login', '--random'], '', /stores no password/],
    ['a plugin is unknown', ['add', 'app', '--plugin', 'x', '--random'], '', /Allowed choices are.*--help/s],
    [
      '--require says more',
      ['add', 'a', '--random', '--require', 'ssl ACCOUNT LOCK'],
      '',
      /--require ssl ACCOUNT LOCK: /,
    ],
    ['--grant is no grant', ['add', 'a', '--random', '--grant', 'SELECT'], '', /--grant SELECT: write/],
    ['the name is too long', ['add', 'x'.repeat(33), '--random'], '', /longer than 32 characters/],
    ['a word is too many', ['add', 'app', 'hunter2', '--random'], '', /too many arguments/],
    ['the data directory has no accounts', ['list'], '', /there are no accounts in .*--data/],
    ['the verb is unknown', ['ad', 'app'], '', /unknown command 'ad'/],
  ]
  for (const [why, args, stdin, said] of wrongUses) {
    it(`is wrong use when ${why}`, async () => {
      using here = place()
      const { code, stdout, stderr } = await here.user(args, stdin)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, said)
      assert.doesNotMatch(stderr, /hunter2|\n {4}at /)
    })
  }

  it('refuses a name that is taken, and leaves that account as it is', async () => {
    using here = place()
    await here.user(['add', 'app', '--random'])
    const before = here.accounts()
    const again = await here.user(['add', "'app'@'%'", '--random'])
    assert.deepEqual(again, { code: 1, stdout: '', stderr: "saltgate: 'app'@'%' exists already\n" })
    assert.deepEqual(here.accounts(), before)
  })

  const hasScript = spawnSync('script', ['--version']).status === 0
  it('asks twice without an echo at a terminal', { skip: !hasScript && 'there is no script(1)' }, async () => {
    using here = place()
    const command = [process.execPath, program, 'user', 'add', 'app'].join(' ')
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: here.cwd, timeout: 60_000 })
    let shown = ''
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const question of ['New password', 'Once more']) {
        if (!shown.includes(question) && (shown + text).includes(question)) terminal.stdin.write('pässword\r')
      }
      shown += text
    })
    assert.deepEqual(await once(terminal, 'close'), [0, null], shown)
    assert.doesNotMatch(shown, /ssword\b(?! of)/)
    assert.match(shown, /added 'app'@'%'/)
    assert.match(here.accounts()[0]?.authString ?? '', /^\$A\$005\$/)
  })
})

describe('saltgate user passwd, lock, unlock and drop', () => {
  it('change what they name', async () => {
    using here = place()
    await here.user(['add', 'app', '--random'])
    const old = here.accounts()[0]?.authString
    assert.equal((await here.user(['passwd', 'app', '--password-stdin', '--retain'], 'new')).code, 0)
    assert.equal(here.accounts()[0]?.retainedAuthString, old)
    assert.equal((await here.user(['lock', 'app'])).stdout, "locked 'app'@'%'\n")
    assert.equal(here.accounts()[0]?.locked, true)
    assert.equal((await here.user(['unlock', 'app'])).stdout, "unlocked 'app'@'%'\n")
    assert.equal(here.accounts()[0]?.locked, false)
    assert.equal((await here.user(['drop', 'app'])).stdout, "dropped 'app'@'%'\n")
    assert.deepEqual(here.accounts(), [])
  })

  it('do nothing when one of the names is unknown, and tell which may have been meant', async () => {
    using here = place()
    await here.user(['add', 'app@localhost', '--random'])
    const dropped = await here.user(['drop', 'app@localhost', 'app'])
    assert.equal(dropped.code, 1)
    assert.equal(dropped.stderr, "saltgate: there is no account 'app'@'%'; there is 'app'@'localhost'\n")
    assert.equal(here.accounts().length, 1)
  })
})

describe('saltgate user list and show', () => {
  it('list accounts for people, with nothing that moves the cursor', async () => {
    using here = place()
    await here.user(['add', 'e\x1b[31mvil', '--no-password'])
    await here.user(['add', 'app@localhost', '--random', '--require', 'x509'])
    await here.user(['lock', 'app@localhost'])
    const { stdout } = await here.user(['list'])
    assert.equal(
      stdout,
      [
        'USER            HOST       PLUGIN                 LOCKED  EXPIRED  REQUIRE  PASSWORD',
        'app             localhost  caching_sha2_password  locked           X509     of today',
        'e\\u{1b}[31mvil  %          caching_sha2_password                            none',
        '',
      ].join('\n'),
    )
    const [first] = (await here.user(['list', '--json'])).stdout.split('\n')
    const { passwordChanged, ...row } = JSON.parse(first ?? '')
    assert.ok(Date.now() - Date.parse(passwordChanged) < 120_000)
    assert.deepEqual(row, {
      ...{ user: 'app', host: 'localhost', plugin: 'caching_sha2_password', locked: true, expired: false },
      ...{ require: 'X509', hasPassword: true },
    })
  })

  it('show statements that import makes the same account of', async () => {
    using here = place()
    await here.user(['add', 'app', '--random', '--admin', '--require', 'ssl', '--grant', 'SELECT ON `a_b`.*'])
    const [made] = here.accounts()
    const { stdout } = await here.user(['show', 'app'])
    assert.doesNotMatch(stdout, /[^\n\P{C}]/u)
    await here.user(['drop', 'app'])
    assert.deepEqual(await here.user(['import', '-'], stdout), {
      code: 0,
      stdout: "added    'app'@'%'\n1 added\n",
      stderr: '',
    })
    const ignored = { credentialVersion: 0, passwordChangedMs: 0 }
    assert.deepEqual({ ...here.accounts()[0], ...ignored }, { ...made, ...ignored })
  })

  it('tell of factors and alternatives, whose credentials come through as they are', async () => {
    using here = place()
    const crypt = `$A$005$${'\x01\x1f"\'\\'.repeat(4)}${'.'.repeat(43)}`
    const hex = `0x${Buffer.from(crypt).toString('hex').toUpperCase()}`
    const sql =
      `CREATE USER two IDENTIFIED WITH caching_sha2_password AS ${hex} AND IDENTIFIED WITH mysql_clear_password AS ${hex};` +
      `CREATE USER either IDENTIFIED VIA caching_sha2_password USING ${hex} OR unix_socket`
    assert.equal((await here.user(['import', '-'], sql)).code, 0)
    assert.deepEqual(
      (await here.user(['list', '--json'])).stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ alternatives, factors }) => ({ alternatives, factors })),
      [
        { alternatives: ['unix_socket'], factors: undefined },
        { alternatives: undefined, factors: ['mysql_clear_password'] },
      ],
    )
    assert.match(
      (await here.user(['list'])).stdout,
      /caching_sha2_password OR unix_socket .*\n.* \+ mysql_clear_password /,
    )
    const made = here.accounts()
    const shown = [(await here.user(['show', 'two'])).stdout, (await here.user(['show', 'either'])).stdout].join('')
    assert.equal(shown.split(hex).length, 4)
    await here.user(['drop', 'two', 'either'])
    assert.equal((await here.user(['import', '-'], shown)).code, 0)
    const credentials = ({ authString, alternatives, factors }: Account) => ({ authString, alternatives, factors })
    assert.deepEqual(here.accounts().map(credentials), made.map(credentials))
    assert.equal(made[1]?.factors[0]?.authString, crypt)
  })
})
