import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { ConfigurationError, ServerError } from '../errors/errors.ts'
import { shownValue } from './setting-value.ts'
import { Settings } from './settings.ts'

function refusal(symbol: string, message?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof ServerError, String(error))
    assert.equal(error.symbol, symbol)
    if (message !== undefined) assert.equal(error.message, message)
    return true
  }
}

describe('Settings', () => {
  it("starts with MySQL's defaults", () => {
    const settings = new Settings()
    assert.equal(settings.get('connect_timeout'), 10)
    assert.equal(settings.get('max_connections'), 151)
    assert.equal(settings.get('max_allowed_packet'), 67_108_864)
    assert.equal(settings.get('skip_name_resolve'), false)
    assert.equal(settings.get('character_set_results'), 'utf8mb4')
    assert.equal(settings.get('sql_select_limit'), 18_446_744_073_709_551_615n)
    assert.deepEqual(settings.startupWarnings, [])
  })

  it('accepts every default through the configuration, as text', () => {
    for (const { name, value } of new Settings().entries()) {
      const settings = new Settings({ [name]: value === null ? null : shownValue(value) })
      assert.deepEqual(settings.get(name), value, name)
      assert.deepEqual(settings.startupWarnings, [], name)
    }
  })

  it('knows names in any case and the older names of a variable', () => {
    const settings = new Settings()
    settings.setGlobal('TX_ISOLATION', 'read-committed')
    assert.equal(settings.get('transaction_isolation'), 'READ-COMMITTED')
    assert.equal(settings.get('Tx_Isolation'), 'READ-COMMITTED')
  })

  it('refuses an unknown name with 1193, names of Object.prototype included', () => {
    const settings = new Settings()
    for (const name of ['no_such', '__proto__', 'constructor', 'toString', '']) {
      assert.throws(
        () => settings.get(name),
        refusal('ER_UNKNOWN_SYSTEM_VARIABLE', `Unknown system variable '${name}'`),
      )
      assert.throws(() => settings.setGlobal(name, 1), refusal('ER_UNKNOWN_SYSTEM_VARIABLE'))
      assert.throws(() => settings.session().get(name), refusal('ER_UNKNOWN_SYSTEM_VARIABLE'))
    }
  })

  it('moves a number into its range and warns as MySQL does', () => {
    const settings = new Settings()
    assert.deepEqual(settings.setGlobal('connect_timeout', 0), [
      { level: 'Warning', code: 1292, message: "Truncated incorrect connect_timeout value: '0'" },
    ])
    assert.equal(settings.get('connect_timeout'), 2)
    settings.setGlobal('max_allowed_packet', 2000)
    assert.equal(settings.get('max_allowed_packet'), 1024)
    assert.deepEqual(settings.setGlobal('connect_timeout', 30), [])
  })

  it('keeps every integer within its range, whatever is set', () => {
    const integers = Array.from(new Settings().entries()).filter(
      ({ row }) => row.type === 'integer' && row.dynamic && !row.strict,
    )
    fc.assert(
      fc.property(fc.constantFrom(...integers), fc.bigInt(), ({ name, row }, wanted) => {
        assert.ok(row.type === 'integer')
        const settings = new Settings()
        const warnings = settings.setGlobal(name, wanted)
        const kept = settings.get(name)
        assert.ok(typeof kept === typeof row.default && (kept as number) >= row.min && (kept as number) <= row.max)
        assert.equal(warnings.length === 0, BigInt(kept as number) === wanted)
      }),
    )
  })

  it('refuses a wrong type with 1232 and a wrong value with 1231', () => {
    const settings = new Settings()
    for (const value of ['10', 'abc', '64M', 1.5]) {
      assert.throws(
        () => settings.setGlobal('max_connections', value),
        refusal('ER_WRONG_TYPE_FOR_VAR', "Incorrect argument type to variable 'max_connections'"),
      )
    }
    assert.throws(() => settings.setGlobal('ssl_cipher', 5), refusal('ER_WRONG_TYPE_FOR_VAR'))
    assert.throws(
      () => settings.setGlobal('offline_mode', 2),
      refusal('ER_WRONG_VALUE_FOR_VAR', "Variable 'offline_mode' can't be set to the value of '2'"),
    )
    assert.throws(() => settings.setGlobal('offline_mode', 'maybe'), refusal('ER_WRONG_VALUE_FOR_VAR'))
    assert.throws(() => settings.setGlobal('max_connections', null), refusal('ER_WRONG_TYPE_FOR_VAR'))
    assert.throws(
      () => settings.setGlobal('offline_mode', null),
      refusal('ER_WRONG_VALUE_FOR_VAR', "Variable 'offline_mode' can't be set to the value of 'NULL'"),
    )
    assert.throws(
      () => settings.setGlobal('caching_sha2_password_digest_rounds', 4999),
      refusal(
        'ER_WRONG_VALUE_FOR_VAR',
        "Variable 'caching_sha2_password_digest_rounds' can't be set to the value of '4999'",
      ),
    )
    assert.throws(() => settings.setGlobal('event_scheduler', 3), refusal('ER_WRONG_VALUE_FOR_VAR'))
    assert.throws(() => settings.setGlobal('event_scheduler', -1), refusal('ER_WRONG_VALUE_FOR_VAR'))
  })

  it('takes ON, OFF, TRUE, FALSE, 1 and 0 for a boolean', () => {
    const settings = new Settings()
    for (const [given, kept] of [
      ['on', true],
      ['OFF', false],
      [true, true],
      [false, false],
      [1, true],
      [0, false],
    ] as const) {
      settings.setGlobal('offline_mode', given)
      assert.equal(settings.get('offline_mode'), kept)
    }
  })

  it('orders, deduplicates and expands a set of names', () => {
    const settings = new Settings()
    settings.setGlobal('sql_mode', 'no_zero_date, ANSI_QUOTES,NO_ZERO_DATE,')
    assert.equal(settings.get('sql_mode'), 'ANSI_QUOTES,NO_ZERO_DATE')
    settings.setGlobal('sql_mode', 'ansi')
    assert.equal(
      settings.get('sql_mode'),
      'REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI',
    )
    settings.setGlobal('sql_mode', 0)
    assert.equal(settings.get('sql_mode'), '')
    assert.throws(
      () => settings.setGlobal('sql_mode', 'ANSI,NOPE'),
      refusal('ER_WRONG_VALUE_FOR_VAR', "Variable 'sql_mode' can't be set to the value of 'NOPE'"),
    )
  })

  it('respects scope and read-only', () => {
    const settings = new Settings()
    const session = settings.session()
    assert.throws(
      () => settings.setGlobal('version', 'x'),
      refusal('ER_INCORRECT_GLOBAL_LOCAL_VAR', "Variable 'version' is a read only variable"),
    )
    assert.throws(() => session.set('version', 'x'), refusal('ER_INCORRECT_GLOBAL_LOCAL_VAR'))
    assert.throws(() => settings.setGlobal('sql_log_bin', 0), refusal('ER_LOCAL_VARIABLE'))
    assert.throws(() => session.set('max_connections', 5), refusal('ER_GLOBAL_VARIABLE'))
    assert.throws(
      () => session.set('max_allowed_packet', 1024),
      refusal(
        'ER_VARIABLE_IS_READONLY',
        "SESSION variable 'max_allowed_packet' is read-only. Use SET GLOBAL to assign the value",
      ),
    )
  })

  it('checks the names of character sets, collations and time zones', () => {
    const session = new Settings().session()
    session.set('character_set_client', 'UTF8')
    assert.equal(session.get('character_set_client'), 'utf8mb3')
    session.set('character_set_results', null)
    assert.equal(session.get('character_set_results'), null)
    assert.throws(() => session.set('character_set_client', null), refusal('ER_WRONG_VALUE_FOR_VAR'))
    assert.throws(
      () => session.set('character_set_client', 'ucs2'),
      refusal('ER_WRONG_VALUE_FOR_VAR', "Variable 'character_set_client' can't be set to the value of 'ucs2'"),
    )
    assert.throws(() => session.set('character_set_results', 'klingon'), refusal('ER_UNKNOWN_CHARACTER_SET'))
    session.set('collation_connection', 'utf8mb4_unicode_ci')
    assert.throws(() => session.set('collation_connection', 'klingon_ci'), refusal('ER_UNKNOWN_COLLATION'))
    for (const zone of ['SYSTEM', '+00:00', '-13:59', '+14:00', 'Europe/Zurich']) session.set('time_zone', zone)
    for (const zone of ['+14:01', '-14:00', '+01:60', 'Nowhere/Land']) {
      assert.throws(() => session.set('time_zone', zone), refusal('ER_UNKNOWN_TIME_ZONE'), zone)
    }
  })

  it('tells listeners of a change, with the value before, until they stop listening', () => {
    const settings = new Settings()
    const heard: unknown[] = []
    const stop = settings.onChange('max_connections', (value, previous) => heard.push([value, previous]))
    settings.setGlobal('max_connections', 5)
    settings.setGlobal('max_connections', 5)
    settings.setGlobal('connect_timeout', 5)
    stop()
    settings.setGlobal('max_connections', 6)
    assert.deepEqual(heard, [[5, 151]])
  })

  it('sizes the host cache by max_connections as mysqld does, unless told', () => {
    const sizes = [151, 500, 520, 50_000].map((max_connections) =>
      new Settings({ max_connections }).get('host_cache_size'),
    )
    assert.deepEqual(sizes, [279, 628, 629, 2000])
    assert.equal(new Settings({ host_cache_size: 7, max_connections: 500 }).get('host_cache_size'), 7)
    assert.equal(new Settings({ host_cache_size: '-1', max_connections: 500 }).get('host_cache_size'), 628)
    const settings = new Settings({ host_cache_size: 0 })
    settings.resetGlobal('host_cache_size')
    assert.equal(settings.get('host_cache_size'), 279)
  })

  it('resets to the built-in default, not to the configured value', () => {
    const settings = new Settings({ connect_timeout: 5 })
    settings.resetGlobal('connect_timeout')
    assert.equal(settings.get('connect_timeout'), 10)
  })

  it('lists global values by name, without those that only sessions have', () => {
    const names = Array.from(new Settings().entries(), ({ name }) => name)
    assert.deepEqual(names, [...names].sort())
    assert.ok(names.includes('max_connections') && !names.includes('sql_log_bin'))
  })
})

