import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ConfigurationError } from '../errors/errors.ts'
import { checkAnswer, type DecidingHook } from './hook-answers.ts'

const subject = { host: '198.51.100.7', user: 'mary', database: 'shop' }
const check = (hook: DecidingHook, answer: unknown, about = subject) =>
  checkAnswer(hook, answer, about, (backend) => backend === 'db-1')

describe('checkAnswer', () => {
  it('hands on a decision with everything that is set, and nothing else', () => {
    const credentials = [
      { password: 'secret' },
      { file: '/run/secret' },
      { env: 'SECRET' },
      { command: ['vault', '{user}'] },
      { awsIam: {} },
      { awsIam: { region: 'eu-central-1' } },
      { callback: () => 'secret' },
    ]
    for (const credential of credentials) {
      const answer = {
        do: 'go',
        to: { backend: 'db-1', role: 'replica' },
        as: { user: 'app', credential },
        database: 'd',
      }
      assert.deepEqual(check('readAuth', answer), answer)
    }
    const show = { do: 'show', serverVersion: '8.0.36-gate', plugin: 'mysql_native_password', withoutCapabilities: 8 }
    assert.deepEqual(check('readHandshake', show), show)
  })

  it('takes undefined for left out', () => {
    const answer = { do: 'go', to: { backend: undefined, role: 'primary' }, as: undefined, database: undefined }
    assert.deepEqual(Reflect.ownKeys(check('connectServer', answer)), ['do', 'to'])
    assert.deepEqual(check('connectServer', answer), { do: 'go', to: { role: 'primary' } })
  })

  it('reads flags with the highest bit, which JavaScript makes negative', () => {
    const shown = check('readHandshake', { do: 'show', withoutCapabilities: 0x80000000 | 0x800 })
    assert.deepEqual(shown, { do: 'show', withoutCapabilities: 0x80000800 })
  })

  it('is not moved by an answer that changes after it was read', () => {
    const answer = { do: 'go', to: { backend: 'db-1' }, as: { user: 'app', credential: { command: ['a'] } } }
    const decision = check('readAuth', answer)
    answer.to.backend = 'elsewhere'
    answer.as.user = 'root'
    answer.as.credential.command.push('b')
    const kept = { do: 'go', to: { backend: 'db-1' }, as: { user: 'app', credential: { command: ['a'] } } }
    assert.deepEqual(decision, kept)
  })

  it('is not moved by an answer that says something else whenever it is asked', () => {
    let reads = 0
    const to = Object.defineProperty({}, 'backend', {
      enumerable: true,
      get: () => (reads++ === 0 ? 'db-1' : 'elsewhere'),
    })
    assert.deepEqual(check('readAuth', { do: 'go', to }), { do: 'go', to: { backend: 'db-1' } })
  })

  const wrong: readonly [DecidingHook, unknown, RegExp][] = [
    ['readAuth', null, /the answer/],
    ['readAuth', true, /the answer/],
    ['readAuth', false, /the answer/],
    ['readAuth', 'refuse', /the answer/],
    ['readAuth', [], /the answer/],
    ['readAuth', {}, /do:/],
    ['readAuth', { do: 'refuze' }, /do:/],
    ['readAuth', { do: 'show' }, /do:/],
    ['readHandshake', { do: 'go' }, /do:/],
    ['readAuthResult', { do: 'go' }, /do:/],
    ['readAuth', { do: 'go', too: { backend: 'db-1' } }, /too/],
    ['readAuth', { do: 'go', to: { backend: 'db-1', host: 'x' } }, /to: .*host/],
    ['readAuth', { do: 'go', to: 'db-1' }, /to:/],
    ['readAuth', { do: 'go', to: null }, /to:/],
    ['readAuth', { do: 'go', to: { backend: 'db-9' } }, /no backend 'db-9'/],
    ['readAuth', { do: 'go', to: { backend: '' } }, /no backend ''/],
    ['readAuth', { do: 'go', to: { role: 'writer' } }, /to\.role/],
    ['readAuth', { do: 'go', as: { user: 'app' } }, /as\.credential/],
    ['readAuth', { do: 'go', as: { user: 'app', credential: 'secret' } }, /as\.credential/],
    ['readAuth', { do: 'go', as: { user: 'app', credential: { password: 'a', env: 'B' } } }, /as\.credential/],
    ['readAuth', { do: 'go', as: { user: 'app', credential: { callback: 'secret' } } }, /as\.credential/],
    ['readAuth', { do: 'go', as: { user: 'a\0b', credential: { env: 'B' } } }, /as\.user: holds a NUL/],
    ['readAuth', { do: 'go', database: 7 }, /database/],
    ['readAuth', { do: 'go', database: 'a\0b' }, /database: holds a NUL/],
    ['readHandshake', { do: 'show', serverVersion: '' }, /serverVersion/],
    ['readHandshake', { do: 'show', serverVersion: '8.0\0' }, /serverVersion/],
    ['readHandshake', { do: 'show', serverVersion: '8'.repeat(61) }, /serverVersion/],
    ['readHandshake', { do: 'show', plugin: '' }, /plugin/],
    ['readHandshake', { do: 'show', withoutCapabilities: 1.5 }, /withoutCapabilities/],
    ['readHandshake', { do: 'show', withoutCapabilities: 2 ** 32 }, /withoutCapabilities/],
    ['readAuth', { do: 'refuse', code: 0 }, /code/],
    ['readAuth', { do: 'refuse', code: 65_536 }, /code/],
    ['readAuth', { do: 'refuse', code: '1045' }, /code/],
    ['readAuth', { do: 'refuse', sqlState: '2800' }, /sqlState/],
    ['readAuth', { do: 'refuse', sqlState: '28s00' }, /sqlState/],
    ['readAuth', { do: 'refuse', message: 'a\0b' }, /message: holds a NUL/],
    ['readAuth', { do: 'refuse', message: 'm'.repeat(513) }, /message/],
    ['readAuth', { do: 'refuse', detail: 'd'.repeat(513) }, /detail/],
    ['readAuth', { do: 'refuse', reason: 'host-blocked' }, /reason/],
  ]
  for (const [hook, answer, says] of wrong) {
    it(`${hook} may not answer ${JSON.stringify(answer)?.slice(0, 90)}`, () => {
      assert.throws(
        () => check(hook, answer),
        (error) => error instanceof ConfigurationError && says.test(error.message),
      )
    })
  }

  it('never repeats a secret in what it says of an answer', () => {
    const answer = { do: 'go', as: { user: 'app', credential: { password: 'hush', passwort: 'hush' } }, database: 5 }
    assert.throws(
      () => check('readAuth', answer),
      (error: Error) => !error.message.includes('hush'),
    )
  })

  it('makes a decision of the hook out of any value, or throws', () => {
    const value = fc.oneof(
      fc.anything(),
      fc.record(
        { do: fc.constantFrom('go', 'show', 'refuse'), to: fc.anything(), code: fc.anything() },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(value, (answer) => {
        try {
          assert.ok(['go', 'refuse'].includes(check('connectServer', answer).do))
        } catch (error) {
          assert.ok(error instanceof ConfigurationError, String(error))
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('a refusal', () => {
  const refusal = (answer: object, about?: Parameters<typeof check>[2]) => {
    const { error, ...rest } = check('readAuth', { do: 'refuse', ...answer }, about) as {
      error?: Error & { code: number }
    }
    return [error && `${error.code} ${'sqlState' in error ? error.sqlState : ''} ${error.message}`, rest]
  }
  const denied = { do: 'refuse', reason: 'hook-denied', detail: 'refused by readAuth' }

  it('without an error of its own gets that of a wrong password, whose text only the machine can fill', () => {
    assert.deepEqual(refusal({}), [undefined, denied])
    assert.deepEqual(refusal({ code: 1045, sqlState: '28000' }), [undefined, denied])
  })

  it('keeps the detail for the log', () => {
    assert.deepEqual(refusal({ detail: 'on holiday' }), [undefined, { ...denied, detail: 'on holiday' }])
  })

  it('tells its own message under its own number', () => {
    assert.equal(refusal({ message: 'come back at nine' })[0], '1045 28000 come back at nine')
    assert.equal(refusal({ code: 9999, message: 'no' })[0], '9999 HY000 no')
    assert.equal(
      refusal({ code: 9999, sqlState: '08004', message: 'm'.repeat(512) })[0],
      `9999 08004 ${'m'.repeat(512)}`,
    )
  })

  it('without a message has that of MySQL, filled in', () => {
    const host = "Host '198.51.100.7' is not allowed to connect to this MySQL server"
    assert.equal(refusal({ code: 1130 })[0], `1130 HY000 ${host}`)
    assert.equal(refusal({ code: 1130, sqlState: '08004' })[0], `1130 08004 ${host}`)
    assert.equal(
      refusal({ code: 1044 })[0],
      "1044 42000 Access denied for user 'mary'@'198.51.100.7' to database 'shop'",
    )
    assert.equal(refusal({ code: 1049 })[0], "1049 42000 Unknown database 'shop'")
    assert.equal(refusal({ code: 1040 })[0], '1040 08004 Too many connections')
  })

  it('needs a message where nothing fills that of MySQL', () => {
    const stranger = { host: '198.51.100.7' } as typeof subject
    for (const answer of [{ code: 1044 }, { code: 1049 }, { code: 1203 }]) {
      assert.throws(() => refusal(answer, stranger), /needs a message/)
    }
    for (const answer of [{ code: 9999 }, { code: 1064 }, { code: 2003 }, { code: 1045, sqlState: '08004' }]) {
      assert.throws(() => refusal(answer), /needs a message/)
    }
  })
})
