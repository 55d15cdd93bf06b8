import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { openDoor, type TestDoor, until } from '../../test/support/door.ts'
import type { PeerHost } from '../accounts/account.ts'
import type { ConnectOptions } from '../client/options.ts'
import { serverError } from '../errors/errors.ts'
import type { Log } from '../server/log.ts'
import type { Row } from '../server/query.ts'
import { accountColumns, accountsStatement } from './account-view.ts'
import { AccountsNotKnown, BackendAccounts, type BackendAccountsOptions } from './backend-accounts.ts'

const everywhere: PeerHost = { address: '203.0.113.7', name: undefined }
const columns = [...accountColumns, 'default_lifetime'].map((name) => ({ name }))

describe('BackendAccounts', () => {
  const ends: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  /** A backend that answers every statement with the rows as they are at that moment. */
  async function backendWith(rows: () => Iterable<Row> | AsyncIterable<Row>) {
    const statements: string[] = []
    const door: TestDoor = await openDoor({
      accounts: [{ user: 'gateway', password: 'pw-gateway' }],
      handler: () => (sql) => {
        statements.push(sql)
        return { columns, rows: rows() }
      },
    })
    ends.push(() => door.close())
    const options: ConnectOptions = { port: door.port, user: 'gateway', password: 'pw-gateway' }
    return { door, statements, from: () => options }
  }

  function accountsFrom(options: Omit<BackendAccountsOptions, 'log'>) {
    const logged: string[] = []
    const write = (_: object, message: string) => void logged.push(message)
    const log: Log = { debug: write, info: write, warn: write, error: write }
    const accounts = new BackendAccounts({ leastBetweenMs: 20, ...options, log })
    ends.push(() => accounts.close())
    return { accounts, logged }
  }

  test('finds accounts at once when the first reading is done', async () => {
    const { from } = await backendWith(() => [rowOf('app'), rowOf('other', '10.%')])
    const { accounts } = accountsFrom({ from })
    assert.throws(() => accounts.find('app', everywhere), AccountsNotKnown)
    await accounts.start()
    const found = accounts.find('app', everywhere)
    assert.ok(found !== undefined && !(found instanceof Promise))
    assert.equal(found.user, 'app')
    assert.equal(accounts.find('other', everywhere), undefined)
    assert.equal(accounts.find('nobody', everywhere), undefined)
    assert.equal(accounts.read('other', '10.%')?.host, '10.%')
    assert.deepEqual([...accounts.pluginCounts()], [['mysql_native_password', 2]])
    assert.equal(accounts.admitsHost(everywhere), true)
    assert.equal(accounts.status.accounts, 2)
  })

  test('lets a login wait for the first reading', async () => {
    const { from } = await backendWith(() => [rowOf('app')])
    const { accounts } = accountsFrom({ from })
    const started = accounts.start()
    const found = accounts.find('app', everywhere)
    assert.ok(found instanceof Promise)
    assert.equal((await found)?.user, 'app')
    await started
  })

  test('T54 asks one constant statement, whoever logs in', async () => {
    const { from, statements } = await backendWith(() => [rowOf('app')])
    const { accounts } = accountsFrom({ from, schema: 'elsewhere' })
    await accounts.start()
    for (const user of ["'; DROP TABLE mysql.user; -- ", '%', '\0', '`', 'app']) {
      await accounts.find(user, { address: '203.0.113.7', name: "'.example.com" })
      accounts.read(user, "'")
    }
    await accounts.afterRefusal("' OR 1=1")
    assert.deepEqual([...new Set(statements)], [accountsStatement('elsewhere')])
    assert.equal(statements.length, 2)
  })

  test('reads again and again, so that what changes is seen', async () => {
    const users = ['app']
    const { from } = await backendWith(() => users.map((user) => rowOf(user)))
    const { accounts } = accountsFrom({ from, refreshMs: 1 })
    await accounts.start()
    users.push('new')
    users.shift()
    await until(() => accounts.find('new', everywhere) !== undefined, 'the new account is there')
    assert.equal(accounts.find('app', everywhere), undefined)
    assert.equal(accounts.read('app', '%'), undefined)
  })

  test('reads once for all who were refused, no sooner than it may, and says whose accounts changed', async () => {
    let authString = '00'
    const { from, statements } = await backendWith(() => [rowOf('app', '%', authString), rowOf('other')])
    const { accounts } = accountsFrom({ from, leastBetweenMs: 400 })
    const startedMs = performance.now()
    await accounts.start()
    authString = '01'
    const refused = ['app', 'other', 'nobody', ...Array<string>(97).fill('other')]
    const changed = await Promise.all(refused.map((user) => accounts.afterRefusal(user)))
    assert.deepEqual(changed.slice(0, 3), [true, false, false])
    assert.ok(performance.now() - startedMs > 399)
    assert.equal(statements.length, 2)
    assert.equal(await accounts.afterRefusal('app'), false)
    assert.equal(statements.length, 3)
  })

  test('takes for news what was changed after a reading had begun', async () => {
    let authString = '00'
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    let readings = 0
    const { from } = await backendWith(async function* () {
      const row = rowOf('app', '%', authString)
      if (++readings === 2) await held
      yield row
    })
    const { accounts } = accountsFrom({ from })
    await accounts.start()
    const during = accounts.reread()
    await until(() => readings === 2, 'the second reading has begun')
    authString = '01'
    const refused = accounts.afterRefusal('app')
    release()
    assert.equal(await during, true)
    assert.equal(await refused, true)
    assert.equal(readings, 3)
  })

  test('keeps the table while the backend is away, says so once, and lets nobody in when it is too old', async () => {
    let away = false
    const { from } = await backendWith(() => {
      if (away) throw serverError('ER_SERVER_SHUTDOWN')
      return [rowOf('app')]
    })
    const { accounts, logged } = accountsFrom({ from, refreshMs: 1, staleMs: 500 })
    await accounts.start()
    away = true
    await until(() => accounts.status.failure !== undefined, 'a reading has failed')
    assert.ok(accounts.find('app', everywhere))
    assert.equal(await accounts.afterRefusal('app'), false)
    await until(() => (accounts.status.ageMs ?? 0) >= 500, 'the table is too old')
    assert.throws(() => accounts.find('app', everywhere), AccountsNotKnown)
    assert.throws(() => accounts.find('nobody', everywhere), AccountsNotKnown)
    // What was found while it was good can still be looked up.
    assert.equal(accounts.read('app', '%')?.user, 'app')
    away = false
    await accounts.reread()
    assert.ok(accounts.find('app', everywhere))
    assert.equal(accounts.status.failure, undefined)
    assert.deepEqual(logged, [
      'the accounts of the backend cannot be read',
      'the accounts of the backend can be read again',
    ])
  })

  test('says at the start why there are no accounts, and goes on trying', async () => {
    let ready = false
    const { from } = await backendWith(() => {
      if (!ready) throw serverError('ER_NO_SUCH_TABLE', 'saltgate.accounts')
      return [rowOf('app')]
    })
    const { accounts } = accountsFrom({ from })
    const waiting = accounts.start()
    const found = Promise.resolve(accounts.find('app', everywhere))
    await assert.rejects(waiting, { symbol: 'ER_NO_SUCH_TABLE' })
    await assert.rejects(found, AccountsNotKnown)
    ready = true
    await until(() => accounts.status.accounts === 1, 'it is read')
    assert.ok(accounts.find('app', everywhere))
  })

  test('asks anew at each reading where to read', async () => {
    const one = await backendWith(() => [rowOf('app')])
    const other = await backendWith(() => [rowOf('app', '%', '01')])
    const backends = [one.from, other.from, () => assert.fail('no backend is up')]
    const { accounts } = accountsFrom({ from: () => (backends.shift() ?? one.from)() })
    await accounts.start()
    assert.equal(await accounts.afterRefusal('app'), true)
    assert.equal(await accounts.reread(), false)
    assert.equal(accounts.status.failure, 'no backend is up')
    assert.ok(accounts.find('app', everywhere))
  })

  test('keeps the old table when a reading breaks off, shows nothing, or lasts too long', async () => {
    const { promise: never, resolve: release } = Promise.withResolvers<void>()
    ends.push(async () => release())
    const readings: (() => Iterable<Row> | AsyncIterable<Row>)[] = [
      () => [rowOf('app')],
      async function* () {
        yield rowOf('intruder')
        throw serverError('ER_QUERY_INTERRUPTED')
      },
      () => [],
      async function* () {
        yield rowOf('intruder')
        await never
      },
    ]
    let at = 0
    const { from } = await backendWith(() => (readings[at++] as () => Iterable<Row>)())
    const { accounts } = accountsFrom({ from, readingMs: 300 })
    await accounts.start()
    for (let i = 1; i < readings.length; i++) {
      assert.equal(await accounts.reread(), false)
      assert.equal(accounts.find('intruder', everywhere), undefined)
      assert.ok(accounts.find('app', everywhere))
    }
    assert.equal(at, 4)
  })

  test('stops when it is closed, whatever it does then', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    ends.push(async () => release())
    let readings = 0
    const { from } = await backendWith(async function* () {
      if (++readings === 2) await held
      yield rowOf('app')
    })
    const { accounts, logged } = accountsFrom({ from })
    await accounts.start()
    const during = accounts.reread()
    await until(() => readings === 2, 'a reading is under way')
    const refused = accounts.afterRefusal('app')
    await accounts.close()
    assert.deepEqual([await during, await refused, await accounts.reread()], [false, false, false])
    assert.deepEqual(logged, [])
    assert.ok(accounts.find('app', everywhere))
  })

  test('refuses times that are none', () => {
    for (const name of ['refreshMs', 'staleMs', 'readingMs', 'leastBetweenMs']) {
      for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.throws(() => accountsFrom({ from: () => ({}), [name]: ms }), { name: 'ConfigurationError' })
      }
    }
  })
})

/** A row of the view, as the columns have it. */
function rowOf(user: string, host = '%', authenticationString = ''): Row {
  const row: Record<string, string> = {
    ...{ user, host, plugin: 'mysql_native_password', authentication_string: authenticationString },
    ...{
      account_locked: 'N',
      password_expired: 'N',
      password_changed: '1795184501',
      ssl_type: '',
      default_lifetime: '0',
    },
  }
  return columns.map(({ name }) => row[name] ?? null)
}