describe('the configuration of Settings', () => {
  it('takes sizes with a suffix, dashes, and booleans as words or digits', () => {
    const settings = new Settings({
      max_allowed_packet: '16M',
      'skip-name-resolve': 'true',
      offline_mode: '1',
      connect_timeout: ' 7 ',
      version: '8.4.0-mine',
    })
    assert.equal(settings.get('max_allowed_packet'), 16_777_216)
    assert.equal(settings.get('skip_name_resolve'), true)
    assert.equal(settings.get('offline_mode'), true)
    assert.equal(settings.get('connect_timeout'), 7)
    assert.equal(settings.get('version'), '8.4.0-mine')
  })

  it('says when a number was moved into its range', () => {
    const settings = new Settings({ connect_timeout: '99P' })
    assert.equal(settings.get('connect_timeout'), 31_536_000)
    assert.deepEqual(settings.startupWarnings, ['connect_timeout cannot be 99P: 31536000 is used'])
  })

  it('refuses an unknown name with the nearest one, and a value with what is allowed', () => {
    const wrong = (configured: Record<string, string>, message: RegExp) =>
      assert.throws(
        () => new Settings(configured),
        (error) => error instanceof ConfigurationError && message.test(error.message),
      )
    wrong({ conect_timeout: '5' }, /unknown system variable 'conect_timeout'; did you mean 'connect_timeout'\?/)
    wrong({ frobnicate: '5' }, /unknown system variable 'frobnicate'$/)
    wrong({ connect_timeout: 'soon' }, /connect_timeout cannot be 'soon': it takes a whole number from 2 to 31536000/)
    wrong({ offline_mode: 'maybe' }, /it takes ON or OFF/)
    wrong({ tls_version: 'TLSv1.1' }, /it takes a list of TLSv1\.2, TLSv1\.3/)
    wrong({ default_authentication_plugin: 'none' }, /it takes one of caching_sha2_password/)
  })
})

describe('SessionSettings', () => {
  it('keeps the global values of its start and is not changed by SET GLOBAL, nor changes it', () => {
    const settings = new Settings()
    const session = settings.session()
    settings.setGlobal('wait_timeout', 100)
    assert.equal(session.get('wait_timeout'), 28_800)
    session.set('wait_timeout', 50)
    assert.equal(session.get('wait_timeout'), 50)
    assert.equal(settings.get('wait_timeout'), 100)
    assert.equal(settings.session().get('wait_timeout'), 100)
  })

  it('sees changes of variables that only the server has', () => {
    const settings = new Settings()
    const session = settings.session()
    settings.setGlobal('max_connections', 9)
    assert.equal(session.get('max_connections'), 9)
  })

  it('goes back to the global value of now, one variable or all', () => {
    const settings = new Settings()
    const session = settings.session()
    session.set('autocommit', 0)
    session.set('wait_timeout', 5)
    settings.setGlobal('wait_timeout', 100)
    session.resetOne('wait_timeout')
    assert.equal(session.get('wait_timeout'), 100)
    settings.setGlobal('wait_timeout', 200)
    session.reset()
    assert.equal(session.get('wait_timeout'), 200)
    assert.equal(session.get('autocommit'), true)
  })

  it('shares the values of an idle session with all others', () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const settings = new Settings()
    collect()
    const before = process.memoryUsage().heapUsed
    const sessions = Array.from({ length: 10_000 }, () => settings.session())
    collect()
    assert.ok((process.memoryUsage().heapUsed - before) / sessions.length < 200)
  })
})
